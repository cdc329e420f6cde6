//! Clocks that are wrong and are set: time within a transaction never goes back.

use plugpoint_ocpp_world::{Reply, Settings, World, audit, close};
use serde_json::{Value, json};

use crate::{charge, fixed, leave, now_of, time_of};

const HOUR_MS: i64 = 3_600_000;

fn wrong_by(clock_off_ms: i64, ocpp: &[(&str, &str)]) -> [World; 2] {
    [false, true].map(|amnesia| {
        let mut world = World::new(Settings {
            clock_off_ms,
            amnesia,
            ocpp: ocpp
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Settings::default()
        });
        // Nobody has told it yet.
        world.set_online(false);
        world
    })
}

fn told_at(payload: &Value) -> i64 {
    time_of(payload["timestamp"].as_str().unwrap())
}

fn values_at(world: &World, context: &str) -> Vec<i64> {
    let values = world.all("MeterValues").into_iter();
    values
        .map(|sent| &sent.payload["meterValue"][0])
        .filter(|value| value["sampledValue"][0]["context"] == context)
        .map(told_at)
        .collect()
}

fn near(a: i64, b: i64) -> bool {
    (a - b).abs() <= 1_100
}

const OFFLINE: [(&str, &str); 3] = [
    ("AllowOfflineTxForUnknownId", "true"),
    ("MeterValueSampleInterval", "60"),
    ("StopTxnSampledData", "Energy.Active.Import.Register"),
];

#[test]
fn what_was_noted_by_a_wrong_clock_is_told_with_the_right_time() {
    for off in [2 * HOUR_MS, -2 * HOUR_MS, 20_000] {
        for mut world in wrong_by(off, &OFFLINE) {
            let started = now_of(&world);
            charge(&mut world, "TAG1");
            world.run(150_000);
            world.set_online(true);
            world.run(40_000);
            let ended = now_of(&world);
            leave(&mut world, "TAG1");
            let start = told_at(&world.last("StartTransaction").payload);
            let stop = world.last("StopTransaction").payload.clone();
            assert!(near(start, started), "{off}: {start} {started}");
            assert!(near(told_at(&stop), ended), "{off}");
            let data = stop["transactionData"].as_array().unwrap();
            assert!(near(told_at(&data[0]), started));
            let values = values_at(&world, "Sample.Periodic");
            let passed: Vec<i64> = values.iter().map(|at| (at - start) / 1000).collect();
            assert_eq!(passed, [60, 120, 180]);
            close(&world).unwrap();
        }
    }
}

#[test]
fn whole_sessions_that_waited_are_told_with_the_right_time() {
    for mut world in wrong_by(2 * HOUR_MS, &OFFLINE) {
        let mut began = Vec::new();
        for tag in ["TAG1", "TAG2"] {
            began.push(now_of(&world));
            charge(&mut world, tag);
            world.run(100_000);
            leave(&mut world, tag);
        }
        world.set_online(true);
        world.run(10_000);
        let starts = world.all("StartTransaction");
        for (sent, began) in starts.iter().zip(began) {
            assert!(near(told_at(&sent.payload), began), "{}", sent.payload);
        }
        close(&world).unwrap();
    }
}

#[test]
fn a_message_that_was_sent_once_keeps_its_time() {
    for mut world in fixed(&[("TransactionMessageRetryInterval", "10")]) {
        world
            .central
            .plan("StartTransaction", Reply::Error("InternalError"));
        charge(&mut world, "TAG1");
        world.shift_clock(-2 * HOUR_MS);
        world.run(30_000);
        let starts = world.all("StartTransaction");
        assert_eq!(starts.len(), 2);
        assert_eq!(starts[0].payload, starts[1].payload);
        leave(&mut world, "TAG1");
        close(&world).unwrap();
    }
}

fn set_heartbeat(world: &mut World) {
    let change = json!({"key": "HeartbeatInterval", "value": "20"});
    world.call("ChangeConfiguration", change);
}

#[test]
fn time_does_not_go_back_in_a_transaction_when_the_central_system_s_does() {
    for back in [HOUR_MS, 13_000, 2_000] {
        let keys = [("MeterValueSampleInterval", "60"), OFFLINE[2]];
        for mut world in fixed(&keys) {
            set_heartbeat(&mut world);
            charge(&mut world, "TAG1");
            world.run(90_000);
            world.central.clock_off_ms = -back;
            world.run(200_000);
            leave(&mut world, "TAG1");
            close(&world).unwrap();
            let start = told_at(&world.last("StartTransaction").payload);
            let stop = told_at(&world.last("StopTransaction").payload);
            let lasted = stop - start;
            // A small step is followed slowly, a large one not before the end.
            let expected = 292_000 - if back < 60_000 { back } else { 0 };
            assert!(
                (expected - 1_500..=293_000).contains(&lasted),
                "{back}: {lasted}"
            );
            charge(&mut world, "TAG2");
            let next = told_at(&world.last("StartTransaction").payload);
            let truth = now_of(&world) - back;
            assert!((next - truth).abs() < 4_000, "{next} {truth}");
            leave(&mut world, "TAG2");
        }
    }
}

#[test]
fn no_point_of_the_grid_is_told_twice() {
    for back in [13_000, 70_000] {
        for mut world in fixed(&[("ClockAlignedDataInterval", "60")]) {
            set_heartbeat(&mut world);
            world.run(60_500);
            assert_eq!(values_at(&world, "Sample.Clock").len(), 1);
            world.central.clock_off_ms = -back;
            world.run(300_000);
            let mut told = values_at(&world, "Sample.Clock");
            let count = told.len();
            told.dedup();
            assert_eq!(told.len(), count);
            assert!(count >= 4, "{told:?}");
            assert!(told.is_sorted(), "{told:?}");
            assert!(told.iter().all(|at| at % 60_000 == 0), "{told:?}");
            audit(&world).unwrap();
        }
    }
}

#[test]
fn points_of_the_grid_that_were_missed_are_left_out() {
    for mut world in wrong_by(-2 * HOUR_MS, &[("ClockAlignedDataInterval", "600")]) {
        world.run(100_000);
        world.set_online(true);
        world.run(900_000);
        let told = values_at(&world, "Sample.Clock");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0] >= 12 * HOUR_MS, "{told:?}");
        // In one step, by a heartbeat.
        set_heartbeat(&mut world);
        world.central.clock_off_ms = 2 * HOUR_MS;
        world.run(100_000);
        let told = values_at(&world, "Sample.Clock");
        let late = now_of(&world) + 2 * HOUR_MS - 110_000;
        assert!(told[1..].iter().all(|at| *at >= late), "{told:?}");
    }
}
