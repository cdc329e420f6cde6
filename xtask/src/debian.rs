//! Programs of the machine that tests need, from Debian's packages. Not packages
//! of another architecture: those of the board are only unpacked.

use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::run;

/// Another run of apt is waited for.
pub const PATIENT: [&str; 2] = ["-o", "DPkg::Lock::Timeout=300"];

/// Installs what is missing. Each is a program and the packages, separated by
/// spaces, that it comes in.
pub fn need(tools: &[(&str, &str)], what_for: &str) -> Result<()> {
    let missing: Vec<&str> = tools
        .iter()
        .filter(|(program, _)| !is_there(program))
        .flat_map(|(_, packages)| packages.split(' '))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let installed = run(Command::new("apt-get").args(PATIENT).arg("update")).and_then(|()| {
        run(Command::new("apt-get")
            .args(PATIENT)
            .args(["install", "--yes", "--no-install-recommends"])
            .args(&missing))
    });
    installed.with_context(|| {
        format!(
            "{what_for} need: apt-get install {}   (as root, Debian or Ubuntu)",
            missing.join(" ")
        )
    })
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/sbin".into(), "/usr/sbin".into()])
        .any(|folder| folder.join(program).is_file())
}
