//! What the central system says of a token, and how long that counts.

use plugpoint_guest::protocol::Cable;
use plugpoint_ocpp_world::{Reply, Settings, World};
use serde_json::{Value, json};

use crate::{charge, fixed, leave, worlds};

/// Whatever an answer is, the charger that gets one is not alone.
#[test]
fn an_answer_that_says_nothing_of_the_token_is_a_no() {
    let nothing = [
        Reply::Error("InternalError"),
        Reply::Error("NotImplemented"),
        Reply::Result(json!({})),
        Reply::Result(json!({"idTagInfo": null})),
        Reply::Result(json!({"idTagInfo": "Accepted"})),
        Reply::Result(json!({"idTagInfo": {}})),
        Reply::Result(json!({"idTagInfo": {"status": 1}})),
        Reply::Result(json!({"idTagInfo": {"status": "Welcome"}})),
        Reply::Result(json!({"idTagInfo": {"status": "NoCredit"}})),
    ];
    for reply in nothing {
        for mut world in fixed(&[("AllowOfflineTxForUnknownId", "true")]) {
            charge(&mut world, "TAG1");
            leave(&mut world, "TAG1");
            assert_eq!(world.outlets[0].closings, 1);
            world.central.plan("Authorize", reply.clone());
            charge(&mut world, "TAG1");
            world.run(60_000);
            assert_eq!(world.outlets[0].closings, 1, "{reply:?}");
            let told =
                |line: &String| line.starts_with("Warn: central system") && line.contains("TAG1");
            assert!(world.log().iter().any(told), "{:#?}", world.log());
        }
    }
}

#[test]
fn an_unknown_status_after_the_start_is_a_no() {
    for status in [json!("NoCredit"), json!(""), Value::Null] {
        for mut world in fixed(&[]) {
            let answer = json!({"transactionId": 7, "idTagInfo": {"status": status}});
            world
                .central
                .plan("StartTransaction", Reply::Result(answer));
            charge(&mut world, "TAG1");
            world.run(2_000);
            assert_eq!(
                world.last("StopTransaction").payload["reason"],
                "DeAuthorized",
                "{status}"
            );
        }
    }
}

#[test]
fn that_a_token_charges_elsewhere_is_not_remembered() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        leave(&mut world, "TAG1");
        let elsewhere = json!({"status": "ConcurrentTx"});
        world.central.tags.insert("TAG1".to_owned(), elsewhere);
        charge(&mut world, "TAG1");
        assert_eq!(world.outlets[0].closings, 1);
        world.unplug(1);
        world.set_online(false);
        charge(&mut world, "TAG1");
        assert_eq!(world.outlets[0].closings, 2, "offline it is as it was");
    }
}

#[test]
fn that_an_earlier_build_has_remembered_it_does_not_count() {
    for mut world in fixed(&[("AllowOfflineTxForUnknownId", "true")]) {
        let entry = r#"{"entry":{"status":"Concurrent"},"said":1795348801312}"#;
        let dump = world.flash.dump();
        world.flash = plugpoint_ocpp_world::Flash::restore(&format!(
            "cache-count = 1\ncache/tag1 = {entry}\n{dump}"
        ));
        world.power_cycle();
        world.set_online(false);
        charge(&mut world, "TAG1");
        assert_eq!(world.outlets[0].closings, 1);
    }
}

#[test]
fn an_expired_entry_makes_room_before_a_good_one() {
    let [mut world, _] = fixed(&[]);
    // It will be the newest when it has expired.
    let old = json!({"status": "Accepted", "expiryDate": "2026-11-22T13:00:00Z"});
    for number in 0..249 {
        charge(&mut world, &format!("TAG{number}"));
        leave(&mut world, &format!("TAG{number}"));
    }
    world.central.tags.insert("OLD".to_owned(), old);
    charge(&mut world, "OLD");
    leave(&mut world, "OLD");
    world.run(3_600_000);
    charge(&mut world, "NEW");
    leave(&mut world, "NEW");
    let kept = |key: &str| world.flash.keys().any(|kept| kept == key);
    assert!(!kept("cache/old"), "it has expired");
    assert!(kept("cache/tag0"), "the oldest good one stays");
    assert!(kept("cache/new"));
}

#[test]
fn a_cache_that_was_off_knows_nothing() {
    for by_factory in [false, true] {
        for amnesia in [false, true] {
            let mut world = World::new(Settings {
                amnesia,
                ..Settings::default()
            });
            world.run(1_000);
            charge(&mut world, "TAG1");
            leave(&mut world, "TAG1");
            let set = |world: &mut World, value: &str| {
                if by_factory {
                    let key = ("AuthorizationCacheEnabled".to_owned(), value.to_owned());
                    world.set_factory(vec![key]);
                    world.power_cycle();
                    world.run(60_000);
                } else {
                    let change = json!({"key": "AuthorizationCacheEnabled", "value": value});
                    world.call("ChangeConfiguration", change);
                }
            };
            set(&mut world, "false");
            let blocked = json!({"status": "Blocked"});
            world.central.tags.insert("TAG1".to_owned(), blocked);
            charge(&mut world, "TAG1");
            world.unplug(1);
            assert_eq!(world.outlets[0].closings, 1);
            set(&mut world, "true");
            world.set_online(false);
            charge(&mut world, "TAG1");
            assert_eq!(world.outlets[0].closings, 1, "by the factory: {by_factory}");
        }
    }
}

#[test]
fn a_cache_that_is_off_can_be_cleared() {
    for mut world in fixed(&[("AuthorizationCacheEnabled", "false")]) {
        assert_eq!(world.call("ClearCache", json!({}))["status"], "Accepted");
    }
}

#[test]
fn a_remote_start_has_to_name_its_connector_where_that_is_wanted() {
    let key = "PlugpointRejectRemoteStartWithoutConnectorId";
    for (value, word) in [("false", "Accepted"), ("true", "Rejected")] {
        for mut world in worlds(&[Cable::Fixed, Cable::Fixed], &[(key, value)]) {
            let answer = world.call("RemoteStartTransaction", json!({"idTag": "A"}));
            assert_eq!(answer["status"], word);
            let named = json!({"idTag": "B", "connectorId": 2});
            let answer = world.call("RemoteStartTransaction", named);
            assert_eq!(answer["status"], "Accepted");
        }
    }
}

#[test]
fn nothing_is_begun_for_a_central_system_that_does_not_accept_the_charger() {
    let key = "PlugpointTransactionsBeforeAccepted";
    for (word, value, begins) in [
        ("Rejected", "false", 0),
        ("Pending", "false", 0),
        ("Rejected", "true", 1),
    ] {
        for amnesia in [false, true] {
            let keys = [("AllowOfflineTxForUnknownId", "true"), (key, value)];
            let mut world = World::new(Settings {
                amnesia,
                ocpp: keys
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .to_vec(),
                ..Settings::default()
            });
            let later =
                json!({"status": word, "currentTime": "2026-11-22T12:00:00Z", "interval": 60});
            world.central.plan("BootNotification", Reply::Result(later));
            world.run(5_000);
            charge(&mut world, "TAG1");
            assert_eq!(world.outlets[0].closings, begins, "{word}, {value}");
            world.run(60_000);
            assert_eq!(world.shows(0, "registration"), "Accepted");
            if begins == 0 {
                world.card("TAG1");
                world.run(2_000);
                assert_eq!(world.outlets[0].closings, 1);
            }
        }
    }
}
