//! What must not be read where it is shown: a new password of the link, passwords in
//! addresses, and, in the log, the numbers of cards; and text that forges the log.

use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Reply};
use plugpoint_tests::charger::{Charger, Config};
use serde_json::json;

const PASSWORD: &str = "sesame\"open\\2026";
const CARD: &str = "04A1B2C3D4E5F6";

#[test]
fn neither_passwords_nor_cards_are_disclosed() {
    let central = CentralSystem::start().expect("a central system");
    let (_site, charger) = Charger::start(&Config::new(central.url())).expect("a charger");
    central.expect_status(1, "Available");
    central
        .call(
            "ChangeConfiguration",
            json!({"key": "AuthorizationKey", "value": PASSWORD}),
        )
        .expect("an answer");
    // It is not known to be a secret before the charger has looked at it.
    let digits: String = PASSWORD.bytes().map(|byte| format!("{byte:02X}")).collect();
    central
        .call(
            "DataTransfer",
            json!({"vendorId": "nobody", "data": format!("{PASSWORD} {digits}")}),
        )
        .expect("an answer");
    let location = "ftp://technician:hush-hush@10.0.0.1/file";
    central
        .call("GetDiagnostics", json!({"location": location}))
        .ok();
    central.answer("Authorize", Reply::id_tag_status("Invalid"));
    charger.control().card(CARD).expect("a card");
    central.expect("Authorize", |p| p["idTag"] == CARD);
    let patience = Duration::from_secs(10);
    let frame = charger.events().wait_for(0, "frame", patience, |detail| {
        detail["text"].to_string().contains("10.0.0.1")
    });
    assert!(frame.is_some(), "{:#?}", charger.events().all());
    charger
        .process()
        .wait_line("…E5F6", patience)
        .expect("a line about the card");

    let shown = [
        ("events", json!(charger.events().all()).to_string()),
        ("status", charger.status().to_string()),
        ("log", charger.process().printed().join("\n")),
    ];
    for (place, text) in &shown {
        for part in [
            "sesame",
            "open\\\\",
            &digits,
            &digits.to_lowercase(),
            "hush-hush",
        ] {
            assert!(!text.contains(part), "{part:?} in the {place}: {text}");
        }
    }
    let [(_, events), _, (_, log)] = &shown;
    assert!(events.contains("ChangeConfiguration"), "{events}");
    // Whoever may look at the events sees cards, as the central system does.
    assert!(events.contains(CARD), "{events}");
    assert!(!log.contains(CARD), "{log}");
}

#[test]
fn nobody_forges_lines_of_the_log() {
    let central = CentralSystem::start().expect("a central system");
    let (_site, charger) = Charger::start(&Config::new(central.url())).expect("a charger");
    central.expect_status(1, "Available");
    // A reader that is not ours to choose: its text goes into the reason of a decision
    // and into the lines about it.
    let card = "A\n2026-01-01T00:00:00Z ERROR forged\u{1b}[2J";
    central.answer("Authorize", Reply::id_tag_status("Invalid"));
    // Refused or not: no line of it.
    let _ = charger.control().card(card);
    let key = "X\n2026-01-01T00:00:00Z ERROR forged\u{1b}[2J";
    let _ = central.call("ChangeConfiguration", json!({"key": key, "value": "1"}));
    let _ = central.call("DataTransfer", json!({"vendorId": key}));
    charger.control().card("GOOD").expect("a card");
    central.expect("Authorize", |p| p["idTag"] == "GOOD");
    let printed = charger.kill();
    for line in &printed {
        assert!(!line.starts_with("2026-01-01"), "{line:?}");
    }
}
