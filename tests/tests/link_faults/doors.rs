//! Connections that do not come up.

use std::time::Duration;

use plugpoint_tests::central_system::{Cut, Door, What};

use crate::stage::stage;

/// The upgrade is refused for a while.
fn check_door(door: Door, failure: &str) {
    let stage = stage();
    stage.begin();
    stage.central.set_door(door);
    stage.central.cut(Cut::Fin);
    stage.central.expect_ended();
    stage.go_on_charging();
    // It goes on trying.
    let status = stage.charger.wait_status("a reason", |s| {
        s["link"]["reason"].to_string().contains(failure)
    });
    assert_ne!(status["link"]["state"], "up");
    stage.central.set_door(Door::Open);
    stage.redial();
    stage.expect_everything();
}

#[test]
fn unauthorized_at_the_upgrade() {
    check_door(Door::Status(401), "401");
}

#[test]
fn not_found_at_the_upgrade() {
    check_door(Door::Status(404), "404");
}

#[test]
fn no_subprotocol() {
    check_door(Door::Subprotocol(None), "subprotocol");
}

#[test]
fn another_subprotocol() {
    check_door(
        Door::Subprotocol(Some("ocpp2.0.1".to_owned())),
        "subprotocol",
    );
}

#[test]
fn nobody_listens() {
    check_door(Door::Shut, "refused");
}

#[test]
fn it_dials_again_by_itself_with_growing_pauses() {
    let stage = stage();
    stage.central.set_door(Door::HangUp);
    stage.central.cut(Cut::Fin);
    for _ in 0..3 {
        stage.central.expect_not_opened();
    }
    let failed: Vec<_> = stage
        .central
        .journal()
        .entries()
        .iter()
        .filter(|entry| matches!(entry.what, What::NotOpened(_)))
        .map(|entry| entry.at)
        .collect();
    let pauses: Vec<Duration> = failed
        .windows(2)
        .map(|p| p[1].duration_since(p[0]))
        .collect();
    assert!(
        pauses.iter().all(|p| *p >= Duration::from_millis(900)),
        "{pauses:?}"
    );
    stage.central.set_door(Door::Open);
    stage.central.expect_opened();
}
