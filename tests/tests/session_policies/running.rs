//! A session of the standard's component: limited, delayed, ended.

use std::time::Duration;

use plugpoint_tests::central_system::Reply;
use serde_json::json;

use crate::stage::{Setup, Stage};
use crate::vendor::Vendor;
use crate::{SLOT, offered, offered_by_policy};

/// What the charger offers on its own.
const FULL: u32 = 32_000;

fn stage(vendor: &Vendor, amnesia: bool) -> Stage {
    let orders = vendor.file("bad-policy");
    let stage = Setup { amnesia }.stage_with(1, |config| {
        vendor
            .trusted(config)
            .policy("orders", Some(&orders), "reject")
            .policy("standard", None, "")
    });
    // Another card is of interest during a session only if it may be one of its group.
    for action in ["Authorize", "StartTransaction"] {
        let of_a_group = Reply::edited(|payload| {
            payload["idTagInfo"] = json!({"status": "Accepted", "parentIdTag": "GROUP"});
        });
        stage.central.answer(action, of_a_group);
    }
    stage
}

#[test]
fn a_running_session_is_limited_delayed_and_ended() {
    for amnesia in [false, true] {
        let vendor = Vendor::new();
        let stage = stage(&vendor, amnesia);
        for (order, reason) in [("DO-END", "Other"), ("DO-DEAUTH", "DeAuthorized")] {
            let transaction = stage.charge(1, "TAG1");
            offered(&stage.charger, FULL);

            stage.card("DO-LIMIT-10000");
            let connector = offered_by_policy(&stage.charger, 10_000);
            assert_eq!(connector["permit"]["limit_ma"], FULL, "{connector:#}");
            assert_eq!(
                connector["policies"][0]["limit_ma"], 10_000,
                "{connector:#}"
            );

            // It waits: the transaction goes on without current.
            stage.card("DO-WAIT-600000");
            stage.central.expect_status(1, "SuspendedEVSE");
            offered_by_policy(&stage.charger, 0);
            stage.charger.wait_contactor(1, "open");

            // What it says stands in place of what it said; nothing: withdrawn.
            stage.card("DO-LIMIT-8000");
            offered_by_policy(&stage.charger, 8_000);
            stage.central.expect_status(1, "Charging");
            stage.card("DO-NONE");
            offered(&stage.charger, FULL);

            // Never more than the others allow, and never another session.
            stage.card("DO-LIMIT-99000");
            stage.card("DO-ALIEN-6000");
            stage.expect_refusal("DO-ALIEN-6000");
            let refused = stage
                .charger
                .process()
                .wait_line("a session that there is not", Duration::from_secs(60));
            assert!(refused.is_some());
            let connector = offered(&stage.charger, FULL);
            assert_ne!(connector["limited_by"], "policy", "{connector:#}");

            stage.card(order);
            stage.expect_stop(transaction, reason);
            stage.charger.wait_contactor(1, "open");
            stage.central.expect_status(1, "Finishing");
            let said =
                stage
                    .charger
                    .events()
                    .wait_for(0, "session", Duration::from_secs(60), |it| {
                        it["what"] == "end" && it["policy"] == "orders"
                    });
            assert!(said.is_some(), "{:#?}", stage.charger.events().all());
            stage.unplug(1);
            stage.central.expect_status(1, "Available");
            // Nothing of it is left for the next one.
            assert_eq!(stage.charger.connector(1)["policies"], json!([]));
        }
    }
}

#[test]
fn a_session_ends_when_the_policy_s_time_has_come() {
    let vendor = Vendor::new();
    let stage = stage(&vendor, false);
    let transaction = stage.charge(1, "TAG1");
    stage.card("DO-UNTIL-1500");
    stage.expect_stop(transaction, "Other");
    stage.charger.wait_contactor(1, "open");
    // The car is still there, and gets nothing on the account of that session.
    offered(&stage.charger, 0);
}

#[test]
fn what_it_said_stays_while_it_fails_is_replaced_and_comes_back() {
    let vendor = Vendor::new();
    let stage = stage(&vendor, false);
    let transaction = stage.charge(1, "TAG1");
    stage.card("DO-LIMIT-10000");
    offered_by_policy(&stage.charger, 10_000);

    // It fails; the next instance is shown what it has said.
    stage.card("BAD-TRAP");
    let events = stage.charger.events();
    let decided = events.wait_for(0, "decision", Duration::from_secs(60), |it| {
        it["token"] == "BAD-TRAP" && it["why"].to_string().contains("failed")
    });
    assert!(decided.is_some(), "{:#?}", events.all());
    let shown = stage
        .charger
        .process()
        .wait_line("boot: session 1: Some(10000) mA", Duration::from_secs(60));
    assert!(shown.is_some());
    offered_by_policy(&stage.charger, 10_000);

    // Another component is in its place, and knows nothing of it.
    let other = vendor.component("guest-policy-second");
    let signature = Some(other.signature.as_str());
    let job = stage
        .charger
        .install(SLOT, &other.wasm, signature, "one_way=true");
    stage.charger.wait_swapped(job.expect("a job"));
    offered_by_policy(&stage.charger, 10_000);
    let back = stage.charger.roll_back(SLOT).expect("a job");
    stage.charger.wait_ended(back, "committed");
    offered_by_policy(&stage.charger, 10_000);

    // The protocol component is replaced too.
    let ocpp = vendor.component("guest-ocpp-second");
    let signature = Some(ocpp.signature.as_str());
    let job = stage.charger.install("ocpp", &ocpp.wasm, signature, "");
    stage.charger.wait_swapped(job.expect("a job"));
    offered_by_policy(&stage.charger, 10_000);

    stage.card("DO-NONE");
    offered(&stage.charger, FULL);
    stage.card("DO-END");
    stage.expect_stop(transaction, "Other");
}
