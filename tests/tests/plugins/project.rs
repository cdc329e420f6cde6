//! `component new` writes a project that builds as it stands and passes its own
//! script, in each language.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use plugpoint_tests::charger::{component, program};

use crate::kit::{component_command, text};

/// A project of that name, fresh.
pub fn new_project(folder: &Path, name: &str, language: &str) -> PathBuf {
    let project = folder.join(name);
    let ended = component_command(&["new", name, "--lang", language, "--dir", &text(&project)]);
    assert_eq!(ended.code, Some(0), "{}", ended.printed());
    share_target(&project);
    project
}

/// Crates that a project needs are compiled once for all runs of this test.
pub fn share_target(project: &Path) {
    if project.join("Cargo.toml").is_file() {
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("project-target");
        std::fs::create_dir_all(&shared).expect("a folder");
        std::os::unix::fs::symlink(shared, project.join("target")).expect("a link");
    }
}

/// Runs a command with this checkout's `plugpoint` and the tests' Node.js first
/// in the path.
pub fn with_tools(command: &mut Command) -> &mut Command {
    let mut folders: Vec<PathBuf> = Vec::new();
    let plugpoint = program("PLUGPOINT_BIN", "plugpoint").expect("the program");
    let node = std::env::var_os("PLUGPOINT_NODE").map(PathBuf::from);
    for tool in [Some(plugpoint), node].into_iter().flatten() {
        if let Some(folder) = tool.parent().filter(|folder| folder.is_absolute()) {
            folders.push(folder.to_owned());
        }
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    command
        .env("PATH", std::env::join_paths(folders).expect("a path"))
        .env_remove("CARGO_TARGET_DIR")
}

#[track_caller]
pub fn assert_success(output: &Output) -> String {
    let printed = [&output.stdout[..], &output.stderr[..]].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(output.status.success(), "{}: {printed}", output.status);
    printed
}

fn builds(language: &str) {
    let folder = tempfile::tempdir().expect("a place");
    let project = new_project(folder.path(), "evenings", language);
    let output = with_tools(&mut Command::new(project.join("build")))
        .output()
        .expect("a shell");
    let printed = assert_success(&output);
    assert!(
        printed.contains("well, on one instance and on fresh ones"),
        "{printed}"
    );
    let ended = component_command(&["inspect", &text(&project.join("evenings.wasm"))]);
    let printed = ended.printed();
    assert!(printed.contains("name      evenings"), "{printed}");
    assert!(printed.contains("version   0.1.0"), "{printed}");
    assert!(
        printed.contains("usable as an authorization policy"),
        "{printed}"
    );
    assert!(!printed.contains("wasi"), "{printed}");
}

#[test]
fn a_rust_project_builds() {
    builds("rust");
}

#[test]
fn a_javascript_project_builds() {
    builds("js");
}

#[test]
fn a_python_project_builds() {
    builds("python");
}

#[test]
fn a_project_overwrites_nothing() {
    let folder = tempfile::tempdir().expect("a place");
    let project = new_project(folder.path(), "evenings", "js");
    let again = ["new", "evenings", "--lang", "js", "--dir", &text(&project)];
    let ended = component_command(&again);
    assert_eq!(ended.code, Some(2), "{}", ended.printed());
    assert!(
        ended.printed().contains("is not empty"),
        "{}",
        ended.printed()
    );
}

#[test]
fn a_bad_name_is_refused() {
    for name in ["../evil", "Evenings", "a b"] {
        let ended = component_command(&["new", name, "--lang", "rust"]);
        assert_eq!(ended.code, Some(2), "{}", ended.printed());
        assert!(ended.printed().contains("no name for a plugin"));
    }
}

#[test]
fn what_no_charger_would_take_is_not_wrapped() {
    let folder = tempfile::tempdir().expect("a place");
    let output = text(&folder.path().join("x.wasm"));
    let nonsense = folder.path().join("nonsense.wasm");
    std::fs::write(&nonsense, "nonsense").expect("a file");
    let greedy = component("bad-import").expect("a component");
    for (file, words) in [
        (text(&nonsense), "not WebAssembly"),
        (text(&greedy), "not granted"),
    ] {
        let wrap = [
            "wrap",
            &file,
            "--name",
            "x",
            "--version",
            "1.0.0",
            "-o",
            &output,
        ];
        let ended = component_command(&wrap);
        assert_eq!(ended.code, Some(2), "{}", ended.printed());
        assert!(ended.printed().contains(words), "{}", ended.printed());
    }
    assert!(!Path::new(&output).exists());
}
