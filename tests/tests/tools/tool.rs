//! The program, run as a command.

use std::process::Command;

use plugpoint_tests::charger::{Charger, program};

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The program with these words behind it, to be run.
pub fn plugpoint(words: &[&str]) -> Command {
    let mut command = Command::new(program("PLUGPOINT_BIN", "plugpoint").expect("the program"));
    command
        .args(words)
        .env_remove("PLUGPOINT_CONTROL")
        .env_remove("PLUGPOINT_TOKEN_FILE");
    command
}

/// Runs it to its end.
pub fn run(command: &mut Command) -> Ended {
    let output = command.output().expect("an end");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs it at a charger, which it finds by the environment.
pub fn at(charger: &Charger, words: &[&str]) -> Ended {
    let url = charger.control().url().to_owned();
    run(plugpoint(words).env("PLUGPOINT_CONTROL", url))
}
