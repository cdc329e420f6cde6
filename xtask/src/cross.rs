//! Other processors than this machine's: what they are called by cargo, by gcc
//! and by Debian, and what it takes to build for them. Programs for them are
//! static: they run on any distribution.

use std::process::Command;

use anyhow::{Context, Result};

use crate::debian;
use crate::workspace::{Workspace, output, run};

/// A kind of processor to build for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Processor {
    /// 64-bit ARM.
    Aarch64,
    /// 32-bit ARM with hardware floating point. Components are interpreted.
    Armv7,
    /// A PC.
    #[value(name = "x86_64")]
    X86_64,
}

impl Processor {
    /// As people write it, and options of ours.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64",
            Self::Armv7 => "armv7",
            Self::X86_64 => "x86_64",
        }
    }

    /// Rust's target.
    pub fn target(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64-unknown-linux-gnu",
            Self::Armv7 => "armv7-unknown-linux-gnueabihf",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }

    /// Debian's name of the architecture.
    pub fn debian(self) -> &'static str {
        match self {
            Self::Aarch64 => "arm64",
            Self::Armv7 => "armhf",
            Self::X86_64 => "amd64",
        }
    }

    /// What its components are compiled to, as `component precompile` calls it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64",
            Self::Armv7 => "pulley32",
            Self::X86_64 => "x86_64",
        }
    }

    /// One of the tools of gcc and binutils.
    pub fn tool(self, name: &str) -> String {
        format!("{}-{name}", self.prefix())
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64-linux-gnu",
            Self::Armv7 => "arm-linux-gnueabihf",
            Self::X86_64 => "x86_64-linux-gnu",
        }
    }

    /// Compiler and libc, from Debian; the standard library, from rustup.
    fn packages(self) -> &'static str {
        match self {
            Self::Aarch64 => "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
            Self::Armv7 => "gcc-arm-linux-gnueabihf libc6-dev-armhf-cross",
            Self::X86_64 => "gcc libc6-dev",
        }
    }

    /// Debian's package of the libc that is linked in.
    pub fn libc_package(self) -> &'static str {
        match self {
            Self::Aarch64 => "libc6-dev-arm64-cross",
            Self::Armv7 => "libc6-dev-armhf-cross",
            Self::X86_64 => "libc6-dev",
        }
    }

    /// Fetches what is missing to build for it.
    pub fn prepare(self) -> Result<()> {
        let (name, target) = (self.name(), self.target());
        let gcc = self.tool("gcc");
        let what_for = format!("programs for {name}");
        debian::need(&[(gcc.as_str(), self.packages())], &what_for)?;
        let installed = output("rustup", &["target", "list", "--installed"]);
        if !installed.is_some_and(|list| list.lines().any(|line| line == target)) {
            run(Command::new("rustup").args(["target", "add", target]))
                .with_context(|| format!("{name} needs Rust's standard library for {target}"))?;
        }
        Ok(())
    }

    /// A cargo command that builds a static program for it.
    pub fn cargo(self, workspace: &Workspace, subcommand: &str) -> Command {
        self.cargo_with(workspace, subcommand, STATIC)
    }

    /// The same, without the names of this machine's folders in the program.
    pub fn cargo_for_others(self, workspace: &Workspace, subcommand: &str) -> Command {
        self.cargo_with(workspace, subcommand, &nameless(workspace))
    }

    fn cargo_with(self, workspace: &Workspace, subcommand: &str, flags: &str) -> Command {
        let target = self.target();
        let small = target.replace('-', "_");
        let capital = small.to_uppercase();
        let gcc = self.tool("gcc");
        let mut command = workspace.cargo(subcommand);
        command
            .args(["--target", target])
            .env(format!("CARGO_TARGET_{capital}_LINKER"), &gcc)
            .env(format!("CC_{small}"), &gcc)
            .env(format!("AR_{small}"), self.tool("ar"))
            .env(format!("CARGO_TARGET_{capital}_RUSTFLAGS"), flags);
        command
    }
}

const STATIC: &str = "-C target-feature=+crt-static";

fn nameless(workspace: &Workspace) -> String {
    let mut flags = STATIC.to_owned();
    let home = std::env::var("CARGO_HOME")
        .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")));
    let folders = [
        (Some(workspace.root("").display().to_string()), "plugpoint/"),
        (home.ok(), "cargo"),
    ];
    for (folder, name) in folders {
        // Cargo splits flags at spaces.
        if let Some(folder) = folder.filter(|it| !it.contains(' ')) {
            flags.push_str(&format!(" --remap-path-prefix={folder}={name}"));
        }
    }
    flags
}
