//! Compatibility: policies that were built against a released interface still load
//! and decide, alone and among present ones; protocol components do until the next
//! interface, and are then refused by name.
//!
//! `wit/VERSION/` is a frozen copy of each released interface, and
//! `tests/data/VERSION/` holds components built against it. Neither ever
//! changes: a new release adds a folder.

use std::fs;
use std::path::{Path, PathBuf};

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Charger, Config};
use plugpoint_tests::interface;
use serde_json::Value;

use crate::chain::Stage;
use crate::kit::{assert_well, component_command, example, repository, text, tried};

/// The folders of `wit/` that are versions.
fn released() -> Vec<(String, PathBuf)> {
    let mut released: Vec<(String, PathBuf)> = fs::read_dir(repository("wit"))
        .expect("wit/")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .map(|path| (file_name(&path), path))
        .filter(|(name, _)| name.starts_with(|c: char| c.is_ascii_digit()))
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

/// Releases whose protocol components are taken: those of the present interface.
fn is_present(version: &str) -> bool {
    let minor = |version: &str| version.rsplit_once('.').map(|it| it.0.to_owned());
    let present = interface::version();
    !present.contains('-') && minor(present) == minor(version)
}

#[test]
fn policies_of_each_released_interface_are_still_taken_and_protocols_of_the_present_one() {
    for (version, _) in released() {
        let mut worlds = Vec::new();
        for file in built_against(&version) {
            let ended = component_command(&["inspect", "--json", &text(&file)]);
            let facts: Value = serde_json::from_str(&ended.stdout).expect("JSON");
            let exports = facts["exports"].to_string();
            assert!(exports.contains(&format!("@{version}")), "{facts:#}");
            let is_taken = exports.contains("authorization@") || is_present(&version);
            let words = if is_taken {
                "verdict   usable as".to_owned()
            } else {
                format!(
                    "verdict   refused: built for interface plugpoint:charger {version}, this charger offers {}",
                    interface::version()
                )
            };
            let ended = component_command(&["inspect", &text(&file)]);
            let printed = ended.printed();
            assert!(printed.contains(&words), "{printed}");
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

/// A chain of both interfaces, either one first: each policy decides its own cards.
#[test]
fn policies_of_a_released_and_of_the_present_interface_decide_in_one_chain() {
    for (version, _) in released() {
        let golden = |name: &str| repository(&format!("tests/data/{version}/{name}.wasm"));
        mixed(&golden("fleet"), None);
        mixed(&example("fleet"), Some(&golden("guest-policy")));
    }
}

fn mixed(fleet: &Path, standard: Option<&Path>) {
    let stage = chain(fleet, standard);
    stage.plug();
    stage.swipe("04A1B2C3", "fleet", "accept", "a card of group depot");
    stage.charger.wait_contactor(1, "closed");
    stage
        .charger
        .wait_connector(1, "its limit", |c| c["offered_ma"] == 16_000);
    stage.unplug();
    let used = "has had its 1 session of this day";
    stage.swipe("04A1B2C4", "fleet", "reject", used);
    stage.swipe("04FFFFFF", "standard", "ask", "the central system decides");
    stage
        .central
        .expect("Authorize", |p| p["idTag"] == "04FFFFFF");
}

/// Neither a session nor what was counted is lost from one interface to the other.
#[test]
fn a_policy_moves_from_a_released_interface_to_the_present_one_and_back_in_a_session() {
    for (version, _) in released() {
        let golden = repository(&format!("tests/data/{version}/fleet.wasm"));
        let stage = chain(&golden, None);
        stage.plug();
        stage.swipe("04A1B2C3", "fleet", "accept", "a card of group depot");
        stage.charger.wait_contactor(1, "closed");
        let wasm = fs::read(example("fleet")).expect("a component");
        let install = stage.charger.install("policy/fleet", &wasm, None, "");
        stage.charger.wait_swapped(install.expect("a job"));
        stage.unplug();
        let used = "has had its 1 session of this day";
        stage.swipe("04A1B2C4", "fleet", "reject", used);
        let back = stage.charger.roll_back("policy/fleet").expect("a job");
        stage.charger.wait_ended(back, "committed");
        stage.swipe("04A1B2C3", "fleet", "reject", used);
    }
}

/// The fleet's cards, then the standard's rules.
fn chain(fleet: &Path, standard: Option<&Path>) -> Stage {
    let central = CentralSystem::start().expect("a central system");
    let config = Config::new(central.url())
        .set("trust.allow_unsigned", true)
        .policy("fleet", Some(fleet), "reject")
        .policy_setting("group.depot", "04A1B2C3, 04A1B2C4")
        .policy_setting("quota.depot", "1 session per day, 50 kWh per day")
        .policy_setting("limit.depot", "16 A")
        .policy("standard", standard, "pass");
    let (site, charger) = Charger::start(&config).expect("a charger");
    central.expect_any("BootNotification");
    central.expect_status(1, "Available");
    Stage {
        central,
        charger,
        site,
    }
}

#[test]
fn a_protocol_of_the_present_interface_still_charges() {
    for (version, _) in released() {
        if !is_present(&version) {
            continue;
        }
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
