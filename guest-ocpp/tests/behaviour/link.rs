//! How the central system is reached, and the boot sequence when it fails.

use plugpoint_guest::protocol::{BootReason, LinkFailure};
use plugpoint_ocpp_world::Reply;
use serde_json::json;

use crate::{charge, fixed, leave};

#[test]
fn keys_of_the_link_take_effect() {
    for mut world in fixed(&[]) {
        let target = world.connect.clone().unwrap().targets[0].clone();
        assert_eq!(target.url, "ws://127.0.0.1:9000/ocpp/CP001");
        assert_eq!(target.credential, None);
        let change = |key: &str, value: &str| json!({"key": key, "value": value});
        assert_eq!(
            world.call("ChangeConfiguration", change("WebSocketPingInterval", "7"))["status"],
            "Accepted"
        );
        assert_eq!(world.connect.as_ref().unwrap().ping_interval_ms, 7_000);
        assert_eq!(
            world.call("ChangeConfiguration", change("SecurityProfile", "1"))["status"],
            "Rejected"
        );
        let key = "00112233445566778899aabbccddeeff";
        assert_eq!(
            world.call("ChangeConfiguration", change("AuthorizationKey", key))["status"],
            "Accepted"
        );
        assert_eq!(
            world.call("ChangeConfiguration", change("SecurityProfile", "2"))["status"],
            "Accepted"
        );
        world.run(2_000);
        let target = world.connect.clone().unwrap().targets[0].clone();
        assert_eq!(target.url, "wss://127.0.0.1:9000/ocpp/CP001");
        let credential = target.credential.unwrap();
        assert_eq!(credential.user, "CP001");
        let entry = world.flash.memory_mut()[&credential.password_entry].clone();
        assert!(entry.secret);
        assert_eq!(entry.value[..4], [0x00, 0x11, 0x22, 0x33]);
        world.run(5_000);
        assert_eq!(
            world.call("ChangeConfiguration", change("SecurityProfile", "1"))["status"],
            "Rejected"
        );
        // What is refused leaves nothing behind.
        let refused = change("AuthorizationKey", "one that is far too long");
        let before: Vec<String> = world.flash.memory_mut().keys().cloned().collect();
        let syncs = world.flash.syncs;
        assert_eq!(
            world.call("ChangeConfiguration", refused)["status"],
            "Rejected"
        );
        assert!(world.flash.memory_mut().keys().eq(&before));
        assert_eq!(world.flash.syncs, syncs);
        let all = world.call("GetConfiguration", json!({"key": ["AuthorizationKey"]}));
        assert!(!all.to_string().contains("0011"));
    }
}

#[test]
fn a_boot_that_is_not_answered_is_repeated() {
    for reply in [
        Reply::Silence,
        Reply::Error("InternalError"),
        Reply::Result(json!({"status": "Nonsense"})),
    ] {
        for mut world in fixed(&[]) {
            world.central.always("BootNotification", reply.clone());
            world.power_cycle();
            world.run(120_000);
            let boots = world.all("BootNotification").len();
            assert!((3..=12).contains(&boots), "{boots}");
            assert_eq!(
                world
                    .sent
                    .iter()
                    .filter(|sent| sent.at_ms > 110_000 && sent.action != "BootNotification")
                    .count(),
                0
            );
            world.central.relent("BootNotification");
            world.run(300_000);
            assert_eq!(world.shows(0, "registration"), "Accepted");
        }
    }
}

#[test]
fn a_swap_in_the_middle_of_a_session_goes_unnoticed() {
    for reason in [BootReason::Swap, BootReason::Recovery, BootReason::Rollback] {
        for mut world in fixed(&[]) {
            charge(&mut world, "TAG1");
            world.run(30_000);
            world.replace_instance(reason, None);
            world.run(31_000);
            assert_eq!(world.news(), ["MeterValues"]);
            assert_eq!(world.outlets[0].closings, 1);
            leave(&mut world, "TAG1");
            assert_eq!(
                world.news(),
                ["Stop(Local)", "Status(1,Finishing)", "Status(1,Available)"]
            );
        }
    }
}

#[test]
fn late_and_repeated_answers_are_ignored() {
    for mut world in fixed(&[]) {
        let id = world.last("StatusNotification").id.clone();
        world.frame(&format!(r#"[3,"{id}",{{}}]"#));
        world.frame(r#"[3,"never asked",{"transactionId":5}]"#);
        world.frame(r#"[4,"never asked","NotSupported"]"#);
        charge(&mut world, "TAG1");
        assert_eq!(world.shows(1, "status"), "Charging");
    }
}

#[test]
fn heartbeats_are_left_out_while_other_things_are_said() {
    for mut world in fixed(&[
        ("HeartbeatInterval", "30"),
        ("MeterValueSampleInterval", "20"),
    ]) {
        world.central.interval = 30;
        world.power_cycle();
        world.run(1_000);
        charge(&mut world, "TAG1");
        world.run(200_000);
        assert!(world.all("Heartbeat").is_empty());
    }
}

#[test]
fn a_heartbeat_is_due_after_the_last_word_whatever_it_was() {
    for mut world in fixed(&[]) {
        let change = json!({"key": "HeartbeatInterval", "value": "30"});
        world.call("ChangeConfiguration", change);
        for _ in 0..4 {
            world.run(20_000);
            world.call("GetConfiguration", json!({"key": ["HeartbeatInterval"]}));
        }
        let answered = world.ms;
        world.run(29_900);
        assert!(world.all("Heartbeat").is_empty());
        world.run(400);
        assert_eq!(world.all("Heartbeat").len(), 1);
        // Nothing else is said: one per interval, to the tick.
        world.run(300_000);
        let at: Vec<u64> = world
            .all("Heartbeat")
            .iter()
            .map(|sent| sent.at_ms)
            .collect();
        assert_eq!(at.len(), 11);
        for pair in at.windows(2) {
            assert!((30_000..=30_260).contains(&(pair[1] - pair[0])), "{at:?}");
        }
        assert!(at[0] >= answered + 29_900, "{at:?} after {answered}");
    }
}

#[test]
fn a_reconnect_is_no_boot_unless_asked_for() {
    for (switch, boots) in [("false", 1), ("true", 2)] {
        for mut world in fixed(&[("PlugpointBootOnReconnect", switch)]) {
            world.cut_link(LinkFailure::Closed);
            world.run(5_000);
            assert_eq!(world.all("BootNotification").len(), boots);
        }
    }
}

#[test]
fn pings_and_attempts_that_do_not_fit_together_are_taken_and_logged() {
    for (mut world, amnesia) in fixed(&[]).into_iter().zip([false, true]) {
        for (key, value, fits) in [
            // 3 attempts, 60 s apart.
            ("WebSocketPingInterval", "180", false),
            ("WebSocketPingInterval", "179", true),
            ("TransactionMessageAttempts", "2", false),
            ("TransactionMessageRetryInterval", "59", false),
            ("TransactionMessageRetryInterval", "90", true),
            // Switched off is somebody's decision.
            ("WebSocketPingInterval", "0", true),
            ("TransactionMessageAttempts", "0", true),
            ("WebSocketPingInterval", "1", false),
            ("TransactionMessageAttempts", "3", true),
            ("TransactionMessageRetryInterval", "10", true),
            ("WebSocketPingInterval", "60", false),
        ] {
            let before = world.log().len();
            let change = json!({"key": key, "value": value});
            let answer = world.call("ChangeConfiguration", change);
            assert_eq!(answer["status"], "Accepted", "{key} = {value}");
            let complaint = world.log()[before..]
                .iter()
                .any(|line| line.starts_with("Warn: WebSocketPingInterval"));
            // A new instance complains again.
            assert!(complaint != fits || amnesia, "{key} = {value}");
        }
        assert_eq!(world.connect.as_ref().unwrap().ping_interval_ms, 60_000);
        let names = ["WebSocketPingInterval", "TransactionMessageAttempts"];
        let kept = world.call("GetConfiguration", json!({"key": names}));
        assert_eq!(kept["configurationKey"][0]["value"], "60");
        assert_eq!(kept["configurationKey"][1]["value"], "3");
    }
}

#[test]
fn the_values_of_the_certified_product_fit_together() {
    let file = include_str!("../../../host/configs/cf100m-50k1.toml");
    let keys: Vec<(&str, &str)> = file
        .lines()
        .skip_while(|line| *line != "[ocpp]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, value)| (key, value.trim_matches('"')))
        .collect();
    assert!(keys.len() > 20, "{keys:?}");
    for world in fixed(&keys) {
        let complaints: Vec<String> = world.log();
        assert!(
            !complaints.iter().any(|line| line.starts_with("Warn")),
            "{complaints:#?}"
        );
    }
}

#[test]
fn another_ping_interval_needs_no_other_link() {
    for mut world in fixed(&[]) {
        world.central.latency_ms = 2_000;
        world.plug(1);
        world.card("TAG1");
        world.run(5_000);
        let link = world.link();
        let starts = world.all("StartTransaction").len();
        assert_eq!(starts, 1, "on its way");
        let change = json!({"key": "WebSocketPingInterval", "value": "7"});
        world.call("ChangeConfiguration", change);
        world.run(30_000);
        assert_eq!(world.link(), link);
        assert_eq!(world.all("StartTransaction").len(), 1);
        assert_eq!(world.connect.as_ref().unwrap().ping_interval_ms, 7_000);
    }
}

#[test]
fn another_link_waits_until_nothing_is_outstanding() {
    for mut world in fixed(&[]) {
        world.central.latency_ms = 2_000;
        world.plug(1);
        world.card("TAG1");
        world.run(5_000);
        let link = world.link();
        let key = "00112233445566778899aabbccddeeff";
        let change = json!({"key": "AuthorizationKey", "value": key});
        assert_eq!(
            world.call("ChangeConfiguration", change)["status"],
            "Accepted"
        );
        // What the central system asks right after is answered.
        let ask = json!({"key": ["HeartbeatInterval"]});
        assert!(world.call("GetConfiguration", ask)["configurationKey"].is_array());
        assert_eq!(world.link(), link);
        let raise = json!({"key": "SecurityProfile", "value": "1"});
        assert_eq!(
            world.call("ChangeConfiguration", raise)["status"],
            "Accepted"
        );
        world.run(20_000);
        assert_ne!(world.link(), link);
        let credential = world.connect.as_ref().unwrap().targets[0]
            .credential
            .clone();
        assert!(credential.is_some());
        assert_eq!(
            world.all("StartTransaction").len(),
            1,
            "answered on the old link"
        );
        assert_eq!(world.shows(1, "transaction"), "1001");
    }
}

#[test]
fn another_link_does_not_wait_for_ever() {
    for mut world in fixed(&[]) {
        world.central.always("Heartbeat", Reply::Silence);
        world.central.always("StatusNotification", Reply::Silence);
        world.plug(1);
        world.run(1_000);
        let link = world.link();
        let key = "00112233445566778899aabbccddeeff";
        for (key, value) in [("AuthorizationKey", key), ("SecurityProfile", "1")] {
            let change = json!({"key": key, "value": value});
            assert_eq!(
                world.call("ChangeConfiguration", change)["status"],
                "Accepted"
            );
        }
        world.run(12_000);
        assert_ne!(world.link(), link);
    }
}
