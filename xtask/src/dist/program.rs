//! The program of a package: static and stripped.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cross::Processor;
use crate::workspace::{Workspace, run};

/// Which program.
pub struct Build {
    /// For which processor.
    pub processor: Processor,
    /// It compiles components itself.
    pub compiler: bool,
    /// Of the workspace's Cargo.toml.
    pub profile: &'static str,
}

impl Build {
    /// Of its folder and its `.tar.gz`.
    pub fn name(&self) -> String {
        let more = if self.compiler { "" } else { "-no-compiler" };
        format!("{}{more}", self.processor.name())
    }
}

/// Builds it; where it is, stripped.
pub fn build(workspace: &Workspace, build: &Build, epoch: u64) -> Result<PathBuf> {
    let processor = build.processor;
    processor.prepare()?;
    let mut command = processor.cargo_for_others(workspace, "build");
    command
        .args(["-p", "plugpoint", "--bin", "plugpoint"])
        .args(["--profile", build.profile, "--no-default-features"])
        .env("SOURCE_DATE_EPOCH", epoch.to_string());
    if build.compiler {
        // Neither compilers for other processors nor what authors of plugins need.
        command.args(["--features", "compiler"]);
    }
    run(&mut command)?;
    let folder = workspace.target(processor.target()).join(build.profile);
    let stripped = folder.join(format!("plugpoint-{}", build.name()));
    fs::copy(folder.join("plugpoint"), &stripped)
        .with_context(|| format!("cannot write {}", stripped.display()))?;
    // Cargo leaves the symbols of the libc in.
    run(Command::new(processor.tool("strip"))
        .arg("--strip-all")
        .arg(&stripped))?;
    Ok(stripped)
}
