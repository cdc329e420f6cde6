//! A car that behaves.

use super::*;

#[test]
fn a_car_asks_within_a_second_once_energy_is_offered() {
    let mut world = FIXED.make(None);
    world.work(&car(32_000, 3)).expect("plugs");
    world.run(10 * SECOND);
    assert_eq!(world.state().pilot, PilotState::B);
    assert_eq!(world.changes(), [OutletChange::Pilot, OutletChange::Plug]);
    world.permit(&permit(5_999));
    world.run(10 * SECOND);
    assert_eq!(world.state().pilot, PilotState::B);
    world.permit(&permit(6_000));
    assert_eq!(world.state().offered_ma, 6_000);
    world.run(SECOND);
    assert_eq!(world.state().pilot, PilotState::C);
    assert_eq!(world.state().contactor, ContactorState::Closed);
    assert_eq!(
        world.changes(),
        [OutletChange::Pilot, OutletChange::Contactor]
    );
}

#[test]
fn a_car_draws_no_more_than_car_offer_and_phases_allow() {
    // car mA, car phases, offer mA, permit phases, outlet phases -> mA, mW
    let cases = [
        (32_000, 3, 16_000, 3, 3, 16_000, 11_040_000),
        (16_000, 3, 32_000, 3, 3, 16_000, 11_040_000),
        (32_000, 1, 32_000, 3, 3, 32_000, 7_360_000),
        (32_000, 2, 10_000, 3, 3, 10_000, 4_600_000),
        (32_000, 3, 10_000, 1, 3, 10_000, 2_300_000),
        (32_000, 3, 10_000, 3, 1, 10_000, 2_300_000),
        (32_000, 3, 80_000, 3, 3, 32_000, 22_080_000),
    ];
    for (car_ma, car_phases, offer, phases, outlet_phases, flows, power) in cases {
        let mut world = Maker {
            phases: outlet_phases,
            ..FIXED
        }
        .make(None);
        world.work(&car(car_ma, car_phases)).expect("plugs");
        world.permit(&Permit {
            phases,
            ..permit(offer)
        });
        world.run(5 * SECOND);
        let measured = (
            world.measured(Quantity::CurrentImport, Some(Phase::L1)),
            world.measured(Quantity::PowerActiveImport, None),
        );
        assert_eq!(measured, (Some(flows), Some(power)));
    }
}

#[test]
fn a_car_ramps_its_current_up_and_down() {
    let mut world = FIXED.make(None);
    world.work(&car(20_000, 3)).expect("plugs");
    world.permit(&permit(32_000));
    while world.state().contactor == ContactorState::Open {
        world.run(MS);
    }
    let mut levels = Vec::new();
    let mut watch = |world: &mut World| {
        for _ in 0..300 {
            let level = world.measured_now(Phase::L1);
            if levels.last() != Some(&level) {
                levels.push(level);
            }
            world.run(MS);
        }
    };
    watch(&mut world);
    world.permit(&permit(6_000));
    watch(&mut world);
    world.permit(&permit(0));
    watch(&mut world);
    let amperes = [0, 8, 16, 20, 12, 6, 0];
    assert_eq!(levels, amperes.map(|a| Some(a * 1_000)));
}

#[test]
fn a_car_pauses_and_goes_on() {
    let mut world = FIXED.make(None).charging();
    world.work(&OutletOrder::Wish(Wish::Pause)).expect("works");
    world.run(10 * SECOND);
    let state = world.state();
    assert_eq!(
        (state.pilot, state.contactor, state.offered_ma),
        (PilotState::B, ContactorState::Open, 32_000)
    );
    world.work(&OutletOrder::Wish(Wish::Charge)).expect("works");
    world.run(SECOND);
    assert_eq!(world.state().contactor, ContactorState::Closed);
}

#[test]
fn a_car_gets_full_and_stays_so() {
    let mut world = FIXED.make(None);
    let before = world.register();
    world
        .work(&OutletOrder::Plug {
            current_ma: 16_000,
            phases: 3,
            capacity_mwh: Some(20_000_000),
        })
        .expect("plugs");
    world.permit(&permit(32_000));
    world.run(Duration::from_secs(3_600));
    let half = world.measured(Quantity::StateOfCharge, None);
    assert!(
        half.is_some_and(|milli| (55_000..55_300).contains(&milli)),
        "{half:?}"
    );
    world.run(Duration::from_secs(3_600));
    let state = world.state();
    assert_eq!(
        (state.pilot, state.contactor, state.offered_ma),
        (PilotState::B, ContactorState::Open, 32_000)
    );
    assert_eq!(world.register() - before, 20_000_000);
    assert_eq!(world.measured(Quantity::StateOfCharge, None), Some(100_000));
}
