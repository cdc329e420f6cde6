//! The packages that `cargo xtask test` looks at: for 32-bit ARM, the processor
//! that differs most from this machine's.

use anyhow::Result;

use super::{Build, Packages, pack};
use crate::board;
use crate::cross::Processor;
use crate::debian;
use crate::workspace::Workspace;

/// What looks at packages.
const TOOLS: [(&str, &str); 4] = [
    ("shellcheck", "shellcheck"),
    ("strace", "strace"),
    ("systemd-analyze", "systemd"),
    ("readelf", "binutils"),
];

/// Makes them.
pub fn for_tests(workspace: &Workspace) -> Result<Packages> {
    debian::need(&TOOLS, "the tests of packages")?;
    let build = Build {
        processor: Processor::Armv7,
        compiler: false,
        profile: board::PROFILE,
    };
    pack(workspace, &build)
}
