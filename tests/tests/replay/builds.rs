//! Records in which several builds were at work: what differs is told of each, and a
//! build never differs from itself.

use std::fs;
use std::path::Path;

use plugpoint_tests::charger::{Site, component};
use serde_json::{Value, json};

use crate::desk::{Ended, ended, plugpoint, record_of, report};
use crate::stage::{Setup, Stage};
use crate::vendor::Vendor;

const CARD: &str = "VAN1";

/// What the central system asks and each build answers in its own way.
fn ask(stage: &Stage, answer: &str) {
    let nothing = json!({"transactionId": 987_654});
    stage.ask_status("RemoteStopTransaction", nothing, answer);
}

#[track_caller]
fn of_build<'r>(report: &'r Value, name: &str) -> &'r Value {
    let all = report["by_build"].as_array().expect("a list");
    let found = all.iter().find(|it| {
        [&it["component"]["name"], &it["component"]["build"]].contains(&&Value::from(name))
    });
    found.unwrap_or_else(|| panic!("no {name} in {report:#}"))
}

#[test]
fn a_preflight_tells_the_builds_of_a_record_apart() {
    let vendor = Vendor::new();
    let stage = Setup { amnesia: false }.stage_with(1, |config| vendor.trusted(config));
    ask(&stage, "Rejected");
    let changed = vendor.component("guest-ocpp-changed");
    let job = stage
        .charger
        .install("ocpp", &changed.wasm, Some(&changed.signature), "");
    stage.charger.wait_swapped(job.expect("a job"));
    ask(&stage, "Accepted");
    stage.fence();

    let preflight = |name: &str, more: &[&str]| -> Ended {
        let file = vendor.file(name);
        let words = ["component", "preflight", &file.to_string_lossy()].map(str::to_owned);
        let control = stage.charger.control().url();
        let at = ["--slot", "ocpp", "--control", control].map(str::to_owned);
        let more = more.iter().map(|word| (*word).to_owned());
        let all: Vec<String> = words.into_iter().chain(at).chain(more).collect();
        plugpoint(&all.iter().map(String::as_str).collect::<Vec<_>>())
    };
    // The build that runs, and has made a part of the record itself.
    let mixed = preflight("guest-ocpp-changed", &["--all"]);
    assert_eq!(mixed.code, Some(1), "{mixed:?}");
    let line = |build: &str| {
        let mut lines = mixed.stdout.lines();
        let line = lines.find(|it| it.contains(&format!("(build {build},")));
        line.unwrap_or_else(|| panic!("{mixed:?}"))
    };
    assert!(line("first").ends_with("events, 1 differs"), "{mixed:?}");
    assert!(
        line("second").ends_with("events, none differs"),
        "{mixed:?}"
    );

    let own = preflight("guest-ocpp-changed", &["--recorded-by", "second"]);
    assert_eq!(own.code, Some(0), "{own:?}");
    assert!(own.stdout.contains("not compared, as asked"), "{own:?}");
    let other = preflight("guest-ocpp-changed", &["--recorded-by", "first"]);
    assert_eq!(other.code, Some(1), "{other:?}");

    let none = preflight("guest-ocpp-changed", &["--recorded-by", "7.7.7"]);
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(
        none.stderr.contains("\"7.7.7\"") && none.stderr.contains("build second"),
        "{none:?}"
    );
}

/// A fleet's policy counts what its cards use; for a while another one, which counts
/// nothing, was in its slot.
fn fleet_with_an_interlude() -> Site {
    let vendor = Vendor::new();
    let fleet = component("fleet").expect("a component");
    let stage = Setup { amnesia: false }.stage_with(1, |config| {
        vendor
            .trusted(config)
            .ocpp("MeterValueSampleInterval", "1")
            .policy("fleet", Some(&fleet), "pass")
            .policy_setting("group.vans", CARD)
            .policy("standard", None, "pass")
    });
    let charge = || {
        stage.plug(1);
        stage.card(CARD);
        let transaction = stage.expect_charging(1, CARD);
        stage.wait_energy(1, 2.0);
        stage.card(CARD);
        stage.expect_stop(transaction, "Local");
        stage.unplug(1);
        stage.central.expect_status(1, "Available");
    };
    charge();
    let other = vendor.component("guest-policy");
    let job = stage
        .charger
        .install("policy/fleet", &other.wasm, Some(&other.signature), "");
    stage.charger.wait_swapped(job.expect("a job"));
    charge();
    let back = stage.charger.roll_back("policy/fleet").expect("a job");
    stage.charger.wait_ended(back, "committed");
    charge();
    ended(stage)
}

#[test]
fn a_build_does_not_differ_from_itself_after_another_one_was_there() {
    let site = fleet_with_an_interlude();
    let record = record_of(&site, "policy/fleet");
    let config = site.file("plugpoint.toml").to_string_lossy().into_owned();
    let (code, found) = report(&record, "fleet", &["--settings", &config, "--all"]);
    assert_eq!(code, 1, "{found:#}");
    let interlude = of_build(&found, "guest-policy");
    assert!(interlude["differences"].as_u64() > Some(0), "{found:#}");
    let own = of_build(&found, "fleet");
    assert_eq!(own["differences"], 0, "{found:#}");
    assert!(own["events"].as_u64() > Some(4), "{found:#}");

    // With what the other one did left out, there is nothing to find.
    let hash = own["component"]["hash"].as_str().expect("a hash")[..8].to_owned();
    let only = ["--settings", &config, "--recorded-by", &hash];
    let (code, found) = report(&record, "fleet", &only);
    assert_eq!((code, &found["differences"]), (0, &json!(0)), "{found:#}");

    a_reason_in_other_words(&site, &record, &config, &hash);
}

/// A build that says the same in other words, byte for byte in the same place.
fn a_reason_in_other_words(site: &Site, record: &Path, config: &str, hash: &str) {
    let mut wasm = fs::read(component("fleet").expect("a component")).expect("its bytes");
    let (before, after) = (b"a card of group ", b"a tag of  group ");
    let at = wasm.windows(before.len()).position(|it| it == before);
    let at = at.expect("the policy's words");
    wasm[at..at + after.len()].copy_from_slice(after);
    let file = site.file("reworded.wasm");
    fs::write(&file, wasm).expect("a file");
    let run = |more: &[&str]| {
        let paths = [record, &file].map(|it| it.to_string_lossy().into_owned());
        let words = ["replay", &paths[0], &paths[1], "--settings", config];
        plugpoint(&[&words, more].concat())
    };
    // Of the fleet's own time only: it is named by the beginning of its hash.
    let own = ["--recorded-by", hash];
    let strict = run(&own);
    assert_eq!(strict.code, Some(1), "{strict:?}");
    assert!(strict.stdout.contains("a tag of"), "{strict:?}");
    let mild = run(&[&own[..], &["--ignore-why"]].concat());
    assert_eq!(mild.code, Some(0), "{mild:?}");
}
