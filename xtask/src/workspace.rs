//! Where things are, and how commands are run.
//!
//! Not here: what is run (see the tasks).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use plugpoint_terminal::complain;

/// Packages that are nothing but components: they have no native part.
const ONLY_COMPONENTS: [&str; 3] = ["toy-protocol", "bad-component", "bad-policy"];

/// This checkout, and cargo's target folder for it.
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
    /// What `cargo metadata` says.
    metadata: serde_json::Value,
}

impl Workspace {
    /// Asks cargo, so that `CARGO_TARGET_DIR` and cargo's configuration count.
    pub fn find() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let output = Command::new(cargo())
            .args([
                "metadata",
                "--no-deps",
                "--format-version=1",
                "--manifest-path",
            ])
            .arg(&manifest)
            .stderr(Stdio::inherit())
            .output()
            .context("cannot run cargo")?;
        if !output.status.success() {
            bail!("`cargo metadata` failed");
        }
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let path = |key: &str| {
            metadata[key]
                .as_str()
                .map(PathBuf::from)
                .with_context(|| format!("`cargo metadata` says no {key}"))
        };
        Ok(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
            metadata,
        })
    }

    /// Something of the checkout.
    pub fn root(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// Something in cargo's target folder.
    pub fn target(&self, path: impl AsRef<Path>) -> PathBuf {
        self.target.join(path)
    }

    /// The configuration of the seed product.
    pub fn seed_config(&self) -> PathBuf {
        self.root.join("host/configs/cf100m-50k1.toml")
    }

    /// Where built components lie; `host/build.rs` looks there too.
    pub fn components(&self) -> PathBuf {
        self.target("components")
    }

    /// The version of one of our packages.
    pub fn version(&self, package: &str) -> Result<&str> {
        self.metadata["packages"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|each| each["name"] == package)
            .and_then(|each| each["version"].as_str())
            .with_context(|| format!("there is no package {package} in the workspace"))
    }

    /// A cargo command at the root, without what the cargo that runs us has put
    /// into the environment.
    pub fn cargo(&self, subcommand: &str) -> Command {
        let mut command = Command::new(cargo());
        command.current_dir(&self.root).arg(subcommand);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&*name);
            }
        }
        command
    }
}

/// Chooses everything with a native part. Features are unified over what is chosen, so
/// commands that choose the same share what they compile.
pub fn over_workspace(command: &mut Command) -> &mut Command {
    command.arg("--workspace");
    for package in ONLY_COMPONENTS {
        command.args(["--exclude", package]);
    }
    command
}

/// The cargo that runs us.
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// Prints the command and runs it; an error if it fails.
pub fn run(command: &mut Command) -> Result<()> {
    complain!("  $ {}", shown(command));
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !status.success() {
        bail!("`{}`: {status}", shown(command));
    }
    Ok(())
}

/// Standard output of a command that works; none if it fails or is not there.
pub fn output(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        // Flags for reproducible components: long, and never of interest.
        if argument == "--config" || argument.starts_with("target.") {
            continue;
        }
        text.push(' ');
        text.push_str(&argument);
    }
    text
}
