//! Without the central system, and without power.

use guest_ocpp::host::{Cable, Event};
use serde_json::json;

use crate::{Bench, charge};

pub fn tc_032_1(bench: Bench) {
    let mut world = bench.fixed();
    charge(&mut world, "TAG1");
    world.push(Event::PowerFailing(2_000));
    world.run(1_000);
    assert_eq!(world.news(), ["Stop(PowerLoss)", "Status(1,Finishing)"]);
    world.power_cycle();
    world.run(3_000);
    assert_eq!(
        world.news(),
        ["Boot", "Status(0,Available)", "Status(1,Preparing)"]
    );
}

pub fn tc_032_2(bench: Bench) {
    let mut world = bench.fixed();
    charge(&mut world, "TAG1");
    world.run(65_000);
    world.news();
    world.power_cycle();
    world.run(3_000);
    assert_eq!(
        world.news(),
        [
            "Boot",
            "Stop(PowerLoss)",
            "Status(0,Available)",
            "Status(1,Preparing)"
        ]
    );
    let stop = world.last("StopTransaction").payload["meterStop"]
        .as_u64()
        .unwrap();
    assert_eq!(stop, world.outlets[0].register_mwh / 1000);
}

pub fn tc_036(bench: Bench) {
    let mut world = bench.idle(Cable::Fixed, &[("MeterValueSampleInterval", "10")]);
    charge(&mut world, "TAG1");
    world.run(10_000);
    world.set_online(false);
    world.run(40_000);
    world.set_online(true);
    world.run(10_000);
    let stamps: Vec<String> = world
        .all("MeterValues")
        .iter()
        .map(|sent| sent.payload["meterValue"][0]["timestamp"].as_str().unwrap()[17..19].to_owned())
        .collect();
    assert_eq!(stamps.len(), 6, "{stamps:?}");
    let seconds: Vec<i32> = stamps.iter().map(|stamp| stamp.parse().unwrap()).collect();
    assert!(
        seconds
            .windows(2)
            .all(|pair| (pair[1] - pair[0]).rem_euclid(60) == 10),
        "{seconds:?}"
    );
    assert_eq!(
        world.all("BootNotification").len(),
        1,
        "no boot on a mere reconnect"
    );
}

const OFFLINE: [(&str, &str); 2] = [
    ("AllowOfflineTxForUnknownId", "true"),
    ("MaxEnergyOnInvalidId", "0"),
];

pub fn tc_037_1(bench: Bench) {
    let mut world = bench.idle(Cable::Fixed, &OFFLINE);
    world.set_online(false);
    world.plug(1);
    world.card("TAG1");
    world.run(20_000);
    assert_eq!(world.outlets[0].closings, 1);
    world.set_online(true);
    world.run(3_000);
    assert_eq!(world.news(), ["Start(TAG1)", "Status(1,Charging)"]);
    assert_eq!(
        world.last("StartTransaction").payload["timestamp"],
        "2026-11-22T12:00:01.000Z"
    );
}

pub fn tc_037_2(bench: Bench) {
    let mut world = bench.idle(
        Cable::Fixed,
        &[
            OFFLINE[0],
            OFFLINE[1],
            ("StopTransactionOnInvalidId", "false"),
        ],
    );
    world
        .central
        .tags
        .insert("BAD".to_owned(), json!({"status": "Invalid"}));
    world.set_online(false);
    world.plug(1);
    world.card("BAD");
    world.run(20_000);
    world.set_online(true);
    world.run(3_000);
    assert_eq!(
        world.news(),
        [
            "Start(BAD)",
            "Status(1,Charging)",
            "Status(1,SuspendedEVSE)"
        ]
    );
    world.run(30_000);
    assert_eq!(world.all("StopTransaction").len(), 0);
}

pub fn tc_037_3(bench: Bench) {
    let mut world = bench.idle(Cable::Fixed, &OFFLINE);
    world
        .central
        .tags
        .insert("BAD".to_owned(), json!({"status": "Invalid"}));
    world.set_online(false);
    world.plug(1);
    world.card("BAD");
    world.run(20_000);
    world.set_online(true);
    world.run(3_000);
    assert_eq!(
        world.news(),
        [
            "Start(BAD)",
            "Status(1,Charging)",
            "Stop(DeAuthorized)",
            "Status(1,Finishing)"
        ]
    );
}

pub fn tc_038(bench: Bench) {
    let mut world = bench.fixed();
    charge(&mut world, "TAG1");
    world.set_online(false);
    world.run(10_000);
    world.card("TAG1");
    world.run(10_000);
    world.set_online(true);
    world.run(3_000);
    assert_eq!(world.news(), ["Stop(Local)", "Status(1,Finishing)"]);
    assert_eq!(world.last("StopTransaction").payload["transactionId"], 1001);
}

pub fn tc_039(bench: Bench) {
    let mut world = bench.idle(Cable::Fixed, &OFFLINE);
    world.set_online(false);
    world.plug(1);
    world.card("TAG1");
    world.run(20_000);
    world.card("TAG1");
    world.run(2_000);
    world.unplug(1);
    world.run(2_000);
    world.set_online(true);
    world.run(3_000);
    assert_eq!(
        world.news(),
        ["Start(TAG1)", "Stop(Local)"],
        "no history of statuses"
    );
    assert_eq!(world.last("StopTransaction").payload["transactionId"], 1001);
}
