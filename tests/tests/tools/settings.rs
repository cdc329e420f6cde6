//! `plugpoint settings`, and `/v1/settings` behind it.

use std::time::Duration;

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config, Site, component};
use serde_json::{Value, json};

use crate::tool::at;

const PASSWORD: &str = "hunter2 hunter2 hun";

/// A charger that its central system has accepted.
struct Desk {
    _site: Site,
    charger: Charger,
    central: CentralSystem,
}

impl Desk {
    fn new() -> Self {
        let central = CentralSystem::start().expect("a central system");
        let config = Config::new(central.url()).ocpp("SupportedFeatureProfiles", "Core");
        let (site, charger) = Charger::start(&config).expect("a charger");
        central.expect_status(1, "Available");
        Self {
            _site: site,
            charger,
            central,
        }
    }

    fn all(&self) -> Vec<Value> {
        let all = self.charger.control().get("/v1/settings");
        let all = all.expect("settings")["settings"].take();
        all.as_array().expect("a list").clone()
    }

    fn value_at_the_central_system(&self, key: &str) -> Value {
        let answer = self
            .central
            .call("GetConfiguration", json!({"key": [key]}))
            .expect("an answer");
        answer["configurationKey"][0]["value"].clone()
    }

    fn set(&self, name: &str, value: &str) -> Result<Value, (u16, String)> {
        let path = format!("/v1/settings/{name}");
        let answer = self.charger.control().post(&path, &json!({"value": value}));
        answer.map_err(|it| (it.status().unwrap_or(0), it.to_string()))
    }
}

#[test]
fn all_keys_are_described_as_the_central_system_gets_them() {
    let desk = Desk::new();
    let answer = desk.central.call("GetConfiguration", json!({}));
    let answer = answer.expect("an answer");
    let told = answer["configurationKey"].as_array().expect("keys");
    let all = desk.all();
    for key in told {
        let setting = all.iter().find(|it| it["name"] == key["key"]);
        let setting = setting.unwrap_or_else(|| panic!("{key} is missing"));
        assert_eq!(setting["value"], key["value"], "{setting}");
        let is_read_only = setting["access"] == "read-only";
        assert_eq!(Value::Bool(is_read_only), key["readonly"], "{setting}");
        assert!(setting["meaning"].as_str().is_some_and(|it| it.len() > 10));
    }
    // The password, which is told to nobody.
    assert_eq!(all.len(), told.len() + 1);
    let password = all.iter().find(|it| it["name"] == "AuthorizationKey");
    let password = password.expect("a password");
    assert_eq!(password["access"], "write-only");
    assert_eq!(password["value"], Value::Null);
    let one = desk
        .charger
        .control()
        .get("/v1/settings/heartbeatinterval")
        .expect("one");
    assert_eq!(
        (&one["name"], &one["unit"]),
        (&json!("HeartbeatInterval"), &json!("s"))
    );
    let some = desk
        .charger
        .control()
        .get("/v1/settings?name=ResetRetries&name=NoSuchKey")
        .expect("some");
    assert_eq!(some["settings"].as_array().map(Vec::len), Some(1), "{some}");
}

#[test]
fn what_is_set_here_is_what_the_central_system_sees() {
    let desk = Desk::new();
    let done = desk.set("MeterValueSampleInterval", "17").expect("set");
    assert_eq!(done["outcome"], "done");
    assert_eq!(
        desk.value_at_the_central_system("MeterValueSampleInterval"),
        "17"
    );
    for (name, value, status, words) in [
        ("NumberOfConnectors", "2", 409, "is read-only"),
        ("ResetRetries", "many", 400, "an integer from 0 to 100"),
        ("AuthorizationKey", "short", 400, "16 to 20 characters"),
        ("NoSuchKey", "1", 404, "NoSuchKey"),
    ] {
        let (code, text) = desk.set(name, value).expect_err(name);
        assert_eq!(code, status, "{name}: {text}");
        assert!(text.contains(words), "{name}: {text}");
    }
    assert_eq!(desk.value_at_the_central_system("ResetRetries"), "3");
    let wrong = desk
        .charger
        .control()
        .post("/v1/settings/ResetRetries", &json!({"v": 1}));
    assert_eq!(wrong.expect_err("a refusal").status(), Some(400));
}

#[test]
fn a_password_that_is_set_here_is_shown_nowhere() {
    let desk = Desk::new();
    desk.set("AuthorizationKey", PASSWORD).expect("set");
    let events = desk.charger.events();
    let event = events.wait_for(0, "setting", Duration::from_secs(10), |_| true);
    assert_eq!(
        event.expect("an event")["detail"],
        json!({"name": "AuthorizationKey", "outcome": "done"})
    );
    let all = format!("{:?}{}", desk.all(), desk.charger.status());
    assert!(!all.contains(PASSWORD), "{all}");
    let events = format!("{:?}", desk.charger.events().all());
    assert!(!events.contains(PASSWORD), "{events}");
    let log = desk.charger.process().printed().join("\n");
    assert!(!log.contains(PASSWORD), "{log}");
}

#[test]
fn without_a_component_that_answers_this_is_said() {
    let bad = component("bad-component").expect("one");
    let central = CentralSystem::start().expect("a central system");
    let config =
        Config::new(central.url()).set("components.ocpp", bad.to_string_lossy().into_owned());
    let (_site, charger) = Charger::start(&config).expect("a charger");
    // It never answers such a question.
    let refused = charger
        .control()
        .get("/v1/settings")
        .expect_err("no answer");
    assert_eq!(refused.status(), Some(504), "{refused}");
}

#[test]
fn settings_are_read_and_changed_at_a_terminal() {
    let desk = Desk::new();
    let at = |words: &[&str]| at(&desk.charger, &[&["settings"], words].concat());
    let shown = at(&[]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    for line in [
        "ResetRetries = 3 times\n",
        "MeterValueSampleInterval = 60 s\n",
        "NumberOfConnectors = 1 (read-only)\n",
        "AuthorizationKey = (not shown)\n",
    ] {
        assert!(shown.stdout.contains(line), "{}", shown.stdout);
    }
    let one = at(&["ResetRetries"]);
    assert!(
        one.stdout.starts_with("ResetRetries = 3 times\n"),
        "{}",
        one.stdout
    );
    assert!(one.stdout.contains("default 3"), "{}", one.stdout);
    let set = at(&["ResetRetries", "5"]);
    assert_eq!((set.code, &*set.stdout), (Some(0), "ResetRetries: set\n"));
    assert_eq!(desk.value_at_the_central_system("ResetRetries"), "5");
    let refused = at(&["ResetRetries", "5000"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("0 to 100"), "{}", refused.stderr);
    let json = at(&["--json", "ResetRetries"]);
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["value"], "5");
}
