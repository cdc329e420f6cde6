//! The task `bench`: builds everything optimised and hands over to the benchmark
//! in `tests/`, which measures the real program.

use std::process::ExitCode;

use anyhow::Result;

use crate::program;
use crate::workspace::{self, Workspace};

/// Runs it.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    let program = if arguments.first().is_some_and(|task| task == "small") {
        let desk = program::plugpoint(workspace, false)?;
        program::small(workspace, &desk, true)?
    } else {
        program::plugpoint(workspace, true)?
    };
    let mut bench = workspace.cargo("run");
    bench
        .args(["--release", "-p", "plugpoint-tests", "--bin", "bench", "--"])
        .args(arguments)
        .env("PLUGPOINT_BIN", program)
        .env("PLUGPOINT_COMPONENTS", workspace.components());
    workspace::run(&mut bench)?;
    Ok(ExitCode::SUCCESS)
}
