//! Python with packages from PyPI: for the tests against a central system and
//! meters that are not ours, and for plugins in Python. In virtual environments in the target folder; nothing of the
//! machine's own Python is changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, run};

/// Fixed, so that a new release of theirs is no failure of ours.
const PACKAGES: [&str; 4] = [
    "ocpp==2.1.0",
    "websockets==15.0.1",
    "pymodbus==3.11.4",
    "pyserial==3.5",
];

/// The interpreter that has the packages `ocpp` and `pymodbus`.
pub fn interpreter(workspace: &Workspace) -> Result<PathBuf> {
    Ok(environment(workspace, "venv", &PACKAGES)?.join("bin/python"))
}

/// A virtual environment with these packages; makes it if it is not there.
pub fn environment(workspace: &Workspace, name: &str, packages: &[&str]) -> Result<PathBuf> {
    install(workspace, name, &packages.join("\n"), |pip| {
        pip.args(packages);
    })
}

/// The same with what a file of requirements says, hashes and all.
pub fn requirements(workspace: &Workspace, name: &str, file: &Path) -> Result<PathBuf> {
    let wanted = fs::read_to_string(file).with_context(|| format!("no {}", file.display()))?;
    install(workspace, name, &wanted, |pip| {
        pip.args(["--require-hashes", "-r"]).arg(file);
    })
}

fn install(
    workspace: &Workspace,
    name: &str,
    wanted: &str,
    what: impl FnOnce(&mut Command),
) -> Result<PathBuf> {
    let folder = workspace.target(name);
    let python = folder.join("bin/python");
    let stamp = folder.join("plugpoint-packages");
    if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) && works(&python) {
        return Ok(folder);
    }
    make(&folder).context(
        "tests and plugins in Python need Python 3.10 or later with `venv` \
         (Debian, Ubuntu: apt-get install python3-venv)",
    )?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check"]);
    what(&mut pip);
    run(&mut pip).with_context(|| format!("cannot install the Python packages of {name}"))?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(folder)
}

fn make(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(folder));
    if made.is_err() && !works(Path::new("python3")) {
        bail!("there is no python3");
    }
    made
}

fn works(python: &Path) -> bool {
    Command::new(python)
        .args(["-c", "import sys"])
        .output()
        .is_ok_and(|output| output.status.success())
}
