//! The service manager's end of the socket.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use plugpoint_tests::charger::{Charger, Config, Site};

/// For what happens at once, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Without a sign of life for so long, the service manager would act.
pub const BOUND: Duration = Duration::from_millis(1500);

pub struct Notices {
    socket: UnixDatagram,
}

impl Notices {
    /// Starts a charger that is to tell us.
    pub fn start(site: &Site, config: &Config) -> (Notices, Charger) {
        let path = site.file("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        let bound = BOUND.as_micros().to_string();
        let environment = [
            ("NOTIFY_SOCKET", path.to_str().expect("a path")),
            ("WATCHDOG_USEC", &bound),
        ];
        let charger = site.start_in(config, &environment).expect("a charger");
        (Notices { socket }, charger)
    }

    /// Waits for a line that begins so, and returns it.
    pub fn expect(&self, begin: &str) -> String {
        let end = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        while let Some(line) = self.next(end.saturating_duration_since(Instant::now())) {
            if line.starts_with(begin) {
                return line;
            }
            seen.push(line);
        }
        panic!("no {begin} but {seen:?}");
    }

    /// There is no sign of life for twice the bound, once what was on its way has
    /// come.
    pub fn expect_silence(&self) {
        let end = Instant::now() + PATIENCE;
        let mut until = Instant::now() + 2 * BOUND;
        while let Some(line) = self.next(until.saturating_duration_since(Instant::now())) {
            assert!(Instant::now() < end, "it goes on saying that it lives");
            if line == "WATCHDOG=1" {
                until = Instant::now() + 2 * BOUND;
            }
        }
    }

    /// One datagram.
    pub fn next(&self, patience: Duration) -> Option<String> {
        let patience = patience.max(Duration::from_millis(1));
        self.socket
            .set_read_timeout(Some(patience))
            .expect("a time-out");
        let mut bytes = [0; 4096];
        let count = match self.socket.recv(&mut bytes) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(error) => panic!("the service manager's socket: {error}"),
        };
        Some(String::from_utf8_lossy(&bytes[..count]).into_owned())
    }
}
