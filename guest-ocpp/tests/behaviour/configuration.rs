//! Configuration keys: what they may be set to, and what is told of them.

use plugpoint_guest::protocol::{Measurement, Quantity};
use plugpoint_ocpp_world::{Settings, World};
use serde_json::{Value, json};

use crate::{charge, fixed};

fn change(world: &mut World, key: &str, value: &str) -> Value {
    let change = json!({"key": key, "value": value});
    world.call("ChangeConfiguration", change)["status"].clone()
}

#[test]
fn an_empty_list_of_measurands_means_the_register() {
    let keys = [
        ("MeterValuesSampledData", ""),
        ("MeterValuesAlignedData", ""),
        ("MeterValueSampleInterval", "10"),
        ("ClockAlignedDataInterval", "60"),
    ];
    for mut world in fixed(&keys) {
        charge(&mut world, "TAG1");
        world.run(61_000);
        for context in ["Sample.Periodic", "Sample.Clock"] {
            let told = world.all("MeterValues").into_iter().any(|sent| {
                let value = &sent.payload["meterValue"][0]["sampledValue"][0];
                value["context"] == context && value["measurand"] == "Energy.Active.Import.Register"
            });
            assert!(told, "{context}");
        }
        let kept = world.call(
            "GetConfiguration",
            json!({"key": ["MeterValuesSampledData"]}),
        );
        assert_eq!(kept["configurationKey"][0]["value"], "");
    }
}

#[test]
fn a_measurand_or_phase_that_the_meter_lacks_is_rejected_from_the_first_second() {
    for silent in [false, true] {
        for mut world in fixed(&[]) {
            world.run(11_000);
            world.power_off();
            world.outlets[0].silent = silent;
            world.power_on();
            world.run(1_000);
            for (value, expected) in [
                ("Energy.Active.Import.Register", "Accepted"),
                ("Current.Import", "Accepted"),
                ("Current.Import.L2", "Accepted"),
                ("Voltage.L1-N", "Accepted"),
                ("Voltage.L1", "Rejected"),
                ("Current.Import.N", "Rejected"),
                ("Power.Active.Import", "Accepted"),
                ("Power.Active.Import.L1", "Rejected"),
                ("SoC", "Rejected"),
            ] {
                assert_eq!(
                    change(&mut world, "MeterValuesSampledData", value),
                    expected,
                    "{value}, silent: {silent}"
                );
            }
        }
    }
}

#[test]
fn nothing_but_the_register_is_taken_for_a_meter_that_was_never_read() {
    let mut world = World::new(Settings::default());
    world.outlets[0].silent = true;
    // As a charger that never ran before.
    world.power_off();
    world.flash = Default::default();
    world.power_on();
    world.run(1_000);
    let key = "MeterValuesSampledData";
    assert_eq!(change(&mut world, key, "SoC"), "Rejected");
    assert_eq!(change(&mut world, key, "Current.Import"), "Rejected");
    assert_eq!(
        change(&mut world, key, "Energy.Active.Import.Register"),
        "Accepted"
    );
    world.outlets[0].silent = false;
    world.plug(1);
    world.run(1_000);
    assert_eq!(change(&mut world, key, "Current.Import"), "Accepted");
}

#[test]
fn keys_of_ours_are_in_the_full_list() {
    for mut world in fixed(&[]) {
        let all = world.call("GetConfiguration", json!({}));
        let all = all["configurationKey"].as_array().unwrap();
        for name in ["PlugpointBootOnReconnect", "PlugpointFreeVendIdTag"] {
            assert!(all.iter().any(|item| item["key"] == name), "{name}");
        }
        assert!(all.iter().all(|item| item["key"] != "AuthorizationKey"));
    }
}

#[test]
fn temperatures_are_told_in_the_word_that_all_schemas_take() {
    for mut world in fixed(&[("MeterValueSampleInterval", "10")]) {
        world.outlets[0].extra.push(Measurement {
            quantity: Quantity::Temperature,
            phase: None,
            milli: 31_500,
        });
        charge(&mut world, "TAG1");
        assert_eq!(
            change(&mut world, "MeterValuesSampledData", "Temperature"),
            "Accepted"
        );
        world.run(11_000);
        let value = &world.last("MeterValues").payload["meterValue"][0]["sampledValue"][0];
        assert_eq!(value["unit"], "Celcius");
        assert_eq!(value["value"], "31.5");
    }
}
