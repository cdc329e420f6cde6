//! [`ProcessStation`]: a process that the suite starts itself.

use std::time::Duration;

use plugpoint_conformance::process::{ProcessStation, Setup};
use plugpoint_conformance::{Answer, Cable, Failure, Message, Reply, Station};
use serde_json::{Value, json};

fn start(cable: Cable) -> ProcessStation {
    let mut station = ProcessStation::start(&Setup::new(1, cable)).expect("a station");
    expect(&mut station, 0, "StatusNotification", |p| {
        p["connectorId"] == 1 && p["status"] == "Available"
    });
    station
}

/// The first message from this place on that is so, and its place.
fn expect(
    station: &mut dyn Station,
    from: usize,
    action: &str,
    is: impl Fn(&Value) -> bool,
) -> (usize, Message) {
    let until = station.now() + station.traits().patience;
    loop {
        let messages = station.messages();
        let found = messages
            .iter()
            .enumerate()
            .skip(from)
            .find(|(_, message)| message.action == action && is(&message.payload));
        if let Some((place, message)) = found {
            return (place, message.clone());
        }
        assert!(station.now() < until, "no {action} in {messages:#?}");
        station.wait(messages.len(), until).expect("time");
    }
}

fn expect_status(station: &mut dyn Station, from: usize, status: &str) -> usize {
    let (place, _) = expect(station, from, "StatusNotification", |p| {
        p["connectorId"] == 1 && p["status"] == status
    });
    place
}

#[test]
fn what_is_done_arrives_and_what_is_said_is_seen() {
    let mut station = start(Cable::Fixed);
    station.tag("BAD", json!({"status": "Blocked"}));
    station.plug(1).expect("a car");
    expect_status(&mut station, 0, "Preparing");
    station.card("BAD").expect("a card");
    let (_, asked) = expect(&mut station, 0, "Authorize", |p| p["idTag"] == "BAD");
    assert_eq!(
        asked.answer,
        Some(json!({"idTagInfo": {"status": "Blocked"}}))
    );
    assert!(asked.answered_at.is_some_and(|at| at >= asked.at));
    station.card("GOOD").expect("a card");
    let (place, start) = expect(&mut station, 0, "StartTransaction", |p| {
        p["idTag"] == "GOOD"
    });
    assert!(start.answer.is_some_and(|it| it["transactionId"].is_i64()));
    expect_status(&mut station, place.saturating_sub(2), "Charging");
    station.car_asks(1, false).expect("a pause");
    expect_status(&mut station, place, "SuspendedEV");
    station.fault(1, Some("GroundFailure")).expect("a fault");
    let faulted = expect_status(&mut station, place, "Faulted");
    station.fault(1, None).expect("a repair");
    expect_status(&mut station, faulted, "Finishing");
}

#[test]
fn answers_are_as_scripted_and_calls_are_answered() {
    let mut station = start(Cable::Fixed);
    station.reply_next("Authorize", Reply::Error("InternalError".to_owned()));
    let blocked = json!({"idTagInfo": {"status": "Blocked"}});
    station.reply_next("Authorize", Reply::Result(blocked.clone()));
    let mut from = 0;
    for (card, answer) in ["A", "B", "C"].into_iter().zip([
        None,
        Some(blocked),
        Some(json!({"idTagInfo": {"status": "Accepted"}})),
    ]) {
        station.card(card).expect("a card");
        let (place, asked) = expect(&mut station, from, "Authorize", |_| true);
        assert_eq!(asked.answer, answer);
        from = place + 1;
    }
    let answer = station.call("GetConfiguration", json!({"key": ["NumberOfConnectors"]}));
    let Ok(Answer::Result(answer)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(answer["configurationKey"][0]["value"], "1");
    let answer = station.call("NoSuchThing", json!({}));
    assert_eq!(answer, Ok(Answer::Error("NotImplemented".to_owned())));
}

#[test]
fn power_goes_and_comes_and_the_car_stays() {
    let mut station = start(Cable::Fixed);
    station.plug(1).expect("a car");
    expect_status(&mut station, 0, "Preparing");
    station.power_off().expect("dark");
    let before = station.messages().len();
    let dark = station.call("ClearCache", json!({}));
    assert!(matches!(dark, Err(Failure::Surroundings(_))), "{dark:?}");
    station.power_on().expect("light");
    expect(&mut station, before, "BootNotification", |_| true);
    expect_status(&mut station, before, "Preparing");

    // Without a warning there is no hold-up time; with one there is.
    station.card("A").expect("a card");
    let (from, _) = expect(&mut station, before, "StartTransaction", |_| true);
    station.mains_fail().expect("dark");
    expect(&mut station, from, "StopTransaction", |p| {
        p["reason"] == "PowerLoss"
    });
    // What was done in the dark is found by the charger.
    let before = station.messages().len();
    station.unplug(1).expect("the car goes");
    station.power_on().expect("light");
    expect_status(&mut station, before, "Available");
    let said: Vec<_> = station.messages().split_off(before);
    let plugged = said.iter().find(|message| {
        let status = &message.payload["status"];
        status == "Preparing" || status == "Finishing"
    });
    assert_eq!(plugged, None, "{}", station.transcript());
}

#[test]
fn the_network_stays_away_over_a_loss_of_power() {
    let mut station = start(Cable::Fixed);
    station.network(false).expect("no network");
    station.power_off().expect("dark");
    let before = station.messages().len();
    station.power_on().expect("light");
    let until = station.now() + Duration::from_secs(1);
    station.wait(before, until).expect("time");
    assert_eq!(station.messages().len(), before);
    station.network(true).expect("a network");
    expect(&mut station, before, "BootNotification", |_| true);
}

#[test]
fn a_cable_can_be_pulled_out_of_the_car_alone() {
    let mut station = start(Cable::Socket);
    station.plug(1).expect("a car");
    station.card("A").expect("a card");
    let (from, _) = expect(&mut station, 0, "StartTransaction", |_| true);
    expect_status(&mut station, from.saturating_sub(2), "Charging");
    station.unplug_at_car(1).expect("the car goes");
    let from = expect_status(&mut station, from, "Finishing");
    let unlock = station.call("UnlockConnector", json!({"connectorId": 1}));
    assert_eq!(unlock, Ok(Answer::Result(json!({"status": "Unlocked"}))));
    let until = station.now() + Duration::from_millis(500);
    station.wait(from + 1, until).expect("time");
    let status = station
        .control()
        .expect("power")
        .status()
        .expect("a status");
    assert_eq!(status["connectors"][0]["plugged"], true);
    station.unplug(1).expect("the cable goes");
    expect_status(&mut station, from, "Available");
}
