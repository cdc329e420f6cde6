//! Connections that stay open and on which too little happens.

use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Cut, Door, Reply};
use plugpoint_tests::ledger::{Ledger, Rules};

use crate::stage::{stage, stage_with};

#[test]
fn a_half_open_socket() {
    let central = CentralSystem::start().expect("a central system");
    let stage = stage_with(central, |config| config.ocpp("WebSocketPingInterval", "1"));
    stage.begin();
    stage.central.expect_ping();
    stage.central.freeze();
    stage.go_on_charging();
    // Noticed by the missing pong, and dialled anew.
    stage.central.expect_opened();
    stage.expect_everything();
}

#[test]
fn a_central_system_that_accepts_and_never_answers_the_upgrade() {
    let stage = stage();
    stage.begin();
    stage.central.set_door(Door::Mute);
    stage.central.cut(Cut::Fin);
    stage.central.expect_not_opened();
    stage.go_on_charging();
    assert_ne!(stage.link()["state"], "up");
    stage.central.set_door(Door::Open);
    stage.redial();
    stage.expect_everything();
}

#[test]
fn a_central_system_that_never_answers_a_call() {
    let central = CentralSystem::start().expect("a central system");
    // The waits between attempts begin with this, and grow.
    let stage = stage_with(central, |config| {
        config.ocpp("TransactionMessageRetryInterval", "1")
    });
    stage.begin();
    for action in [
        "StopTransaction",
        "StartTransaction",
        "MeterValues",
        "StatusNotification",
        "Authorize",
    ] {
        stage.central.answer(action, Reply::silence());
    }
    stage.go_on_charging();
    // It is sent again, and never given up.
    let first = stage.central.expect_any("StopTransaction");
    let again = stage
        .central
        .expect("StopTransaction", |p| *p == first.payload);
    assert_eq!(first.id, again.id);
    stage.central.clear_script();
    stage
        .central
        .expect("StopTransaction", |p| *p == first.payload);
    stage
        .central
        .expect("StopTransaction", |p| *p != first.payload);
    let ledger = Ledger::of(
        &stage.central.journal().entries(),
        &Rules {
            call_timeout: Duration::from_millis(1900),
            ..Rules::default()
        },
    );
    ledger.assert_clean(|| stage.central.journal().transcript());
    assert_eq!(ledger.transactions.len(), 2);
}

#[test]
fn a_slow_central_system() {
    let stage = stage();
    stage.central.be_slow(Duration::from_millis(300));
    stage.begin();
    stage.go_on_charging();
    stage.expect_everything();
}

#[test]
fn a_central_system_that_refuses_transaction_messages_at_first() {
    let central = CentralSystem::start().expect("a central system");
    let stage = stage_with(central, |config| {
        config
            .ocpp("TransactionMessageAttempts", "3")
            .ocpp("TransactionMessageRetryInterval", "1")
    });
    stage
        .central
        .answer_next("StartTransaction", Reply::error("InternalError", "not now"));
    stage.charger.control().plug(1).expect("a car");
    stage.charger.control().card("CARD1").expect("a card");
    let first = stage.central.expect_any("StartTransaction");
    let second = stage.central.expect_any("StartTransaction");
    assert_eq!((&first.id, &first.payload), (&second.id, &second.payload));
    assert!(second.at.duration_since(first.at) >= Duration::from_millis(950));
    stage.charger.wait_contactor(1, "closed");
    stage.central.expect_any("MeterValues");
    stage.go_on_charging();
    stage.expect_everything();
}
