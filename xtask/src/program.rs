//! The native programs. `plugpoint` takes the components in while it is compiled
//! (`host/build.rs`), so they must be built before.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, run};

/// The task `build`.
pub fn build(workspace: &Workspace, release: bool) -> Result<ExitCode> {
    let path = plugpoint(workspace, release)?;
    let size = fs::metadata(&path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .len();
    println!("{} ({} KiB)", path.display(), size.div_ceil(1024));
    Ok(ExitCode::SUCCESS)
}

/// Builds `plugpoint` alone, so that it gets no features which only other
/// packages of the workspace ask for.
pub fn plugpoint(workspace: &Workspace, release: bool) -> Result<PathBuf> {
    let mut command = workspace.cargo("build");
    command.args(["-p", "plugpoint", "--bin", "plugpoint"]);
    if release {
        command.arg("--release");
    }
    run(&mut command)?;
    Ok(path(workspace, release, "plugpoint"))
}

/// Where cargo leaves a program.
pub fn path(workspace: &Workspace, release: bool, name: &str) -> PathBuf {
    let profile = if release { "release" } else { "debug" };
    workspace.target(profile).join(name)
}
