//! The ledger finds each breach, and no others.

use plugpoint_tests::central_system::{Cut, Reply, What};
use plugpoint_tests::frame::Frame;
use plugpoint_tests::ledger::{Ledger, Rules};
use serde_json::json;

use crate::fake_charger::{FakeCharger, central};

#[test]
fn the_ledger_of_a_clean_session_is_clean() {
    let central = central();
    let mut charger = FakeCharger::connect(&central);
    charger.boot("a");
    let tx = charger.start("b", 1, 100);
    charger.sample("c", tx, "150.5", "2026-01-01T00:00:30Z");
    charger.stop("d", tx, 200);
    let next = charger.start("e", 1, 200);
    charger.stop("f", next, 300);
    let ledger = Ledger::of(&central.journal().entries(), &Rules::default());
    ledger.assert_clean(|| central.journal().transcript());
    assert_eq!(ledger.transactions.len(), 2);
    assert_eq!(ledger.transactions[0].energy_wh(), Some(100));
    assert_eq!(ledger.transactions[0].samples.len(), 1);
}

#[test]
fn a_retransmission_is_counted_and_no_breach() {
    let central = central();
    let mut charger = FakeCharger::connect(&central);
    charger.boot("a");
    central.answer_next("StartTransaction", Reply::cut(Cut::Reset));
    charger.send(
        json!([2, "b", "StartTransaction", {"connectorId": 1, "idTag": "AB",
        "meterStart": 100, "timestamp": "2026-01-01T00:00:00.000Z"}]),
    );
    assert!(charger.receive().is_err());
    let mut charger = FakeCharger::connect(&central);
    let tx = charger.start("b", 1, 100);
    charger.stop("c", tx, 100);
    let ledger = Ledger::of(&central.journal().entries(), &Rules::default());
    ledger.assert_clean(|| central.journal().transcript());
    assert_eq!(ledger.retransmissions, 1);
    assert_eq!(ledger.transactions.len(), 1);
}

/// Does something wrong after a clean start; the ledger must find just that.
fn check_breach(wrong: impl Fn(&mut FakeCharger), found: &str) {
    let central = central();
    let mut charger = FakeCharger::connect(&central);
    charger.boot("boot");
    let tx = charger.start("start", 1, 100);
    assert_eq!(tx, 1);
    wrong(&mut charger);
    let ledger = Ledger::of(&central.journal().entries(), &Rules::default());
    let breaches: Vec<String> = ledger.breaches.iter().map(|b| b.what.clone()).collect();
    assert!(
        breaches.len() == 1 && breaches[0].contains(found),
        "{breaches:?} instead of {found}"
    );
}

#[test]
fn the_ledger_finds_each_breach() {
    check_breach(|c| c.stop("start", 1, 200), "id of another message");
    check_breach(
        |c| {
            c.start("start", 1, 100);
        },
        "again though it was answered",
    );
    check_breach(|c| c.stop("x", 99, 200), "StopTransaction of unknown");
    check_breach(
        |c| {
            c.stop("x", 1, 200);
            c.stop("y", 1, 200);
        },
        "second StopTransaction",
    );
    check_breach(
        |c| c.sample("x", 99, "100", "2026-01-01T00:00:30Z"),
        "MeterValues of unknown",
    );
    check_breach(
        |c| {
            c.stop("x", 1, 200);
            c.sample("y", 1, "200", "2026-01-01T00:02:00Z");
        },
        "after its end",
    );
    check_breach(
        |c| {
            c.sample("x", 1, "110", "2026-01-01T00:00:30Z");
            c.sample("y", 1, "120", "2026-01-01T00:00:20Z");
        },
        "after one of",
    );
    check_breach(|c| c.stop("x", 1, 50), "goes back");
    check_breach(
        |c| {
            c.sample("x", 1, "110.000", "2026-01-01T00:00:20Z");
            c.sample("y", 1, "109.999", "2026-01-01T00:00:30Z");
        },
        "goes back",
    );
    check_breach(
        |c| {
            c.send(json!(["this is no frame"]));
            c.ask("x", "Heartbeat", json!({}));
        },
        "no OCPP-J",
    );
}

#[test]
fn the_ledger_finds_two_calls_at_once_and_talk_before_the_boot() {
    let central = central();
    let mut charger = FakeCharger::connect(&central);
    charger.ask("a", "Heartbeat", json!({}));
    charger.boot("b");
    central.answer_next("Authorize", Reply::silence());
    charger.send(json!([2, "c", "Authorize", {"idTag": "A"}]));
    charger.ask("d", "Heartbeat", json!({}));
    let ledger = Ledger::of(&central.journal().entries(), &Rules::default());
    let breaches: Vec<String> = ledger.breaches.iter().map(|b| b.what.clone()).collect();
    assert_eq!(breaches.len(), 2, "{breaches:?}");
    assert!(breaches[0].contains("before the boot"));
    assert!(breaches[1].contains("while c is unanswered"));
}

#[test]
fn what_follows_a_start_that_was_given_up_has_no_number() {
    let central = central();
    let mut charger = FakeCharger::connect(&central);
    charger.boot("a");
    for _ in 0..2 {
        central.answer_next("StartTransaction", Reply::error("InternalError", ""));
        charger.send(
            json!([2, "b", "StartTransaction", {"connectorId": 1, "idTag": "AB",
            "meterStart": 100, "timestamp": "2026-01-01T00:00:00.000Z"}]),
        );
        assert_eq!(charger.receive_frame()[0], 4);
    }
    charger.sample("c", -1, "150.5", "2026-01-01T00:00:30Z");
    charger.stop("d", -1, 200);
    let next = charger.start("e", 1, 200);
    charger.stop("f", next, 300);
    let ledger = Ledger::of(&central.journal().entries(), &Rules::default());
    ledger.assert_clean(|| central.journal().transcript());
    assert_eq!(ledger.transactions.len(), 2);
    assert_eq!(ledger.transactions[0].id, -1);
    assert_eq!(ledger.transactions[0].energy_wh(), Some(100));
    assert_eq!(ledger.transactions[0].samples.len(), 1);
}

#[test]
fn no_number_without_a_start_that_failed_is_a_breach() {
    check_breach(|c| c.stop("x", -1, 200), "unknown transaction -1");
    check_breach(
        |c| c.sample("x", -1, "110", "2026-01-01T00:00:30Z"),
        "unknown transaction -1",
    );
}

#[test]
fn what_a_trigger_asked_for_may_be_said_while_pending_and_nothing_else() {
    let central = central();
    let mut charger = FakeCharger::connect(&central);
    let pending =
        json!({"status": "Pending", "currentTime": "2026-01-01T00:00:00Z", "interval": 9});
    central.answer_next("BootNotification", Reply::result(pending.clone()));
    charger.ask("a", "BootNotification", json!({}));
    for (requested, status) in [("Heartbeat", "Accepted"), ("MeterValues", "Rejected")] {
        let call = central
            .start_call("TriggerMessage", json!({"requestedMessage": requested}))
            .expect("sent");
        let id = charger.receive_frame()[1].clone();
        charger.send(json!([3, id, {"status": status}]));
        call.wait().expect("answered");
    }
    charger.ask("b", "Heartbeat", json!({}));
    let breaches = || {
        let ledger = Ledger::of(&central.journal().entries(), &Rules::default());
        let texts = ledger.breaches.iter().map(|b| b.what.clone());
        texts.collect::<Vec<String>>()
    };
    assert_eq!(breaches(), [""; 0]);
    charger.ask(
        "c",
        "MeterValues",
        json!({"connectorId": 1, "meterValue": []}),
    );
    assert_eq!(breaches(), ["MeterValues before the boot was accepted"]);
    central.answer_next("BootNotification", Reply::result(pending));
    charger.ask("d", "BootNotification", json!({}));
    charger.ask("e", "Heartbeat", json!({}));
    assert_eq!(breaches().len(), 2, "a promise holds until the next boot");
}

#[test]
fn a_late_answer_after_a_crash_is_told_apart() {
    let central = central();
    let mut charger = FakeCharger::connect(&central);
    charger.boot("a");
    // Answered, but the answer is lost with the connection.
    central.answer_next("StartTransaction", Reply::usual().then(Cut::Reset));
    charger.send(
        json!([2, "b", "StartTransaction", {"connectorId": 1, "idTag": "AB",
        "meterStart": 100, "timestamp": "2026-01-01T00:00:00.000Z"}]),
    );
    central.expect_ended();
    let mut charger = FakeCharger::connect(&central);
    let again = charger.start("b", 1, 100);
    assert_eq!(again, 1, "the same transaction");
    let ledger = Ledger::of(&central.journal().entries(), &Rules::default());
    ledger.assert_clean(|| central.journal().transcript());
    assert_eq!((ledger.transactions.len(), ledger.retransmissions), (1, 1));
    let sent = central.journal().entries();
    let answers = sent
        .iter()
        .filter(|e| matches!(&e.what, What::Sent(Frame::Result { id, .. }) if id == "b"));
    assert_eq!(answers.count(), 2);
}
