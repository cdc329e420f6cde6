//! A permit ends with the car that it was given for, and what is told of it.

use super::*;
use crate::outlet::{OutletNews, PermitFate, PermitNews};
use crate::wit::protocol::OutletEvent;

const UNPLUG: OutletOrder = OutletOrder::Unplug { cable_stays: false };
const UNPLUG_AT_CAR: OutletOrder = OutletOrder::Unplug { cable_stays: true };

fn news(world: &mut World) -> (Vec<OutletEvent>, Vec<PermitNews>) {
    let (mut events, mut permits) = (Vec::new(), Vec::new());
    for told in world.unit.take_told() {
        match told {
            Told::Outlet(OutletNews { event, .. }) => events.push(event),
            Told::Permit(it) => permits.push(it),
            _ => {}
        }
    }
    (events, permits)
}

#[test]
fn the_next_car_gets_nothing_of_a_permit() {
    for (outlet, unplug) in [(FIXED, UNPLUG), (SOCKET, UNPLUG), (SOCKET, UNPLUG_AT_CAR)] {
        let mut world = outlet.make(None).charging();
        let register = world.register();
        world.work(&unplug).expect("unplugs");
        let state = world.state();
        assert_eq!(state.permit, None);
        assert_eq!(state.contactor, ContactorState::Open);
        let (events, permits) = news(&mut world);
        assert!(events.iter().any(|it| it.change == OutletChange::Permit));
        let [permit] = &permits[..] else {
            panic!("{permits:?}");
        };
        assert_eq!((permit.fate, permit.connection), (PermitFate::CarLeft, 1));
        assert_eq!(permit.register_mwh, Some(register));
        // Nobody has done anything meanwhile: no guest, no disk, no time.
        world.work(&car(16_000, 3)).expect("plugs");
        world.run(60 * SECOND);
        assert_eq!(world.state().contactor, ContactorState::Open);
        assert_eq!(world.register(), register);
    }
}

#[test]
fn a_permit_for_a_car_that_has_left_is_refused() {
    let mut world = FIXED.make(None).charging();
    world.work(&UNPLUG).expect("unplugs");
    world.work(&car(16_000, 3)).expect("plugs");
    world.unit.take_told();
    // Decided before anybody knew that the first car is gone.
    world.unit.permit(present(world.now), &permit(16_000), 1);
    world.run(10 * SECOND);
    assert_eq!(world.state().permit, None);
    assert_eq!(world.state().contactor, ContactorState::Open);
    let (events, permits) = news(&mut world);
    assert_eq!(permits[0].fate, PermitFate::TooLate);
    assert_eq!(
        events[0].change,
        OutletChange::Permit,
        "whoever gave it hears"
    );
    // One for the car that is there.
    world.permit(&permit(16_000));
    world.run(10 * SECOND);
    assert_eq!(world.state().contactor, ContactorState::Closed);
}

#[test]
fn a_car_that_nobody_has_watched_counts_as_another_one() {
    let mut world = FIXED.make(None).charging();
    let register = world.register();
    world.unit.take_told();
    world.unit.unwatched(present(world.now));
    world.settle();
    let (events, permits) = news(&mut world);
    assert_eq!(
        (permits[0].fate, permits[0].connection),
        (PermitFate::Unwatched, 1)
    );
    // First that the car has gone, then that one is there.
    assert_eq!(events[0].state.pilot, PilotState::A);
    assert_eq!(events[0].state.permit, None);
    assert_ne!(events.last().expect("two").state.pilot, PilotState::A);
    let view = world.unit.view(present(world.now));
    assert_eq!((view.connection, view.departures.len()), (2, 1));
    // A permit that was under way is for the car before.
    world.unit.permit(present(world.now), &permit(16_000), 1);
    world.run(60 * SECOND);
    assert_eq!(world.state().contactor, ContactorState::Open);
    let used = world.register() - register;
    assert!(used < 100_000, "{used} mWh until the contactor had opened");
    world.permit(&permit(16_000));
    world.run(10 * SECOND);
    assert_eq!(world.state().contactor, ContactorState::Closed);
}

#[test]
fn nothing_ends_where_no_car_is() {
    let mut world = FIXED.make(None);
    world.unit.take_told();
    world.unit.unwatched(present(world.now));
    world.settle();
    assert_eq!(news(&mut world), (Vec::new(), Vec::new()));
    assert_eq!(world.unit.view(present(world.now)).connection, 1);
}

#[test]
fn a_permit_is_only_ever_lowered() {
    let mut world = FIXED.make(None).charging();
    world.unit.lower(present(world.now), &permit(10_000));
    world.settle();
    assert_eq!(world.state().offered_ma, 10_000);
    world.unit.lower(present(world.now), &permit(32_000));
    world.settle();
    assert_eq!(world.state().offered_ma, 10_000);
    let other = Permit {
        session: 99,
        ..permit(0)
    };
    world.unit.lower(present(world.now), &other);
    world.settle();
    assert_eq!(world.state().offered_ma, 10_000, "of another session");
}

#[test]
fn a_car_that_leaves_is_told_before_anything_of_the_next_one() {
    let mut world = FIXED.make(None).charging();
    // So much of it that changes of the pilot are no longer told one by one.
    for _ in 0..200 {
        world.work(&UNPLUG).expect("unplugs");
        world.work(&car(16_000, 3)).expect("plugs");
    }
    let (events, _) = news(&mut world);
    assert!(events.len() < 200, "{} events", events.len());
    let left = |event: &OutletEvent| event.state.pilot == PilotState::A;
    let connection = world.unit.view(present(world.now)).connection;
    assert_eq!(connection, 201);
    world
        .work(&OutletOrder::Fault("Bees".into()))
        .expect("works");
    let (events, _) = news(&mut world);
    assert!(left(&events[0]), "{:?}", events[0]);
    assert!(!left(&events[1]));
    // The first departures are remembered until somebody knows of them, and the last.
    let view = world.unit.view(present(world.now));
    assert_eq!(view.departures[0].connection, 1);
    assert_eq!(view.departures.last().map(|it| it.connection), Some(200));
    world.unit.known(200);
    let view = world.unit.view(present(world.now));
    assert!(view.departures.iter().all(|it| it.connection >= 200));
}
