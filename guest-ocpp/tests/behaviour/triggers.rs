//! What the central system asks to be told now.

use plugpoint_guest::protocol::Cable;
use plugpoint_ocpp_world::{Reply, Settings, World};
use serde_json::{Value, json};

use crate::{charge, fixed, worlds};

fn trigger(world: &mut World, message: &str) -> Value {
    world.call("TriggerMessage", json!({"requestedMessage": message}))
}

fn trigger_of(world: &mut World, message: &str, connector: i64) -> Value {
    let request = json!({"requestedMessage": message, "connectorId": connector});
    world.call("TriggerMessage", request)
}

/// Not accepted yet.
fn pending(ocpp: &[(&str, &str)], interval: u32) -> [World; 2] {
    [false, true].map(|amnesia| {
        let mut world = World::new(Settings {
            amnesia,
            ocpp: ocpp
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Settings::default()
        });
        let later = json!({
            "status": "Pending", "currentTime": "2026-11-22T12:00:00Z", "interval": interval,
        });
        world
            .central
            .always("BootNotification", Reply::Result(later));
        world.run(1_000);
        assert_eq!(world.news(), ["Boot"]);
        world
    })
}

#[test]
fn the_answer_goes_first() {
    for mut world in fixed(&[]) {
        for message in ["Heartbeat", "StatusNotification", "MeterValues"] {
            let (calls, answers) = (world.sent.len(), world.answers.len());
            let answer = trigger_of(&mut world, message, 1);
            assert_eq!(answer["status"], "Accepted", "{message}");
            world.run(3_000);
            let told = &world.sent[calls..];
            assert_eq!(told.len(), 1, "{message}: {told:?}");
            assert_eq!(told[0].action, message);
            assert_eq!(told[0].behind_answers, answers + 1, "{message}");
        }
    }
}

#[test]
fn without_a_connector_it_is_about_all() {
    for mut world in worlds(&[Cable::Fixed, Cable::Fixed], &[]) {
        trigger(&mut world, "StatusNotification");
        trigger(&mut world, "MeterValues");
        world.run(3_000);
        assert_eq!(
            world.news(),
            [
                "Status(0,Available)",
                "Status(1,Available)",
                "Status(2,Available)",
                "MeterValues",
                "MeterValues",
            ]
        );
        let connectors: Vec<_> = world
            .all("MeterValues")
            .iter()
            .map(|sent| sent.payload["connectorId"].clone())
            .collect();
        assert_eq!(connectors, [1, 2]);
        trigger_of(&mut world, "StatusNotification", 0);
        trigger_of(&mut world, "StatusNotification", 2);
        world.run(1_000);
        assert_eq!(world.news(), ["Status(0,Available)", "Status(2,Available)"]);
    }
}

#[test]
fn a_connector_that_there_is_not_is_rejected_where_it_matters() {
    for mut world in fixed(&[]) {
        for (message, connector, word) in [
            ("MeterValues", 2, "Rejected"),
            ("MeterValues", -1, "Rejected"),
            // There is no meter of the charger as a whole.
            ("MeterValues", 0, "Rejected"),
            ("StatusNotification", 2, "Rejected"),
            ("Heartbeat", 99, "Accepted"),
            ("FirmwareStatusNotification", 99, "Accepted"),
            ("Horoscope", 1, "NotImplemented"),
            ("TriggerMessage", 1, "NotImplemented"),
        ] {
            let answer = trigger_of(&mut world, message, connector);
            assert_eq!(answer["status"], word, "{message} {connector}");
        }
        world.run(3_000);
        assert_eq!(world.news(), ["Heartbeat", "FirmwareStatusNotification"]);
    }
}

#[test]
fn each_way_of_being_wrong_has_its_code() {
    for mut world in fixed(&[]) {
        for (request, code) in [
            (json!({}), "OccurenceConstraintViolation"),
            (json!({"requestedMessage": 1}), "TypeConstraintViolation"),
            (
                json!({"requestedMessage": "Heartbeat", "connectorId": "1"}),
                "TypeConstraintViolation",
            ),
        ] {
            assert_eq!(world.call("TriggerMessage", request), code);
        }
        world.run(1_000);
        assert_eq!(world.news(), [""; 0]);
    }
}

#[test]
fn values_have_their_context_and_a_transaction_only_while_one_runs() {
    for mut world in fixed(&[(
        "MeterValuesSampledData",
        "Energy.Active.Import.Register,Voltage",
    )]) {
        let values = |world: &mut World| {
            trigger_of(world, "MeterValues", 1);
            world.run(2_000);
            world.last("MeterValues").payload.clone()
        };
        let idle = values(&mut world);
        assert_eq!(idle.get("transactionId"), None);
        charge(&mut world, "TAG1");
        let running = values(&mut world);
        assert_eq!(running["transactionId"], 1001);
        let sampled = &running["meterValue"][0]["sampledValue"];
        let of = |key: &str| -> Vec<String> {
            let values = sampled.as_array().unwrap().iter();
            values
                .map(|value| value[key].as_str().unwrap_or_default().to_owned())
                .collect()
        };
        assert!(of("context").iter().all(|context| context == "Trigger"));
        assert_eq!(
            of("measurand").first().map(String::as_str),
            Some("Energy.Active.Import.Register")
        );
        world.card("TAG1");
        world.run(2_000);
        assert_eq!(values(&mut world).get("transactionId"), None);
    }
}

#[test]
fn a_queue_that_waits_holds_nothing_up() {
    for mut world in fixed(&[]) {
        world
            .central
            .always("StartTransaction", Reply::Error("InternalError"));
        charge(&mut world, "TAG1");
        world.run(10_000);
        world.news();
        trigger(&mut world, "MeterValues");
        trigger(&mut world, "Heartbeat");
        world.run(2_000);
        assert_eq!(world.news(), ["MeterValues", "Heartbeat"]);
        assert_eq!(
            world.last("MeterValues").payload.get("transactionId"),
            None,
            "the central system has not given it a number"
        );
    }
}

#[test]
fn a_status_that_was_asked_for_need_not_have_lasted() {
    for mut world in fixed(&[("MinimumStatusDuration", "60")]) {
        world.plug(1);
        world.run(1_000);
        assert_eq!(world.news(), [""; 0]);
        trigger_of(&mut world, "StatusNotification", 1);
        world.run(1_000);
        assert_eq!(world.news(), ["Status(1,Preparing)"]);
    }
}

#[test]
fn what_never_runs_is_idle() {
    for mut world in fixed(&[]) {
        for message in [
            "DiagnosticsStatusNotification",
            "FirmwareStatusNotification",
        ] {
            assert_eq!(trigger(&mut world, message)["status"], "Accepted");
            world.run(1_000);
            assert_eq!(world.last(message).payload, json!({"status": "Idle"}));
        }
    }
}

#[test]
fn while_pending_only_what_is_asked_for_is_said() {
    for mut world in pending(&[], 3_600) {
        world.plug(1);
        world.run(10_000);
        assert_eq!(world.news(), [""; 0]);
        trigger(&mut world, "StatusNotification");
        trigger(&mut world, "Heartbeat");
        world.run(10_000);
        assert_eq!(
            world.news(),
            ["Status(0,Available)", "Status(1,Preparing)", "Heartbeat"]
        );
    }
}

/// The boot has been sent and not answered: nothing else may be sent (4.2).
#[test]
fn before_the_boot_is_answered_nothing_can_be_asked_for() {
    for amnesia in [false, true] {
        let mut world = World::new(Settings {
            amnesia,
            ..Settings::default()
        });
        world.central.always("BootNotification", Reply::Silence);
        world.run(1_000);
        assert_eq!(world.news(), ["Boot"]);
        for message in ["Heartbeat", "StatusNotification", "BootNotification"] {
            assert_eq!(trigger(&mut world, message)["status"], "Rejected");
        }
        world.run(20_000);
        assert_eq!(world.news(), [""; 0]);
    }
}

#[test]
fn a_boot_can_be_asked_for_while_pending_and_not_later() {
    for mut world in pending(&[], 3_600) {
        assert_eq!(
            trigger(&mut world, "BootNotification")["status"],
            "Accepted"
        );
        world.run(1_000);
        assert_eq!(world.news(), ["Boot"], "long before the interval is over");
        world.central.relent("BootNotification");
        trigger(&mut world, "BootNotification");
        world.run(1_000);
        assert_eq!(
            world.news(),
            ["Boot", "Status(0,Available)", "Status(1,Available)"]
        );
        assert_eq!(
            trigger(&mut world, "BootNotification")["status"],
            "Rejected"
        );
        world.run(1_000);
        assert_eq!(world.news(), [""; 0]);
    }
}

#[test]
fn a_flood_is_bounded() {
    for mut world in fixed(&[]) {
        world.central.latency_ms = 60_000;
        let mut accepted = 0;
        for number in 0..200 {
            let request = json!({"requestedMessage": "Heartbeat"});
            world.frame(
                &json!([2, format!("flood-{number}"), "TriggerMessage", request]).to_string(),
            );
            world.run(1);
            let answer = &world.answers[&format!("flood-{number}")];
            accepted += u32::from(answer["status"] == "Accepted");
        }
        assert!((60..70).contains(&accepted), "{accepted}");
    }
}

#[test]
fn left_out_by_the_factory_it_is_not_supported() {
    for mut world in fixed(&[("SupportedFeatureProfiles", "Core")]) {
        let request = json!({"key": ["SupportedFeatureProfiles"]});
        let keys = world.call("GetConfiguration", request);
        assert_eq!(keys["configurationKey"][0]["value"], "Core");
        assert_eq!(trigger(&mut world, "Heartbeat"), "NotSupported");
        world.run(1_000);
        assert_eq!(world.news(), [""; 0]);
    }
    for mut world in fixed(&[]) {
        let request = json!({"key": ["SupportedFeatureProfiles"]});
        let keys = world.call("GetConfiguration", request);
        let built = keys["configurationKey"][0]["value"].as_str().unwrap();
        assert!(
            built.split(",").any(|name| name == "RemoteTrigger"),
            "{built}"
        );
    }
}
