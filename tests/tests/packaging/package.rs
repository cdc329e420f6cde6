//! The two packages, unpacked.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What `cargo xtask test` made.
pub fn folder() -> PathBuf {
    let folder = std::env::var_os("PLUGPOINT_PACKAGES");
    PathBuf::from(folder.expect("no packages: run `cargo xtask test`"))
}

/// The package with this ending.
pub fn package(ending: &str) -> PathBuf {
    let files = std::fs::read_dir(folder()).expect("the packages' folder");
    files
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().ends_with(ending))
        .expect("a package")
}

/// The `.deb`'s files, with its own about itself in `DEBIAN`.
pub fn unpacked() -> TempDir {
    let dir = TempDir::with_prefix("plugpoint-package-").expect("a folder");
    let deb = package(".deb");
    output(Command::new("dpkg-deb").arg("-x").arg(&deb).arg(dir.path()));
    output(
        Command::new("dpkg-deb")
            .arg("-e")
            .arg(&deb)
            .arg(dir.path().join("DEBIAN")),
    );
    dir
}

/// What a command prints.
///
/// # Panics
/// If it fails.
pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{}: {error}", command.get_program().display());
    });
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{text}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// A file of the sources.
pub fn source(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
