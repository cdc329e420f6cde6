//! Versions on probation: asking for the same once more, one installed over another,
//! going back to the right one, and ending a probation early.

use std::process::Command;
use std::time::Duration;

use plugpoint_tests::charger::{compiled, program};
use serde_json::Value;

use crate::stage::{Setup, Stage};
use crate::vendor::{Signed, Vendor, wasm};

const SLOT: &str = "policy/standard";

fn stage(vendor: &Vendor) -> Stage {
    Setup { amnesia: false }.stage_with(1, |config| vendor.trusted(config))
}

/// The second build of the standard policy, in another file for each tag: it has
/// a section that no charger reads.
fn candidate(vendor: &Vendor, tag: &str) -> Signed {
    let mut wasm = wasm("guest-policy-second");
    let length = |length: usize| u8::try_from(length).expect("a short section");
    wasm.extend([0, length(tag.len() + 5), 4]);
    wasm.extend(b"test");
    wasm.extend(tag.as_bytes());
    Signed {
        signature: vendor.sign(&wasm),
        wasm,
    }
}

fn install(stage: &Stage, it: &Signed, query: &str) -> u64 {
    let job = stage
        .charger
        .install(SLOT, &it.wasm, Some(&it.signature), query);
    job.expect("a job")
}

/// `plugpoint component …` at this charger; what it printed.
#[track_caller]
fn command(stage: &Stage, words: &[&str]) -> String {
    let program = program("PLUGPOINT_BIN", "plugpoint").expect("the program");
    let output = Command::new(program)
        .arg("component")
        .args(words)
        .args(["--control", stage.charger.control().url()])
        .output()
        .expect("an end");
    let printed = [&output.stdout[..], &output.stderr[..]].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(output.status.success(), "{words:?}: {printed}");
    printed
}

fn hash(stage: &Stage) -> Value {
    stage.charger.slot(SLOT)["hash"].clone()
}

/// A file that is compiled beforehand cannot be made another by hand.
fn takes_other_files() -> bool {
    compiled::target().is_none()
}

#[test]
fn asking_for_what_is_on_probation_joins_the_probation() {
    let vendor = Vendor::new();
    let stage = stage(&vendor);
    let it = vendor.component("guest-policy-second");
    let first = install(&stage, &it, "");
    stage.charger.wait_swapped(first);
    let second = install(&stage, &it, "");
    let job = stage.charger.wait_swapped(second);
    assert_eq!(job["state"], "probation", "{job:#}");
    assert_eq!(job["done"], false, "{job:#}");
    // Both end as the probation does.
    let printed = command(&stage, &["accept", "--slot", SLOT]);
    assert!(printed.contains("now runs guest-policy"), "{printed}");
    for job in [first, second] {
        stage.charger.wait_ended(job, "committed");
    }
    let slot = stage.charger.slot(SLOT);
    assert!(slot["probation"].is_null(), "{slot:#}");
    // Now it is there for good, and there is nothing to wait for.
    stage
        .charger
        .wait_ended(install(&stage, &it, ""), "committed");
    stage.ledger();
}

#[test]
fn a_probation_that_is_accepted_has_passed() {
    let vendor = Vendor::new();
    let stage = stage(&vendor);
    let accept = || {
        let path = format!("/v1/components/{SLOT}/accept");
        let answer = stage.charger.control().post_bytes(&path, &[], &[]);
        answer.expect("a job")["job"].as_u64().expect("a number")
    };
    let job = stage.charger.wait_ended(accept(), "refused");
    assert!(
        job["error"].to_string().contains("nothing is on probation"),
        "{job:#}"
    );
    let it = vendor.component("guest-policy-second");
    stage.charger.wait_swapped(install(&stage, &it, ""));
    stage.charger.wait_ended(accept(), "committed");
    // A failure no longer brings the version before back.
    stage.card("TRAP1");
    stage.charger.wait_status("a failure", |status| {
        status["components"][1]["last_failure"].is_string()
    });
    assert_eq!(stage.charger.slot(SLOT)["build"], "second");
    let printed = command(&stage, &["rollback", "--slot", SLOT]);
    assert!(printed.contains("now runs guest-policy"), "{printed}");
    assert_eq!(stage.charger.slot(SLOT)["build"], "first");
    stage.ledger();
}

#[test]
fn an_older_version_than_the_one_on_probation_has_to_be_meant() {
    let vendor = Vendor::new();
    let base = vendor.file("guest-ocpp-old");
    let stage = Setup { amnesia: false }.stage_with(1, |config| {
        let base = base.to_string_lossy().into_owned();
        vendor.trusted(config).set("components.ocpp", base)
    });
    let put = |name: &str, query: &str| {
        let it = vendor.component(name);
        let signature = Some(it.signature.as_str());
        let job = stage.charger.install("ocpp", &it.wasm, signature, query);
        job.expect("a job")
    };
    stage.charger.wait_swapped(put("guest-ocpp-second", ""));
    assert_eq!(stage.charger.slot("ocpp")["version"], "0.1.0");
    let job = stage
        .charger
        .wait_ended(put("guest-ocpp-old", ""), "refused");
    let words = "0.0.9 is older than 0.1.0, which is on probation";
    assert!(job["error"].to_string().contains(words), "{job:#}");
    assert_eq!(stage.charger.slot("ocpp")["version"], "0.1.0");
    stage
        .charger
        .wait_ended(put("guest-ocpp-old", "allow_downgrade=true"), "committed");
    assert_eq!(stage.charger.slot("ocpp")["version"], "0.0.9");
    stage.ledger();
}

#[test]
fn a_candidate_that_was_replaced_can_be_had_back() {
    if !takes_other_files() {
        return;
    }
    let vendor = Vendor::new();
    let stage = stage(&vendor);
    let base = hash(&stage);
    let (one, two) = (candidate(&vendor, "one"), candidate(&vendor, "two"));
    stage.charger.wait_swapped(install(&stage, &one, ""));
    let first = hash(&stage);
    stage.charger.wait_swapped(install(&stage, &two, ""));
    let second = hash(&stage);
    assert!(base != first && first != second);
    let before = stage.charger.slot(SLOT)["candidate_before"].clone();
    let short = first.as_str().expect("a hash")[..8].to_owned();
    assert!(before.to_string().contains(&short), "{before}");

    let printed = command(&stage, &["rollback", "--slot", SLOT]);
    assert_eq!(hash(&stage), base, "{printed}");
    for words in [
        "now runs guest-policy",
        "was on probation, too",
        "--candidate",
    ] {
        assert!(printed.contains(words), "no {words:?} in {printed}");
    }
    let printed = command(&stage, &["rollback", "--slot", SLOT, "--candidate"]);
    assert_eq!(hash(&stage), first, "{printed}");
    assert!(stage.charger.slot(SLOT)["probation"].is_object());
    // From one to the other, and not to the base between them.
    stage.charger.wait_swapped(install(&stage, &two, ""));
    command(&stage, &["rollback", "--slot", SLOT, "--candidate"]);
    assert_eq!(hash(&stage), first);
    command(&stage, &["accept", "--slot", SLOT]);
    let none = format!("/v1/components/{SLOT}/rollback?to=candidate");
    let answer = stage.charger.control().post_bytes(&none, &[], &[]);
    let job = answer.expect("a job")["job"].as_u64().expect("a number");
    let job = stage.charger.wait_ended(job, "refused");
    assert!(
        job["error"]
            .to_string()
            .contains("no version was on probation")
    );
    stage.ledger();
}

/// Who asks gets an answer, whichever version it comes from.
#[test]
fn a_card_that_kills_a_candidate_is_decided_by_the_version_before() {
    for token in ["HANG1", "TRAP1"] {
        let vendor = Vendor::new();
        let stage = Setup { amnesia: false }.stage_with(1, |config| {
            vendor.trusted(config).policy("standard", None, "reject")
        });
        let it = vendor.component("guest-policy-second");
        let job = install(&stage, &it, "");
        stage.charger.wait_swapped(job);
        stage.plug(1);
        stage.card(token);
        let decided =
            stage
                .charger
                .events()
                .wait_for(0, "decision", Duration::from_secs(60), |decision| {
                    decision["token"] == token
                });
        let decided = decided.expect("a decision")["detail"].clone();
        // By `on_failure` it would be rejected.
        assert_eq!(decided["verdict"], "ask", "{decided:#}");
        assert!(decided["why"].to_string().contains("failed"), "{decided:#}");
        stage.charger.wait_ended(job, "rolled-back");
        stage.expect_charging(1, token);
        stage.ledger();
    }
}

#[test]
fn a_shadow_is_shown_with_where_it_differs() {
    let vendor = Vendor::new();
    let stage = stage(&vendor);
    let file = vendor.file("guest-policy-second");
    let file = file.to_string_lossy();
    let signature = format!("{}.minisig", file.trim_end_matches(".wasm"));
    let words = [
        "install",
        &file,
        "--slot",
        SLOT,
        "--shadow",
        "--signature",
        &signature,
    ];
    let printed = command(&stage, &words);
    assert!(printed.contains("looks on"), "{printed}");
    assert!(!printed.contains("committed"), "{printed}");
    stage.card("XTAG");
    stage.charger.wait_status("a difference", |status| {
        status["components"][1]["shadow"]["differences"].as_u64() >= Some(1)
    });
    let printed = command(&stage, &["list"]);
    for words in [
        "a shadow looks on: guest-policy 0.1.0 (build second",
        "- ask",
        "+ reject (",
    ] {
        assert!(printed.contains(words), "no {words:?} in {printed}");
    }
    stage.ledger();
}
