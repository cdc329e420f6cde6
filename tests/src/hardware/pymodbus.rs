//! A meter of the PyPI package `pymodbus`, over TCP or on a serial line: see
//! `interop/pymodbus_meter.py` for how it is spoken to.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A running one; it ends when it is dropped.
#[derive(Debug)]
pub struct PyMeter {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    place: String,
}

impl PyMeter {
    /// On a port of the loopback, free or given.
    ///
    /// # Panics
    /// If there is no Python with the package.
    pub fn tcp(port: Option<u16>) -> PyMeter {
        let mut arguments = vec!["tcp".to_owned()];
        arguments.extend(port.map(|port| port.to_string()));
        PyMeter::start(&arguments)
    }

    /// On a serial device.
    ///
    /// # Panics
    /// If there is no Python with the package.
    pub fn rtu(path: &Path, baud: u32, parity: &str, stop_bits: u8) -> PyMeter {
        PyMeter::start(&[
            "rtu".to_owned(),
            path.to_string_lossy().into_owned(),
            baud.to_string(),
            parity.to_owned(),
            stop_bits.to_string(),
        ])
    }

    fn start(arguments: &[String]) -> PyMeter {
        let python = std::env::var_os("PLUGPOINT_PYTHON").expect(
            "PLUGPOINT_PYTHON names a Python that has the package pymodbus; \
             `cargo xtask test` makes one",
        );
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/pymodbus_meter.py");
        let mut child = Command::new(python)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let stdin = child.stdin.take().expect("piped");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut meter = PyMeter {
            child,
            stdin,
            lines,
            place: String::new(),
        };
        let said = meter.said();
        meter.place = said["listening"].as_str().expect("a place").to_owned();
        meter
    }

    /// `ADDRESS:PORT`, or the device.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The port of a meter on the network.
    ///
    /// # Panics
    /// If it is on a serial line.
    pub fn port(&self) -> u16 {
        let port = self.place.rsplit(':').next().expect("a port");
        port.parse().expect("a port")
    }

    /// Puts values into registers, all at once; back when they are there.
    ///
    /// # Panics
    /// If the meter has ended.
    pub fn set(&mut self, items: &[Value]) {
        let line = Value::from(items.to_vec()).to_string();
        writeln!(self.stdin, "{line}").expect("it listens");
        assert_eq!(self.said()["set"], items.len());
    }

    fn said(&mut self) -> Value {
        let line = self.lines.next().expect("a line").expect("text");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for PyMeter {
    fn drop(&mut self) {
        // Fails only if it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
