//! What a permit allows, how much and how long.

use super::*;

#[test]
fn a_limit_of_zero_keeps_the_permit_and_comes_back() {
    for limit in [0, 1, 5_999] {
        let mut stand = Stand::charging(Cable::Fixed);
        stand.permit(limit);
        stand.is(ContactorState::Closed, 0);
        stand.draw(0);
        stand.pass(20 * MS);
        stand.is(ContactorState::Open, 0);
        assert_eq!(
            stand.rules.permit_in_force().map(|p| p.limit_ma),
            Some(limit)
        );
        stand.permit(6_000);
        stand.is(ContactorState::Closed, 6_000);
    }
}

#[test]
fn a_permit_is_cut_to_the_installation() {
    let mut stand = Stand::charging(Cable::Fixed);
    for (phases, expected) in [(0, 1), (1, 1), (2, 1), (3, 3), (200, 3)] {
        stand.permit_with(|permit| {
            permit.limit_ma = 80_000;
            permit.phases = phases;
        });
        let permit = stand.rules.permit_in_force().expect("a permit");
        assert_eq!((permit.limit_ma, permit.phases), (32_000, expected));
    }
}

#[test]
fn a_limit_of_power_counts_with_the_phases_and_the_lower_limit_applies() {
    let mut stand = Stand::charging(Cable::Fixed);
    for (watts, phases, limit_ma, expected) in [
        (11_040, 3, 32_000, 16_000),
        (3_680, 1, 32_000, 16_000),
        (11_040, 3, 10_000, 10_000),
        (0, 3, 32_000, 0),
        (u32::MAX, 1, 32_000, 32_000),
    ] {
        stand.permit_with(|permit| {
            permit.limit_ma = limit_ma;
            permit.limit_w = Some(watts);
            permit.phases = phases;
        });
        let permit = stand.rules.permit_in_force().expect("a permit");
        assert_eq!(permit.limit_ma, expected, "{watts} W, {phases} phases");
    }
}

#[test]
fn the_energy_limit_counts_from_the_first_permit_of_the_session() {
    let mut stand = Stand::charging(Cable::Fixed);
    let limit = |stand: &mut Stand, wh, session| {
        stand.permit_with(|permit| {
            permit.energy_limit_wh = Some(wh);
            permit.session = session;
        });
    };
    limit(&mut stand, 10, 1);
    stand.register += 6_000;
    stand.step();
    limit(&mut stand, 10, 1);
    stand.register += 3_999;
    stand.step();
    assert!(!stand.rules.is_spent());
    let acts = stand.rules.own_acts();
    stand.register += 1;
    stand.step();
    assert!(stand.rules.is_spent());
    assert_eq!(stand.rules.own_acts(), acts + 1);
    stand.is(ContactorState::Closed, 0);
    stand.draw(0);
    stand.pass(20 * MS);
    stand.is(ContactorState::Open, 0);
    // More of it, and another session.
    limit(&mut stand, 11, 1);
    stand.is(ContactorState::Closed, 16_000);
    stand.register += 1_000;
    stand.step();
    assert!(stand.rules.is_spent());
    limit(&mut stand, 10, 2);
    assert!(!stand.rules.is_spent());
    stand.is(ContactorState::Closed, 16_000);
}

#[test]
fn a_register_that_goes_back_gives_no_energy_back() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.permit_with(|permit| permit.energy_limit_wh = Some(10));
    stand.register += 9_000;
    stand.step();
    stand.register = 0;
    stand.step();
    stand.register += 1_000;
    stand.step();
    assert!(stand.rules.is_spent());
}

#[test]
fn an_orphan_permit_lives_only_so_long() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.rules.guest_healthy(stand.now, true);
    stand.pass(Duration::from_secs(3_600));
    stand.is(ContactorState::Closed, 16_000);
    stand.rules.guest_healthy(stand.now, false);
    assert_eq!(
        stand.rules.wake_at(stand.now),
        Some(stand.now.after(Duration::from_secs(60)))
    );
    let acts = stand.rules.own_acts();
    stand.pass(Duration::from_secs(59));
    stand.is(ContactorState::Closed, 16_000);
    stand.pass(Duration::from_secs(1));
    stand.is(ContactorState::Closed, 0);
    assert_eq!(stand.rules.permit_in_force(), None);
    assert_eq!(stand.rules.own_acts(), acts + 1);
    stand.pass(Duration::from_secs(3));
    stand.is(ContactorState::Open, 0);
}

#[test]
fn a_guest_that_is_well_now_and_then_does_not_keep_an_orphan_alive() {
    let mut stand = Stand::charging(Cable::Fixed);
    // 9 s ill, 1 s well: 8 s of the life are gone each time.
    for _ in 0..7 {
        stand.rules.guest_healthy(stand.now, false);
        stand.pass(Duration::from_secs(9));
        stand.rules.guest_healthy(stand.now, true);
        stand.pass(Duration::from_secs(1));
    }
    stand.is(ContactorState::Closed, 16_000);
    stand.rules.guest_healthy(stand.now, false);
    stand.pass(Duration::from_secs(9));
    assert_eq!(stand.rules.permit_in_force(), None);
}

#[test]
fn a_new_permit_gives_the_orphan_its_whole_life() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.rules.guest_healthy(stand.now, false);
    stand.pass(Duration::from_secs(59));
    stand.permit(16_000);
    stand.pass(Duration::from_secs(59));
    stand.is(ContactorState::Closed, 16_000);
}

#[test]
fn what_is_said_of_a_session_counts_beside_its_permit_and_never_above() {
    let mut stand = Stand::charging(Cable::Fixed);
    let at = |stand: &Stand, ms: u64| stand.now.after(Duration::from_millis(ms));
    let clamp = |limit_ma: Option<u32>| Clamp {
        by: "fleet".to_owned(),
        why: "quota".to_owned(),
        limit_ma,
        ..Clamp::default()
    };
    let timed = |clamp: Clamp, not_before, until| Timed {
        clamp,
        not_before,
        until,
    };
    let before = stand.rules.own_acts();
    stand
        .rules
        .clamp(1, vec![timed(clamp(Some(10_000)), None, None)]);
    stand.step();
    stand.is(ContactorState::Closed, 10_000);
    let told = PolicyLimit {
        policy: "fleet".to_owned(),
        why: "quota".to_owned(),
    };
    assert_eq!(stand.rules.limiter(), Some(Limiter::Policy(told)));
    assert!(stand.rules.own_acts() > before, "the component hears of it");
    assert_eq!(
        stand.rules.permit_in_force().map(|it| it.limit_ma),
        Some(16_000)
    );
    // More than the permit.
    stand
        .rules
        .clamp(1, vec![timed(clamp(Some(40_000)), None, None)]);
    stand.step();
    stand.is(ContactorState::Closed, 16_000);
    // Another session's.
    stand
        .rules
        .clamp(2, vec![timed(clamp(Some(0)), None, None)]);
    stand.step();
    stand.is(ContactorState::Closed, 16_000);
    // Not yet; and not any more. Its permit changes nothing about it.
    let (begin, end) = (at(&stand, 1_000), at(&stand, 5_000));
    stand
        .rules
        .clamp(1, vec![timed(clamp(None), Some(begin), Some(end))]);
    stand.step();
    stand.is(ContactorState::Closed, 0);
    stand.draw(0);
    stand.pass(20 * MS);
    stand.is(ContactorState::Open, 0);
    stand.permit(20_000);
    stand.is(ContactorState::Open, 0);
    assert_eq!(stand.rules.wake_at(stand.now), Some(begin));
    stand.pass(980 * MS);
    stand.is(ContactorState::Closed, 20_000);
    stand.pass(Duration::from_secs(4));
    stand.draw(0);
    stand.pass(20 * MS);
    stand.is(ContactorState::Open, 0);
    stand.permit(16_000);
    stand.is(ContactorState::Open, 0);
}
