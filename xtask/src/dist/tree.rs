//! The files of a package as they are to lie on the board, with their modes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Build, Facts, manual};
use crate::cross::Processor;
use crate::workspace::{Workspace, run};

const DOC: &str = "usr/share/doc/plugpoint";

/// For the installer, beside `installing.md`.
const MANUALS: [&str; 8] = [
    "docs/installing.md",
    "docs/commands.md",
    "docs/configuration.md",
    "docs/ocpp.md",
    "docs/wiring.md",
    "docs/meters.md",
    "docs/readers.md",
    "docs/updates.md",
];

/// Of the sources, as they are, and where they go.
const FILES: [(&str, &str); 3] = [
    ("host/packaging/charger.toml", "etc/plugpoint/charger.toml"),
    (
        "host/packaging/plugpoint.sysusers",
        "usr/lib/sysusers.d/plugpoint.conf",
    ),
    (
        "host/packaging/60-plugpoint.rules",
        "usr/lib/udev/rules.d/60-plugpoint.rules",
    ),
];

/// Lays them out.
pub fn lay_out(
    workspace: &Workspace,
    build: &Build,
    facts: &Facts,
    desk: &Path,
    program: &Path,
    root: &Path,
) -> Result<()> {
    let read = |path: &str| {
        fs::read_to_string(workspace.root(path)).with_context(|| format!("cannot read {path}"))
    };
    let put = |path: &str, text: &str| write(&root.join(path), text.as_bytes(), 0o644);
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    write(&root.join("usr/bin/plugpoint"), &bytes, 0o755)?;
    for (from, to) in FILES {
        put(to, &read(from)?)?;
    }
    put(
        "usr/lib/systemd/system/plugpoint.service",
        &unit(&read("host/packaging/plugpoint.service")?, build),
    )?;
    for manual in MANUALS {
        put(&manual.replace("docs", DOC), &read(manual)?)?;
    }
    for (from, to) in [
        (
            "host/configs/gpio-fixed-cable.toml",
            "gpio-fixed-cable.toml",
        ),
        (
            "host/configs/gpio-socket-linux-pilot.toml",
            "gpio-socket-linux-pilot.toml",
        ),
        ("host/packaging/linux-pilot.conf", "linux-pilot.conf"),
    ] {
        put(&format!("{DOC}/examples/{to}"), &read(from)?)?;
    }
    let license = read("host/packaging/debian/copyright")? + &expat(&read("LICENSE-MIT")?);
    put(&format!("{DOC}/copyright"), &license)?;
    for (path, text) in [
        (
            format!("{DOC}/changelog.gz"),
            facts.fill(&read("host/packaging/debian/changelog")?)?,
        ),
        (format!("{DOC}/CHANGELOG.md.gz"), read("CHANGELOG.md")?),
    ] {
        let plain = root.join(path.trim_end_matches(".gz"));
        write(&plain, text.as_bytes(), 0o644)?;
        // Without name and time.
        run(Command::new("gzip").args(["-9n"]).arg(&plain))?;
    }
    manual::put(desk, &read("host/packaging/plugpoint.1")?, facts, root)?;
    folders(root)
}

/// The unit for this program. Machine code that is mapped from a file must be made
/// executable after it was made ready, which the strictest setting forbids; byte
/// code need not be executable.
fn unit(text: &str, build: &Build) -> String {
    let line = match build.processor {
        Processor::Armv7 => "MemoryDenyWriteExecute=yes",
        Processor::Aarch64 | Processor::X86_64 => {
            "# Components are machine code here, made executable once it is in memory.\n\
             MemoryDenyWriteExecute=no"
        }
    };
    text.replace("@MEMORY_DENY_WRITE_EXECUTE@", line)
}

/// In the form of Debian's copyright files.
fn expat(license: &str) -> String {
    let mut text = "License: Expat\n".to_owned();
    // Title and copyright are said before.
    for line in license.lines().skip(4) {
        text.push_str(if line.is_empty() { " ." } else { " " });
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// Writes a file, and the folders above it.
pub fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let put = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, bytes)?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    };
    put().with_context(|| format!("cannot write {}", path.display()))
}

/// Whatever this shell's mask is.
fn folders(root: &Path) -> Result<()> {
    fs::set_permissions(root, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.is_dir() {
            folders(&path)?;
        }
    }
    Ok(())
}
