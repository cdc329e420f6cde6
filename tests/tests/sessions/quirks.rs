//! Central systems that take the standard lightly, as some in the field do:
//! chargers have stumbled over each of these.

use plugpoint_tests::central_system::{Call, Reply, What};
use plugpoint_tests::frame::Frame;
use serde_json::{Value, json};

use crate::stage::{Setup, Stage};

impl Stage {
    /// Says this in answer to a call, whatever was said before.
    fn answer(&self, id: &str, payload: &Value) {
        self.central.send_text(json!([3, id, payload]).to_string());
    }

    /// A car, a card, and a StartTransaction that the test is to answer.
    fn start_unanswered(&self) -> (Call, Call) {
        self.central
            .answer_next("StartTransaction", Reply::silence());
        self.plug(1);
        self.card("CARD1");
        let authorize = self.central.expect_any("Authorize");
        let start = self.central.expect_any("StartTransaction");
        (authorize, start)
    }

    /// The transaction goes on, and ends under this number.
    fn end_of(&self, transaction: i64) {
        self.fence();
        self.central.assert_none("StopTransaction");
        self.charger.wait_contactor(1, "closed");
        self.card("CARD1");
        self.expect_stop(transaction, "Local");
        self.unplug(1);
        self.central.expect_status(1, "Available");
        self.ledger();
    }

    /// The transaction goes on, and ends under this number, although its start
    /// is answered once more before its end is.
    fn end_with_stray_answers(&self, transaction: i64, start: &Call) {
        self.fence();
        self.central.assert_none("StopTransaction");
        self.central
            .answer_next("StopTransaction", Reply::silence());
        self.card("CARD1");
        let stop = self.expect_stop(transaction, "Local");
        // The answer to the start once more is none to the end, which has to wait.
        self.answer(&start.id, &json!({"transactionId": 79}));
        self.fence();
        assert_eq!(self.charger.status()["queue"], 1);
        self.answer(&stop.id, &json!({}));
        self.charger
            .wait_status("an end that is told", |s| s["queue"] == 0);
        self.unplug(1);
        self.central.expect_status(1, "Available");
        self.ledger();
        self.never_failed();
    }

    fn never_failed(&self) {
        let restarts = self.charger.status()["components"][0]["restarts"].clone();
        assert_eq!(restarts, 0);
    }
}

pub fn answers_out_of_order(setup: &Setup) {
    let stage = setup.stage();
    let (authorize, start) = stage.start_unanswered();
    // To what was answered long ago, to nothing, and only then to what was asked.
    stage.answer(&authorize.id, &json!({"idTagInfo": {"status": "Blocked"}}));
    stage.answer(
        "never-asked",
        &json!({"transactionId": 1, "idTagInfo": {"status": "Invalid"}}),
    );
    stage.fence();
    stage.answer(
        &start.id,
        &json!({"transactionId": 77, "idTagInfo": {"status": "Accepted"}}),
    );
    stage.central.expect_status(1, "Charging");
    stage.end_with_stray_answers(77, &start);
}

pub fn answers_twice(setup: &Setup) {
    let stage = setup.stage();
    let (_, start) = stage.start_unanswered();
    stage.answer(
        &start.id,
        &json!({"transactionId": 77, "idTagInfo": {"status": "Accepted"}}),
    );
    stage.answer(
        &start.id,
        &json!({"transactionId": 78, "idTagInfo": {"status": "Invalid"}}),
    );
    stage.central.expect_status(1, "Charging");
    stage.end_with_stray_answers(77, &start);
}

pub fn calls_before_the_boot_is_answered(setup: &Setup) {
    let stage = setup.unbooted(
        1,
        |config| config,
        |central| central.answer_next("BootNotification", Reply::silence()),
    );
    let boot = stage.central.expect_any("BootNotification");
    let read = stage.ask("GetConfiguration", json!({"key": ["NumberOfConnectors"]}));
    assert_eq!(read["configurationKey"][0]["value"], "1");
    stage.ask_status(
        "RemoteStartTransaction",
        json!({"connectorId": 1, "idTag": "APP1"}),
        "Rejected",
    );
    let said = stage.central.all_calls();
    assert_eq!(said.len(), 1, "nothing but the boot: {said:?}");
    let now = jiff::Timestamp::now().to_string();
    stage.answer(
        &boot.id,
        &json!({"status": "Accepted", "currentTime": now, "interval": 300}),
    );
    stage.central.expect_status(0, "Available");
    stage.central.expect_status(1, "Available");
    stage.charge(1, "CARD1");
    stage.central.assert_none("BootNotification");
    stage.ledger();
    stage.never_failed();
}

/// Four elements instead of five. A message about a transaction is sent again; a
/// card is refused until it is shown again.
pub fn short_callerrors(setup: &Setup) {
    let stage = setup.stage_with(1, |config| {
        config
            .ocpp("TransactionMessageRetryInterval", "1")
            .ocpp("AllowOfflineTxForUnknownId", "true")
    });
    for action in ["StatusNotification", "Authorize", "StartTransaction"] {
        stage.central.answer_next(action, Reply::silence());
    }
    stage.plug(1);
    let status = stage.central.expect_status(1, "Preparing");
    refuse(&stage, &status.id);
    stage.card("CARD1");
    let authorize = stage.central.expect_any("Authorize");
    refuse(&stage, &authorize.id);
    // The charger is not offline, so an error is a no. A card that is shown
    // while it is still being decided on is not asked about again.
    stage.expect_refusal("CARD1");
    stage.fence();
    // The next answer is a yes.
    stage.card("CARD1");
    stage.central.expect_any("Authorize");
    let start = stage.central.expect_any("StartTransaction");
    refuse(&stage, &start.id);
    let again = stage.central.expect_any("StartTransaction");
    assert_eq!((&again.id, &again.payload), (&start.id, &start.payload));
    let transaction = stage.transaction_of(&again);
    stage.central.expect_status(1, "Charging");
    stage.end_of(transaction);
    stage.never_failed();
}

fn refuse(stage: &Stage, id: &str) {
    let text = json!([4, id, "GenericError", "no"]).to_string();
    stage.central.send_text(text);
}

pub fn extra_fields(setup: &Setup) {
    let more = |payload: &mut Value| {
        payload["vendorExtension"] = json!({"deep": [1, {"x": null}]});
        if payload["idTagInfo"].is_object() {
            payload["idTagInfo"]["tariff"] = json!("night");
        }
    };
    let stage = setup.unbooted(
        1,
        |config| config,
        |central| {
            for action in [
                "BootNotification",
                "StatusNotification",
                "Authorize",
                "StartTransaction",
                "StopTransaction",
            ] {
                central.answer(action, Reply::edited(more));
            }
        },
    );
    stage.expect_up();
    stage.plug(1);
    stage.ask_status(
        "RemoteStartTransaction",
        json!({"connectorId": 1, "idTag": "APP1", "priority": 7}),
        "Accepted",
    );
    stage.central.expect_any("Authorize");
    let transaction = stage.expect_charging(1, "APP1");
    stage.ask_status(
        "RemoteStopTransaction",
        json!({"transactionId": transaction, "reason": "Local"}),
        "Accepted",
    );
    stage.expect_stop(transaction, "Remote");
    stage.ask_status(
        "ChangeConfiguration",
        json!({"key": "HeartbeatInterval", "value": "60", "readonly": false}),
        "Accepted",
    );
    stage.ledger();
    stage.never_failed();
}

/// Forbidden, but a CALL with one can be answered, with the number as a text.
pub fn numbers_for_message_ids(setup: &Setup) {
    let stage = setup.stage();
    stage
        .central
        .send_text(r#"[2,17,"GetConfiguration",{"key":["NumberOfConnectors"]}]"#);
    stage.central.send_text(r#"[2,18,"NoSuchAction",{}]"#);
    // For nothing that was ever asked.
    stage.central.send_text(r#"[3,19,{"status":"Accepted"}]"#);
    stage.central.send_text(r#"[4,20,"InternalError","",{}]"#);
    stage.fence();
    let entries = stage.central.journal().entries();
    let answer_to = |number: &str| {
        entries.iter().find_map(|entry| match &entry.what {
            What::Received(frame) if frame.id() == number => Some(frame.clone()),
            _ => None,
        })
    };
    match answer_to("17") {
        Some(Frame::Result { payload, .. }) => {
            assert_eq!(payload["configurationKey"][0]["value"], "1");
        }
        other => panic!("{other:?}\n{}", stage.central.journal().transcript()),
    }
    match answer_to("18") {
        Some(Frame::Error { code, .. }) => assert_eq!(code, "NotImplemented"),
        other => panic!("{other:?}\n{}", stage.central.journal().transcript()),
    }
    assert_eq!(answer_to("19"), None);
    assert_eq!(answer_to("20"), None);
    stage.charge(1, "CARD1");
    stage.ledger();
    stage.never_failed();
}
