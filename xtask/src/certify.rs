//! The task `certify`: builds the program and the suite, and lets the suite run
//! all cases and write the report. Not here: what is run and compared (see
//! `tests/conformance/src/certificate`).

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::program;
use crate::workspace::{Workspace, run};

/// What can be chosen.
#[derive(Args)]
pub struct Options {
    /// The station's configuration [default: the seed product's,
    /// host/configs/cf100m-50k1.toml].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the report goes [default: target/certify].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Measure the optimised program, not the one for developers.
    #[arg(long)]
    release: bool,
    /// Only this case; may be given several times.
    #[arg(long, value_name = "TC_003")]
    case: Vec<String>,
    /// So many calls are measured, instead of 1000.
    #[arg(long)]
    calls: Option<usize>,
}

/// Runs it. The exit code is the suite's: 1 if something is to be mended.
pub fn perform(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let config = match &options.config {
        Some(file) => std::path::absolute(file)?,
        None => workspace.seed_config(),
    };
    let out = match &options.out {
        Some(folder) => std::path::absolute(folder)?,
        None => workspace.target("certify"),
    };
    let plugpoint = program::plugpoint(workspace, options.release)?;
    let mut build = workspace.cargo("build");
    build.args(["-p", "plugpoint-conformance", "--bin", "certify"]);
    if options.release {
        build.arg("--release");
    }
    run(&mut build)?;
    let profile = match options.release {
        true => "release build, optimised",
        false => "debug build, not optimised",
    };
    let version = workspace.version("plugpoint")?;
    let certify = program::path(workspace, options.release, "certify");
    let mut command = Command::new(&certify);
    for case in &options.case {
        command.args(["--case", case]);
    }
    if let Some(calls) = options.calls {
        command.args(["--calls", &calls.to_string()]);
    }
    let status = command
        .arg("--config")
        .arg(config)
        .arg("--out")
        .arg(out)
        .args(["--build", &format!("plugpoint {version}, {profile}")])
        .env("PLUGPOINT_BIN", plugpoint)
        .env("PLUGPOINT_COMPONENTS", workspace.components())
        .status()
        .with_context(|| format!("cannot run {}", certify.display()))?;
    match status.code() {
        Some(0) => Ok(ExitCode::SUCCESS),
        Some(1) => Ok(ExitCode::FAILURE),
        _ => bail!("there is no report: {status}"),
    }
}
