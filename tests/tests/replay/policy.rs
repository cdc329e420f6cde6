//! Records of policies: each slot has its own, and settings stand in none.

use std::fs;

use plugpoint_tests::charger::component;

use crate::desk::{assert_same, ended, record_of, replay, report, unpacked};
use crate::stage::Setup;

#[test]
fn a_policy_that_decides_otherwise_is_found() {
    let stage = Setup { amnesia: false }.stage();
    stage.card("XTAG");
    stage.central.expect("Authorize", |p| p["idTag"] == "XTAG");
    stage.fence();
    let site = ended(stage);
    let record = record_of(&site, "policy/standard");
    assert_same(&record, "guest-policy", &[]);
    let (code, found) = report(&record, "guest-policy-second", &[]);
    assert_eq!(code, 1, "{found:#}");
    let first = &found["first"][0];
    assert_eq!(first["kind"], "decide", "{first:#}");
    assert!(first["what"].to_string().contains("XTAG"), "{first:#}");
    assert!(first["expected"].to_string().contains("Ask"), "{first:#}");
    assert!(first["got"].to_string().contains("Reject"), "{first:#}");
}

#[test]
fn settings_are_supplied_at_the_desk() {
    const CARD: &str = "KNOWNTOUS";
    let fleet = component("fleet").expect("a component");
    let stage = Setup { amnesia: false }.stage_with(1, |config| {
        config
            .policy("fleet", Some(&fleet), "pass")
            .policy_setting("group.vans", &format!("VAN1, {CARD}"))
            .policy_setting("limit.vans", "16 A")
            .policy("standard", None, "pass")
    });
    stage.card("VAN1");
    stage.charger.wait_status("a decision", |it| {
        it["decisions"].as_array().is_some_and(|it| !it.is_empty())
    });
    stage.fence();
    let decisions = stage.charger.status()["decisions"].clone();
    let site = ended(stage);
    let record = record_of(&site, "policy/fleet");
    let all = unpacked(&record);
    assert!(all.windows(4).any(|it| it == b"VAN1"), "it is a record");
    assert!(!all.windows(CARD.len()).any(|it| it == CARD.as_bytes()));
    let without = replay(&record, "fleet", &[]);
    assert_eq!(without.code, Some(2), "{without:?}");
    for words in ["group.vans, limit.vans", "--settings FILE"] {
        assert!(without.stderr.contains(words), "{without:?}");
    }
    // The charger's own configuration will do.
    let config = site.file("plugpoint.toml").to_string_lossy().into_owned();
    let report = assert_same(&record, "fleet", &["--settings", &config]);
    assert!(
        report["events"].as_u64() > Some(1),
        "{report:#} {decisions:#}"
    );
    // Other settings are another world.
    let other = site.file("settings.toml");
    fs::write(
        &other,
        "\"group.vans\" = \"OTHER\"\n\"limit.vans\" = \"16 A\"\n",
    )
    .expect("a file");
    let other = other.to_string_lossy().into_owned();
    let (code, _) = self::report(&record, "fleet", &["--settings", &other]);
    assert_eq!(code, 1, "{decisions:#}");
}
