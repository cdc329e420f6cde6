//! The queue of transaction messages.

use std::time::Instant;

use plugpoint_guest::protocol::{BootReason, Cable, LinkFailure};
use plugpoint_ocpp_world::{Reply, World, audit, close};
use serde_json::json;

use crate::{charge, fixed, leave, worlds};

const OFFLINE: (&str, &str) = ("AllowOfflineTxForUnknownId", "true");
const ONCE: (&str, &str) = ("TransactionMessageAttempts", "1");

fn times(world: &World, action: &str) -> Vec<u64> {
    let sent = world.all(action);
    sent.iter()
        .map(|sent| (sent.at_ms - sent_first(world, action)) / 1000)
        .collect()
}

fn sent_first(world: &World, action: &str) -> u64 {
    world.all(action)[0].at_ms
}

#[test]
fn a_message_that_fails_waits_longer_each_time_and_is_dropped() {
    for mut world in fixed(&[
        ("MeterValueSampleInterval", "100"),
        ("HeartbeatInterval", "30"),
    ]) {
        world
            .central
            .always("StartTransaction", Reply::Error("InternalError"));
        charge(&mut world, "TAG1");
        world.run(170_000);
        assert_eq!(
            times(&world, "StartTransaction"),
            [0, 60],
            "the second wait is twice as long"
        );
        assert!(
            world.all("MeterValues").is_empty(),
            "the order holds meanwhile"
        );
        world.run(20_000);
        assert_eq!(times(&world, "StartTransaction"), [0, 60, 180]);
        let ids: Vec<&str> = world
            .all("StartTransaction")
            .iter()
            .map(|sent| sent.id.as_str())
            .collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "a repeat keeps its id");
        assert!(
            world
                .log()
                .iter()
                .any(|line| line.starts_with("Error") && line.contains("dropped"))
        );
        world.run(120_000);
        leave(&mut world, "TAG1");
        assert_eq!(world.last("MeterValues").payload["transactionId"], -1);
        assert_eq!(world.last("StopTransaction").payload["transactionId"], -1);
        assert_eq!(world.shows(0, "queue"), "0");
    }
}

#[test]
fn a_transaction_without_a_number_ends_by_its_connector_or_with_the_charger() {
    for ending in ["UnlockConnector", "Reset"] {
        for mut world in worlds(&[Cable::Socket], &[ONCE]) {
            let refuse = Reply::Error("InternalError");
            world.central.plan("StartTransaction", refuse);
            charge(&mut world, "TAG1");
            world.run(1_000);
            assert_eq!(world.all("StartTransaction").len(), 1);
            let stop = json!({"transactionId": -1});
            let answer = world.call("RemoteStopTransaction", stop);
            assert_eq!(answer["status"], "Rejected", "-1 names nothing");
            world.run(1_000);
            assert!(world.all("StopTransaction").is_empty());

            let reason = match ending {
                "Reset" => {
                    world.call(ending, json!({"type": "Soft"}));
                    "SoftReset"
                }
                _ => {
                    world.call(ending, json!({"connectorId": 1}));
                    "UnlockCommand"
                }
            };
            world.run(30_000);
            let stop = &world.last("StopTransaction").payload;
            assert_eq!(stop["transactionId"], -1);
            assert_eq!(stop["reason"], reason);
        }
    }
}

#[test]
fn a_number_that_looks_like_none_is_one() {
    for mut world in fixed(&[]) {
        let own = json!({"transactionId": -1, "idTagInfo": {"status": "Accepted"}});
        world.central.plan("StartTransaction", Reply::Result(own));
        charge(&mut world, "TAG1");
        world.run(1_000);
        let answer = world.call("RemoteStopTransaction", json!({"transactionId": -1}));
        assert_eq!(answer["status"], "Accepted");
    }
}

#[test]
fn a_hung_central_system_costs_nothing() {
    for mut world in fixed(&[]) {
        world.central.always("StartTransaction", Reply::Silence);
        charge(&mut world, "TAG1");
        world.run(900_000);
        let starts = world.all("StartTransaction");
        assert!(starts.len() >= 5, "sent again and again: {}", starts.len());
        assert!(
            starts
                .iter()
                .all(|sent| sent.id == starts[0].id && sent.payload == starts[0].payload)
        );
        world.central.relent("StartTransaction");
        world.run(400_000);
        leave(&mut world, "TAG1");
        world.run(60_000);
        close(&world).unwrap();
    }
}

#[test]
fn what_was_in_flight_when_the_link_dropped_goes_first_on_the_new_one() {
    for mut world in fixed(&[]) {
        world.central.plan("StartTransaction", Reply::Silence);
        charge(&mut world, "TAG1");
        world.cut_link(LinkFailure::Closed);
        world.run(1_100);
        let starts = world.all("StartTransaction");
        assert_eq!(starts.len(), 2, "not after the time-out of the old call");
        assert_eq!(
            (&starts[0].id, &starts[0].payload),
            (&starts[1].id, &starts[1].payload)
        );
    }
}

#[test]
fn offline_sessions_are_told_in_order() {
    for mut world in fixed(&[OFFLINE, ("MeterValueSampleInterval", "10")]) {
        world.set_online(false);
        for tag in ["TAG1", "TAG2", "TAG3"] {
            charge(&mut world, tag);
            world.run(25_000);
            leave(&mut world, tag);
        }
        world.power_cycle();
        world.run(5_000);
        world.set_online(true);
        world.run(10_000);
        let told = close(&world).unwrap();
        assert_eq!(told.len(), 3);
        assert_eq!(world.all("MeterValues").len(), 6);
        let tags: Vec<_> = world
            .all("StartTransaction")
            .iter()
            .map(|sent| sent.payload["idTag"].clone())
            .collect();
        assert_eq!(tags, ["TAG1", "TAG2", "TAG3"]);
    }
}

#[test]
fn a_stop_waits_for_the_number_of_its_start() {
    for mut world in fixed(&[]) {
        world.central.latency_ms = 5_000;
        charge(&mut world, "TAG1");
        world.run(14_000);
        assert_eq!(world.all("StartTransaction").len(), 1);
        world.card("TAG1");
        world.run(1_000);
        assert!(world.all("StopTransaction").is_empty());
        world.run(30_000);
        assert_eq!(world.last("StopTransaction").payload["transactionId"], 1001);
    }
}

#[test]
fn numbers_of_any_size_are_taken() {
    for number in [0, -5, i64::from(i32::MIN), i64::MAX] {
        for mut world in fixed(&[]) {
            let answer = json!({"transactionId": number, "idTagInfo": {"status": "Accepted"}});
            world
                .central
                .plan("StartTransaction", Reply::Result(answer));
            charge(&mut world, "TAG1");
            let answer = world.call("RemoteStopTransaction", json!({"transactionId": number}));
            assert_eq!(answer["status"], "Accepted");
            world.run(2_000);
            assert_eq!(
                world.last("StopTransaction").payload["transactionId"],
                number
            );
        }
    }
}

#[test]
fn an_answer_without_a_number_is_a_failure() {
    for mut world in fixed(&[("TransactionMessageRetryInterval", "5")]) {
        world.central.plan(
            "StartTransaction",
            Reply::Result(json!({"idTagInfo": {"status": "Accepted"}})),
        );
        charge(&mut world, "TAG1");
        world.run(6_000);
        assert_eq!(world.all("StartTransaction").len(), 2);
        assert_eq!(world.shows(1, "transaction"), "1001");
    }
}

/// `--nocapture` shows the figures.
#[test]
fn a_thousand_offline_transactions_are_all_delivered() {
    let [mut world, _] = fixed(&[OFFLINE, ("TransactionMessageRetryInterval", "1")]);
    world.set_online(false);
    let tag = |number: u64| format!("TAG{number}");
    for number in 0..1_000 {
        charge(&mut world, &tag(number));
        leave(&mut world, &tag(number));
    }
    world.power_cycle();
    assert_eq!(world.shows(0, "queue"), "2000");
    let began = Instant::now();
    world.replace_instance(BootReason::Recovery, None);
    let start = began.elapsed();
    let (entries, bytes) = world.flash.size();
    // Slow, and every fiftieth message fails once.
    world.central.latency_ms = 200;
    world.central.refuse_every = Some(50);
    let (events, began, before) = (world.events, world.ms, world.sent.len());
    let processor = Instant::now();
    world.set_online(true);
    while world.shows(0, "queue") != "0" {
        world.run(1_000);
        assert!(
            world.ms - began < 3_600_000,
            "{} are left",
            world.shows(0, "queue")
        );
    }
    let (took, processor) = (world.ms - began, processor.elapsed());
    let told = close(&world).unwrap();
    assert_eq!(told.len(), 1_000);
    assert!(told.iter().all(|told| told.id != -1), "none was given up");
    // In order: each start, then its stop, and so on.
    let mut order = Vec::new();
    for sent in &world.sent[before..] {
        let place = (sent.action.clone(), sent.payload["idTag"].clone());
        if sent.action.ends_with("Transaction") && order.last() != Some(&place) {
            order.push(place);
        }
    }
    let expected = (0..1_000).flat_map(|number| {
        ["StartTransaction", "StopTransaction"]
            .map(|action| (action.to_owned(), json!(tag(number))))
    });
    assert_eq!(order, expected.collect::<Vec<_>>());
    let sent = world.sent[before..].iter();
    let messages = sent
        .filter(|sent| sent.action.ends_with("Transaction"))
        .count();
    assert_eq!(messages, 2_000 + 2_000 / 50, "those that failed went twice");
    println!(
        "{entries} entries with {bytes} bytes; an instance starts on them in {start:?}; {messages} messages \
         delivered in {} s of virtual time ({:.1} a second, 200 ms per answer), {} events, {processor:?} of ours",
        took / 1000,
        messages as f64 * 1000.0 / took as f64,
        world.events - events
    );
}

#[test]
fn when_many_wait_values_in_the_middle_go_first() {
    let [mut world, _] = fixed(&[OFFLINE, ("MeterValueSampleInterval", "1")]);
    world.set_online(false);
    charge(&mut world, "TAG1");
    world.run(30_000_000);
    let waiting: u64 = world.shows(0, "queue").parse().unwrap();
    assert!((2_500..=5_200).contains(&waiting), "{waiting}");
    leave(&mut world, "TAG1");
    charge(&mut world, "TAG2");
    leave(&mut world, "TAG2");
    world.set_online(true);
    while world.shows(0, "queue") != "0" {
        world.run(10_000);
    }
    assert_eq!(close(&world).unwrap().len(), 2);
    let stamp = |sent: &plugpoint_ocpp_world::Sent| {
        sent.payload["meterValue"][0]["timestamp"].as_str().unwrap()[..19].to_owned()
    };
    let values: Vec<_> = world
        .all("MeterValues")
        .into_iter()
        .filter(|sent| sent.payload["transactionId"] == 1001)
        .collect();
    assert_eq!(
        stamp(values[0]),
        "2026-11-22T12:00:02",
        "the first value stays"
    );
    assert!(
        stamp(values[values.len() - 1]).as_str() >= "2026-11-22T20:20:02",
        "and the last"
    );
}

#[test]
fn data_of_a_transaction_is_bounded_and_keeps_its_ends() {
    for mut world in fixed(&[
        ("MeterValueSampleInterval", "10"),
        (
            "StopTxnSampledData",
            "Energy.Active.Import.Register,Voltage.L1-N",
        ),
    ]) {
        charge(&mut world, "TAG1");
        world.run(600_000);
        leave(&mut world, "TAG1");
        let data = world.last("StopTransaction").payload["transactionData"].clone();
        let data = data.as_array().unwrap();
        assert!((4..=10).contains(&data.len()), "{}", data.len());
        let context = |at: usize| {
            data[at]["sampledValue"][0]["context"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(context(0), "Transaction.Begin");
        assert_eq!(context(1), "Sample.Periodic");
        assert_eq!(context(data.len() - 1), "Transaction.End");
        assert_eq!(data[0]["sampledValue"][1]["phase"], "L1-N");
        assert_eq!(data[0]["sampledValue"][1]["value"], "230");
    }
}

#[test]
fn damaged_entries_are_left_out() {
    let [mut world, _] = fixed(&[OFFLINE]);
    world.set_online(false);
    charge(&mut world, "TAG1");
    leave(&mut world, "TAG1");
    charge(&mut world, "TAG2");
    let keys: Vec<String> = world.flash.keys().map(str::to_owned).collect();
    for key in keys {
        for damage in [
            &b""[..],
            b"{",
            b"\xff\xfe",
            b"[1,2,3]",
            b"\"x\"",
            b"null",
            b"-1",
            b"{\"next\":\"x\"}",
        ] {
            if key == "schema" {
                continue;
            }
            let mut hurt = World::new(plugpoint_ocpp_world::Settings::default());
            hurt.flash = world.flash.clone();
            hurt.flash.memory_mut().get_mut(&key).unwrap().value = damage.to_vec();
            hurt.replace_instance(BootReason::Recovery, None);
            hurt.run(20_000);
            hurt.set_online(true);
            hurt.plug(1);
            hurt.card("TAG3");
            hurt.run(20_000);
            hurt.unplug(1);
            hurt.run(20_000);
        }
    }
    audit(&world).unwrap();
}

#[test]
fn a_stop_is_never_too_large_to_send() {
    let measurands =
        "Current.Import,Voltage,Power.Active.Import,Energy.Active.Import.Register,Current.Offered";
    let keys = [
        ("MeterValueSampleInterval", "10"),
        ("StopTxnSampledData", measurands),
        ("StopTransactionMaxMeterValues", "1000"),
    ];
    for mut world in fixed(&keys) {
        charge(&mut world, "TAG1");
        world.run(9_000_000);
        leave(&mut world, "TAG1");
        let stop = world.last("StopTransaction").payload.clone();
        let data = stop["transactionData"].as_array().unwrap();
        assert!(data.len() > 20, "{}", data.len());
        assert!(
            stop.to_string().len() < 65_000,
            "{}",
            stop.to_string().len()
        );
        assert_eq!(data[0]["sampledValue"][0]["context"], "Transaction.Begin");
        assert_eq!(
            data[data.len() - 1]["sampledValue"][0]["context"],
            "Transaction.End"
        );
    }
}
