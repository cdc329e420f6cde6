//! What must not stand in a record does not, and the replay is none the worse
//! for it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::desk::{assert_same, ended, files, record_of, unpacked};
use crate::stage::Setup;

/// Whatever the case of letters.
fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len())
        .any(|it| it.eq_ignore_ascii_case(part))
}

#[test]
fn the_password_of_the_central_system_is_in_no_record() {
    const FACTORY: &str = "4661c70f93b4ab3c8e64a7a1f2d0e3b5";
    const PLAIN: &str = "quoted \"pass\" word";
    const LOCAL: &str = "set at the charger";
    const REFUSED: &str = "too short it is";
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
    let set = |value: &str| {
        let control = stage.charger.control();
        control.post("/v1/settings/AuthorizationKey", &json!({"value": value}))
    };
    set(LOCAL).expect("set at the control API");
    stage.fence();
    set(REFUSED).expect_err("a refusal");
    stage.fence();
    let _site = ended(stage);

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
        LOCAL.as_bytes(),
        REFUSED.as_bytes(),
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
fn a_password_that_was_refused_is_in_no_record() {
    const FACTORY: &str = "fifteen letters";
    let setup = Setup { amnesia: true };
    let stage = setup.stage_with(1, |config| config.ocpp("AuthorizationKey", FACTORY));
    let record = record_of(&stage.site, "ocpp");
    let digits = "b1946ac92492d2347c6235b4d2611184a";
    let escaped = "far too long, \"quoted\" and with a \\";
    let short = "pin9";
    let endless = "endless ".repeat(70);
    for value in [digits, escaped, short, &endless] {
        let payload = json!({"key": "AuthorizationKey", "value": value});
        match stage.central.call("ChangeConfiguration", payload) {
            Ok(answer) => assert_eq!(answer["status"], "Rejected"),
            Err(refused) => assert_eq!(refused.code(), Some("PropertyConstraintViolation")),
        }
    }
    // Said again as something else, in another segment or not.
    let payload = json!({"vendorId": "nobody", "data": format!("not {digits}")});
    stage.ask_status("DataTransfer", payload, "UnknownVendorId");
    stage.fence();
    let _site = ended(stage);

    let all = unpacked(&record);
    assert!(contains(&all, b"PropertyConstraintViolation"), "a record");
    assert!(contains(&all, b"UnknownVendorId"), "it is a record");
    let in_json = json!(escaped).to_string();
    for secret in [FACTORY, digits, escaped, &in_json, short, "endless"] {
        assert!(!contains(&all, secret.as_bytes()), "{secret}");
    }
    assert_same(&record, "guest-ocpp", &[]);
}

#[test]
fn a_password_in_an_address_that_was_told_is_in_no_record() {
    let stage = Setup { amnesia: false }.stage();
    let record = record_of(&stage.site, "ocpp");
    let as_written = r#"[2,"one","GetDiagnostics",{"location":"ftp://me:hunter2@host/a"}]"#;
    for frame in [
        as_written.to_owned(),
        as_written.replace("one", "two").replace('/', "\\/"),
    ] {
        stage.central.send_text(frame);
        // Nobody takes the file there.
        let failed = |p: &serde_json::Value| p["status"] == "UploadFailed";
        stage
            .central
            .expect("DiagnosticsStatusNotification", failed);
    }
    stage.fence();
    let _site = ended(stage);
    let all = unpacked(&record);
    let count = |part: &[u8]| all.windows(part.len()).filter(|it| *it == part).count();
    assert_eq!(count(b"GetDiagnostics"), 2, "both are in the record");
    // Of each: in the frame, in two entries, and in the request to a service.
    assert_eq!(count(b"@host"), 8);
    assert!(!contains(&all, b"hunter2"));
    assert_same(&record, "guest-ocpp", &[]);
}

#[test]
fn nobody_else_may_read_a_record() {
    let stage = Setup { amnesia: false }.stage();
    let record = record_of(&stage.site, "ocpp");
    stage.fence();
    let _site = ended(stage);
    let mode = |path: &Path| {
        let metadata = path.metadata().expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(&record), 0o700);
    assert_eq!(mode(record.parent().expect("one")), 0o700);
    for (file, _) in files(&record) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
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
