//! Sessions against a central system that we have not written: the PyPI package
//! `ocpp`, which checks each frame of both directions against the JSON schemas
//! of OCPP 1.6.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use plugpoint_tests::charger::{Charger, Config};

/// Ends with the test.
struct Python(Child);

impl Drop for Python {
    fn drop(&mut self) {
        // Fails only if it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn sessions_with(amnesia: bool) {
    let python = std::env::var_os("PLUGPOINT_PYTHON").expect(
        "PLUGPOINT_PYTHON names a Python that has the packages ocpp and websockets; \
         `cargo xtask test` makes one",
    );
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/central_system.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut stdin = child.stdin.take().expect("piped");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut python = Python(child);
    let first = lines.next().expect("a first line").expect("text");
    let url = first.strip_prefix("listening ").expect("its address");

    let (_site, charger) =
        Charger::start(&Config::new(url).amnesia(amnesia)).expect("the charger starts");
    writeln!(stdin, "{}", charger.control().url()).expect("it listens");
    for line in lines {
        println!("{}", line.expect("text"));
    }
    let end = python.0.wait().expect("it ends");
    assert!(end.success(), "see what it printed: {end}");
}

#[test]
fn sessions_with_the_package_ocpp() {
    sessions_with(false);
}

#[test]
fn sessions_with_the_package_ocpp_and_amnesia() {
    sessions_with(true);
}
