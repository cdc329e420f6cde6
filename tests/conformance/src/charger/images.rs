//! Compiled components, shared between the chargers of all tests: compiling is
//! the same work each time, and takes longer than most sessions. The program
//! names its images by their contents, so what fits one fits all.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder in `state_dir`.
const FOLDER: &str = "images";

/// Gives a charger that has not been started yet what others have compiled. A
/// charger without it compiles by itself, so nothing here is an error.
pub fn lend(state_dir: &Path) {
    if let Some(shared) = shared() {
        link_all(&shared, &state_dir.join(FOLDER));
    }
}

/// Keeps for others what a charger has compiled.
pub fn collect(state_dir: &Path) {
    if let Some(shared) = shared() {
        link_all(&state_dir.join(FOLDER), &shared);
    }
}

/// Beside the running test.
fn shared() -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.parent()?.join("test-images"))
}

/// Images are never changed in place, so that all can share one file.
fn link_all(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else {
        return;
    };
    if fs::create_dir_all(to).is_err() {
        return;
    }
    for entry in entries.flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            link_all(&path, &target);
        } else if is_image(&path) && !target.exists() && fs::hard_link(&path, &target).is_err() {
            copy(&path, &target);
        }
    }
}

/// Not one that is just being written.
fn is_image(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "cwasm")
}

/// Another file system: whole or not at all.
fn copy(from: &Path, to: &Path) {
    let half = to.with_extension(format!("{}.tmp", std::process::id()));
    if fs::copy(from, &half)
        .and_then(|_| fs::rename(&half, to))
        .is_err()
    {
        let _ = fs::remove_file(half);
    }
}
