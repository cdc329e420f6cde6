//! Policies replaced while cards are shown; a version that looks on; and what a
//! version that fails costs.

use std::time::{Duration, Instant};

use plugpoint_tests::central_system::Reply;
use serde_json::{Value, json};

use crate::stage::{Setup, Stage};
use crate::vendor::Vendor;

const SLOT: &str = "policy/standard";

fn stage(vendor: &Vendor) -> Stage {
    Setup { amnesia: false }.stage_with(1, |config| vendor.trusted(config))
}

fn install(stage: &Stage, vendor: &Vendor, query: &str) -> u64 {
    let policy = vendor.component("guest-policy-second");
    let job = stage
        .charger
        .install(SLOT, &policy.wasm, Some(&policy.signature), query);
    job.expect("a job")
}

/// What was decided last about a token.
fn decision(stage: &Stage, token: &str) -> Value {
    let decided =
        stage
            .charger
            .events()
            .wait_for(0, "decision", Duration::from_secs(60), |decision| {
                decision["token"] == token
            });
    decided.expect("a decision")["detail"].clone()
}

#[test]
fn a_policy_is_replaced_and_comes_back() {
    let vendor = Vendor::new();
    let stage = stage(&vendor);
    let job = install(&stage, &vendor, "");
    stage.charger.wait_swapped(job);
    assert_eq!(stage.charger.slot(SLOT)["build"], "second");
    stage.card("XTAG");
    let decided = decision(&stage, "XTAG");
    assert_eq!(decided["verdict"], "reject", "{decided:#}");
    assert!(
        decided["why"].to_string().contains("turns this token away"),
        "{decided:#}"
    );

    let back = stage.charger.roll_back(SLOT).expect("a job");
    stage.charger.wait_ended(back, "committed");
    assert_eq!(stage.charger.slot(SLOT)["build"], "first");
    stage.plug(1);
    stage.card("XTAG");
    let transaction = stage.expect_charging(1, "XTAG");
    stage.card("XTAG");
    stage.expect_stop(transaction, "Local");
    stage.ledger();
}

#[test]
fn a_policy_that_hangs_or_traps_on_probation_is_rolled_back() {
    for token in ["HANG1", "TRAP1"] {
        let vendor = Vendor::new();
        let stage = stage(&vendor);
        let job = install(&stage, &vendor, "");
        stage.charger.wait_swapped(job);
        let begin = Instant::now();
        stage.card(token);
        // It fails, and the version before is asked; the protocol guest answers
        // meanwhile.
        stage.ask("GetConfiguration", json!({"key": ["NumberOfConnectors"]}));
        let decided = decision(&stage, token);
        println!("{token}: decided after {:?}: {decided}", begin.elapsed());
        assert!(decided["why"].to_string().contains("failed"), "{decided:#}");
        let job = stage.charger.wait_ended(job, "rolled-back");
        assert!(job["error"].to_string().contains("it failed"), "{job:#}");
        assert_eq!(stage.charger.slot(SLOT)["build"], "first");
        assert_eq!(decided["verdict"], "ask", "{decided:#}");
        stage.plug(1);
        stage.expect_charging(1, token);
        stage.ledger();
    }
}

#[test]
fn a_shadow_is_asked_compared_and_never_obeyed() {
    let vendor = Vendor::new();
    let stage = stage(&vendor);
    let job = install(&stage, &vendor, "shadow=true");
    stage.charger.wait_ended(job, "committed");
    let slot = stage.charger.slot(SLOT);
    assert_eq!(slot["build"], "first", "{slot:#}");
    assert_eq!(slot["shadow"]["component"]["build"], "second", "{slot:#}");

    // Nobody charges, so that each card is a new question.
    let refusal = Reply::id_tag_status("Invalid");
    stage.central.answer("Authorize", refusal);
    // Both say the same of this one ...
    stage.card("TAG1");
    stage.central.expect("Authorize", |p| p["idTag"] == "TAG1");
    // ... not of this one, and what counts is what the active one says.
    stage.card("XTAG");
    stage.central.expect("Authorize", |p| p["idTag"] == "XTAG");
    let status = stage.charger.wait_status("a difference", |status| {
        status["components"][1]["shadow"]["differences"].as_u64() >= Some(2)
    });
    let shadow = &status["components"][1]["shadow"];
    let last = shadow["last"].as_array().expect("a list");
    assert!(last.iter().all(|it| it["token"] == "XTAG"), "{shadow:#}");
    assert!(last[0]["active"].to_string().contains("ask"), "{shadow:#}");
    assert!(
        last[0]["shadow"]
            .to_string()
            .contains("turns this token away"),
        "{shadow:#}"
    );
    // One that fails is a difference, and harms nobody.
    stage.card("TRAP1");
    stage.central.expect("Authorize", |p| p["idTag"] == "TRAP1");
    stage.charger.wait_status("a failure", |status| {
        status["components"][1]["shadow"]["failures"].as_u64() >= Some(1)
    });
    assert_eq!(stage.charger.slot(SLOT)["restarts"], 0);
    stage.ledger();
}

/// Who is to reject when it fails does so also while versions change around it.
#[test]
fn a_link_that_rejects_when_it_fails_does_so_during_swaps() {
    let vendor = Vendor::new();
    let failing = vendor.file("guest-policy-second");
    let stage = Setup { amnesia: false }.stage_with(1, |config| {
        let config = vendor.trusted(config);
        config
            .policy("strict", Some(&failing), "reject")
            .policy("standard", None, "pass")
    });
    let protocol = vendor.component("guest-ocpp-second");
    for token in ["TRAP1", "HANG1"] {
        let signature = Some(protocol.signature.as_str());
        let job = stage.charger.install("ocpp", &protocol.wasm, signature, "");
        stage.card(token);
        stage.charger.wait_swapped(job.expect("a job"));
        let decided = decision(&stage, token);
        assert_eq!(decided["verdict"], "reject", "{decided:#}");
        assert!(decided["why"].to_string().contains("failed"), "{decided:#}");
        let back = stage.charger.roll_back("ocpp").expect("a job");
        stage.charger.wait_ended(back, "committed");
    }
    // Also while it is given a rest, longer with each failure: nobody gets past it.
    let rested = (1..=8).any(|n| {
        let token = format!("TRAPAGAIN{n}");
        stage.card(&token);
        let decided = decision(&stage, &token);
        assert_eq!(decided["verdict"], "reject", "{decided:#}");
        decided["why"].to_string().contains("rest")
    });
    assert!(rested, "it is given no rest");
    stage.ledger();
}
