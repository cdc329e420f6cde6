//! Ten thousand events of a charger at work, on the build that made them and on
//! others.

use plugpoint_tests::tell;
use serde_json::{Value, json};

use crate::desk::{assert_same, bytes, ended, plugpoint, record_of, replay, report};
use crate::stage::{Setup, Stage};

/// Answered otherwise by the build with the seeded change.
const NO_TRANSACTION: i64 = 987_654;

/// What a central system asks all day long.
fn ask_about(stage: &Stage, n: u32) {
    let (action, payload) = match n % 8 {
        0 => (
            "ChangeConfiguration",
            json!({"key": "ConnectionTimeOut", "value": (60 + n % 10).to_string()}),
        ),
        1 => ("GetConfiguration", json!({})),
        2 => (
            "DataTransfer",
            json!({"vendorId": "nobody", "data": n.to_string()}),
        ),
        _ => ("GetConfiguration", json!({"key": ["HeartbeatInterval"]})),
    };
    stage.ask(action, payload);
}

/// A session with calls before, in and after it, and one that is answered
/// otherwise by the changed build.
fn make(stage: &Stage, calls: u32) {
    for n in 0..calls / 2 {
        ask_about(stage, n);
    }
    let transaction = stage.charge(1, "TAG1");
    stage.wait_energy(1, 1.0);
    for n in 0..calls / 2 {
        ask_about(stage, n);
    }
    let nothing = json!({"transactionId": NO_TRANSACTION});
    stage.ask_status("RemoteStopTransaction", nothing, "Rejected");
    stage.card("TAG1");
    stage.expect_stop(transaction, "Local");
    stage.unplug(1);
    stage.central.expect_status(1, "Available");
    stage.fence();
}

#[test]
fn ten_thousand_events_are_the_same_on_the_same_build_and_a_change_is_found() {
    let stage = Setup { amnesia: false }
        .stage_with(1, |config| config.ocpp("MeterValueSampleInterval", "1"));
    make(&stage, 10_000);
    let site = ended(stage);
    let record = record_of(&site, "ocpp");

    let native = assert_same(&record, "guest-ocpp", &[]);
    let events = native["events"].as_u64().expect("a number");
    assert!(events >= 10_000, "{native:#}");
    let bytes = bytes(&record);
    tell(&format!(
        "a record of {events} events has {bytes} bytes: {:.1} for each",
        bytes as f64 / events as f64
    ));
    let pulley = assert_same(&record, "guest-ocpp", &["--pulley"]);
    assert_eq!(pulley["events"], native["events"]);
    // It writes what the one before reads, as on probation.
    assert_same(&record, "guest-ocpp-second", &[]);

    let (code, found) = report(&record, "guest-ocpp-changed", &[]);
    assert_eq!(code, 1, "{found:#}");
    let first = &found["first"][0];
    assert_eq!(first["kind"], "frame", "{first:#}");
    let text = |value: &Value| value.to_string();
    assert!(text(&first["what"]).contains("RemoteStopTransaction"));
    assert!(text(&first["what"]).contains(&NO_TRANSACTION.to_string()));
    assert!(text(&first["expected"]).contains("Rejected"), "{first:#}");
    assert!(text(&first["got"]).contains("Accepted"), "{first:#}");
    assert_eq!(first["event"], found["events"], "it stops there");
    assert!(first["event"].as_u64() > Some(10_000), "{first:#}");

    // The same in words.
    let told = replay(&record, "guest-ocpp-changed", &[]);
    assert_eq!(told.code, Some(1));
    let event = format!("event {}, frame, 2", first["event"]);
    for words in ["first difference", &event, "\n  - send", "\n  + send"] {
        assert!(told.stdout.contains(words), "no {words:?}: {told:?}");
    }
    // It is the only one.
    let (code, all) = report(&record, "guest-ocpp-changed", &["--all"]);
    assert_eq!((code, &all["differences"]), (1, &json!(1)), "{all:#}");
    assert_eq!(all["events"], native["events"]);
}

#[test]
fn each_instance_begins_with_a_start_in_the_record() {
    let stage = Setup { amnesia: true }.stage();
    // What was not written yet is lost.
    make(&stage, 200);
    let stage = stage.after_kill();
    stage.expect_up();
    stage.fence();
    let site = ended(stage);
    let report = assert_same(&record_of(&site, "ocpp"), "guest-ocpp", &[]);
    let number = |field: &str| report[field].as_u64().expect("a number");
    assert!(number("starts") >= 40, "{report:#}");
    assert!(number("starts") * 2 >= number("events"), "{report:#}");
}

#[test]
fn what_cannot_be_tried_is_told_in_words() {
    let stage = Setup { amnesia: false }.stage();
    stage.fence();
    let site = ended(stage);
    let state = site.state_dir();
    let check = |record: &std::path::Path, component: &str, words: &[&str]| {
        let ended = replay(record, component, &[]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        for word in words {
            assert!(ended.stderr.contains(word), "no {word:?}: {ended:?}");
        }
    };
    // A directory above: where they are is told.
    check(&state, "guest-ocpp", &["records/ocpp", "policy-standard"]);
    check(&state.join("none"), "guest-ocpp", &["none"]);
    let other = site.file("other.record");
    std::fs::write(&other, "something else").expect("a file");
    check(&other, "guest-ocpp", &["no record"]);
    let mut newer = b"PPRECORD".to_vec();
    newer.push(9);
    std::fs::write(&other, newer).expect("a file");
    check(&other, "guest-ocpp", &["newer Plugpoint", "format 9"]);
    // A component for another slot, and what is none.
    let record = record_of(&site, "ocpp");
    check(&record, "guest-policy", &["policy"]);
    let record = record.to_string_lossy().into_owned();
    let other = other.to_string_lossy().into_owned();
    assert_eq!(plugpoint(&["replay", &record, &other]).code, Some(2));
}
