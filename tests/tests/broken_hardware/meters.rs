//! A meter that is not there, and comes.

use plugpoint_tests::hardware::Pty;
use plugpoint_tests::hardware::crooked_meter::{CrookedMeter, PLAIN_MAP};

use crate::stage::{ONE, PATIENCE, TWO, device, stage};

#[test]
fn a_meter_that_is_not_there_keeps_only_its_own_outlet_from_charging() {
    let lines = [(); 2].map(|()| Pty::new().expect("a line"));
    let place = tempfile::tempdir().expect("a place");
    let missing = place.path().join("meter");
    let [late, there] = lines;
    let path = there.path().to_owned();
    let _there = CrookedMeter::rtu(5_000, there);
    let stage = stage([ONE, TWO], None, |config, site| {
        let map = site.file("map.toml");
        std::fs::write(&map, PLAIN_MAP).expect("a file");
        let meter = |path| {
            let mut meter = device("modbus-rtu", path);
            meter.insert("map".into(), map.to_string_lossy().into_owned().into());
            for (key, ms) in [
                ("poll_ms", 50),
                ("timeout_ms", 300),
                ("fault_after_ms", 500),
            ] {
                meter.insert(key.into(), ms.into());
            }
            meter
        };
        config.meter(1, meter(&missing)).meter(2, meter(&path))
    });
    stage.fault(
        1,
        ["Faulted", "PowerMeterFailure"],
        "meter-failure",
        "meter",
    );
    let words = format!("the meter (unit 1 on {})", missing.display());
    stage.one_message(&words);
    stage.charge(2, true);
    let status = stage.charger.connector(1);
    assert_eq!(status["meter"]["state"], "failing", "{status}");
    // However often it was tried meanwhile.
    stage.charger.wait_connector(1, "some attempts", |it| {
        it["meter"]["failures"]
            .as_u64()
            .is_some_and(|count| count >= 2)
    });
    stage.one_message(&words);

    late.link(&missing).expect("a link");
    let _late = CrookedMeter::rtu(7_000, late);
    stage.told(1, "Available", "NoError");
    let found = stage
        .charger
        .process()
        .wait_line("the meter answers again", PATIENCE);
    assert!(found.is_some(), "that it is back is said");
    stage.charge(1, true);
    let started = stage
        .central
        .expect("StartTransaction", |it| it["connectorId"] == 1);
    assert_eq!(started.payload["meterStart"], 7_000);
}
