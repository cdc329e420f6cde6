//! The program for the board: cross-built for aarch64, static, with the two
//! standard components.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, output, run};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const PROFILE: &str = "board";

/// Builds it; where it is.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    let installed = output("rustup", &["target", "list", "--installed"]);
    if !installed.is_some_and(|list| list.lines().any(|line| line == TARGET)) {
        run(std::process::Command::new("rustup").args(["target", "add", TARGET]))
            .with_context(|| format!("the board needs Rust's standard library for {TARGET}"))?;
    }
    let mut command = workspace.cargo("build");
    command
        .args(["-p", "plugpoint", "--bin", "plugpoint"])
        .args(["--profile", PROFILE, "--target", TARGET])
        .env(
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
            "aarch64-linux-gnu-gcc",
        )
        .env("CC_aarch64_unknown_linux_gnu", "aarch64-linux-gnu-gcc")
        .env("AR_aarch64_unknown_linux_gnu", "aarch64-linux-gnu-ar")
        .env(
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS",
            "-C target-feature=+crt-static",
        );
    run(&mut command)?;
    Ok(workspace.target(TARGET).join(PROFILE).join("plugpoint"))
}
