//! How the central system is reached, and the boot sequence when it fails.

use guest_ocpp::host::{BootReason, LinkFailure};
use guest_ocpp::testing::Reply;
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
        let all = world.call("GetConfiguration", json!({"key": ["AuthorizationKey"]}));
        assert!(!all.to_string().contains("0011"));
    }
}

#[test]
fn another_password_means_another_link() {
    for mut world in fixed(&[
        ("SecurityProfile", "1"),
        ("AuthorizationKey", "a plain password"),
    ]) {
        let link = world.link();
        let change = json!({"key": "AuthorizationKey", "value": "another password"});
        assert_eq!(
            world.call("ChangeConfiguration", change)["status"],
            "Accepted"
        );
        world.run(3_000);
        assert_ne!(world.link(), link);
        assert_eq!(world.all("BootNotification").len(), 1);
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
    // Without its memory of the last word, an instance errs on the safe side.
    for mut world in fixed(&[]).into_iter().take(1) {
        world.call(
            "ChangeConfiguration",
            json!({"key": "HeartbeatInterval", "value": "30"}),
        );
        world.call(
            "ChangeConfiguration",
            json!({"key": "MeterValueSampleInterval", "value": "20"}),
        );
        charge(&mut world, "TAG1");
        world.run(100_000);
        assert!(world.all("Heartbeat").len() <= 1);
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
