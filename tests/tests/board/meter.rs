//! The meter at the other end of the board's serial line: `tests/board/meter.py`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

/// Ended when it is dropped.
pub struct Meter {
    child: Child,
    pub port: u16,
}

impl Meter {
    pub fn start() -> Meter {
        let python = std::env::var_os("PLUGPOINT_METER_PYTHON")
            .expect("a Python with pymodbus: run `cargo xtask board`, or `cargo xtask test`");
        let mut child = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/board/meter.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a meter");
        let mut line = String::new();
        let said = child.stdout.take().expect("a pipe");
        BufReader::new(said).read_line(&mut line).expect("a port");
        let port = line.trim().parse().expect("a port");
        Meter { child, port }
    }

    /// So many W flow from now on.
    pub fn power(&mut self, watts: u32) {
        let commands = self.child.stdin.as_mut().expect("a pipe");
        writeln!(commands, "{watts}").expect("a meter");
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
