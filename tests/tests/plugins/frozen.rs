//! Compatibility for ever: components that were built against a released
//! interface still load, and still decide.
//!
//! `wit/VERSION/` is a frozen copy of each released interface, and
//! `tests/data/VERSION/` holds components built against it. Neither ever
//! changes: a new release adds a folder.

use std::fs;
use std::path::{Path, PathBuf};

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Charger, Config};
use serde_json::Value;

use crate::kit::{assert_well, component_command, repository, text, tried};

/// The folders of `wit/` that are versions.
fn released() -> Vec<(String, PathBuf)> {
    let mut released: Vec<(String, PathBuf)> = fs::read_dir(repository("wit"))
        .expect("wit/")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .map(|path| (file_name(&path), path))
        .collect();
    released.sort();
    assert!(!released.is_empty(), "no interface was ever released");
    released
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The components that were built against a version.
fn built_against(version: &str) -> Vec<PathBuf> {
    let folder = repository(&format!("tests/data/{version}"));
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == "wasm"))
        .collect();
    files.sort();
    files
}

#[test]
fn components_of_each_released_interface_are_still_taken() {
    for (version, _) in released() {
        let mut worlds = Vec::new();
        for file in built_against(&version) {
            let ended = component_command(&["inspect", "--json", &text(&file)]);
            let facts: Value = serde_json::from_str(&ended.stdout).expect("JSON");
            let exports = facts["exports"].to_string();
            assert!(exports.contains(&format!("@{version}")), "{facts:#}");
            let ended = component_command(&["inspect", &text(&file)]);
            let printed = ended.printed();
            assert!(printed.contains("verdict   usable as"), "{printed}");
            worlds.push(exports);
        }
        // Of both worlds, or half of the interface would be forgotten.
        let worlds = worlds.join(" ");
        assert!(worlds.contains("authorization@"), "{version}: {worlds}");
        assert!(worlds.contains("protocol@"), "{version}: {worlds}");
    }
}

#[test]
fn a_policy_of_each_released_interface_still_decides() {
    for (version, _) in released() {
        let file = repository(&format!("tests/data/{version}/fleet.wasm"));
        let script = repository(&format!("tests/data/{version}/fleet.toml"));
        let (code, report) = tried(&file, &script, &["--decisions", "50"]);
        assert_well(code, &report);
    }
}

#[test]
fn a_protocol_of_each_released_interface_still_charges() {
    for (version, _) in released() {
        let central = CentralSystem::start_with(Settings {
            subprotocols: vec!["bad.v1".to_owned()],
            ..Settings::default()
        })
        .expect("a central system");
        let file = repository(&format!("tests/data/{version}/bad-component.wasm"));
        let config = Config::new(central.url()).set("components.ocpp", text(&file));
        let (_site, charger) = Charger::start(&config).expect("a charger");
        let line = |wanted: &str| central.expect_text(wanted, |text| text.starts_with(wanted));
        line("hello LinkUp 0");
        charger.control().plug(1).expect("a car");
        line("plugged 1");
        central.send_text("permit 1 16000");
        line("permitted 1");
        charger.wait_contactor(1, "closed");
        central.send_text("revoke 1");
        line("revoked 1");
        charger.wait_contactor(1, "open");
    }
}

/// A released file is the present one as long as its version is the present one.
/// Only comments may differ.
#[test]
fn a_released_interface_does_not_change() {
    for (version, folder) in released() {
        for name in ["imports.wit", "authorization.wit", "protocol.wit"] {
            let frozen = read(&folder.join(name));
            assert!(
                frozen.contains(&format!("package plugpoint:charger@{version};")),
                "{name}"
            );
            let present = read(&repository("wit").join(name));
            if present.contains(&format!("package plugpoint:charger@{version};")) {
                assert_eq!(
                    meaning(&present),
                    meaning(&frozen),
                    "wit/{name} has changed, but not its version"
                );
            }
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn meaning(wit: &str) -> Vec<&str> {
    wit.lines()
        .map(|line| line.split("//").next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .collect()
}
