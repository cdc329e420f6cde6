//! What must not stand in a record does not, and the replay is none the worse
//! for it.

use serde_json::json;

use crate::desk::{assert_same, record_of, unpacked};
use crate::stage::{Setup, Stage};

/// Whatever the case of letters.
fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len())
        .any(|it| it.eq_ignore_ascii_case(part))
}

#[test]
fn the_password_of_the_central_system_is_in_no_record() {
    const FACTORY: &str = "4661c70f93b4ab3c8e64a7a1f2d0e3b5";
    const PLAIN: &str = "quoted \"pass\" word";
    let digits = "b1946ac92492d2347c6235b4d2611184AABBCCDD";
    let setup = Setup { amnesia: true };
    let stage = setup.stage_with(1, |config| config.ocpp("AuthorizationKey", FACTORY));
    let record = record_of(&stage.site, "ocpp");
    let change = |value: &str| {
        let payload = json!({"key": "AuthorizationKey", "value": value});
        stage.ask_status("ChangeConfiguration", payload, "Accepted");
    };
    change(digits);
    stage.fence();
    change(PLAIN);
    stage.fence();
    let Stage {
        charger,
        site: _site,
        ..
    } = stage;
    assert!(charger.stop().success());

    let all = unpacked(&record);
    assert!(contains(&all, b"ChangeConfiguration"), "it is a record");
    assert!(contains(&all, b"secret/authorization-key"));
    let raw = |digits: &str| hex::decode(digits).expect("digits");
    let escaped = PLAIN.replace('"', "\\\"");
    for secret in [
        FACTORY.as_bytes(),
        &raw(FACTORY),
        digits.as_bytes(),
        &raw(digits),
        PLAIN.as_bytes(),
        escaped.as_bytes(),
        hex::encode(PLAIN).as_bytes(),
    ] {
        assert!(
            !contains(&all, secret),
            "{}",
            String::from_utf8_lossy(secret)
        );
    }
    // What stands there instead is the same everywhere.
    assert_same(&record, "guest-ocpp", &[]);
}

#[test]
fn the_password_in_an_address_is_in_no_record() {
    let central = plugpoint_tests::central_system::CentralSystem::start().expect("one");
    let url = central.url().replacen("ws://", "ws://user:hunter2@", 1);
    let config = plugpoint_tests::charger::Config::new(&url);
    let (site, charger) = plugpoint_tests::charger::Charger::start(&config).expect("a charger");
    // Before that the signal to end would find nobody.
    charger.wait_status("a component that has handled an event", |it| {
        it["components"][0]["events"].as_u64() > Some(0)
    });
    assert!(charger.stop().success());
    let record = record_of(&site, "ocpp");
    let all = unpacked(&record);
    assert!(contains(&all, b"ws://"), "it is a record");
    assert!(!contains(&all, b"hunter2"));
    assert_same(&record, "guest-ocpp", &[]);
}
