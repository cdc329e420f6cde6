//! The native programs. `plugpoint` takes the components in while it is compiled
//! (`host/build.rs`), so they must be built before; and compiled before, if the
//! program is to have no compiler.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use plugpoint_terminal::say;

use crate::component;
use crate::workspace::{self, Workspace, run};

/// The components that the program carries.
const CARRIED: [&str; 2] = ["guest-ocpp", "guest-policy"];

/// The profile of an optimised program without a compiler.
pub const SMALL: &str = "small";

/// The task `build`.
pub fn build(workspace: &Workspace, release: bool, no_compiler: bool) -> Result<ExitCode> {
    let path = if no_compiler {
        // Any build with a compiler will do; this one is the quickest.
        let desk = plugpoint(workspace, false)?;
        small(workspace, &desk, release)?
    } else {
        plugpoint(workspace, release)?
    };
    let size = fs::metadata(&path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .len();
    say!("{} ({} KiB)", path.display(), size.div_ceil(1024));
    Ok(ExitCode::SUCCESS)
}

/// Builds `plugpoint`. The optimised one alone, so that it gets no features which only
/// other packages of the workspace ask for; the other one with just these, so that
/// what it shares with the tests is compiled once.
pub fn plugpoint(workspace: &Workspace, release: bool) -> Result<PathBuf> {
    let mut command = workspace.cargo("build");
    if release {
        command.args(["-p", "plugpoint", "--release"]);
    } else {
        workspace::over_workspace(&mut command);
    }
    run(command.args(["--bin", "plugpoint"]))?;
    Ok(path(workspace, release, "plugpoint"))
}

/// The program without a compiler, for this machine; stripped, if it is optimised.
/// `desk`: one with a compiler.
pub fn small(workspace: &Workspace, desk: &Path, release: bool) -> Result<PathBuf> {
    let code = std::env::consts::ARCH;
    if !release {
        // All but the engine is the same as in the tests, and compiled once.
        let mut cargo = workspace.cargo("build");
        workspace::over_workspace(&mut cargo);
        let left = path(workspace, false, "plugpoint");
        return without_compiler(workspace, desk, code, cargo, &left);
    }
    let mut cargo = workspace.cargo(WITHOUT_COMPILER);
    cargo.args(["-p", "plugpoint", "--profile", SMALL]);
    let left = workspace.target(SMALL).join("plugpoint");
    let small = without_compiler(workspace, desk, code, cargo, &left)?;
    // Names of functions that the profile's own stripping leaves in.
    run(Command::new("strip").arg("--strip-all").arg(&small))?;
    Ok(small)
}

/// The task of cargo for [`without_compiler`].
pub const WITHOUT_COMPILER: &str = "rustc";

/// Builds a program without a compiler. `code`: what its components are compiled
/// to, by `desk` (`x86_64`, `aarch64`, `pulley32`); `cargo`: the command that builds
/// for that machine, [`WITHOUT_COMPILER`] (or, in the development profile, `build`) with
/// packages, profile and target; `left`: where cargo leaves the program.
///
/// The program is moved aside, to `plugpoint-small`: the next build of one with a
/// compiler would replace it.
pub fn without_compiler(
    workspace: &Workspace,
    desk: &Path,
    code: &str,
    mut cargo: Command,
    left: &Path,
) -> Result<PathBuf> {
    for name in CARRIED {
        precompile(workspace, desk, name, code)?;
    }
    cargo.args(["--bin", "plugpoint", "--no-default-features"]);
    if left.parent().is_some_and(|folder| folder.ends_with(SMALL)) {
        // Sequences of instructions that many functions share become functions.
        cargo.args(["--", "-C", "llvm-args=-enable-machine-outliner=always"]);
    }
    run(&mut cargo)?;
    let aside = left.with_file_name("plugpoint-small");
    fs::rename(left, &aside).with_context(|| format!("cannot move {}", left.display()))?;
    Ok(aside)
}

/// Compiles a built component, beside it: `NAME.CODE.ppc`. Left alone if it would
/// not change, so that nothing is built anew.
fn precompile(workspace: &Workspace, desk: &Path, name: &str, code: &str) -> Result<()> {
    let file = workspace.components().join(name);
    let fresh = file.with_extension(format!("{code}.fresh"));
    run(Command::new(desk)
        .args(["component", "precompile", "--target", code, "--output"])
        .arg(&fresh)
        .arg(file.with_extension("wasm")))?;
    let compiled = fs::read(&fresh).with_context(|| format!("cannot read {}", fresh.display()))?;
    let _ = fs::remove_file(&fresh);
    component::write(&file.with_extension(format!("{code}.ppc")), &compiled)
}

/// Where cargo leaves a program.
pub fn path(workspace: &Workspace, release: bool, name: &str) -> PathBuf {
    let profile = if release { "release" } else { "debug" };
    workspace.target(profile).join(name)
}
