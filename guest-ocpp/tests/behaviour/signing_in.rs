//! A new password or security profile, and the way back.

use plugpoint_guest::protocol::LinkFailure;
use plugpoint_ocpp_world::World;
use serde_json::json;

use crate::fixed;

const OLD: &[u8] = b"a plain password";
const NEW: &[u8] = b"another password";

fn change(world: &mut World, key: &str, value: &str) -> String {
    let answer = world.call("ChangeConfiguration", json!({"key": key, "value": value}));
    answer["status"].as_str().unwrap_or_default().to_owned()
}

fn with_password(profile: &str) -> [World; 2] {
    fixed(&[
        ("SecurityProfile", profile),
        ("AuthorizationKey", "a plain password"),
    ])
}

fn passwords(world: &World) -> Vec<&[u8]> {
    let all = world.passwords.iter();
    all.map(|password| password.as_deref().unwrap_or(b"none"))
        .collect()
}

fn urls(world: &World) -> Vec<String> {
    let connect = world.connect.as_ref().expect("it dials");
    connect
        .targets
        .iter()
        .map(|target| target.url.clone())
        .collect()
}

#[test]
fn another_password_means_another_link() {
    for mut world in with_password("1") {
        let link = world.link();
        assert_eq!(passwords(&world), [OLD]);
        assert_eq!(
            change(&mut world, "AuthorizationKey", "another password"),
            "Accepted"
        );
        world.run(3_000);
        assert_ne!(world.link(), link);
        assert_eq!(world.all("BootNotification").len(), 1);
        assert_eq!(passwords(&world)[0], NEW);
    }
}

#[test]
fn the_former_password_is_a_fallback_until_the_first_success() {
    for mut world in with_password("1") {
        world.turned_away = vec![0];
        change(&mut world, "AuthorizationKey", "another password");
        world.run(10_000);
        assert_eq!(passwords(&world), [NEW, OLD]);
        assert!(world.link().is_some(), "by the former one");
        // Also over a power failure, for as long as it takes.
        world.power_cycle();
        world.run(10_000);
        assert_eq!(passwords(&world), [NEW, OLD]);
        world.turned_away.clear();
        world.power_cycle();
        world.run(10_000);
        let link = world.link();
        assert_eq!(world.shows(0, "registration"), "Accepted");
        world.run(60_000);
        assert_eq!(world.link(), link, "a good link is left alone");
        // From now on there is no way back.
        world.cut_link(LinkFailure::Closed);
        world.run(5_000);
        assert_eq!(passwords(&world), [NEW]);
        assert!(world.link().is_some());
        assert!(!world.flash.keys().any(|key| key.contains("former")));
    }
}

#[test]
fn a_second_change_while_the_first_is_on_trial_keeps_what_is_proven() {
    for mut world in with_password("2") {
        world.turned_away = vec![0];
        change(&mut world, "AuthorizationKey", "a wrong password");
        world.run(10_000);
        assert_eq!(
            change(&mut world, "AuthorizationKey", "another password"),
            "Accepted"
        );
        world.run(10_000);
        assert_eq!(passwords(&world), [NEW, OLD]);
    }
}

#[test]
fn a_power_failure_right_after_the_first_success_forgets_the_former_password() {
    for mut world in with_password("1") {
        change(&mut world, "AuthorizationKey", "another password");
        world.run(5_000);
        world.power_cycle();
        world.run(5_000);
        assert_eq!(passwords(&world), [NEW]);
    }
}

#[test]
fn a_security_profile_that_does_not_connect_is_taken_back() {
    for mut world in with_password("1") {
        world.turned_away = vec![0];
        assert_eq!(change(&mut world, "SecurityProfile", "2"), "Accepted");
        world.run(1_500);
        world.turned_away.clear();
        world.run(10_000);
        assert_eq!(urls(&world), ["ws://127.0.0.1:9000/ocpp/CP001"]);
        let asked = world.call("GetConfiguration", json!({"key": ["SecurityProfile"]}));
        assert_eq!(asked["configurationKey"][0]["value"], "1");
        // It may be tried again.
        assert_eq!(change(&mut world, "SecurityProfile", "2"), "Accepted");
        world.run(5_000);
        world.power_cycle();
        world.run(5_000);
        assert_eq!(
            urls(&world),
            ["wss://127.0.0.1:9000/ocpp/CP001"],
            "no way back"
        );
        assert_eq!(change(&mut world, "SecurityProfile", "1"), "Rejected");
    }
}
