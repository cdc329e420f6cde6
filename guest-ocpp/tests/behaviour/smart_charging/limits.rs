//! What reaches the car, and when.

use plugpoint_guest::protocol::{BootReason, Cable};
use plugpoint_ocpp_world::{Reply, World};
use serde_json::json;

use super::{clear, offered, profile, set};
use crate::{charge, fixed, worlds};

#[test]
fn a_limit_is_in_force_with_the_answer_and_when_it_is_cleared() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        assert_eq!(offered(&world, 1), 32_000);
        let request = json!({
            "connectorId": 1,
            "csChargingProfiles": profile(1, "TxProfile", 10.0),
        });
        let before = world.ms;
        world.frame(&json!([2, "set", "SetChargingProfile", request]).to_string());
        assert_eq!(offered(&world, 1), 10_000);
        assert_eq!(world.ms, before, "no time has passed");
        world.run(100);
        assert_eq!(world.answers["set"]["status"], "Accepted");
        assert_eq!(clear(&mut world, json!({"id": 1})), "Accepted");
        assert_eq!(offered(&world, 1), 32_000);
        assert_eq!(clear(&mut world, json!({"id": 1})), "Unknown");
    }
}

#[test]
fn below_six_amperes_the_charge_point_suspends_and_resumes_by_itself() {
    for mut world in fixed(&[("MeterValueSampleInterval", "0")]) {
        charge(&mut world, "TAG1");
        world.run(10_000);
        world.news();
        let periods = json!([
            {"startPeriod": 0, "limit": 16},
            {"startPeriod": 60, "limit": 5.9},
            {"startPeriod": 120, "limit": 6.0},
        ]);
        let mut timed = profile(1, "TxProfile", 0.0);
        timed["chargingSchedule"]["chargingSchedulePeriod"] = periods;
        assert_eq!(set(&mut world, 1, timed), "Accepted");
        world.run(40_000);
        assert_eq!(offered(&world, 1), 16_000);
        assert_eq!(world.news(), [""; 0]);
        world.run(20_000);
        assert_eq!(offered(&world, 1), 0);
        assert_eq!(world.news(), ["Status(1,SuspendedEVSE)"]);
        world.run(60_000);
        assert_eq!(offered(&world, 1), 6_000);
        assert_eq!(world.news(), ["Status(1,Charging)"]);
        assert!(world.all("StopTransaction").is_empty());
    }
}

#[test]
fn what_the_charge_point_has_is_shared() {
    for mut world in worlds(&[Cable::Fixed, Cable::Fixed], &[]) {
        let overall = |limit: f64| profile(1, "ChargePointMaxProfile", limit);
        for (connector, tag) in [(2, "TAG2"), (1, "TAG1")] {
            world.plug(connector);
            world.card(tag);
            world.run(2_000);
        }
        for (limit, first, second) in [
            (40.0, 20_000, 20_000),
            (64.0, 32_000, 32_000),
            (12.0, 6_000, 6_000),
            // Only one can have what a car needs: who came first, with all of it.
            (11.9, 11_900, 0),
            (5.9, 0, 0),
        ] {
            assert_eq!(set(&mut world, 0, overall(limit)), "Accepted");
            assert_eq!((offered(&world, 2), offered(&world, 1)), (first, second));
        }
        // What one cannot use the other may have.
        assert_eq!(set(&mut world, 0, overall(40.0)), "Accepted");
        assert_eq!(
            set(&mut world, 2, profile(2, "TxProfile", 10.0)),
            "Accepted"
        );
        assert_eq!((offered(&world, 2), offered(&world, 1)), (10_000, 30_000));
        // Who has left takes nothing.
        world.unplug(2);
        world.run(2_000);
        assert_eq!(offered(&world, 1), 32_000);
    }
}

#[test]
fn those_who_wait_for_a_share_take_turns_if_the_key_says_so() {
    for mut world in worlds(
        &[Cable::Fixed, Cable::Fixed],
        &[("PlugpointSharingRotationInterval", "600")],
    ) {
        for (connector, tag) in [(1, "TAG1"), (2, "TAG2")] {
            world.plug(connector);
            world.card(tag);
            world.run(2_000);
        }
        let overall = profile(1, "ChargePointMaxProfile", 10.0);
        assert_eq!(set(&mut world, 0, overall), "Accepted");
        let mut served = Vec::new();
        for _ in 0..8 {
            let offers = [offered(&world, 1), offered(&world, 2)];
            assert_eq!(offers.iter().sum::<u32>(), 10_000, "{offers:?}");
            served.push(offers[0] > 0);
            world.run(300_000);
        }
        let changes = served.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!((3..=4).contains(&changes), "{served:?}");
    }
}

#[test]
fn a_fail_safe_limit_comes_with_the_loss_of_the_link_and_goes_with_it() {
    let keys = [
        ("PlugpointOfflineCurrent", "8"),
        ("PlugpointOfflineCurrentDelay", "120"),
    ];
    for mut world in fixed(&keys) {
        charge(&mut world, "TAG1");
        assert_eq!(
            set(&mut world, 1, profile(1, "TxProfile", 16.0)),
            "Accepted"
        );
        world.set_online(false);
        world.run(119_000);
        // Offline the profile goes on (3.13.6).
        assert_eq!(offered(&world, 1), 16_000);
        world.run(2_000);
        assert_eq!(offered(&world, 1), 8_000);
        world.set_online(true);
        world.run(60_000);
        assert_eq!(offered(&world, 1), 16_000);
    }
}

#[test]
fn a_clock_that_is_set_moves_what_depends_on_it() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        // From 13:00 on; it is noon.
        let mut later = profile(1, "TxDefaultProfile", 10.0);
        later["chargingProfileKind"] = json!("Absolute");
        later["chargingSchedule"]["startSchedule"] = json!("2026-11-22T13:00:00Z");
        assert_eq!(set(&mut world, 1, later), "Accepted");
        assert_eq!(offered(&world, 1), 32_000);
        world.shift_clock(3_600_000);
        assert_eq!(offered(&world, 1), 10_000);
        world.shift_clock(-3_600_000);
        assert_eq!(offered(&world, 1), 32_000);
        // What is relative to the transaction does not move.
        let mut relative = profile(2, "TxProfile", 0.0);
        relative["chargingSchedule"]["chargingSchedulePeriod"] =
            json!([{"startPeriod": 0, "limit": 12}, {"startPeriod": 600, "limit": 14}]);
        assert_eq!(set(&mut world, 1, relative), "Accepted");
        world.shift_clock(3_600_000);
        assert_eq!(offered(&world, 1), 12_000);
        world.run(601_000);
        assert_eq!(offered(&world, 1), 14_000);
    }
}

#[test]
fn a_limit_is_kept_by_the_next_instance_and_changes_on_time() {
    let [mut world, _] = fixed(&[]);
    charge(&mut world, "TAG1");
    let mut timed = profile(1, "TxProfile", 0.0);
    timed["chargingSchedule"]["chargingSchedulePeriod"] =
        json!([{"startPeriod": 0, "limit": 12}, {"startPeriod": 600, "limit": 14}]);
    assert_eq!(set(&mut world, 1, timed), "Accepted");
    world.permits.clear();
    for reason in [BootReason::Swap, BootReason::Recovery, BootReason::Rollback] {
        world.replace_instance(reason, None);
        world.run(1_000);
        assert_eq!(offered(&world, 1), 12_000);
    }
    world.run(600_000);
    assert_eq!(offered(&world, 1), 14_000);
    // It was planned in the permit that was given in the beginning.
    let given = &world.permits;
    assert!(given.is_empty(), "given again: {given:?}");
}

#[test]
fn a_limit_that_falls_while_nothing_can_be_stored_is_in_force() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        let mut timed = profile(1, "TxProfile", 0.0);
        timed["chargingSchedule"]["chargingSchedulePeriod"] =
            json!([{"startPeriod": 0, "limit": 12}, {"startPeriod": 60, "limit": 7}]);
        assert_eq!(set(&mut world, 1, timed), "Accepted");
        world.flash.broken = true;
        world.run(120_000);
        assert_eq!(offered(&world, 1), 7_000);
        world.flash.broken = false;
        world.run(60_000);
        assert_eq!(offered(&world, 1), 7_000);
    }
}

#[test]
fn while_nobody_knows_the_time_the_lowest_limit_counts() {
    for amnesia in [false, true] {
        let mut world = World::new(plugpoint_ocpp_world::Settings {
            amnesia,
            has_clock: false,
            ocpp: vec![
                (
                    "PlugpointOfflineTransactionsWithoutClock".to_owned(),
                    "true".to_owned(),
                ),
                ("AllowOfflineTxForUnknownId".to_owned(), "true".to_owned()),
            ],
            ..plugpoint_ocpp_world::Settings::default()
        });
        world.run(2_000);
        let mut daily = profile(1, "TxDefaultProfile", 0.0);
        daily["chargingProfileKind"] = json!("Recurring");
        daily["recurrencyKind"] = json!("Daily");
        daily["chargingSchedule"]["startSchedule"] = json!("2013-01-01T00:00:00Z");
        daily["chargingSchedule"]["chargingSchedulePeriod"] = json!([
            {"startPeriod": 0, "limit": 16},
            {"startPeriod": 43_000, "limit": 13},
            {"startPeriod": 80_000, "limit": 7},
        ]);
        assert_eq!(set(&mut world, 1, daily), "Accepted");
        world.central.always("BootNotification", Reply::Silence);
        world.set_online(false);
        world.power_cycle();
        world.run(1_000);
        charge(&mut world, "TAG1");
        assert_eq!(offered(&world, 1), 7_000, "{:#?}", world.log());
        world.central.relent("BootNotification");
        world.set_online(true);
        world.run(60_000);
        assert_eq!(offered(&world, 1), 13_000);
    }
}

/// Power is what all phases draw together. Without hardware that switches phases a car
/// may draw from all of them, also where a schedule is for one.
#[test]
fn a_power_limit_holds_for_a_car_on_all_phases() {
    for (switches, phases_on) in [("false", 3), ("true", 1)] {
        let settings = [("ConnectorSwitch3to1PhaseSupported", switches)];
        for mut world in fixed(&settings) {
            charge(&mut world, "TAG1");
            for (id, purpose, connector) in [
                (1, "TxProfile", 1),
                (2, "TxDefaultProfile", 1),
                (3, "ChargePointMaxProfile", 0),
            ] {
                for (watts, named) in [(5_000, 1), (7_400, 2), (7_400, 3)] {
                    let mut limited = profile(id, purpose, 0.0);
                    limited["chargingSchedule"] = json!({
                        "chargingRateUnit": "W",
                        "chargingSchedulePeriod":
                            [{"startPeriod": 0, "limit": watts, "numberPhases": named}],
                    });
                    assert_eq!(set(&mut world, connector, limited), "Accepted");
                    let permit = world.outlets[0].state.permit.clone().expect("a permit");
                    let wanted = if named < 3 { phases_on } else { 3 };
                    assert_eq!(permit.phases, wanted, "{purpose} for {named} phases");
                    let drawn = permit.limit_ma * 230 * u32::from(permit.phases) / 1_000;
                    assert!(
                        drawn > 0 && drawn <= watts,
                        "{purpose} for {named} phases: {drawn} W of {watts}"
                    );
                }
                assert_eq!(clear(&mut world, json!({})), "Accepted");
            }
        }
    }
}

/// The host has the whole plan, so what comes later comes on time without us.
#[test]
fn the_permit_has_the_limits_to_come() {
    for mut world in fixed(&[]) {
        let plugged_ms = world.ms;
        charge(&mut world, "TAG1");
        let mut timed = profile(1, "TxProfile", 0.0);
        timed["chargingSchedule"]["chargingSchedulePeriod"] = json!([
            {"startPeriod": 0, "limit": 12},
            {"startPeriod": 60, "limit": 12},
            {"startPeriod": 600, "limit": 14},
            {"startPeriod": 900, "limit": 7},
            {"startPeriod": 1200, "limit": 32},
        ]);
        assert_eq!(set(&mut world, 1, timed), "Accepted");
        let ahead = |world: &mut World| -> Vec<(u64, u32)> {
            let permit = world.outlet(1).state.permit.clone().expect("a permit");
            let steps = permit.steps.iter();
            steps
                .map(|step| ((step.at_ms - plugged_ms) / 1_000, step.limit_ma))
                .collect()
        };
        let all = [(600, 14_000), (900, 7_000), (1_200, 32_000)];
        assert_eq!(ahead(&mut world), all);
        world.run(700_000);
        assert_eq!(offered(&world, 1), 14_000);
        assert_eq!(ahead(&mut world), all[1..]);
        // What was planned happens without another permit.
        let given = world.permits.len();
        world.run(300_000);
        assert_eq!(offered(&world, 1), 7_000);
        assert_eq!(world.permits.len(), given);
        let cleared = world.call("ClearChargingProfile", json!({"id": 1}));
        assert_eq!(cleared["status"], "Accepted");
        assert_eq!(ahead(&mut world), []);
        assert_eq!(offered(&world, 1), 32_000);
    }
}
