//! A whole session with hardware at the other end of lines: the card lies on a
//! PN532, the energy is what a Modbus meter counts. Then the meter vanishes.

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config};
use plugpoint_tests::hardware::Pty;
use plugpoint_tests::hardware::chip::Chip;
use plugpoint_tests::hardware::pymodbus::PyMeter;
use serde_json::{Value, json};
use toml::Table;

use crate::stage::tcp;

const UID: [u8; 4] = [0x04, 0xA1, 0xB2, 0xC3];

/// What an SDM72 says: kWh and W.
fn registers(kwh: f64, watts: f64) -> [Value; 3] {
    [(0x48, kwh), (0x4A, 0.0), (0x34, watts)].map(|(address, value)| {
        json!({"function": "input", "address": address, "type": "f32", "value": value})
    })
}

#[test]
fn a_card_a_car_and_a_meter_that_vanishes() {
    let mut meter = PyMeter::tcp(None);
    meter.set(&registers(1000.0, 0.0));
    let line = Pty::new().expect("a line");
    let mut reader = Table::new();
    // Shown again soon, it is to count again.
    reader.insert("debounce_ms".into(), 100.into());
    reader.insert("driver".into(), "pn532".into());
    reader.insert(
        "path".into(),
        line.path().to_string_lossy().into_owned().into(),
    );
    reader.insert("connectors".into(), toml::Value::Array(vec![1.into()]));
    let chip = Chip::new(line);

    let central = CentralSystem::start().expect("a central system");
    let config = Config::new(central.url())
        .ocpp("MeterValueSampleInterval", "1")
        .ocpp(
            "MeterValuesSampledData",
            "Energy.Active.Import.Register,Power.Active.Import",
        )
        .meter(1, tcp(meter.place(), "sdm72"))
        .reader(reader);
    let (_site, charger) = Charger::start(&config).expect("a charger");
    central.expect_status(1, "Available");

    charger.control().plug(1).expect("a car");
    central.expect_status(1, "Preparing");
    chip.card(Some(&UID));
    let start = central.expect("StartTransaction", |p| p["idTag"] == "04A1B2C3");
    assert_eq!(start.payload["meterStart"], 1_000_000);
    charger.wait_contactor(1, "closed");
    central.expect_status(1, "Charging");
    chip.card(None);

    // 4.25 kWh later, with 11 kW flowing.
    meter.set(&registers(1004.25, 11_000.0));
    let values = central.expect("MeterValues", |p| {
        p["meterValue"][0]["sampledValue"][0]["value"] == "1004250"
    });
    let sampled = values.payload["meterValue"][0]["sampledValue"]
        .as_array()
        .expect("values");
    let power = sampled
        .iter()
        .find(|it| it["measurand"] == "Power.Active.Import");
    assert_eq!(
        power.map(|it| &it["value"]),
        Some(&json!("11000")),
        "{sampled:?}"
    );

    // The meter vanishes: nothing flows that nobody counts.
    let port = meter.port();
    drop(meter);
    let fault = central.expect("StatusNotification", |p| {
        p["errorCode"] == "PowerMeterFailure"
    });
    assert_eq!(fault.payload["status"], "Faulted");
    let connector = charger.wait_contactor(1, "open");
    assert_eq!(connector["register_wh"], 1_004_250.0);
    assert_eq!(connector["register_stale"], true);

    // It comes back, and the same transaction goes on.
    let mut meter = PyMeter::tcp(Some(port));
    meter.set(&registers(1004.5, 0.0));
    central.expect("StatusNotification", |p| {
        p["errorCode"] == "NoError" && p["status"] == "Charging"
    });
    charger.wait_contactor(1, "closed");
    chip.card(Some(&UID));
    let stop = central.expect_any("StopTransaction");
    assert_eq!(stop.payload["meterStop"], 1_004_500);
    assert_eq!(stop.payload["idTag"], "04A1B2C3");
}
