//! What a guest is shown and told of cars that come and leave.

use super::*;
use crate::outlet::Departure;
use crate::wit::protocol::{
    AcSupply, Cable, ContactorState, LockState, OutletChange, OutletEvent, PilotState, Stamp,
    Supply,
};

const AT: Stamp = Stamp {
    boot_id: 1,
    monotonic_ms: 1_000,
};

fn state(pilot: PilotState) -> OutletState {
    OutletState {
        outlet: 1,
        cable: Cable::Fixed,
        supply: Supply::Ac(AcSupply {
            phases: 3,
            max_current_ma: 32_000,
        }),
        pilot,
        plugged: pilot != PilotState::A,
        lock: LockState::None,
        contactor: ContactorState::Open,
        offered_ma: 0,
        permit: None,
        limited_by: None,
        serial: 0,
        connection: 0,
        energy_spent: false,
        faults: Vec::new(),
        reading: None,
    }
}

fn view(pilot: PilotState, serial: u64, connection: u64, left: &[u64]) -> OutletView {
    let departure = |connection: &u64| Departure {
        connection: *connection,
        at: AT,
        state: state(PilotState::A),
    };
    OutletView {
        state: state(pilot),
        serial,
        connection,
        departures: left.iter().map(departure).collect(),
        permit_end: None,
        paced: false,
    }
}

fn news(pilot: PilotState, serial: u64, connection: u64) -> OutletNews {
    OutletNews {
        event: OutletEvent {
            change: OutletChange::Pilot,
            at: AT,
            state: state(pilot),
        },
        serial,
        connection,
    }
}

/// Knows the car of connection 1.
fn knowing() -> Knowledge {
    let mut it = Knowledge::default();
    let (_, shown) = it.boot(vec![view(PilotState::C, 4, 1, &[])]);
    assert!(it.started(shown).is_empty());
    it
}

#[test]
fn what_boot_has_shown_is_no_news() {
    let mut it = knowing();
    assert!(!it.is_news(&news(PilotState::B, 3, 1)));
    assert!(!it.is_news(&news(PilotState::C, 4, 1)));
    let next = news(PilotState::B, 5, 1);
    assert!(it.is_news(&next));
    it.learn(it.of_news(&next));
    assert!(!it.is_news(&next));
}

#[test]
fn a_car_that_left_unheard_is_shown_gone_before_the_next_one() {
    let mut it = knowing();
    let present = view(PilotState::C, 9, 3, &[1, 2]);
    // Also where a first `start` fails, or is only a rehearsal.
    for _ in 0..2 {
        let (states, _) = it.boot(vec![present.clone()]);
        assert_eq!(states[0].pilot, PilotState::A);
    }
    let (_, shown) = it.boot(vec![present.clone()]);
    let follow = it.started(shown);
    assert_eq!(follow, std::slice::from_ref(&present));
    assert_eq!(it.connection(1), 2, "for a permit that start gives");
    // Events on their way are over, of whichever car.
    for serial in 5..=9 {
        assert!(!it.is_news(&news(PilotState::A, serial, 2)));
    }
    it.learn(it.of_view(&follow[0]));
    assert_eq!(it.connection(1), 3);
    // Once.
    let (states, shown) = it.boot(vec![present]);
    assert_eq!(states[0].pilot, PilotState::C);
    assert!(it.started(shown).is_empty());
}

#[test]
fn a_departure_told_late_is_no_news_behind_the_next_car() {
    let mut it = knowing();
    let next = news(PilotState::B, 6, 2);
    it.learn(it.of_news(&next));
    assert!(!it.is_news(&news(PilotState::A, 7, 2)), "of the car before");
    assert!(it.is_news(&news(PilotState::A, 8, 3)), "of this one");
}

#[test]
fn a_departure_that_an_earlier_process_wrote_down_is_shown_first() {
    let mut it = Knowledge::after([
        state(PilotState::C),
        state(PilotState::A),
        state(PilotState::B),
    ]);
    assert!(it.had_earlier());
    let present = view(PilotState::B, 0, 1, &[]);
    let (states, shown) = it.boot(vec![present.clone()]);
    assert_eq!(states[0].pilot, PilotState::A);
    assert_eq!(it.started(shown), std::slice::from_ref(&present));
    it.learn(it.of_view(&present));
    assert!(!it.had_earlier());
    assert_eq!(it.boot(vec![present]).0[0].pilot, PilotState::B);
}

#[test]
fn a_permit_that_was_taken_back_stays_so_when_the_memory_of_it_is_lost() {
    let mut it = knowing();
    let permit = |session| Permit {
        outlet: 1,
        limit_ma: 16_000,
        limit_w: None,
        phases: 3,
        energy_limit_wh: None,
        steps: Vec::new(),
        reason: String::new(),
        session,
        until_ms: None,
    };
    it.gave(&permit(7));
    assert!(!it.was_taken_back(&permit(7)));
    it.took_back(1);
    assert!(it.was_taken_back(&permit(7)));
    assert!(!it.was_taken_back(&permit(8)));
}
