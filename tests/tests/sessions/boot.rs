//! From the start of the process to being available (TC_001, TC_002).

use std::time::Duration;

use plugpoint_tests::central_system::{CallFailure, CentralSystem, Reply};
use serde_json::json;

use crate::stage::Setup;

fn answered(status: &'static str) -> Reply {
    Reply::edited(move |payload| {
        payload["status"] = json!(status);
        payload["interval"] = json!(1);
    })
}

pub fn accepted(setup: &Setup) {
    let stage = setup.unbooted(2, |config| config, |_| {});
    let opening = stage.central.expect_opened();
    assert_eq!(opening.identity, "CP001");
    assert_eq!(opening.subprotocol.as_deref(), Some("ocpp1.6"));
    let boot = stage.central.expect_any("BootNotification");
    assert_eq!(boot.payload["chargePointVendor"], "Plugpoint");
    assert_eq!(boot.payload["chargePointModel"], "Test");
    assert_eq!(boot.payload["chargePointSerialNumber"], "SN-1");
    assert_eq!(boot.payload["firmwareVersion"], "1.0");
    for connector in 0..=2 {
        stage.central.expect_status(connector, "Available");
    }
    stage.fence();
    stage.central.assert_none("BootNotification");
    stage.central.assert_none("StatusNotification");
    stage.ledger();
}

pub fn rejected(setup: &Setup) {
    let stage = setup.unbooted(
        1,
        |config| config,
        |central| central.answer_next("BootNotification", answered("Rejected")),
    );
    let first = stage.central.expect_any("BootNotification");
    let second = stage.central.expect_any("BootNotification");
    assert!(second.at.duration_since(first.at) >= Duration::from_millis(950));
    stage.central.expect_status(0, "Available");
    stage.central.expect_status(1, "Available");
    // Nothing else came before the second boot: the ledger looks for it.
    stage.ledger();
}

pub fn pending(setup: &Setup) {
    let stage = setup.unbooted(
        1,
        |config| config,
        |central: &CentralSystem| {
            central.answer_next("BootNotification", answered("Pending"));
        },
    );
    stage.central.expect_any("BootNotification");
    let all = stage.ask("GetConfiguration", json!({}));
    assert!(
        all["configurationKey"]
            .as_array()
            .is_some_and(|k| k.len() > 20)
    );
    stage.ask_status(
        "ChangeConfiguration",
        json!({"key": "MeterValueSampleInterval", "value": "7"}),
        "Accepted",
    );
    stage.central.expect_any("BootNotification");
    stage.central.expect_status(1, "Available");
    stage.ledger();
}

pub fn error_then_accepted(setup: &Setup) {
    let stage = setup.unbooted(
        1,
        |config| config,
        |central| central.answer_next("BootNotification", Reply::error("InternalError", "")),
    );
    stage.central.expect_any("BootNotification");
    stage.expect_up();
    stage.ledger();
}

pub fn unanswered_calls_while_rejected(setup: &Setup) {
    let stage = setup.unbooted(
        1,
        |config| config,
        |central| {
            central.answer_next(
                "BootNotification",
                Reply::edited(|payload| {
                    payload["status"] = json!("Rejected");
                    payload["interval"] = json!(2);
                }),
            );
        },
    );
    stage.central.expect_any("BootNotification");
    let call = stage
        .central
        .start_call("GetConfiguration", json!({}))
        .expect("connected");
    let second = stage.central.expect_any("BootNotification");
    stage.central.expect_status(1, "Available");
    // It may be answered late, now that all is well, or never; not before.
    let early = stage.central.journal().entries()[..second.number]
        .iter()
        .any(|entry| {
            format!("{:?}", entry.what).contains(call.id())
                && format!("{:?}", entry.what).contains("Received")
        });
    assert!(!early, "{}", stage.central.journal().transcript());
    drop(call);
    let answer: Result<_, CallFailure> = stage.central.call("GetConfiguration", json!({}));
    assert!(answer.is_ok());
    stage.ledger();
}
