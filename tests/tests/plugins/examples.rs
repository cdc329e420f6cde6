//! The examples: each passes its own script as a component in the real
//! runtime, and its own tests in its own language; none can do anything but log
//! and read its entries.

use std::path::PathBuf;
use std::process::Command;

use plugpoint_tests::{interface, tell};
use serde_json::Value;

use crate::kit::{
    EXAMPLES, assert_well, component_command, example, repository, steps, text, tried,
};

#[test]
fn each_passes_its_own_script() {
    for name in EXAMPLES {
        let file = example(name);
        let script = repository(&format!("plugins/{name}/script.toml"));
        let (code, report) = tried(&file, &script, &["--decisions", "50"]);
        assert_well(code, &report);
        assert!(steps(&report).count() > 10, "{report:#}");
        assert_eq!(report["name"], name);
        tell(&format!(
            "{name:>14}: {} kB, {} KiB of memory, {} µs per decision (median)",
            report["size"].as_u64().unwrap_or(0) / 1000,
            report["memory_bytes"].as_u64().unwrap_or(0) / 1024,
            report["decision_us"]["median"],
        ));
    }
}

#[test]
fn none_imports_anything_but_log_and_entries() {
    for name in EXAMPLES {
        let file = text(&example(name));
        let ended = component_command(&["inspect", "--json", &file]);
        assert_eq!(ended.code, Some(0), "{}", ended.printed());
        let facts: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        let imports = facts["imports"].as_array().expect("a list");
        let granted = interface::granted();
        assert!(!imports.is_empty(), "{name}");
        for import in imports {
            assert!(
                granted.iter().any(|name| import == name),
                "{name}: {import}"
            );
        }
        assert_eq!(facts["name"], name);
        assert!(facts["version"].is_string(), "{facts:#}");
    }
}

#[test]
fn opening_hours_pass_their_own_tests() {
    let node = std::env::var_os("PLUGPOINT_NODE").unwrap_or_else(|| "node".into());
    own_tests(
        Command::new(node)
            .args(["--test", "test/"])
            .current_dir(repository("plugins/opening-hours")),
        "# fail 0",
    );
}

#[test]
fn card_tokens_pass_their_own_tests() {
    own_tests(
        python()
            .args(["-m", "unittest", "discover", "-s", "tests", "-t", "."])
            .current_dir(repository("plugins/card-token")),
        "OK",
    );
}

#[test]
fn a_token_of_the_issuing_tool_is_genuine() {
    let key = "00112233445566778899aabbccddeeff";
    let issued = python()
        .args(["issue.py", "token", "--key-id", "A", "--key", key])
        .args(["--serial", "77", "--until", "2030-01-01"])
        .current_dir(repository("plugins/card-token"))
        .output()
        .expect("Python");
    let token = String::from_utf8_lossy(&issued.stdout).trim().to_owned();
    assert_eq!(token.len(), 20, "{issued:?}");
    let folder = tempfile::tempdir().expect("a place");
    let script = folder.path().join("script.json");
    let text = format!(
        r#"{{"settings": {{"key.A": "{key}"}}, "limits": {{"memory_kib": 24576, "event_ms": 1000}},
            "step": [{{"say": "it", "decide": {{"token": "{token}"}},
                       "expect": {{"verdict": "accept", "why": "card 77 is genuine"}}}}]}}"#
    );
    std::fs::write(&script, text).expect("a file");
    let file = example("card-token");
    let (code, report) = tried(&file, &script, &["--decisions", "1"]);
    assert_well(code, &report);
}

fn python() -> Command {
    let python = std::env::var_os("PLUGPOINT_PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(PathBuf::from(python));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

#[track_caller]
fn own_tests(command: &mut Command, well: &str) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    assert!(
        output.status.success() && printed.contains(well),
        "{printed}"
    );
}
