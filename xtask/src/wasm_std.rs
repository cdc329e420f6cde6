//! The standard library for `wasm32-unknown-unknown`: finds it, or installs it.
//!
//! In this order: it is there; rustup adds it; Debian's `rustc-web` with its
//! sources builds it. Otherwise a message says what to install.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use plugpoint_terminal::complain;

use crate::debian;
use crate::workspace::{Workspace, output, run};

/// What components are built for.
pub const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// A compiler that can build components.
pub enum Toolchain {
    /// The one that builds everything else has the library.
    Own,
    /// Debian's, which builds the library along, with this linker.
    Debian {
        /// `rust-lld` of the own toolchain, if that has one.
        linker: Option<PathBuf>,
    },
}

impl Toolchain {
    /// Finds a compiler that can build components; sets one up if there is none.
    pub fn find() -> Result<Self> {
        let sysroot = sysroot()?;
        if has_std(&sysroot) {
            return Ok(Self::Own);
        }
        complain!("The standard library for {TARGET} is not here; asking rustup for it.");
        if rustup_adds_it() && has_std(&sysroot) {
            return Ok(Self::Own);
        }
        complain!("rustup could not add it; trying Debian's compiler and its sources.");
        if debian_is_there() || debian_installs_it() {
            return Ok(Self::Debian {
                linker: lld(&sysroot),
            });
        }
        bail!(
            "components need the Rust standard library for {TARGET}, and it could not be \
             installed.\nDo one of these, then run this again:\n  \
             rustup target add {TARGET}\n  \
             apt-get install {}   (as root, Debian or Ubuntu)",
            DEBIAN_PACKAGES.join(" ")
        )
    }

    /// `cargo build` for components.
    pub fn build(&self, workspace: &Workspace) -> Command {
        let mut command = workspace.cargo("build");
        command.args(["--target", TARGET, "--profile", "guest"]);
        command.arg("--config").arg(without_paths());
        command.arg("--target-dir");
        match self {
            Self::Own => {
                command.arg(workspace.target("guests"));
            }
            Self::Debian { linker } => {
                // A folder of its own: two compilers in one would build all anew
                // each time.
                command.arg(workspace.target("guests-debian"));
                command.arg("-Zbuild-std=std,panic_abort");
                command = with_program(DEBIAN_CARGO, &command);
                command.env("RUSTC", DEBIAN_RUSTC);
                // Allows `-Z` in a stable compiler.
                command.env("RUSTC_BOOTSTRAP", "1");
                command.env_remove("RUSTUP_TOOLCHAIN");
                if let Some(linker) = linker {
                    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
                }
            }
        }
        command
    }

    /// Where `build` leaves the modules.
    pub fn modules(&self, workspace: &Workspace) -> PathBuf {
        let folder = match self {
            Self::Own => "guests",
            Self::Debian { .. } => "guests-debian",
        };
        workspace.target(folder).join(TARGET).join("guest")
    }
}

/// Panics name the file they come from. Where a dependency lies on this machine
/// must not be told by a component, nor change its hash.
fn without_paths() -> String {
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .unwrap_or_default();
    // The folder of a registry has a name that depends on its address.
    let flags: Vec<String> = std::fs::read_dir(cargo_home.join("registry/src"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|registry| format!("--remap-path-prefix={}/=", registry.path().display()))
        .map(|flag| format!("{flag:?}"))
        .collect();
    format!("target.{TARGET}.rustflags=[{}]", flags.join(","))
}

fn sysroot() -> Result<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    match output(rustc, &["--print", "sysroot"]) {
        Some(path) => Ok(PathBuf::from(path)),
        None => bail!("cannot run `rustc --print sysroot`"),
    }
}

fn has_std(sysroot: &Path) -> bool {
    let Ok(files) = std::fs::read_dir(sysroot.join("lib/rustlib").join(TARGET).join("lib")) else {
        return false;
    };
    files
        .flatten()
        .any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

fn rustup_adds_it() -> bool {
    run(Command::new("rustup").args(["target", "add", TARGET])).is_ok()
}

fn debian_is_there() -> bool {
    let sources = output(DEBIAN_RUSTC, &["--print", "sysroot"])
        .map(|root| Path::new(&root).join("lib/rustlib/src/rust/library/std"));
    Path::new(DEBIAN_CARGO).is_file() && sources.is_some_and(|folder| folder.is_dir())
}

fn debian_installs_it() -> bool {
    match debian::install_for(&DEBIAN_PACKAGES, "components") {
        Ok(()) => debian_is_there(),
        Err(error) => {
            complain!("{error:#}");
            false
        }
    }
}

/// The linker that comes with the own toolchain; Debian's has `lld` as a package
/// of its own.
fn lld(sysroot: &Path) -> Option<PathBuf> {
    let rustlib = sysroot.join("lib/rustlib");
    std::fs::read_dir(rustlib)
        .ok()?
        .flatten()
        .map(|folder| folder.path().join("bin/rust-lld"))
        .find(|path| path.is_file())
}

/// The same command with another program.
fn with_program(program: &str, command: &Command) -> Command {
    let mut other = Command::new(program);
    other.args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        other.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => other.env(name, value),
            None => other.env_remove(name),
        };
    }
    other
}
