//! `component new`: a project for a policy that builds as it stands.
//!
//! The interface files go along, as this program has them, so that a project
//! needs nothing of this repository.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::KitError;

/// Languages for which there is a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Small and fast: what a small board takes.
    Rust,
    /// QuickJS inside, about a megabyte.
    Js,
    /// CPython inside, about 18 megabytes.
    Python,
}

/// A file of a project; `__NAME__` and `__MODULE__` stand for the plugin's name.
struct File {
    path: &'static str,
    text: &'static str,
    executable: bool,
}

macro_rules! file {
    ($path:literal, $source:literal) => {
        File {
            path: $path,
            text: include_str!($source),
            executable: false,
        }
    };
    ($path:literal, $source:literal, executable) => {
        File {
            path: $path,
            text: include_str!($source),
            executable: true,
        }
    };
}

const COMMON: [File; 4] = [
    file!("wit/imports.wit", "../../../wit/imports.wit"),
    file!("wit/authorization.wit", "../../../wit/authorization.wit"),
    file!("script.toml", "templates/common/script.toml"),
    file!("charger.toml", "templates/common/charger.toml"),
];

const RUST: [File; 6] = [
    file!("README.md", "templates/rust/README.md"),
    file!("Cargo.toml", "templates/rust/Cargo.toml.txt"),
    file!("src/lib.rs", "templates/rust/lib.rs"),
    file!(".cargo/config.toml", "templates/rust/config.toml"),
    file!(".gitignore", "templates/rust/gitignore"),
    file!("build", "templates/rust/build", executable),
];

const JS: [File; 7] = [
    file!("README.md", "templates/js/README.md"),
    file!("package.json", "templates/js/package.json"),
    file!(
        "package-lock.json",
        "../../../plugins/opening-hours/package-lock.json"
    ),
    file!(".npmrc", "../../../plugins/opening-hours/.npmrc"),
    file!("src/policy.js", "templates/js/policy.js"),
    file!(".gitignore", "templates/js/gitignore"),
    file!("build", "templates/js/build", executable),
];

const PYTHON: [File; 5] = [
    file!("README.md", "templates/python/README.md"),
    file!(
        "requirements.txt",
        "../../../plugins/card-token/requirements.txt"
    ),
    file!("app.py", "templates/python/app.py"),
    file!(".gitignore", "templates/python/gitignore"),
    file!("build", "templates/python/build", executable),
];

impl Language {
    /// A section of the script.
    fn limits(self) -> &'static str {
        match self {
            Self::Rust | Self::Js => "",
            Self::Python => {
                "[limits] # CPython needs more than the default\nmemory_kib = 24576\nevent_ms = 250\n\n"
            }
        }
    }

    /// A line of the configuration.
    fn policy_limits(self) -> &'static str {
        match self {
            Self::Rust | Self::Js => "",
            Self::Python => {
                "limits = { memory_kib = 24576, event_ms = 250, start_ms = 10000 } # CPython needs more\n"
            }
        }
    }

    fn files(self) -> &'static [File] {
        match self {
            Self::Rust => &RUST,
            Self::Js => &JS,
            Self::Python => &PYTHON,
        }
    }
}

/// Writes a project into a folder that is empty or not there. `trust` is a
/// minisign public key that the project's charger shall believe.
pub(super) fn write(
    name: &str,
    language: Language,
    folder: &Path,
    trust: Option<&Path>,
) -> Result<(), KitError> {
    if !is_name(name) {
        return Err(KitError::Name(name.to_owned()));
    }
    let key = trust.map(public_key).transpose()?.unwrap_or_default();
    if fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()) {
        return Err(KitError::Occupied(folder.to_path_buf()));
    }
    for file in COMMON.iter().chain(language.files()) {
        let text = file
            .text
            .replace("__NAME__", name)
            .replace("__MODULE__", &name.replace('-', "_"))
            .replace("__KEY__", &key)
            .replace("__LIMITS__\n", language.limits())
            .replace("__POLICY_LIMITS__\n", language.policy_limits())
            // The lock file is that of an example.
            .replace("\"opening-hours\"", &format!("\"{name}\""));
        put(&folder.join(file.path), &text, file.executable)?;
    }
    Ok(())
}

/// What to do next.
pub(super) fn farewell(folder: &Path) -> String {
    format!(
        "{0}: a policy that builds. Build and try it:\n\n    {0}/build\n\nthen see {0}/README.md",
        folder.display()
    )
}

fn put(path: &PathBuf, text: &str, executable: bool) -> Result<(), KitError> {
    let refused = |error: std::io::Error| KitError::file(path, &error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(refused)?;
    }
    fs::write(path, text).map_err(refused)?;
    if executable {
        fs::set_permissions(path, PermissionsExt::from_mode(0o755)).map_err(refused)?;
    }
    Ok(())
}

/// The key's line in a file that `minisign -G` has written.
fn public_key(path: &Path) -> Result<String, KitError> {
    let text = fs::read_to_string(path).map_err(|error| KitError::file(path, &error))?;
    let key = text
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("RW") && line.len() == 56);
    key.map(|key| format!("{key:?}"))
        .ok_or_else(|| KitError::PublicKey(path.to_path_buf()))
}

/// Fit for a crate, a package, a file and a slot.
fn is_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_fit_everywhere() {
        for name in ["a", "evenings", "fleet-2"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "Evenings",
            "2fast",
            "a b",
            "../x",
            "a_b",
            &"x".repeat(41),
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
