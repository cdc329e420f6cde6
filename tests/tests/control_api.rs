//! The control API as tools outside the project use it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config, Control, ControlFailure, Site};
use serde_json::{Value, json};

/// Nobody listens there.
const NOWHERE: &str = "ws://127.0.0.1:9/ocpp";

fn alone() -> (Site, Charger) {
    Charger::start(&Config::new(NOWHERE)).expect("a charger")
}

#[test]
fn it_is_up_without_a_central_system() {
    let (_site, charger) = alone();
    let control = charger.control();
    assert!(control.get("/v1/health").is_ok());
    let status = charger.wait_status("a link that is down", |s| s["link"]["state"] == "down");
    assert!(status["link"]["reason"].is_string(), "{status:#}");
    assert_eq!(status["charge_point"]["id"], "CP001");
    let connector = &status["connectors"][0];
    assert_eq!(connector["pilot"], "A");
    assert_eq!(connector["contactor"], "open");
    assert_eq!(connector["permit"], Value::Null);
    assert!(connector["register_wh"].is_number());
    let ocpp = &status["components"][0];
    assert_eq!(ocpp["slot"], "ocpp");
    for key in ["name", "version", "hash", "state"] {
        assert!(ocpp[key].is_string(), "no {key} in {ocpp:#}");
    }
    assert_eq!(ocpp["restarts"], 0);
    assert_eq!(status["queue"], 0);
}

#[test]
fn mistakes_are_answered_in_words() {
    let (_site, charger) = alone();
    let control = charger.control();
    let refused = |outcome: Result<Value, ControlFailure>, status: u16, word: &str| {
        let failure = outcome.expect_err("refused");
        assert_eq!(failure.status(), Some(status), "{failure}");
        assert!(failure.to_string().contains(word), "{failure}");
    };
    refused(control.plug(7), 404, "7");
    refused(control.get("/v1/nothing"), 404, "/v1/nothing");
    refused(control.unplug(1), 409, "1");
    control.plug(1).expect("a car");
    refused(control.plug(1), 409, "1");
    refused(control.post_text("/sim/rfid", "{"), 400, "body");
    refused(control.post("/sim/rfid", &json!({})), 400, "id_tag");
    refused(
        control.post("/sim/rfid", &json!({"id_tag": "A", "x": 1})),
        400,
        "x",
    );
    let bad_state = control.ev_state(1, "Z");
    refused(bad_state, 400, "Z");
    refused(control.meter(1, -1.0), 400, "");
    refused(control.get("/sim/rfid"), 405, "GET");
}

#[test]
fn a_token_is_asked_for() {
    let site = Site::new().expect("a place");
    let file = site.file("token");
    std::fs::write(&file, "open-sesame\n").expect("a file");
    let config = Config::new(NOWHERE)
        .set("control.token_file", file.to_string_lossy().into_owned())
        .set(
            "charge_point.state_dir",
            site.state_dir().to_string_lossy().into_owned(),
        );
    let process = site.launch(&config).expect("a process");
    let line = process
        .wait_line("control api: ", Duration::from_secs(60))
        .expect("a control API");
    let url = line.split_whitespace().last().expect("a URL").to_owned();
    let status = |control: Control| control.get("/v1/health").err().and_then(|e| e.status());
    assert_eq!(status(Control::new(&url)), Some(401));
    assert_eq!(status(Control::new(&url).with_token("guess")), Some(401));
    let control = Control::new(&url).with_token("open-sesame");
    assert!(control.get("/v1/health").is_ok());
    assert!(control.plug(1).is_ok());
    let log = process.printed().join("\n");
    assert!(!log.contains("open-sesame"), "{log}");
}

#[test]
fn it_listens_on_a_unix_socket() {
    let site = Site::new().expect("a place");
    let socket = site.file("control.sock");
    let config = Config::new(NOWHERE)
        .set("control.listen", format!("unix:{}", socket.display()))
        .set(
            "charge_point.state_dir",
            site.state_dir().to_string_lossy().into_owned(),
        );
    let process = site.launch(&config).expect("a process");
    let up = process.wait_line("control api: ", Duration::from_secs(60));
    assert!(up.is_some_and(|line| line.contains("unix:")));
    let mut stream = UnixStream::connect(&socket).expect("a socket");
    stream
        .write_all(b"GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn events_tell_a_session_in_order() {
    let central = CentralSystem::start().expect("a central system");
    let (_site, charger) = Charger::start(&Config::new(central.url())).expect("a charger");
    central.expect_status(1, "Available");
    charger.control().plug(1).expect("a car");
    charger.control().card("CARD1").expect("a card");
    central.expect_status(1, "Charging");
    charger.wait_contactor(1, "closed");
    let patience = Duration::from_secs(60);
    for (kind, is) in [
        (
            "outlet",
            &(|d: &Value| d["plugged"] == true) as &dyn Fn(&Value) -> bool,
        ),
        ("token", &|d| d["token"] == "CARD1"),
        ("decision", &|d| d["token"] == "CARD1"),
        ("frame", &|d| {
            d["direction"] == "out"
                && d["text"]
                    .as_str()
                    .is_some_and(|text| text.contains("StartTransaction"))
        }),
        ("frame", &|d| d["direction"] == "in"),
        ("outlet", &|d| d["contactor"] == "closed"),
    ] {
        let found = charger.events().wait_for(0, kind, patience, is);
        assert!(
            found.is_some(),
            "no {kind} in {:#?}",
            charger.events().all()
        );
    }
    let all = charger.events().all();
    let numbers: Vec<u64> = all.iter().filter_map(|e| e["sequence"].as_u64()).collect();
    assert_eq!(numbers.len(), all.len());
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{numbers:?}"
    );
    assert!(all.iter().all(|e| {
        e["time"]
            .as_str()
            .is_some_and(|t| t.parse::<jiff::Timestamp>().is_ok())
    }));
}

#[test]
fn a_slow_reader_is_told_what_it_has_lost() {
    let central = CentralSystem::start().expect("a central system");
    let (_site, charger) = Charger::start(&Config::new(central.url())).expect("a charger");
    central.expect_status(1, "Available");
    let address = charger
        .control()
        .url()
        .trim_start_matches("http://")
        .to_owned();
    let mut slow = TcpStream::connect(&address).expect("connected");
    slow.write_all(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        .expect("sent");
    let mut slow = BufReader::new(slow);
    let mut line = String::new();
    while !line.contains(": listening") {
        line.clear();
        slow.read_line(&mut line).expect("a line");
    }
    // More than sockets and journal hold, while it does not read.
    for _ in 0..150 {
        let calls: Vec<_> = (0..20)
            .filter_map(|_| central.start_call("GetConfiguration", json!({})).ok())
            .collect();
        for call in calls {
            call.wait().expect("an answer");
        }
    }
    let end = Instant::now() + Duration::from_secs(60);
    let lost = loop {
        line.clear();
        slow.read_line(&mut line).expect("a line");
        if let Some(data) = line.strip_prefix("data:") {
            let event: Value = serde_json::from_str(data).expect("JSON");
            if let Some(lost) = event["lost"].as_u64() {
                break lost;
            }
        }
        assert!(Instant::now() < end, "nothing is lost");
    };
    assert!(lost > 0);
    // And the events go on behind it.
    line.clear();
    while !line.contains("\"sequence\"") {
        slow.read_line(&mut line).expect("a line");
    }
}

#[test]
fn metrics_are_prometheus_text() {
    let central = CentralSystem::start().expect("a central system");
    let (_site, charger) = Charger::start(&Config::new(central.url())).expect("a charger");
    central.expect_status(1, "Available");
    charger.wait_status("a link", |s| s["link"]["state"] == "up");
    let text = charger.control().get_text("/metrics").expect("metrics");
    for line in [
        "plugpoint_link_up 1",
        "plugpoint_contactor_closed{connector=\"1\"} 0",
        "# TYPE plugpoint_component_restarts_total counter",
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let value = line.rsplit(' ').next().and_then(|v| v.parse::<f64>().ok());
        assert!(value.is_some(), "no number in {line}");
    }
}
