//! The program's commands for authors, run as an author would.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use plugpoint_tests::charger::{component, images, program};
use serde_json::Value;

pub const EXAMPLES: [&str; 4] = ["fleet", "peak-hours", "opening-hours", "card-token"];

/// Those that decide who may charge.
pub const DECIDING: [&str; 3] = ["fleet", "opening-hours", "card-token"];

/// A program that has ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// All that it printed.
    pub fn printed(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path)
}

pub fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// `plugpoint component …`. Waits as long as it takes: CPython is compiled for
/// half a minute and more.
pub fn component_command(arguments: &[&str]) -> Ended {
    let program = program("PLUGPOINT_BIN", "plugpoint").expect("the program");
    let output = Command::new(program)
        .arg("component")
        .args(arguments)
        .output()
        .expect("an end");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// `plugpoint component test FILE --script SCRIPT --json`: the exit code and the
/// report. What other tests have compiled is not compiled again.
pub fn tried(file: &Path, script: &Path, more: &[&str]) -> (Option<i32>, Value) {
    let cache = tempfile::tempdir().expect("a place");
    images::lend(cache.path());
    let (file, script, folder) = (text(file), text(script), text(cache.path()));
    let options = ["--script", &script, "--cache", &folder, "--json"];
    let arguments = [&["test", &file], &options[..], more].concat();
    let ended = component_command(&arguments);
    images::collect(cache.path());
    let report = serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", ended.printed()));
    (ended.code, report)
}

/// The component of an example. The first to ask compiles all of them: CPython
/// several times at once would take minutes.
pub fn example(name: &str) -> PathBuf {
    static COMPILED: Once = Once::new();
    COMPILED.call_once(|| {
        for name in EXAMPLES {
            let file = component(name).expect("`cargo xtask plugins` builds it");
            let script = repository(&format!("plugins/{name}/script.toml"));
            // How that went is another test's business.
            let _ = tried(&file, &script, &["--decisions", "1"]);
        }
    });
    component(name).expect("`cargo xtask plugins` builds it")
}

/// Every step is as its script expects.
#[track_caller]
pub fn assert_well(code: Option<i32>, report: &Value) {
    let wrong: Vec<&Value> = steps(report).filter(|step| step["ok"] != true).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["ok"], true);
}

pub fn steps(report: &Value) -> impl Iterator<Item = &Value> {
    report["steps"].as_array().into_iter().flatten()
}
