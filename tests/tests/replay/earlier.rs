//! Records that earlier releases made, on the present builds: they are read, and
//! policies decide as before.

use std::path::{Path, PathBuf};

use crate::desk::{assert_same, replay, report};

/// A folder of `tests/data/0.1.0/records`: a session of a card of the fleet, one of
/// another card, a refused card, a power cut in a session, and an end in good order.
fn golden(slot: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data/0.1.0/records")).join(slot)
}

/// What the component does has changed since, so it may differ. But each call of the
/// record is understood and made.
#[test]
fn a_record_of_the_protocol_component_of_0_1_is_read_to_its_end() {
    let (_, report) = report(&golden("ocpp"), "guest-ocpp", &["--all"]);
    assert!(report["events"].as_u64() > Some(50), "{report:#}");
    assert_eq!(report["segments"], 2, "{report:#}");
    assert_eq!(report["left_out"], 0, "{report:#}");
    assert_eq!(report["notes"], serde_json::json!([]), "{report:#}");
}

#[test]
fn the_present_policies_decide_what_0_1_did() {
    let standard = assert_same(&golden("policy-standard"), "guest-policy", &["--all"]);
    assert!(standard["events"].as_u64() > Some(5), "{standard:#}");
    let settings = golden("fleet.toml");
    let settings = settings.to_string_lossy();
    let with = ["--all", "--settings", &settings];
    let fleet = assert_same(&golden("policy-fleet"), "fleet", &with);
    assert!(fleet["events"].as_u64() > Some(5), "{fleet:#}");
}

/// So the tests above would see a difference.
#[test]
fn a_build_that_decides_otherwise_is_found_on_a_record_of_0_1() {
    let folder = tempfile::tempdir().expect("a place");
    let settings = folder.path().join("settings.toml");
    let others = "'group.depot' = '04FFFFFF'\n'quota.depot' = ''\n'limit.depot' = '16 A'\n";
    std::fs::write(&settings, others).expect("a file");
    let settings = settings.to_string_lossy();
    let ended = replay(&golden("policy-fleet"), "fleet", &["--settings", &settings]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
}
