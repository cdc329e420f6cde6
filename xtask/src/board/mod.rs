//! The task `board`: builds everything that a board in a box needs, and lets the
//! tests in `tests/tests/board` run on it.
//!
//! * `packages`: what the machine must have; a kernel and a shell for the board;
//! * `program`: the program, cross-built;
//! * `image`: device tree and first file system.
//!
//! Everything lies in `target/board`; the machine's own package database is not
//! touched by packages of another architecture.

mod cpio;
mod image;
mod packages;
mod program;

pub use packages::TOOLS;
pub use program::PROFILE;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use plugpoint_terminal::complain;

use crate::workspace::Workspace;
use crate::{debian, dist, python};

/// What is to be done on the board.
#[derive(Args)]
pub struct Options {
    /// Measure, from outside, how long it takes until the contactor is open:
    /// a table, and JSON in `target/board-safety.json`.
    #[arg(long)]
    safety: bool,
    /// With `--safety`: how often each.
    #[arg(long, default_value_t = 100)]
    count: u32,
    /// The same session with the program for 32-bit ARM too, without a compiler.
    #[arg(long)]
    armv7: bool,
}

/// For the meter at the other end of the board's serial line.
const METER_PACKAGES: [&str; 1] = ["pymodbus==3.8.6"];

/// How often each in the tests, where time is dear.
const FEW: u32 = 3;

/// Runs it.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let armv7 = match options.armv7 {
        true => {
            let desk = crate::program::plugpoint(workspace, false)?;
            Some(dist::for_tests(workspace, &desk)?.program())
        }
        false => None,
    };
    let folder = prepare(workspace, armv7.as_deref())?;
    let filter = match (options.safety, options.armv7) {
        (true, _) => "safety",
        (false, true) => "session_through_real_interfaces",
        (false, false) => "session::session",
    };
    let mut command = workspace.cargo("test");
    command
        .args(["-p", "plugpoint-tests", "--test", "board", filter])
        .args(["--", "--nocapture", "--test-threads=1"])
        .envs(environment(workspace, folder, options.count)?);
    if options.safety {
        let figures = workspace.target("board-safety.json");
        command.env("PLUGPOINT_BOARD_FIGURES", figures);
    }
    let status = command.status()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// For `cargo xtask test`: prepares the board, and what its tests are told.
/// `armv7`: the program for 32-bit ARM.
pub fn for_tests(workspace: &Workspace, armv7: &Path) -> Result<Vec<(&'static str, PathBuf)>> {
    let folder = prepare(workspace, Some(armv7))?;
    environment(workspace, folder, FEW)
}

fn environment(
    workspace: &Workspace,
    folder: PathBuf,
    count: u32,
) -> Result<Vec<(&'static str, PathBuf)>> {
    Ok(vec![
        ("PLUGPOINT_BOARD", folder),
        ("PLUGPOINT_BOARD_COUNT", count.to_string().into()),
        ("PLUGPOINT_COMPONENTS", workspace.components()),
        (
            "PLUGPOINT_METER_PYTHON",
            python::environment(workspace, "venv-meter", &METER_PACKAGES)?.join("bin/python"),
        ),
    ])
}

/// Everything for the board, in the folder that it returns.
fn prepare(workspace: &Workspace, armv7: Option<&Path>) -> Result<PathBuf> {
    let folder = workspace.target("board");
    let begin = Instant::now();
    debian::need(&packages::TOOLS, "the tests on the emulated board")?;
    let root = packages::root(&folder)?;
    step("kernel and shell", begin);
    let begin = Instant::now();
    let program = program::build(workspace)?;
    step("program for aarch64", begin);
    let begin = Instant::now();
    let mut programs = vec![("plugpoint", program.as_path())];
    programs.extend(armv7.map(|program| ("plugpoint-armv7", program)));
    image::make(&folder, &root, &programs, &workspace.components())?;
    step("device tree and file system", begin);
    Ok(folder)
}

fn step(what: &str, begin: Instant) {
    complain!("  board: {what}: {:.1} s", begin.elapsed().as_secs_f32());
}
