//! Socket, plug and lock.

use super::*;

#[test]
fn a_socket_charges_only_once_it_is_locked() {
    let mut world = SOCKET.make(None);
    world.work(&car(16_000, 3)).expect("plugs");
    world.permit(&permit(16_000));
    world.run(10 * SECOND);
    assert_eq!(world.state().offered_ma, 0);
    assert_eq!(world.lock(true), Some(LockState::Locked));
    world.run(SECOND);
    assert_eq!(world.state().contactor, ContactorState::Closed);
    // Held under current, let go afterwards.
    assert_eq!(world.lock(false), Some(LockState::Locked));
    world.revoke();
    assert_eq!(world.lock(false), Some(LockState::Unlocked));
    assert_eq!(world.state().contactor, ContactorState::Open);
    assert!(world.state().plugged);
}

#[test]
fn the_plug_stays_in_a_locked_socket() {
    let mut world = SOCKET.make(None).charging();
    world
        .work(&OutletOrder::Unplug { cable_stays: false })
        .expect("unplugs");
    let state = world.state();
    assert_eq!(
        (state.pilot, state.plugged, state.contactor),
        (PilotState::A, true, ContactorState::Open)
    );
    assert_eq!(
        world.work(&OutletOrder::Unplug { cable_stays: false }),
        Err(BenchError::NotPlugged(1))
    );
    // Back into the car, and out again.
    world.work(&car(16_000, 3)).expect("plugs");
    assert_eq!(world.state().pilot, PilotState::B);
    world
        .work(&OutletOrder::Unplug { cable_stays: false })
        .expect("unplugs");
    world.revoke();
    world.unit.take_told();
    assert_eq!(world.lock(false), Some(LockState::Unlocked));
    assert!(!world.state().plugged);
}

#[test]
fn a_jammed_lock_fails_in_both_directions_and_works_again() {
    let mut world = SOCKET.make(None);
    world.work(&car(16_000, 3)).expect("plugs");
    world.work(&OutletOrder::Jam(true)).expect("works");
    assert_eq!(world.lock(true), Some(LockState::Failed));
    world.permit(&permit(16_000));
    world.run(10 * SECOND);
    assert_eq!(world.state().contactor, ContactorState::Open);
    world.work(&OutletOrder::Jam(false)).expect("works");
    assert_eq!(world.lock(true), Some(LockState::Locked));
    world.work(&OutletOrder::Jam(true)).expect("works");
    world.revoke();
    assert_eq!(world.lock(false), Some(LockState::Failed));
    world
        .work(&OutletOrder::Unplug { cable_stays: false })
        .expect("unplugs");
    assert!(world.state().plugged, "the bolt still holds the plug");
    world.work(&OutletOrder::Jam(false)).expect("works");
    assert_eq!(world.lock(false), Some(LockState::Unlocked));
    assert!(!world.state().plugged);
}

#[test]
fn a_cable_may_be_left_in_the_socket() {
    let mut world = SOCKET.make(None).charging();
    let left = OutletOrder::Unplug { cable_stays: true };
    world.work(&left).expect("unplugs");
    world.revoke();
    assert_eq!(world.lock(false), Some(LockState::Unlocked));
    world.run(10 * SECOND);
    assert!(world.state().plugged, "nobody takes it");
    let taken = OutletOrder::Unplug { cable_stays: false };
    world.work(&taken).expect("unplugs");
    assert!(!world.state().plugged);
    assert_eq!(world.work(&taken), Err(BenchError::NotPlugged(1)));
}
