//! Long tests of `guest-ocpp` in virtual time: chargers' lives, charging profiles, and garbled
//! frames. Built optimised, since there it is the processor that they wait for.

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::workspace::{self, Workspace};

/// Days that are lived for `cargo xtask test`, in lives of two.
const LIVES: u64 = 500;
const DAYS: u64 = 2;
const SMOKE_SECONDS: u64 = 5;
/// Random orders of cars, events, instances and a failing disk.
const SCHEDULES: u64 = 10_000;

/// Random sets of charging profiles, compared with a reference.
const SETS: u64 = 10_000;

/// What the task `fuzz` can be told.
#[derive(Args)]
pub struct Fuzz {
    /// How long.
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// Where the numbers begin.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// What the task `lives` can be told.
#[derive(Args)]
pub struct Lives {
    /// How many chargers.
    #[arg(long, default_value_t = LIVES)]
    pub lives: u64,
    /// How many days each.
    #[arg(long, default_value_t = DAYS)]
    pub days: u64,
    /// The first one's number; the next ones follow.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// The task `fuzz`.
pub fn fuzz(workspace: &Workspace, options: &Fuzz) -> Result<ExitCode> {
    let mut command = tests(workspace, &["fuzz"]);
    command
        .args(["--", "--nocapture"])
        .env("FUZZ_SECONDS", options.seconds.to_string())
        .env("FUZZ_SEED", options.seed.to_string());
    workspace::run(&mut command)?;
    Ok(ExitCode::SUCCESS)
}

/// The task `lives`.
pub fn lives(workspace: &Workspace, options: &Lives) -> Result<ExitCode> {
    let mut command = tests(workspace, &["life"]);
    command.args(["lives", "--", "--nocapture"]);
    set(&mut command, options);
    workspace::run(&mut command)?;
    Ok(ExitCode::SUCCESS)
}

/// What `cargo xtask test` runs.
pub fn all(workspace: &Workspace) -> Command {
    let mut command = tests(workspace, &["life", "fuzz", "schedules", "smart_charging"]);
    command
        .arg("--no-fail-fast")
        .args(["--", "--nocapture"])
        .env("FUZZ_SECONDS", SMOKE_SECONDS.to_string())
        .env("SCHEDULES", SCHEDULES.to_string())
        .env("SETS", SETS.to_string());
    set(
        &mut command,
        &Lives {
            lives: LIVES,
            days: DAYS,
            seed: 1,
        },
    );
    command
}

/// What `cargo xtask test` runs, too: the charge point's behaviour without any profile
/// beyond the core, which is another build of the library.
pub fn without_profiles(workspace: &Workspace) -> Command {
    let mut command = tests(workspace, &["behaviour", "session"]);
    command.args(["--no-fail-fast", "--no-default-features"]);
    command
}

fn set(command: &mut Command, options: &Lives) {
    command
        .env("LIVES", options.lives.to_string())
        .env("DAYS", options.days.to_string())
        .env("SEED", options.seed.to_string());
}

fn tests(workspace: &Workspace, targets: &[&str]) -> Command {
    let mut command = workspace.cargo("test");
    command.args(["--profile", "virtual-time", "-p", "guest-ocpp"]);
    for target in targets {
        command.args(["--test", target]);
    }
    command
}
