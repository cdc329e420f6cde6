//! Charging sessions with the program of the package for 32-bit ARM, by QEMU's
//! emulation of that processor: the same tests that the program of this machine
//! goes through, with simulated outlets. There is no guard, since a program cannot
//! start itself there; with one it runs on the emulated board.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::binary::{Build, Compiler};
use super::tree::write;
use super::{Packages, pack};
use crate::board;
use crate::cross::Processor;
use crate::debian;
use crate::workspace::Workspace;

/// The emulator, and what looks at packages.
pub const TOOLS: [(&str, &str); 5] = [
    ("qemu-arm-static", "qemu-user-static"),
    ("shellcheck", "shellcheck"),
    ("strace", "strace"),
    ("systemd-analyze", "systemd"),
    ("readelf", "binutils"),
];

/// Which sessions: somebody charges with a card, by the central system, offline,
/// and the energy is counted.
const SESSIONS: [&str; 4] = [
    "as_it_is::local::",
    "as_it_is::remote::",
    "as_it_is::energy::",
    "as_it_is::offline::",
];

/// How many times longer a guest may take.
const TIME_FACTOR: &str = "20";

/// For `cargo xtask test`: the packages that its tests look at. `desk`: a program
/// with a compiler.
pub fn for_tests(workspace: &Workspace, desk: &Path) -> Result<Packages> {
    debian::need(&TOOLS, "the tests of packages")?;
    let build = Build {
        processor: Processor::Armv7,
        compiler: Compiler::At(desk.to_owned()),
        profile: board::PROFILE,
    };
    pack(workspace, &build, desk)
}

/// Makes `cargo test` run the sessions with the program of the package.
pub fn sessions(mut tests: Command, packages: &Packages) -> Result<Command> {
    tests
        .args(["--test", "sessions", "--"])
        .args(SESSIONS)
        .env("PLUGPOINT_BIN", wrapper(packages)?)
        .env("PLUGPOINT_TEST_TIME_FACTOR", TIME_FACTOR);
    Ok(tests)
}

/// A program that is the one of the package, emulated.
fn wrapper(packages: &Packages) -> Result<PathBuf> {
    let path = packages.folder.join("plugpoint-emulated");
    let program = packages.program();
    let script = format!(
        "#!/bin/sh\nexec qemu-arm-static '{}' \"$@\"\n",
        program.display()
    );
    write(&path, script.as_bytes(), 0o755)?;
    Ok(path)
}
