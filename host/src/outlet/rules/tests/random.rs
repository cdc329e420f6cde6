//! Random facts and orders.

use super::*;
use crate::outlet::dice::Dice;

/// Random facts and orders; what must hold, holds after each step.
#[test]
fn whatever_happens_a_closed_contactor_has_all_its_reasons() {
    for seed in 1..=200 {
        let mut dice = Dice(seed);
        let cable = [Cable::Fixed, Cable::Socket][dice.roll(2) as usize];
        let mut stand = Stand::charging(cable);
        let mut mains = true;
        let mut since_no_current = None;
        let mut before = stand.out;
        let mut permit_limit = 16_000;
        for _ in 0..400 {
            match dice.roll(16) {
                0..=4 => {
                    use PilotState::{A, B, C, D, E, F};
                    stand.facts.pilot = [C, C, C, B, A, D, E, F][dice.roll(8) as usize];
                    stand.facts.plugged = stand.facts.pilot != A || dice.roll(2) == 0;
                }
                5 => stand.facts.faults = vec![fault(); usize::from(dice.roll(4) == 0)],
                6 => stand.facts.emergency_stop = dice.roll(4) == 0,
                7 => {
                    mains = dice.roll(4) != 0;
                    stand.rules.mains(mains);
                }
                8 | 9 => {
                    permit_limit = [0, 6_000, 16_000, 80_000][dice.roll(4) as usize];
                    let phases = [1, 3][dice.roll(2) as usize];
                    let session = dice.roll(3);
                    let limit = [None, Some(1), Some(100)][dice.roll(3) as usize];
                    stand.permit_with(|permit| {
                        permit.limit_ma = permit_limit;
                        permit.phases = phases;
                        permit.session = session;
                        permit.energy_limit_wh = limit;
                    });
                }
                10 => {
                    stand.rules.revoke();
                }
                11 if cable == Cable::Socket => {
                    stand.lock(7, dice.roll(2) == 0);
                }
                12 if cable == Cable::Socket => {
                    stand.facts.lock_ended = stand.out.lock.map_or(0, |order| order.serial);
                    use LockState::{Failed, Locked, Unlocked};
                    stand.facts.lock = [Locked, Locked, Unlocked, Failed][dice.roll(4) as usize];
                }
                13 => stand.rules.guest_healthy(stand.now, dice.roll(2) == 0),
                _ => stand.draw([0, 16_000][dice.roll(2) as usize]),
            }
            stand.register += dice.roll(200);
            let out = stand.pass(Duration::from_millis(dice.roll(400)));

            let closed = out.contactor == ContactorState::Closed;
            let context = format!("seed {seed}: {out:?} {:?}", stand.facts);
            if closed {
                assert_eq!(stand.facts.pilot, PilotState::C, "{context}");
                assert!(stand.facts.plugged && mains, "{context}");
                assert!(stand.facts.faults.is_empty(), "{context}");
                assert!(!stand.facts.emergency_stop, "{context}");
                let moving = out.lock.is_some_and(|o| o.serial != stand.facts.lock_ended);
                let held = stand.facts.lock == LockState::Locked && !moving;
                assert!(cable == Cable::Fixed || held, "{context}");
            }
            assert!(out.offered_ma <= 32_000.min(permit_limit), "{context}");
            // Closed without a permit that offers something: only after "no
            // current", and only up to the bound.
            if closed && out.offered_ma == 0 {
                let since = *since_no_current.get_or_insert(stand.now);
                assert!(stand.now.since(since) < Duration::from_secs(3), "{context}");
            } else {
                since_no_current = None;
            }
            // The lock is told to let go only at an open contactor.
            let new_order = out.lock.filter(|order| before.lock != Some(*order));
            if new_order.is_some_and(|order| !order.locked) {
                assert_eq!(before.contactor, ContactorState::Open, "{context}");
                assert_eq!(out.contactor, ContactorState::Open, "{context}");
            }
            before = out;
        }
    }
}
