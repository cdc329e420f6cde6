//! What is told about connectors.

use plugpoint_guest::protocol::{Cable, FaultKind, Look};
use serde_json::json;

use crate::{charge, fixed, leave, worlds};

#[test]
fn a_car_that_pauses_is_suspended() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        world.set_wants(1, false);
        world.run(1_000);
        // An instance that begins between two events of one moment may see
        // the second before the first.
        assert_eq!(
            world.news().last().map(String::as_str),
            Some("Status(1,SuspendedEV)")
        );
        world.set_wants(1, true);
        world.run(1_000);
        assert_eq!(world.news(), ["Status(1,Charging)"]);
        leave(&mut world, "TAG1");
    }
}

#[test]
fn a_car_that_never_begins_is_suspended_after_a_while() {
    for mut world in fixed(&[]) {
        world.outlets[0].wants = false;
        charge(&mut world, "TAG1");
        assert_eq!(world.shows(1, "status"), "Preparing");
        world.run(5_000);
        assert_eq!(world.news(), ["Status(1,SuspendedEV)"]);
    }
}

#[test]
fn a_car_that_nobody_shows_a_card_for_is_finishing_after_the_time_out() {
    for mut world in fixed(&[("ConnectionTimeOut", "20")]) {
        world.plug(1);
        world.run(25_000);
        assert_eq!(world.news(), ["Status(1,Preparing)", "Status(1,Finishing)"]);
        world.card("TAG1");
        world.run(2_000);
        let news = world.news();
        assert!(news.contains(&"Start(TAG1)".to_owned()), "{news:?}");
    }
}

#[test]
fn short_changes_are_kept_back_but_no_faults() {
    for mut world in fixed(&[("MinimumStatusDuration", "10")]) {
        world.plug(1);
        world.run(5_000);
        world.unplug(1);
        world.run(20_000);
        assert_eq!(world.news(), [""; 0]);
        world.plug(1);
        world.run(11_000);
        assert_eq!(world.news(), ["Status(1,Preparing)"]);
        world.set_fault(1, Some(FaultKind::OverTemperature));
        world.run(100);
        assert_eq!(world.news(), ["Status(1,Faulted)"]);
        assert_eq!(
            world.last("StatusNotification").payload["errorCode"],
            "HighTemperature"
        );
    }
}

#[test]
fn after_an_outage_the_present_is_told_and_no_history() {
    for mut world in fixed(&[]) {
        world.set_online(false);
        world.plug(1);
        world.run(1_000);
        world.unplug(1);
        world.run(1_000);
        world.set_online(true);
        world.run(2_000);
        assert_eq!(world.news(), [""; 0], "as before");
        world.set_online(false);
        world.set_fault(1, Some(FaultKind::OverCurrent));
        world.run(1_000);
        world.set_online(true);
        world.run(2_000);
        assert_eq!(world.news(), ["Status(1,Faulted)"]);
    }
}

#[test]
fn emergency_stop_ends_the_transaction() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        world.set_fault(1, Some(FaultKind::EmergencyStop));
        world.run(2_000);
        assert_eq!(
            world.news(),
            [
                "Stop(EmergencyStop)",
                "Status(0,Faulted)",
                "Status(1,Faulted)"
            ]
        );
    }
}

#[test]
fn a_fault_that_passes_lets_the_transaction_go_on() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        world.set_fault(1, Some(FaultKind::OverTemperature));
        world.run(2_000);
        world.set_fault(1, None);
        world.run(2_000);
        let news = world.news();
        assert_eq!(news.first().map(String::as_str), Some("Status(1,Faulted)"));
        assert_eq!(
            news.last().map(String::as_str),
            Some("Status(1,Charging)"),
            "{news:?}"
        );
        assert!(world.all("StopTransaction").is_empty());
    }
}

#[test]
fn a_warning_is_told_and_nothing_stops() {
    for mut world in fixed(&[]) {
        world.set_fault(1, Some(FaultKind::ReaderFailure));
        world.run(1_000);
        assert_eq!(world.news(), ["Status(1,Available)"]);
        assert_eq!(
            world.last("StatusNotification").payload["errorCode"],
            "ReaderFailure"
        );
    }
}

#[test]
fn values_of_all_phases_are_told() {
    for mut world in fixed(&[
        ("MeterValueSampleInterval", "10"),
        (
            "MeterValuesSampledData",
            "Current.Import,Voltage.L2-N,Power.Active.Import",
        ),
    ]) {
        charge(&mut world, "TAG1");
        world.run(10_000);
        let values = &world.last("MeterValues").payload["meterValue"][0]["sampledValue"];
        let seen: Vec<_> = values
            .as_array()
            .unwrap()
            .iter()
            .map(|v| {
                (
                    v["measurand"].clone(),
                    v["phase"].clone(),
                    v["unit"].clone(),
                    v["value"].clone(),
                )
            })
            .collect();
        let row =
            |m: &str, p: Option<&str>, u: &str, v: &str| (json!(m), json!(p), json!(u), json!(v));
        assert_eq!(
            seen,
            [
                row("Current.Import", Some("L1"), "A", "16"),
                row("Current.Import", Some("L2"), "A", "16"),
                row("Current.Import", Some("L3"), "A", "16"),
                row("Voltage", Some("L2-N"), "V", "230"),
                row("Power.Active.Import", None, "W", "11040"),
            ]
        );
    }
}

#[test]
fn a_refused_token_gets_as_much_energy_as_configured() {
    let keys = [
        ("AllowOfflineTxForUnknownId", "true"),
        ("StopTransactionOnInvalidId", "false"),
        ("MaxEnergyOnInvalidId", "500"),
    ];
    for mut world in fixed(&keys) {
        world
            .central
            .tags
            .insert("BAD".to_owned(), json!({"status": "Invalid"}));
        world.set_online(false);
        charge(&mut world, "BAD");
        world.set_online(true);
        world.run(5_000);
        let permit = world.outlets[0].state.permit.clone().unwrap();
        assert_eq!(permit.energy_limit_wh, Some(500));
        assert_eq!(world.news(), ["Start(BAD)", "Status(1,Charging)"]);
        world.run(600_000);
        assert_eq!(
            world.last("StatusNotification").payload["status"],
            "SuspendedEVSE"
        );
        assert!(
            (499_000..=502_000).contains(&world.outlets[0].delivered_mwh),
            "{}",
            world.outlets[0].delivered_mwh
        );
        assert!(world.all("StopTransaction").is_empty());
    }
}

#[test]
fn the_light_follows_status_and_keys() {
    for mut world in fixed(&[("BlinkRepeat", "5"), ("LightIntensity", "40")]) {
        assert_eq!(world.looks[&1], (Look::Available, 40, 5));
        charge(&mut world, "TAG1");
        assert_eq!(world.looks[&1], (Look::Charging, 40, 5));
        world.call(
            "ChangeConfiguration",
            json!({"key": "LightIntensity", "value": "0"}),
        );
        assert_eq!(world.looks[&1], (Look::Charging, 0, 5));
        world.card("STRANGER");
        assert_eq!(world.looks[&1].0, Look::Refused);
    }
}

#[test]
fn nothing_is_measured_at_connector_0_without_a_main_meter() {
    for mut world in worlds(
        &[Cable::Fixed, Cable::Socket],
        &[("ClockAlignedDataInterval", "60")],
    ) {
        charge(&mut world, "TAG1");
        world.run(180_000);
        let of = |connector: u32| {
            let sent = world.all("MeterValues").into_iter();
            let of_it = sent.filter(|sent| {
                let value = &sent.payload["meterValue"][0]["sampledValue"][0];
                sent.payload["connectorId"] == connector && value["context"] == "Sample.Clock"
            });
            of_it.count()
        };
        assert_eq!([of(0), of(1), of(2)], [0, 3, 3]);
    }
}
