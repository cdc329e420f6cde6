//! `plugpoint component dev`: what an author changes is in a running charger soon after,
//! and what does not build changes nothing.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use plugpoint_tests::charger::{Control, Process, program};
use serde_json::Value;

use crate::project::{new_project, with_tools};

/// A build in Rust, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(180);

fn wait_for(control: &Control, process: &Process, field: &str, expected: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let status = control.status().expect("the status");
        let all = status["components"].as_array().cloned();
        let slot = all
            .unwrap_or_default()
            .into_iter()
            .find(|it| it["slot"] == "policy/evenings");
        if slot.as_ref().is_some_and(|it| it[field] == expected) {
            return;
        }
        assert!(
            Instant::now() < end,
            "{field} is not {expected}: {slot:#?}\n{:#?}",
            process.printed()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).expect("a file");
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replace(from, to)).expect("a file");
}

#[test]
fn a_change_is_built_signed_and_installed() {
    let folder = tempfile::tempdir().expect("a place");
    let project = new_project(folder.path(), "evenings", "rust");
    edit(
        &project.join("charger.toml"),
        "127.0.0.1:8080",
        "127.0.0.1:0",
    );

    let plugpoint = program("PLUGPOINT_BIN", "plugpoint").expect("the program");
    let mut command = Command::new(plugpoint);
    command.args(["component", "dev"]).arg(&project);
    let process = Process::start(with_tools(&mut command)).expect("a process");
    let line = process.wait_line(": a simulated charger", PATIENCE);
    let line = line.unwrap_or_else(|| panic!("{:#?}", process.printed()));
    let url = line.split(": a simulated").next().expect("an address");
    let control = Control::new(url);
    wait_for(&control, &process, "name", "evenings");
    wait_for(&control, &process, "version", "0.1.0");

    // What does not build changes nothing, and is told.
    let waiting = || {
        let printed = process.printed();
        let all = printed
            .iter()
            .filter(|it| it.contains("waiting for a change"));
        all.count()
    };
    let source = project.join("src/lib.rs");
    let good = fs::read_to_string(&source).expect("the source");
    let before = waiting();
    fs::write(&source, format!("{good}\nthis is no Rust\n")).expect("a file");
    let failed = process.wait_line("the build failed", PATIENCE);
    assert!(failed.is_some(), "{:#?}", process.printed());
    wait_for(&control, &process, "version", "0.1.0");
    let end = Instant::now() + PATIENCE;
    while waiting() <= before {
        assert!(Instant::now() < end, "{:#?}", process.printed());
        std::thread::sleep(Duration::from_millis(50));
    }

    fs::write(&source, good).expect("a file");
    edit(&project.join("Cargo.toml"), "0.1.0", "0.2.0");
    wait_for(&control, &process, "version", "0.2.0");
    control.card("04A1B2C3").expect("a card");
    let end = Instant::now() + PATIENCE;
    let decided = || -> Option<Value> {
        let status = control.status().expect("the status");
        status["decisions"].as_array()?.last().cloned()
    };
    while decided().is_none_or(|it| it["by"] != "evenings") {
        assert!(Instant::now() < end, "{:#?}", process.printed());
        std::thread::sleep(Duration::from_millis(50));
    }

    // Ctrl-C ends the charger too, and leaves no configuration with the key behind.
    let id = process.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.is_ok_and(|it| it.success()));
    assert!(process.wait_end(PATIENCE).is_some_and(|it| it.success()));
    let end = Instant::now() + PATIENCE;
    while control.status().is_ok() {
        assert!(Instant::now() < end, "the charger goes on");
    }
    assert!(!project.join(".dev-charger.toml").exists());
    assert!(!project.join(".dev-charger.minisig").exists());
}

#[test]
fn what_is_no_project_is_refused() {
    let folder = tempfile::tempdir().expect("a place");
    let path = folder.path().to_string_lossy().into_owned();
    let dev = || crate::kit::component_command(&["dev", &path]);
    let ended = dev();
    assert_eq!(ended.code, Some(2), "{}", ended.printed());
    assert!(
        ended.printed().contains("charger.toml"),
        "{}",
        ended.printed()
    );
    fs::write(folder.path().join("charger.toml"), "[charge_point]\n").expect("a file");
    let ended = dev();
    assert_eq!(ended.code, Some(2), "{}", ended.printed());
    assert!(
        ended.printed().contains("expected a [[policy]]"),
        "{}",
        ended.printed()
    );
}
