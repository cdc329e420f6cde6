//! The lock and the contactor.

use super::*;

#[test]
fn energy_is_offered_before_the_car_asks_but_not_without_lock() {
    let mut stand = Stand::new(Cable::Socket);
    stand.facts.pilot = PilotState::B;
    stand.facts.plugged = true;
    stand.permit(16_000);
    stand.is(ContactorState::Open, 0);
    stand.facts.lock = LockState::Locked;
    stand.step();
    stand.is(ContactorState::Open, 16_000);
}

#[test]
fn the_lock_lets_go_only_once_the_contactor_is_open() {
    let mut stand = Stand::charging(Cable::Socket);
    assert_eq!(stand.lock(1, false), []);
    assert_eq!(stand.out.lock, None);
    stand.rules.revoke();
    stand.pass(500 * MS);
    assert_eq!(
        (stand.out.contactor, stand.out.lock),
        (ContactorState::Closed, None)
    );
    stand.draw(0);
    stand.pass(20 * MS);
    assert_eq!(
        (stand.out.contactor, stand.out.lock),
        (ContactorState::Open, None)
    );
    stand.pass(MS);
    assert_eq!(stand.out.lock.map(|order| order.locked), Some(false));
    stand.pass(50 * MS);
    stand.facts.lock_ended = 1;
    stand.facts.lock = LockState::Unlocked;
    stand.pass(MS);
    assert_eq!(stand.rules.take_lock_answers(), [(1, LockState::Unlocked)]);
}

#[test]
fn a_welded_contactor_keeps_the_plug_locked() {
    let mut stand = Stand::charging(Cable::Socket);
    stand.rules.revoke();
    stand.lock(1, false);
    for _ in 0..100 {
        stand.pass(100 * MS);
        stand.facts.contactor = ContactorState::Closed;
        assert_eq!(stand.out.lock, None);
    }
    assert_eq!(stand.rules.take_lock_answers(), [(1, LockState::Locked)]);
    assert_eq!(
        stand.rules.faults(&stand.facts)[0].kind,
        FaultKind::ContactorFailure
    );
}

#[test]
fn an_unlock_under_a_permit_is_answered_after_the_bound() {
    let mut stand = Stand::charging(Cable::Socket);
    stand.lock(1, false);
    stand.pass(5_999 * MS);
    assert_eq!(stand.rules.take_lock_answers(), []);
    stand.pass(MS);
    assert_eq!(stand.rules.take_lock_answers(), [(1, LockState::Locked)]);
    stand.is(ContactorState::Closed, 16_000);
}

#[test]
fn while_the_lock_lets_go_the_contactor_cannot_close() {
    let mut stand = Stand::charging(Cable::Socket);
    stand.rules.revoke();
    stand.draw(0);
    stand.step();
    stand.pass(20 * MS);
    stand.lock(1, false);
    assert!(stand.out.lock.is_some());
    // The feedback still says "locked".
    stand.permit(16_000);
    stand.is(ContactorState::Open, 0);
}

#[test]
fn a_motor_that_never_ends_has_failed() {
    let mut stand = Stand::new(Cable::Socket);
    stand.facts.plugged = true;
    stand.lock(1, true);
    stand.pass(2_999 * MS);
    assert_eq!(stand.rules.take_lock_answers(), []);
    stand.pass(MS);
    assert_eq!(stand.rules.take_lock_answers(), [(1, LockState::Failed)]);
    assert_eq!(stand.rules.lock_state(&stand.facts), LockState::Failed);
}

#[test]
fn orders_to_the_lock_that_need_no_motor() {
    let mut stand = Stand::new(Cable::Fixed);
    assert_eq!(stand.lock(1, true), [(1, LockState::None)]);
    assert_eq!(stand.lock(2, false), [(2, LockState::None)]);
    let mut stand = Stand::new(Cable::Socket);
    assert_eq!(stand.lock(3, false), [(3, LockState::Unlocked)]);
    // Nothing to lock.
    assert_eq!(stand.lock(4, true), [(4, LockState::Unlocked)]);
    assert_eq!(stand.out.lock, None);
}

#[test]
fn an_order_that_overtakes_another_answers_it() {
    let mut stand = Stand::charging(Cable::Socket);
    assert_eq!(stand.lock(1, false), []);
    assert_eq!(
        stand.lock(2, true),
        [(1, LockState::Locked), (2, LockState::Locked)]
    );
}
