//! The program for the board: cross-built for aarch64, static, with the two
//! standard components.

use std::path::PathBuf;

use anyhow::Result;

use crate::cross::Processor;
use crate::workspace::{Workspace, run};

/// Of the workspace's Cargo.toml: quick to build.
pub const PROFILE: &str = "board";

/// Builds it; where it is.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    let processor = Processor::Aarch64;
    processor.prepare()?;
    run(processor
        .cargo(workspace, "build")
        .args(["-p", "plugpoint", "--bin", "plugpoint"])
        // Neither compilers for other processors nor what authors of plugins need.
        .args(["--no-default-features", "--features", "compiler"])
        .args(["--profile", PROFILE]))?;
    let folder = workspace.target(processor.target());
    Ok(folder.join(PROFILE).join("plugpoint"))
}
