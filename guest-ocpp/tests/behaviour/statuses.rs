//! The status of a connector where it is not obvious (OCPP 1.6, 4.9).

use plugpoint_guest::protocol::{Attributes, Cable, FaultKind, LinkFailure, Verdict};
use plugpoint_ocpp_world::World;
use serde_json::{Value, json};

use crate::{charge, fixed, leave, worlds};

/// Status, error and info of each report of a connector since the last time.
fn told(world: &World, connector: u32, since_ms: u64) -> Vec<[String; 3]> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = world.all("StatusNotification").into_iter();
    all.filter(|sent| sent.at_ms > since_ms && sent.payload["connectorId"] == connector)
        .map(|sent| {
            let payload = &sent.payload;
            [
                word(&payload["status"]),
                word(&payload["errorCode"]),
                word(&payload["info"]),
            ]
        })
        .collect()
}

fn row(status: &str, error: &str, info: &str) -> [String; 3] {
    [status.to_owned(), error.to_owned(), info.to_owned()]
}

/// A limit that no pilot can offer is the charger's doing, not the car's.
#[test]
fn a_car_that_is_offered_too_little_is_suspended_by_the_charger() {
    for limit_ma in [3_000, 5_999] {
        for mut world in fixed(&[]) {
            let attributes = Attributes {
                limit_ma: Some(limit_ma),
                ..Attributes::default()
            };
            world
                .verdicts
                .insert("TAG1".to_owned(), Verdict::Accept(attributes));
            charge(&mut world, "TAG1");
            world.run(20_000);
            assert_eq!(world.shows(1, "status"), "SuspendedEVSE");
            assert_eq!(world.outlets[0].closings, 0);
            leave(&mut world, "TAG1");
        }
    }
}

#[test]
fn what_is_wrong_with_the_car_s_words_is_a_warning() {
    let kind = FaultKind::VehicleCommunication;
    for mut world in fixed(&[]) {
        world.set_fault(1, Some(kind));
        world.run(1_000);
        assert_eq!(world.news(), [""; 0], "there is no car");
        world.plug(1);
        world.run(1_000);
        let ms = world.ms;
        assert_eq!(
            told(&world, 1, ms - 1_000),
            [row("Preparing", "EVCommunicationError", "")]
        );
        world.card("TAG1");
        world.run(10_000);
        let told_then = told(&world, 1, ms);
        assert_eq!(
            told_then.last(),
            Some(&row("SuspendedEV", "EVCommunicationError", "")),
            "{told_then:?}"
        );
        world.set_fault(1, None);
        world.run(2_000);
        let last = told(&world, 1, ms).pop();
        assert_eq!(last, Some(row("Charging", "NoError", "")));
        assert!(world.all("StopTransaction").is_empty());
        leave(&mut world, "TAG1");
    }
}

#[test]
fn the_newest_fault_is_told_and_then_what_remains() {
    use FaultKind::{GroundFailure, OverTemperature, ReaderFailure};
    // The host has an order of its own, in which the new one may come first.
    for both in [
        [OverTemperature, GroundFailure],
        [GroundFailure, OverTemperature],
    ] {
        for mut world in fixed(&[]) {
            world.set_faults(1, &[GroundFailure]);
            world.run(1_000);
            world.set_faults(1, &both);
            world.run(1_000);
            world.set_faults(1, &[GroundFailure]);
            world.run(1_000);
            world.set_faults(1, &both);
            world.run(1_000);
            world.set_faults(1, &[OverTemperature, ReaderFailure]);
            world.run(1_000);
            world.set_faults(1, &[ReaderFailure]);
            world.run(1_000);
            world.set_faults(1, &[]);
            world.run(1_000);
            let ground = || row("Faulted", "GroundFailure", "");
            let hot = || row("Faulted", "HighTemperature", "");
            assert_eq!(
                told(&world, 1, 101_000),
                [
                    ground(),
                    hot(),
                    ground(),
                    hot(),
                    row("Faulted", "ReaderFailure", ""),
                    row("Available", "ReaderFailure", ""),
                    row("Available", "NoError", ""),
                ]
            );
        }
    }
}

#[test]
fn a_car_that_was_unplugged_at_its_end_is_told_as_such() {
    for mut world in worlds(&[Cable::Socket], &[]) {
        charge(&mut world, "TAG1");
        let ms = world.ms;
        world.unplug_car(1);
        world.run(2_000);
        let finishing = row("Finishing", "NoError", "EV side disconnected");
        assert_eq!(told(&world, 1, ms), [finishing]);
        world.unplug(1);
        charge(&mut world, "TAG2");
        let ms = world.ms;
        world.card("TAG2");
        world.run(2_000);
        assert_eq!(told(&world, 1, ms), [row("Finishing", "NoError", "")]);
    }
}

#[test]
fn a_cable_without_a_car_has_its_time_too() {
    for mut world in worlds(&[Cable::Socket], &[("ConnectionTimeOut", "20")]) {
        world.plug_cable(1);
        world.run(25_000);
        assert_eq!(world.news(), ["Status(1,Preparing)", "Status(1,Finishing)"]);
        // The car that comes at last has its own.
        world.plug(1);
        world.run(10_000);
        assert_eq!(world.news(), ["Status(1,Preparing)"]);
        world.card("TAG1");
        world.run(2_000);
        assert_eq!(world.outlets[0].closings, 1);
    }
}

#[test]
fn what_is_wrong_everywhere_is_wrong_with_the_charger() {
    for mut world in worlds(&[Cable::Fixed, Cable::Fixed], &[]) {
        world.set_fault(1, Some(FaultKind::EmergencyStop));
        world.run(1_000);
        assert_eq!(world.news(), ["Status(1,Faulted)"]);
        world.set_fault(2, Some(FaultKind::EmergencyStop));
        world.run(1_000);
        assert_eq!(world.news(), ["Status(0,Faulted)", "Status(2,Faulted)"]);
        let whole = told(&world, 0, world.ms - 1_000);
        assert_eq!(whole, [row("Faulted", "OtherError", "")]);
        world.cut_link(LinkFailure::Closed);
        world.run(3_000);
        world.news();
        world.set_fault(2, None);
        world.run(1_000);
        assert_eq!(world.news(), ["Status(0,Available)", "Status(2,Available)"]);
    }
}

#[test]
fn a_connector_that_prepares_becomes_unavailable_by_way_of_available() {
    for plugged in [false, true] {
        for mut world in fixed(&[]) {
            if plugged {
                world.plug(1);
            } else {
                world.card("TAG1");
            }
            world.run(1_000);
            world.news();
            let order = json!({"connectorId": 1, "type": "Inoperative"});
            world.call("ChangeAvailability", order);
            world.run(1_000);
            assert_eq!(
                world.news(),
                ["Status(1,Available)", "Status(1,Unavailable)"]
            );
        }
    }
}

/// Errata 3.14.
#[test]
fn aligned_data_alone_has_begin_and_end_too() {
    for mut world in fixed(&[
        (
            "StopTxnAlignedData",
            "Energy.Active.Import.Register,Voltage.L1-N",
        ),
        ("ClockAlignedDataInterval", "60"),
    ]) {
        charge(&mut world, "TAG1");
        world.run(120_000);
        leave(&mut world, "TAG1");
        let stop = world.last("StopTransaction");
        let data = stop.payload["transactionData"].as_array().unwrap();
        let contexts: Vec<_> = data
            .iter()
            .map(|value| value["sampledValue"][0]["context"].as_str().unwrap())
            .collect();
        assert_eq!(
            contexts,
            [
                "Transaction.Begin",
                "Sample.Clock",
                "Sample.Clock",
                "Transaction.End"
            ]
        );
        assert_eq!(data[0]["sampledValue"].as_array().unwrap().len(), 2);
    }
}

/// The contactor takes a moment to open, and the hour may strike then.
#[test]
fn a_value_of_the_grid_belongs_to_the_transaction_that_is_ending() {
    for mut world in fixed(&[("ClockAlignedDataInterval", "60")]) {
        charge(&mut world, "TAG1");
        let to_grid = 60_000 - world.unix_ms().rem_euclid(60_000) as u64;
        world.run(to_grid - 100);
        world.card("TAG1");
        world.run(5_000);
        let start = world.last("StartTransaction").answer.clone().unwrap();
        let value = world.last("MeterValues");
        assert_eq!(value.payload["transactionId"], start["transactionId"]);
        let order: Vec<_> = world.sent.iter().map(|sent| &*sent.action).collect();
        let at = |action: &str| order.iter().rposition(|sent| *sent == action);
        assert!(at("MeterValues") < at("StopTransaction"), "{order:?}");
    }
}
