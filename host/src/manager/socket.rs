//! The datagram socket of sd_notify(3). Not a crate's: those that there are wait
//! while the service manager does not read, and the loop must wait for nobody.

use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The way to the service manager.
pub(super) struct Socket {
    socket: UnixDatagram,
    manager: SocketAddr,
    /// The last word did not get through, which has been said.
    failing: bool,
}

impl Socket {
    /// The one that `NOTIFY_SOCKET` names: a path, or `@` and an abstract name.
    pub(super) fn from_environment() -> Option<Self> {
        let name = std::env::var_os("NOTIFY_SOCKET")?;
        match address(&name).and_then(Self::to) {
            Ok(socket) => Some(socket),
            Err(error) => {
                tracing::error!("NOTIFY_SOCKET {}: {error}", name.display());
                None
            }
        }
    }

    /// Not connected: a manager that begins anew has another socket there.
    pub(super) fn to(manager: SocketAddr) -> std::io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            manager,
            failing: false,
        })
    }

    /// Whether it got through. Never waits.
    pub(super) fn say(&mut self, text: &str) -> bool {
        match self.socket.send_to_addr(text.as_bytes(), &self.manager) {
            Ok(_) => self.failing = false,
            Err(error) => {
                if !self.failing {
                    tracing::warn!("the service manager does not hear us: {error}");
                }
                self.failing = true;
            }
        }
        !self.failing
    }
}

fn address(name: &OsStr) -> std::io::Result<SocketAddr> {
    match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(name),
    }
}

/// Without a word for so long we count as hung; none if nobody counts.
pub(super) fn watchdog() -> Option<Duration> {
    let number = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    // Meant for another process, whose environment was handed on to us.
    if number("WATCHDOG_PID").is_some_and(|id| id != u64::from(std::process::id())) {
        return None;
    }
    number("WATCHDOG_USEC")
        .filter(|it| *it > 0)
        .map(Duration::from_micros)
}
