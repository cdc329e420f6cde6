//! The program of a package: static and stripped.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cross::Processor;
use crate::program;
use crate::workspace::{Workspace, run};

/// Which program.
pub struct Build {
    /// For which processor.
    pub processor: Processor,
    /// Who compiles components.
    pub compiler: Compiler,
    /// Of the workspace's Cargo.toml.
    pub profile: &'static str,
}

/// Who compiles components.
pub enum Compiler {
    /// The program itself.
    Own,
    /// This one at the desk, beforehand.
    At(PathBuf),
}

impl Build {
    /// Of its folder and its `.tar.gz`.
    pub fn name(&self) -> String {
        let more = match self.compiler {
            Compiler::Own => "",
            Compiler::At(_) => "-no-compiler",
        };
        format!("{}{more}", self.processor.name())
    }
}

/// Builds it; where it is, stripped.
pub fn build(workspace: &Workspace, build: &Build, epoch: u64) -> Result<PathBuf> {
    let processor = build.processor;
    processor.prepare()?;
    let task = match build.compiler {
        Compiler::Own => "build",
        Compiler::At(_) => program::WITHOUT_COMPILER,
    };
    let mut command = processor.cargo_for_others(workspace, task);
    command
        .args(["--profile", build.profile])
        .env("SOURCE_DATE_EPOCH", epoch.to_string());
    let folder = workspace.target(processor.target()).join(build.profile);
    let left = folder.join("plugpoint");
    let built = match &build.compiler {
        Compiler::Own => {
            // Neither compilers for other processors nor what authors of plugins need.
            command
                .args(["-p", "plugpoint", "--bin", "plugpoint"])
                .args(["--no-default-features", "--features", "compiler"]);
            run(&mut command)?;
            left
        }
        Compiler::At(desk) => {
            command.args(["-p", "plugpoint"]);
            program::without_compiler(workspace, desk, processor.code(), command, &left)?
        }
    };
    let stripped = folder.join(format!("plugpoint-{}", build.name()));
    fs::copy(&built, &stripped).with_context(|| format!("cannot write {}", stripped.display()))?;
    // Cargo leaves the symbols of the libc in.
    run(Command::new(processor.tool("strip"))
        .arg("--strip-all")
        .arg(&stripped))?;
    Ok(stripped)
}
