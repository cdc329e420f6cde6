//! The task `powercut`: cuts the power of charging chargers, over a disk with a
//! volatile cache (the tests in `tests/tests/powercut`).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::workspace::{self, Workspace};
use crate::{debian, program};

/// Programs that the disk is made with, and the packages they come in.
pub const TOOLS: [(&str, &str); 3] = [
    ("nbdfuse", "libnbd-bin"),
    ("fusermount3", "fuse3"),
    ("mkfs.ext4", "e2fsprogs"),
];

/// What the task can be told.
#[derive(Args)]
pub struct Options {
    /// How many cuts while charging; a third as many while a component is being
    /// installed.
    #[arg(long, default_value_t = 100)]
    count: u32,
    /// What everything random is made of; a new one if it is not said.
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs it.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    check_machine()?;
    debian::need(&TOOLS, "power cuts")?;
    workspace::run(workspace::over_workspace(&mut workspace.cargo("build")).arg("--bins"))?;
    let mut tests = workspace.cargo("test");
    workspace::over_workspace(&mut tests)
        .args(["--test", "powercut", "--", "--nocapture"])
        .env("PLUGPOINT_CUTS", options.count.to_string())
        .env(
            "PLUGPOINT_BIN",
            program::path(workspace, false, "plugpoint"),
        )
        .env("PLUGPOINT_COMPONENTS", workspace.components());
    if let Some(seed) = options.seed {
        tests.env("PLUGPOINT_SEED", seed.to_string());
    }
    let status = with_own_mounts(&tests)
        .status()
        .context("cannot run unshare (package util-linux)")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Said here too, before anything is installed and built for nothing.
fn check_machine() -> Result<()> {
    let us = fs::metadata("/proc/self").context("there is no /proc")?;
    if us.uid() != 0 {
        bail!("`cargo xtask powercut` mounts file systems: it needs to run as root");
    }
    for device in ["/dev/fuse", "/dev/loop-control"] {
        if !Path::new(device).exists() {
            bail!(
                "there is no {device}: `cargo xtask powercut` needs a kernel, and a container \
                 if this is one, with FUSE and loop devices"
            );
        }
    }
    Ok(())
}

/// The same command where whatever it mounts is seen by nobody else, and gone
/// with it, however it ends.
fn with_own_mounts(command: &Command) -> Command {
    let mut own = Command::new("unshare");
    own.arg("--mount")
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => own.env(name, value),
            None => own.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        own.current_dir(folder);
    }
    own
}
