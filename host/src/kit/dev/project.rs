//! A project as `component new` writes it: its name, its build, and what in it is its
//! author's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use toml::{Table, Value};

use super::super::KitError;

const CONFIG: &str = "charger.toml";
const BUILD: &str = "build";

/// Folders and files that a build makes.
const MADE: [&str; 5] = [
    "target",
    "node_modules",
    "__pycache__",
    "state",
    "Cargo.lock",
];

/// The folder.
#[derive(Debug)]
pub(super) struct Project {
    folder: PathBuf,
    name: String,
    config: Table,
}

impl Project {
    /// Reads what `component new` has written.
    pub(super) fn open(folder: &Path) -> Result<Self, KitError> {
        let folder = folder
            .canonicalize()
            .map_err(|error| KitError::file(folder, &error))?;
        let path = folder.join(CONFIG);
        let text = fs::read_to_string(&path).map_err(|error| KitError::file(&path, &error))?;
        let wrong = |text: String| KitError::Project {
            path: path.clone(),
            text,
        };
        let config: Table = text.parse().map_err(|error| wrong(format!("{error}")))?;
        let name = config
            .get("policy")
            .and_then(Value::as_array)
            .and_then(|all| all.first())
            .and_then(|first| first.get("name"))
            .and_then(Value::as_str)
            .ok_or_else(|| wrong("expected a [[policy]] with the project's name first".into()))?
            .to_owned();
        let build = folder.join(BUILD);
        if !build.is_file() {
            return Err(KitError::Project {
                path: build,
                text: "expected the script that builds the project".into(),
            });
        }
        Ok(Self {
            folder,
            name,
            config,
        })
    }

    /// Of the policy, its slot and its file.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The configuration of the project's charger.
    pub(super) fn config(&self) -> Table {
        self.config.clone()
    }

    /// A file of this command's in the folder: relative names in the charger's
    /// configuration count from there.
    pub(super) fn dev_file(&self, ending: &str) -> PathBuf {
        self.folder.join(format!(".dev-charger.{ending}"))
    }

    /// Builds and tries it, without a key; the component, or none if that failed, which
    /// the script has told.
    pub(super) async fn build(&self) -> Result<Option<Vec<u8>>, KitError> {
        let script = self.folder.join(BUILD);
        let own = std::env::current_exe().map_err(KitError::Runtime)?;
        let status = tokio::process::Command::new(&script)
            .current_dir(&self.folder)
            .env("PLUGPOINT", own)
            .kill_on_drop(true)
            .status()
            .await
            .map_err(|error| KitError::file(&script, &error))?;
        if !status.success() {
            return Ok(None);
        }
        let component = self.folder.join(&self.name).with_extension("wasm");
        let bytes = fs::read(&component).map_err(|error| KitError::file(&component, &error))?;
        Ok(Some(bytes))
    }
}

/// Sizes and times of all that an author may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot(BTreeMap<PathBuf, (u64, SystemTime)>);

impl Snapshot {
    pub(super) fn of(folder: &Path) -> Result<Self, KitError> {
        let mut files = BTreeMap::new();
        collect(folder, &mut files)?;
        Ok(Self(files))
    }
}

fn collect(
    folder: &Path,
    files: &mut BTreeMap<PathBuf, (u64, SystemTime)>,
) -> Result<(), KitError> {
    let refused = |error: std::io::Error| KitError::file(folder, &error);
    for entry in fs::read_dir(folder).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let is_made =
            MADE.contains(&&*name) || name.ends_with(".wasm") || name.ends_with(".minisig");
        // Hidden ones are tools' own: `.git`, `.venv`, an editor's, ours.
        if is_made || (name.starts_with('.') && name != ".cargo") {
            continue;
        }
        // One that is gone again is no part of it.
        let Ok(about) = entry.metadata() else {
            continue;
        };
        if about.is_dir() {
            collect(&path, files)?;
        } else if let Ok(modified) = about.modified() {
            files.insert(path, (about.len(), modified));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Snapshot;

    #[test]
    fn what_a_build_makes_is_no_change_and_what_an_author_writes_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, name).expect("a file");
        };
        write("src/lib.rs");
        let before = Snapshot::of(folder.path()).expect("a snapshot");
        for made in [
            "target/debug/x",
            "Cargo.lock",
            "evenings.wasm",
            "state/records/a",
            ".dev-charger.toml",
            "__pycache__/rules.pyc",
        ] {
            write(made);
        }
        assert_eq!(Snapshot::of(folder.path()).expect("a snapshot"), before);
        write("src/rules.rs");
        assert_ne!(Snapshot::of(folder.path()).expect("a snapshot"), before);
    }
}
