//! `plugpoint status`, and the hand on simulated hardware.

use plugpoint_tests::charger::{Charger, Config};
use serde_json::Value;

use crate::tool::{at, plugpoint, run};

#[test]
fn a_status_is_read_by_people_and_by_programs() {
    let (_site, charger) = Charger::start(&Config::new("ws://127.0.0.1:9/")).expect("a charger");
    let ended = at(&charger, &["status"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for words in [
        "CP001",
        "link ",
        "connector  1: contactor open, nothing plugged in",
        "component  ocpp: guest-ocpp",
    ] {
        assert!(
            ended.stdout.contains(words),
            "no {words:?} in {}",
            ended.stdout
        );
    }
    assert!(!ended.stdout.contains('\u{1b}'), "colours in a pipe");
    let ended = at(&charger, &["status", "--json"]);
    let status: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(status["charge_point"]["id"], "CP001");
}

#[test]
fn a_charger_that_is_not_there_is_said() {
    let words = ["status", "--control", "http://127.0.0.1:9"];
    let ended = run(&mut plugpoint(&words));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("cannot be reached"),
        "{}",
        ended.stderr
    );
    let ended = run(plugpoint(&["status"]).env("PLUGPOINT_CONTROL", "nonsense"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("nonsense"), "{}", ended.stderr);
}

#[test]
fn everything_simulated_can_be_done_by_hand() {
    let config = Config::new("ws://127.0.0.1:9/").sockets(2);
    let (_site, charger) = Charger::start(&config).expect("a charger");
    let sim = |words: &[&str]| {
        let ended = at(&charger, &[&["sim"], words].concat());
        assert_eq!(ended.code, Some(0), "{words:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{words:?}");
    };
    let is = |what: &str, is: &dyn Fn(&Value) -> bool| {
        charger.wait_connector(2, what, is);
    };
    sim(&["plug", "2", "--current", "16", "--phases", "1"]);
    is("a car", &|it| it["plugged"] == true);
    sim(&["fault", "GroundFailure", "2"]);
    is("a fault", &|it| it["faults"][0].is_object());
    sim(&["clear-fault", "2"]);
    is("no fault", &|it| {
        it["faults"].as_array().is_some_and(Vec::is_empty)
    });
    sim(&["meter", "5000", "2"]);
    is("a register", &|it| it["register_wh"] == 5000.0);
    sim(&["lock", "jams", "2"]);
    sim(&["lock", "works", "2"]);
    sim(&["pause", "2"]);
    sim(&["resume", "2"]);
    sim(&["card", "04A1B2C3", "--connector", "2"]);
    sim(&["emergency-stop", "on"]);
    is("the stop", &|it| it["faults"][0].is_object());
    sim(&["emergency-stop", "off"]);
    sim(&["network", "off"]);
    sim(&["network", "on"]);
    sim(&["unplug", "2"]);
    is("no car", &|it| it["plugged"] == false);
    let ended = at(&charger, &["sim", "unplug", "2"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("refuses (409)"), "{}", ended.stderr);
    sim(&["mains", "off"]);
    charger.wait_end();
}

#[test]
fn what_is_in_the_slots_is_said_as_json_too() {
    let (_site, charger) = Charger::start(&Config::new("ws://127.0.0.1:9/")).expect("a charger");
    let ended = at(&charger, &["component", "list", "--json"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let all: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(all["components"][0]["slot"], "ocpp");
    let ended = at(&charger, &["component", "list"]);
    assert!(
        ended.stdout.contains("ocpp: guest-ocpp 0.1.0 ("),
        "{}",
        ended.stdout
    );
    for nothing in ["(build -", "(build ?"] {
        assert!(!ended.stdout.contains(nothing), "{}", ended.stdout);
    }
}
