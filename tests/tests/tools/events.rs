//! `plugpoint events` and `plugpoint component logs`: what happens, as it happens.

use std::time::Duration;

use plugpoint_tests::charger::{Charger, Config, Process, Site, component};
use serde_json::Value;

use crate::tool::plugpoint;

const PATIENCE: Duration = Duration::from_secs(60);

/// Presents cards until the command has printed such a line: it may not be listening
/// yet when it has only just been started.
fn until(charger: &Charger, command: &Process, part: &str, token: &str) -> String {
    for _ in 0..200 {
        charger.control().card(token).expect("a card");
        if let Some(line) = command.wait_line(part, Duration::from_millis(200)) {
            return line;
        }
    }
    panic!("no {part:?} in {:#?}", command.printed());
}

fn start(charger: &Charger, words: &[&str]) -> Process {
    let url = charger.control().url().to_owned();
    Process::start(plugpoint(words).env("PLUGPOINT_CONTROL", url)).expect("a command")
}

#[test]
fn what_happens_is_printed_as_it_happens() {
    let (_site, charger) = Charger::start(&Config::new("ws://127.0.0.1:9/")).expect("a charger");
    let all = start(&charger, &["events"]);
    let line = until(&charger, &all, "token=", "04A1B2C3");
    assert!(line.contains("token=04A1B2C3"), "{line}");
    let json = start(&charger, &["events", "--json", "--kind", "token"]);
    let line = until(&charger, &json, "04A1B2C4", "04A1B2C4");
    let event: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(event["kind"], "token");
    assert_eq!(event["detail"]["token"], "04A1B2C4");
    // It ends with the charger, and says nothing of it.
    charger.stop();
    let status = all.wait_end(PATIENCE).expect("an end");
    assert_eq!(status.code(), Some(0), "{:#?}", all.printed());
    assert!(json.wait_end(PATIENCE).is_some());
}

#[test]
fn a_charger_that_is_followed_may_come_back() {
    let site = Site::new().expect("a place");
    let at = format!("unix:{}", site.file("control.sock").display());
    let config = Config::new("ws://127.0.0.1:9/").set("control.listen", at.as_str());
    let launch = || {
        let process = site.launch(&config).expect("a charger");
        process
            .wait_line("control api: ", PATIENCE)
            .expect("it is up");
        process
    };
    let first = launch();
    let followed = Process::start(&mut plugpoint(&["events", "--follow", "--control", &at]));
    let followed = followed.expect("a command");
    let card = |token: &str| {
        let words = ["sim", "card", token, "--control", &at];
        let ended = crate::tool::run(&mut plugpoint(&words));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    };
    let seen = |token: &str| {
        (0..200).any(|_| {
            card(token);
            let part = format!("token={token}");
            followed
                .wait_line(&part, Duration::from_millis(200))
                .is_some()
        })
    };
    assert!(seen("04A1B2C3"), "{:#?}", followed.printed());
    first.kill();
    followed
        .wait_line("waiting for it", PATIENCE)
        .expect("it is missed");
    let _second = launch();
    followed
        .wait_line("is back", PATIENCE)
        .expect("it is found");
    assert!(seen("04A1B2C4"), "{:#?}", followed.printed());
}

#[test]
fn what_a_component_logs_is_printed() {
    let file = component("bad-policy").expect("a component");
    let config = Config::new("ws://127.0.0.1:9/")
        .policy("loud", Some(&file), "pass")
        .policy("standard", None, "pass");
    let (_site, charger) = Charger::start(&config).expect("a charger");
    charger.control().plug(1).expect("a car");
    let logs = start(&charger, &["component", "logs", "--slot", "policy/loud"]);
    let line = until(&charger, &logs, "policy/loud error", "BAD-TRAP");
    assert!(line.contains("as ordered"), "{line}");
}
