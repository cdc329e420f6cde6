//! When the contactor closes and opens.

use super::*;

type Obstacle = (&'static str, fn(&mut Stand));

/// Everything that keeps a contactor open, each by itself.
const OBSTACLES: [Obstacle; 11] = [
    ("no permit", |s| s.rules.revoke()),
    ("pilot A", |s| s.facts.pilot = PilotState::A),
    ("pilot B", |s| s.facts.pilot = PilotState::B),
    ("pilot D without ventilation", |s| {
        s.facts.pilot = PilotState::D;
    }),
    ("pilot E", |s| s.facts.pilot = PilotState::E),
    ("pilot F", |s| s.facts.pilot = PilotState::F),
    ("a fault", |s| s.facts.faults.push(fault())),
    ("emergency stop", |s| s.facts.emergency_stop = true),
    ("not plugged", |s| s.facts.plugged = false),
    ("lock open", |s| s.facts.lock = LockState::Unlocked),
    ("mains gone", |s| s.rules.mains(false)),
];

#[test]
fn each_obstacle_keeps_the_contactor_open() {
    for (name, obstruct) in OBSTACLES {
        let mut stand = Stand::new(Cable::Socket);
        stand.facts.pilot = PilotState::C;
        stand.facts.plugged = true;
        stand.facts.lock = LockState::Locked;
        stand.rules.permit(
            stand.now,
            &Permit {
                outlet: 1,
                limit_ma: 16_000,
                limit_w: None,
                phases: 3,
                energy_limit_wh: None,
                steps: Vec::new(),
                reason: String::new(),
                session: 1,
                until_ms: None,
            },
            &[],
        );
        obstruct(&mut stand);
        for _ in 0..100 {
            let out = stand.pass(100 * MS);
            assert_eq!(out.contactor, ContactorState::Open, "{name}");
        }
    }
}

#[test]
fn each_obstacle_but_a_revoked_permit_opens_at_once() {
    for (name, obstruct) in OBSTACLES.into_iter().skip(1) {
        let mut stand = Stand::charging(Cable::Socket);
        obstruct(&mut stand);
        assert_eq!(stand.step().contactor, ContactorState::Open, "{name}");
    }
}

#[test]
fn ventilation_where_there_is_some() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.rules.ventilated = true;
    stand.facts.pilot = PilotState::D;
    assert_eq!(stand.step().contactor, ContactorState::Closed);
}

#[test]
fn a_revoked_permit_signals_first_and_opens_at_zero_current() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.rules.revoke();
    stand.step();
    stand.is(ContactorState::Closed, 0);
    stand.pass(500 * MS);
    stand.is(ContactorState::Closed, 0);
    stand.draw(100);
    stand.pass(MS);
    stand.is(ContactorState::Open, 0);
}

#[test]
fn a_current_measured_before_the_signal_is_no_zero_current() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.draw(0);
    let measured = stand.facts.current;
    stand.rules.revoke();
    stand.step();
    for _ in 0..100 {
        stand.now = stand.now.after(10 * MS);
        stand.facts.current = measured;
        assert_eq!(stand.step().contactor, ContactorState::Closed);
    }
}

#[test]
fn a_car_that_goes_on_drawing_is_cut_off_at_the_bound() {
    for current in [true, false] {
        let mut stand = Stand::charging(Cable::Fixed);
        if !current {
            stand.facts.current = None;
        }
        stand.rules.revoke();
        stand.step();
        stand.pass(2_999 * MS);
        stand.is(ContactorState::Closed, 0);
        let wake = stand.rules.wake_at(stand.now);
        assert_eq!(wake, Some(stand.now.after(MS)));
        stand.pass(MS);
        stand.is(ContactorState::Open, 0);
    }
}

#[test]
fn a_permit_given_while_letting_go_goes_on() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.rules.revoke();
    stand.step();
    stand.permit(10_000);
    stand.is(ContactorState::Closed, 10_000);
}

#[test]
fn phases_are_not_switched_under_load() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.permit_with(|permit| permit.phases = 1);
    assert_eq!((stand.out.phases, stand.out.offered_ma), (3, 0));
    assert_eq!(stand.out.contactor, ContactorState::Closed);
    stand.draw(0);
    stand.pass(20 * MS);
    assert_eq!(stand.out.contactor, ContactorState::Open);
    stand.pass(MS);
    assert_eq!((stand.out.phases, stand.out.offered_ma), (1, 16_000));
    assert_eq!(stand.out.contactor, ContactorState::Closed);
}

#[test]
fn a_contactor_that_does_not_close_is_a_fault_until_the_car_is_gone() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.facts.contactor = ContactorState::Open;
    stand.now = stand.now.after(MS);
    stand.step();
    stand.facts.contactor = ContactorState::Open;
    stand.pass(500 * MS);
    stand.is(ContactorState::Open, 0);
    stand.pass(Duration::from_secs(3_600));
    stand.is(ContactorState::Open, 0);
    assert_eq!(
        stand.rules.faults(&stand.facts)[0].kind,
        FaultKind::ContactorFailure
    );
    stand.facts.pilot = PilotState::A;
    stand.step();
    assert_eq!(stand.rules.faults(&stand.facts), []);
}

#[test]
fn a_flapping_pilot_opens_each_time_and_closes_ever_more_rarely() {
    let mut stand = Stand::charging(Cable::Fixed);
    let mut closings = 0;
    for _ in 0..6_000 {
        stand.facts.pilot = PilotState::B;
        stand.pass(5 * MS);
        assert_eq!(stand.out.contactor, ContactorState::Open);
        stand.facts.pilot = PilotState::C;
        stand.pass(5 * MS);
        closings += u32::from(stand.out.contactor == ContactorState::Closed);
    }
    assert!(
        (5..=12).contains(&closings),
        "{closings} closings in a minute"
    );
    // Another session owes nothing to that.
    stand.permit_with(|permit| permit.session = 2);
    stand.is(ContactorState::Closed, 16_000);
}

#[test]
fn the_end_opens_at_zero_current_or_without_waiting() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.rules.close_down();
    stand.step();
    stand.is(ContactorState::Closed, 0);
    stand.rules.open_now();
    stand.step();
    stand.is(ContactorState::Open, 0);
}
