//! Connections that end, and frames that end them.

use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Cut, Reply};
use plugpoint_tests::ledger::{Ledger, Rules};
use serde_json::json;

use crate::stage::stage;

/// The connection ends, and the charger dials again by itself.
fn check_cut(cut: impl FnOnce(&CentralSystem)) {
    let stage = stage();
    stage.begin();
    cut(&stage.central);
    stage.central.expect_ended();
    stage.go_on_charging();
    stage.central.expect_opened();
    stage.expect_everything();
    // The link came back without a boot.
    assert_eq!(stage.central.calls("BootNotification").len(), 1);
}

#[test]
fn closed_in_good_order() {
    check_cut(|central| central.cut(Cut::Close));
}

#[test]
fn tcp_closed() {
    check_cut(|central| central.cut(Cut::Fin));
}

#[test]
fn tcp_reset() {
    check_cut(|central| central.cut(Cut::Reset));
}

#[test]
fn closed_in_the_middle_of_a_frame() {
    check_cut(|central| central.cut(Cut::MidFrame));
}

#[test]
fn a_frame_that_is_announced_too_large() {
    check_cut(|central| central.announce_frame(1 << 40));
}

#[test]
fn a_frame_that_is_too_large() {
    check_cut(|central| central.send_text("x".repeat(300 * 1024)));
}

#[test]
fn a_message_that_is_too_large_in_fragments() {
    check_cut(|central| central.send_fragmented(&"x".repeat(300 * 1024), 30));
}

#[test]
fn broken_framing() {
    check_cut(CentralSystem::send_broken_framing);
}

#[test]
fn text_that_is_not_utf8() {
    check_cut(CentralSystem::send_invalid_utf8);
}

#[test]
fn the_answer_is_lost_with_the_connection() {
    let stage = stage();
    stage
        .central
        .answer_next("StartTransaction", Reply::cut(Cut::Reset));
    stage
        .central
        .answer_next("StopTransaction", Reply::usual().then(Cut::Reset));
    stage.charger.control().plug(1).expect("a car");
    stage.charger.control().card("CARD1").expect("a card");
    stage.charger.wait_contactor(1, "closed");
    stage.go_on_charging();
    // Two cuts, and everything that was not answered again.
    for _ in 0..2 {
        stage.central.expect_ended();
        stage.central.expect_opened();
    }
    let ledger = {
        stage
            .central
            .expect("StopTransaction", |p| p["transactionId"] == 2);
        Ledger::of(&stage.central.journal().entries(), &Rules::default())
    };
    ledger.assert_clean(|| stage.central.journal().transcript());
    assert_eq!(ledger.transactions.len(), 2);
    assert!(ledger.retransmissions >= 1);
}

#[test]
fn a_binary_frame_is_ignored() {
    let stage = stage();
    stage.begin();
    stage.central.send_binary(vec![0; 1000]);
    let answer = stage
        .central
        .call("GetConfiguration", json!({"key": ["MessageTimeout"]}));
    assert!(answer.is_ok(), "{answer:?}");
    stage.go_on_charging();
    stage.expect_everything();
    assert!(!stage.central.journal().transcript().contains("ended:"));
}

#[test]
fn fragments_are_put_together() {
    let stage = stage();
    let text = "[2,\"frag\",\"GetConfiguration\",{\"key\":[\"MessageTimeout\"]}]";
    stage.central.send_fragmented(text, 9);
    let answered = stage
        .central
        .journal()
        .wait(Duration::from_secs(60), |entries| {
            entries.iter().rev().find_map(|entry| {
                let told = format!("{:?}", entry.what);
                (told.contains("Received") && told.contains("\"frag\"")).then_some(())
            })
        });
    assert!(
        answered.is_some(),
        "{}",
        stage.central.journal().transcript()
    );
}
