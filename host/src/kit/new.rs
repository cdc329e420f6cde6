//! `component new`: a project for a policy, or for a protocol component with something of
//! a vendor's own, that builds as it stands.
//!
//! The interface files, and the library of a protocol component, go along as this program
//! has them, so that a project needs nothing of this repository.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::{KitError, library, name};

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

/// What a project is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Project {
    /// A policy in this language.
    Policy(Language),
    /// OCPP 1.6-J, and an extension to it. In Rust, as the library is.
    Ocpp,
}

/// A file of a project; `__NAME__` and `__MODULE__` stand for the plugin's name,
/// `__INTERFACE__` for the version of the interface files.
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

const RUST: [File; 7] = [
    file!("README.md", "templates/rust/README.md"),
    file!("Cargo.toml", "templates/rust/Cargo.toml.txt"),
    file!("src/lib.rs", "templates/rust/lib.rs"),
    file!("src/component.rs", "templates/rust/component.rs"),
    file!(".cargo/config.toml", "templates/rust/config.toml"),
    file!(".gitignore", "templates/rust/gitignore"),
    file!("build", "templates/rust/build", executable),
];

const JS: [File; 9] = [
    file!("README.md", "templates/js/README.md"),
    file!("package.json", "templates/js/package.json"),
    file!(
        "package-lock.json",
        "../../../plugins/opening-hours/package-lock.json"
    ),
    file!(".npmrc", "../../../plugins/opening-hours/.npmrc"),
    file!("src/policy.js", "templates/js/policy.js"),
    file!("src/rules.js", "templates/js/rules.js"),
    file!("test/rules.test.js", "templates/js/rules.test.js"),
    file!(".gitignore", "templates/js/gitignore"),
    file!("build", "templates/js/build", executable),
];

const PYTHON: [File; 7] = [
    file!("README.md", "templates/python/README.md"),
    file!(
        "requirements.txt",
        "../../../plugins/card-token/requirements.txt"
    ),
    file!("app.py", "templates/python/app.py"),
    file!("rules.py", "templates/python/rules.py"),
    file!("test_rules.py", "templates/python/test_rules.py"),
    file!(".gitignore", "templates/python/gitignore"),
    file!("build", "templates/python/build", executable),
];

const OCPP: [File; 9] = [
    file!("README.md", "templates/ocpp/README.md"),
    file!("Cargo.toml", "templates/ocpp/Cargo.toml.txt"),
    file!("src/lib.rs", "../../../plugins/acme/src/lib.rs"),
    file!("src/extension.rs", "../../../plugins/acme/src/extension.rs"),
    file!("src/tests.rs", "../../../plugins/acme/src/tests.rs"),
    file!("charger.toml", "templates/ocpp/charger.toml"),
    file!(".cargo/config.toml", "templates/rust/config.toml"),
    file!(".gitignore", "templates/rust/gitignore"),
    file!("build", "templates/ocpp/build", executable),
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
    project: Project,
    folder: &Path,
    trust: Option<&Path>,
) -> Result<(), KitError> {
    name::check(name)?;
    let key = trust.map(public_key).transpose()?.unwrap_or_default();
    if fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()) {
        return Err(KitError::Occupied(folder.to_path_buf()));
    }
    match project {
        Project::Policy(language) => write_policy(name, language, folder, &key),
        Project::Ocpp => write_ocpp(name, folder, &key),
    }
}

fn write_policy(name: &str, language: Language, folder: &Path, key: &str) -> Result<(), KitError> {
    for file in COMMON.iter().chain(language.files()) {
        let text = named(file.text, name, key)
            .replace("__INTERFACE__", crate::guest::interface())
            .replace("__LIMITS__\n", language.limits())
            .replace("__POLICY_LIMITS__\n", language.policy_limits())
            // The lock file is that of an example.
            .replace("\"opening-hours\"", &format!("\"{name}\""));
        put(&folder.join(file.path), &text, file.executable)?;
    }
    Ok(())
}

fn write_ocpp(name: &str, folder: &Path, key: &str) -> Result<(), KitError> {
    let library = library::files().ok_or(KitError::Damaged)?;
    for (path, text) in library {
        put(&folder.join("plugpoint").join(path), &text, false)?;
    }
    for file in &OCPP {
        // The sources are those of an example.
        let text = named(file.text, name, key)
            .replace("__PLUGPOINT__", env!("CARGO_PKG_VERSION"))
            .replace("acme", name)
            .replace("Acme", &camel(name));
        put(&folder.join(file.path), &text, file.executable)?;
    }
    Ok(())
}

fn named(text: &str, name: &str, key: &str) -> String {
    text.replace("__NAME__", name)
        .replace("__MODULE__", &name.replace('-', "_"))
        .replace("__KEY__", key)
}

/// `night-rates` as `NightRates`.
fn camel(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

/// What to do next.
pub(super) fn farewell(project: Project, folder: &Path) -> String {
    let what = match project {
        Project::Policy(_) => "a policy",
        Project::Ocpp => "a protocol component",
    };
    format!(
        "{0}: {what} that builds. Build and try it:\n\n    {0}/build\n\nthen see {0}/README.md",
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
    crate::slots::public_key(&text)
        .map(|key| format!("{key:?}"))
        .ok_or_else(|| KitError::PublicKey(path.to_path_buf()))
}
