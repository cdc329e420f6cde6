//! Components that are compiled beforehand, for a program without a compiler. With
//! `PLUGPOINT_TEST_COMPILED=x86_64` (or another target) the charger under test is
//! such a one, and tests hand it these instead of WebAssembly.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use super::{component, program};

const TARGET: &str = "PLUGPOINT_TEST_COMPILED";

/// What the charger under test takes compiled components for; none: it takes
/// WebAssembly.
pub fn target() -> Option<String> {
    std::env::var(TARGET).ok()
}

/// A component that was built for the tests, in the form that the charger under
/// test takes. What the compiler refuses is handed over as it is.
///
/// # Errors
/// If there is none.
pub fn built(name: &str) -> anyhow::Result<PathBuf> {
    match target() {
        Some(target) => compiled(name, &target).or_else(|_| component(name)),
        None => component(name),
    }
}

/// A component that was built for the tests, compiled for that target by the
/// program with the compiler.
///
/// # Errors
/// If the program refuses it; the text is what it says.
pub fn compiled(name: &str, target: &str) -> anyhow::Result<PathBuf> {
    let wasm = component(name)?;
    let folder = std::env::current_exe()?.with_file_name("test-compiled");
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{name}.{target}.ppc"));
    let desk = program("PLUGPOINT_DESK", "plugpoint")?;
    if is_newer(&file, &wasm) && is_newer(&file, &desk) {
        return Ok(file);
    }
    // Several tests may do this at once.
    let fresh = tempfile::NamedTempFile::new_in(&folder)?.into_temp_path();
    precompile(&desk, target, &wasm, &fresh)?;
    fresh.persist(&file).context("a compiled component")?;
    Ok(file)
}

/// A component that a test has made, in the form that the charger under test
/// takes.
///
/// # Errors
/// If the program with the compiler refuses it; the text is what it says.
pub fn taken(wasm: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let Some(target) = target() else {
        return Ok(wasm);
    };
    let folder = tempfile::tempdir()?;
    let (from, to) = (folder.path().join("made.wasm"), folder.path().join("made"));
    fs::write(&from, wasm)?;
    let desk = program("PLUGPOINT_DESK", "plugpoint")?;
    precompile(&desk, &target, &from, &to)?;
    Ok(fs::read(to)?)
}

fn precompile(desk: &Path, target: &str, from: &Path, to: &Path) -> anyhow::Result<()> {
    let done = Command::new(desk)
        .args(["component", "precompile", "--target", target, "--output"])
        .args([to, from])
        .output()?;
    if !done.status.success() {
        bail!("{}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}

fn is_newer(file: &Path, than: &Path) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|it| it.modified());
    matches!((time(file), time(than)), (Ok(file), Ok(than)) if file > than)
}
