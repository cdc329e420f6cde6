//! `docs/ocpp.md` is what the tables say, and the tables are what a charge point
//! does. With `PLUGPOINT_WRITE_DOCS` set (`cargo xtask docs`) the page is written.

use std::collections::BTreeSet;
use std::fs;

use plugpoint_guest::protocol::Cable;
use plugpoint_ocpp_v16::reference::{self, MESSAGES, Refusal, Use};
use plugpoint_ocpp_world::{Settings, World};
use serde_json::{Value, json};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/ocpp.md");

fn world() -> World {
    let mut world = World::new(Settings {
        cables: vec![Cable::Socket],
        ..Settings::default()
    });
    world.run(1_000);
    world
}

fn named(which: impl Fn(Use) -> bool) -> BTreeSet<&'static str> {
    let rows = MESSAGES.iter().filter(|row| which(row.usage));
    rows.map(|row| row.name).collect()
}

#[test]
fn the_page_is_up_to_date() {
    let page = reference::page();
    if std::env::var_os("PLUGPOINT_WRITE_DOCS").is_some() {
        fs::write(PAGE, &page).expect("docs/ocpp.md can be written");
    }
    let found = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        found == page,
        "docs/ocpp.md is not what guest-ocpp's tables say: run `cargo xtask docs`"
    );
    assert!(!page.contains("{{"), "a table is missing");
}

#[test]
fn each_message_has_one_row() {
    let rows = MESSAGES.len();
    assert_eq!(named(|_| true).len(), rows);
    // 28 of the specification and 11 of the security whitepaper.
    assert_eq!(rows, 39);
}

#[test]
fn what_is_sent_in_a_session_is_what_the_page_lists() {
    let mut world = World::new(Settings {
        ocpp: vec![("MeterValueSampleInterval".to_owned(), "60".to_owned())],
        ..Settings::default()
    });
    world.central.interval = 10;
    world.run(30_000);
    world.plug(1);
    world.card("TAG1");
    world.run(70_000);
    world.card("TAG1");
    world.run(2_000);
    for message in [
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
    ] {
        world.call("TriggerMessage", json!({"requestedMessage": message}));
        world.run(1_000);
    }
    let sent: BTreeSet<&str> = world.sent.iter().map(|sent| sent.action.as_str()).collect();
    assert_eq!(sent, named(|usage| usage == Use::Sent));
}

#[test]
fn what_is_answered_and_refused_is_as_the_page_says() {
    for row in &MESSAGES {
        let answer = world().call(row.name, json!({}));
        let name = row.name;
        match row.usage {
            Use::Answered => {
                let refused = ["NotImplemented", "NotSupported"].map(Value::from);
                assert!(!refused.contains(&answer), "{name}: {answer}");
            }
            Use::Refused(Refusal::Status(word)) => assert_eq!(answer["status"], word, "{name}"),
            Use::Refused(Refusal::NoList) => assert_eq!(answer, json!({"listVersion": -1})),
            Use::Refused(Refusal::Error(code)) => assert_eq!(answer, code, "{name}"),
            // From the wrong side.
            Use::Sent | Use::NotSent => assert_eq!(answer, "NotImplemented", "{name}"),
        }
    }
    assert_eq!(world().call("NoSuchMessage", json!({})), "NotImplemented");
}

#[test]
fn access_and_defaults_of_keys_are_as_the_page_says() {
    let mut world = world();
    let all = world.call("GetConfiguration", json!({}));
    let all = all["configurationKey"].as_array().expect("a list of keys");
    let readable = |access: &str| access.starts_with("read");
    let keys = reference::keys();
    let shown = keys.iter().filter(|key| readable(key.access)).count();
    assert_eq!(all.len(), shown);
    for key in keys {
        let found = all.iter().find(|item| item["key"] == key.name);
        assert_eq!(found.is_some(), readable(key.access), "{}", key.name);
        let Some(found) = found else { continue };
        assert_eq!(found["readonly"], key.access == "read", "{}", key.name);
        // Not a value but how it comes about.
        if !key.default.contains([' ', '`']) {
            assert_eq!(found["value"], key.default, "{}", key.name);
        }
    }
}

#[test]
fn integers_are_taken_within_the_range_of_the_page_and_not_beyond() {
    let writable = |key: &reference::KeyRow| {
        // Only ever raised, and not without a password.
        key.access.contains("write") && key.name != "SecurityProfile"
    };
    let mut tried = 0;
    for key in reference::keys().into_iter().filter(writable) {
        let Some((least, most)) = key.range else {
            continue;
        };
        tried += 1;
        for (value, expected) in [
            (least - 1, "Rejected"),
            (most + 1, "Rejected"),
            (least, "Accepted"),
            (most, "Accepted"),
        ] {
            let change = json!({"key": key.name, "value": value.to_string()});
            let answer = world().call("ChangeConfiguration", change);
            assert_eq!(answer["status"], expected, "{} = {value}", key.name);
        }
    }
    assert!(tried > 10, "only {tried} keys have a range");
}
