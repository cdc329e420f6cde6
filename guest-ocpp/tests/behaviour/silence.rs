//! A central system that does not answer one kind of call, or answers it with
//! errors: everything else goes on, and what must get through does.

use plugpoint_guest::protocol::LinkFailure;
use plugpoint_ocpp_world::{Reply, Sent, World, close};
use serde_json::json;

use crate::{charge, fixed, leave};

const SAMPLES: (&str, &str) = ("MeterValueSampleInterval", "60");
const HOUR_MS: u64 = 3_600_000;

fn gaps_s(world: &World, action: &str) -> Vec<u64> {
    let at: Vec<u64> = world.all(action).iter().map(|sent| sent.at_ms).collect();
    at.windows(2)
        .map(|pair| (pair[1] - pair[0]) / 1000)
        .collect()
}

fn logged(world: &World, parts: &[&str]) -> bool {
    let fits = |line: &String| parts.iter().all(|part| line.contains(part));
    world.log().iter().any(fits)
}

#[test]
fn meter_values_without_an_answer_hold_up_nothing() {
    for mut world in fixed(&[SAMPLES]) {
        world.central.always("MeterValues", Reply::Silence);
        charge(&mut world, "TAG1");
        let link = world.link();
        world.run(HOUR_MS);
        let sent = world.all("MeterValues").len();
        assert!((4..=20).contains(&sent), "{sent} attempts in an hour");
        assert_eq!(world.link(), link, "the link answers other calls");

        // People are served meanwhile, between the attempts.
        let before = world.ms;
        world.set_wants(1, false);
        world.run(100_000);
        let told = world.last("StatusNotification");
        assert_eq!(told.payload["status"], "SuspendedEV");
        assert!(told.at_ms - before <= 61_000, "{}", told.at_ms - before);

        let before = world.ms;
        leave(&mut world, "TAG1");
        world.run(100_000);
        let stop = world.last("StopTransaction");
        assert!(stop.at_ms - before <= 62_000, "{}", stop.at_ms - before);
        assert_eq!(close(&world).unwrap().len(), 1);
        assert!(logged(&world, &["Error", "MeterValues", "dropped"]));
    }
}

#[test]
fn a_stop_behind_fresh_trouble_with_values_waits_for_minutes_not_hours() {
    for reply in [Reply::Silence, Reply::Error("InternalError")] {
        let keys = [
            SAMPLES,
            ("TransactionMessageAttempts", "10"),
            ("TransactionMessageRetryInterval", "600"),
        ];
        for mut world in fixed(&keys) {
            world.central.always("MeterValues", reply.clone());
            charge(&mut world, "TAG1");
            world.run(70_000);
            let before = world.ms;
            leave(&mut world, "TAG1");
            world.run(500_000);
            let stop = world.last("StopTransaction");
            assert!(stop.at_ms - before <= 400_000, "{}", stop.at_ms - before);
            close(&world).unwrap();
        }
    }
}

/// Found by the simulated world (seed 366, 2 days).
#[test]
fn values_that_made_way_for_a_stop_stay_away_after_a_power_cut() {
    let keys = [
        SAMPLES,
        ("TransactionMessageAttempts", "10"),
        ("TransactionMessageRetryInterval", "600"),
    ];
    for mut world in fixed(&keys) {
        for action in ["MeterValues", "StopTransaction"] {
            world.central.always(action, Reply::Silence);
        }
        charge(&mut world, "TAG1");
        world.run(200_000);
        leave(&mut world, "TAG1");
        for _ in 0..600 {
            if world.all("StopTransaction").is_empty() {
                world.run(1_000);
            }
        }
        assert_eq!(world.all("StopTransaction").len(), 1);
        world.power_cycle();
        for action in ["MeterValues", "StopTransaction"] {
            world.central.relent(action);
        }
        world.run(600_000);
        assert_eq!(close(&world).unwrap().len(), 1);
    }
}

#[test]
fn values_that_are_taken_again_are_told_again() {
    for mut world in fixed(&[SAMPLES]) {
        world.central.always("MeterValues", Reply::Silence);
        charge(&mut world, "TAG1");
        world.run(200_000);
        world.central.relent("MeterValues");
        world.run(400_000);
        let before = world.all("MeterValues").len();
        world.run(300_000);
        assert_eq!(world.all("MeterValues").len() - before, 5, "one a minute");
        leave(&mut world, "TAG1");
        close(&world).unwrap();
    }
}

#[test]
fn values_are_not_counted_against_a_link_that_is_dead() {
    for mut world in fixed(&[SAMPLES, ("WebSocketPingInterval", "0")]) {
        charge(&mut world, "TAG1");
        world.go_half_open();
        world.run(600_000);
        // Nobody answered anything: the values are as good as new.
        world.cut_link(LinkFailure::Silent);
        world.run(60_000);
        let values: Vec<&Sent> = world
            .all("MeterValues")
            .into_iter()
            .filter(|sent| sent.answered_ms.is_some())
            .collect();
        assert!(values.len() >= 10, "{}", values.len());
        assert!(!logged(&world, &["dropped"]));
    }
}

#[test]
fn an_error_that_stays_drops_values_at_the_second_answer() {
    for code in [
        "FormationViolation",
        "PropertyConstraintViolation",
        "OccurenceConstraintViolation",
        "OccurrenceConstraintViolation",
        "TypeConstraintViolation",
        "NotSupported",
        "NotImplemented",
        "GenericError",
    ] {
        for mut world in fixed(&[SAMPLES]) {
            world.central.always("MeterValues", Reply::Error(code));
            charge(&mut world, "TAG1");
            world.run(HOUR_MS / 6);
            let values = world.all("MeterValues");
            assert_eq!(values.len(), 20, "{code}: two for each of ten");
            assert_eq!(values[0].payload, values[1].payload);
            assert!(values[1].at_ms - values[0].at_ms < 1_000);
            let before = world.ms;
            leave(&mut world, "TAG1");
            let stop = world.last("StopTransaction");
            assert!(stop.at_ms - before < 2_000);
            assert!(logged(&world, &["MeterValues", code]));
            close(&world).unwrap();
        }
    }
}

#[test]
fn other_errors_are_tried_as_often_as_configured() {
    for mut world in fixed(&[SAMPLES, ("TransactionMessageRetryInterval", "10")]) {
        for _ in 0..3 {
            let reply = Reply::Error("InternalError");
            world.central.plan("MeterValues", reply);
        }
        charge(&mut world, "TAG1");
        world.run(110_000);
        assert_eq!(gaps_s(&world, "MeterValues"), [10, 20]);
    }
}

#[test]
fn a_start_is_never_dropped_for_an_error_that_stays() {
    for mut world in fixed(&[]) {
        let reply = Reply::Error("FormationViolation");
        world.central.plan("StartTransaction", reply.clone());
        world.central.plan("StartTransaction", reply);
        charge(&mut world, "TAG1");
        world.run(200_000);
        assert_eq!(gaps_s(&world, "StartTransaction"), [60, 120]);
        assert_eq!(world.shows(1, "transaction"), "1001");
    }
}

#[test]
fn a_start_without_an_answer_is_sent_again_after_longer_and_longer_waits() {
    for mut world in fixed(&[]) {
        world.central.always("StartTransaction", Reply::Silence);
        charge(&mut world, "TAG1");
        let link = world.link();
        world.run(2 * HOUR_MS);
        let gaps = gaps_s(&world, "StartTransaction");
        assert!(gaps.len() >= 15, "for as long as it takes: {gaps:?}");
        assert!(gaps.is_sorted() && gaps[0] >= 60, "{gaps:?}");
        assert!(gaps.iter().all(|gap| *gap <= 331), "{gaps:?}");
        assert_eq!(world.link(), link);
        world.card("OTHER");
        world.run(1_000);
        world.set_wants(1, false);
        world.run(32_000);
        assert_eq!(
            world.last("StatusNotification").payload["status"],
            "SuspendedEV"
        );
        world.central.relent("StartTransaction");
        leave(&mut world, "TAG1");
        world.run(600_000);
        close(&world).unwrap();
    }
}

#[test]
fn attempts_are_apart_whatever_the_interval() {
    let keys = [
        ("TransactionMessageAttempts", "1000"),
        ("TransactionMessageRetryInterval", "0"),
        ("WebSocketPingInterval", "0"),
    ];
    for mut world in fixed(&keys) {
        let reply = Reply::Error("InternalError");
        world.central.always("StartTransaction", reply);
        charge(&mut world, "TAG1");
        world.run(60_000);
        let attempts = world.all("StartTransaction").len();
        assert!((5..=12).contains(&attempts), "{attempts}");
    }
}

#[test]
fn status_notifications_without_an_answer_hold_up_nobody() {
    for mut world in fixed(&[]) {
        world.central.always("StatusNotification", Reply::Silence);
        world.plug(1);
        world.run(600_000);
        let link = world.link();
        let gaps = gaps_s(&world, "StatusNotification");
        world.run(HOUR_MS);
        assert_eq!(world.link(), link, "other calls are answered");
        let sent = gaps_s(&world, "StatusNotification").len() - gaps.len();
        assert!(sent <= 15, "{sent} in an hour");
        let before = world.ms;
        world.card("TAG1");
        world.run(40_000);
        let start = world.last("StartTransaction");
        assert!(start.at_ms - before <= 32_000);
        world.central.relent("StatusNotification");
        world.run(400_000);
        let told = world.last("StatusNotification");
        assert_eq!(told.payload["status"], "Charging");
        assert!(told.answered_ms.is_some());
    }
}

#[test]
fn a_central_system_that_answers_nothing_is_dialled_again_with_more_and_more_patience() {
    const ACTIONS: [&str; 4] = [
        "Heartbeat",
        "StatusNotification",
        "StartTransaction",
        "Authorize",
    ];
    for mut world in fixed(&[]) {
        for action in ACTIONS {
            world.central.always(action, Reply::Silence);
        }
        world.plug(1);
        let mut links = vec![(world.link(), world.ms)];
        for _ in 0..1_200 {
            world.run(1_000);
            if world.link().is_some() && world.link() != links[links.len() - 1].0 {
                links.push((world.link(), world.ms));
            }
        }
        let lasted: Vec<u64> = links
            .windows(2)
            .map(|pair| (pair[1].1 - pair[0].1) / 1000)
            .collect();
        assert!((3..=8).contains(&lasted.len()), "{lasted:?}");
        assert!(lasted.is_sorted() && lasted[0] >= 60, "{lasted:?}");
        for action in ACTIONS {
            world.central.relent(action);
        }
        world.run(40_000);
        world.card("TAG1");
        world.run(10_000);
        assert_eq!(world.shows(1, "status"), "Charging");
    }
}

#[test]
fn a_new_link_is_a_new_chance_for_the_boot() {
    for mut world in fixed(&[]) {
        world.central.always("BootNotification", Reply::Silence);
        world.power_cycle();
        world.run(700_000);
        world.central.relent("BootNotification");
        let sent = world.all("BootNotification").len();
        world.cut_link(LinkFailure::Closed);
        world.run(2_000);
        assert_eq!(world.all("BootNotification").len(), sent + 1);
        assert_eq!(world.shows(0, "registration"), "Accepted");
    }
}

/// Before the registration no heartbeat shows that the link is dead, and no ping does
/// where there are none.
#[test]
fn a_link_that_died_before_the_boot_was_answered_is_dialled_again() {
    for mut world in fixed(&[("WebSocketPingInterval", "0")]) {
        world.central.always("BootNotification", Reply::Silence);
        world.power_cycle();
        world.run(5_000);
        world.go_half_open();
        world.central.relent("BootNotification");
        world.run(600_000);
        assert_eq!(world.shows(0, "registration"), "Accepted");
    }
}

#[test]
fn an_interval_that_was_named_goes_on_over_a_new_link() {
    for (status, interval) in [("Pending", 120), ("Rejected", 120)] {
        for mut world in fixed(&[]) {
            let time = "2026-11-22T12:00:00Z";
            let answer = json!({"status": status, "currentTime": time, "interval": interval});
            world
                .central
                .plan("BootNotification", Reply::Result(answer));
            world.power_cycle();
            world.run(10_000);
            let sent = world.all("BootNotification").len();
            world.cut_link(LinkFailure::Closed);
            world.run(60_000);
            assert_eq!(world.all("BootNotification").len(), sent, "{status}");
            world.run(60_000);
            assert_eq!(world.all("BootNotification").len(), sent + 1);
        }
    }
}
