//! Whoever starts and stops in a loop does not wear out the contactor.

use super::*;
use crate::outlet::Cycling;

fn stand() -> Stand {
    let mut stand = Stand::new(Cable::Fixed);
    let limits = OutletLimits {
        number: 1,
        cable: Cable::Fixed,
        max_current_ma: 32_000,
        phases: 3,
        ventilated: false,
    };
    let safety = SafetySettings {
        cycling: Some(Cycling {
            interval: Duration::from_secs(10),
            per_hour: 60,
        }),
        ..safety()
    };
    stand.rules = Rules::new(&limits, &safety);
    stand.facts.pilot = PilotState::C;
    stand.facts.plugged = true;
    // Opens as soon as it may.
    stand.draw(0);
    stand
}

/// Closings in this many hours of starting and stopping as fast as it goes.
fn closings(stand: &mut Stand, hours: u64) -> u64 {
    let mut closings = 0;
    let mut was = stand.out.contactor;
    for quarter in 0..hours * 3600 * 4 {
        match stand.out.contactor {
            // "No current" is signalled, and then it opens.
            ContactorState::Closed => stand.rules.revoke(),
            _ => stand.permit_with(|permit| permit.session = quarter),
        }
        let out = stand.pass(250 * MS);
        if out.contactor == ContactorState::Closed && was != ContactorState::Closed {
            closings += 1;
        }
        was = out.contactor;
        if was == ContactorState::Open && stand.rules.permit_in_force().is_some() {
            // What would not come is not offered, and whoever looks sees why.
            assert!(stand.rules.is_paced(stand.now));
            assert_eq!(out.offered_ma, 0);
        }
    }
    closings
}

#[test]
fn starting_and_stopping_in_a_loop_is_paced() {
    let mut stand = stand();
    let hours = 3;
    let closings = closings(&mut stand, hours);
    assert!(
        (60 * hours..=60 * (hours + 1)).contains(&closings),
        "{closings}"
    );
}

#[test]
fn a_session_now_and_then_does_not_wait() {
    let mut stand = stand();
    for session in 0..200 {
        stand.permit_with(|permit| permit.session = session);
        let out = stand.step();
        assert_eq!(out.contactor, ContactorState::Closed, "{session}");
        stand.rules.revoke();
        for _ in 0..62 {
            stand.pass(1000 * MS);
        }
    }
}
