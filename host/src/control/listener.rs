//! Where the control API listens: TCP or a unix socket. Bound before anything
//! else starts, so that a port in use is a clear error at start.

use std::path::PathBuf;

/// A bound socket that nobody serves yet.
#[derive(Debug)]
pub enum Listener {
    /// `ADDRESS:PORT`
    Tcp(std::net::TcpListener),
    /// `unix:PATH`
    Unix(std::os::unix::net::UnixListener, PathBuf),
}

/// The address cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("control.listen: cannot listen on `{listen}`: {source}")]
pub struct ListenError {
    listen: String,
    source: std::io::Error,
}

impl Listener {
    /// Binds what the configuration says (already checked for its form).
    pub fn bind(listen: &str) -> Result<Self, ListenError> {
        let failed = |source| ListenError {
            listen: listen.to_owned(),
            source,
        };
        if let Some(path) = listen.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            // One left behind by a process that was killed would be in the way;
            // one that still answers belongs to a running charger.
            if std::os::unix::net::UnixStream::connect(&path).is_err() {
                let _ = std::fs::remove_file(&path);
            }
            let listener = std::os::unix::net::UnixListener::bind(&path).map_err(failed)?;
            listener.set_nonblocking(true).map_err(failed)?;
            return Ok(Self::Unix(listener, path));
        }
        let listener = std::net::TcpListener::bind(listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Self::Tcp(listener))
    }

    /// For people and for tests that asked for port 0.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => format!("http://{address}"),
                Err(_) => "http://?".into(),
            },
            Self::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }
}
