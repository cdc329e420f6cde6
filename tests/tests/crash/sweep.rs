//! The process aborts at each point of a session in turn: behind each event
//! (what was only in memory is lost, as when the power goes), between an
//! event's commit and its effects, and between any two effects. Then the same
//! for the start that cleans up behind such a failure.

use plugpoint_tests::tell;

use crate::hands::{Died, Ending, begin};
use crate::plan;
use crate::session::session;
use crate::trial::{Crash, Trial};

/// Long enough for a frame to arrive and for a contactor to close.
const LINGER_MS: u64 = 80;

/// One ending, or all of them if `PLUGPOINT_SWEEP_ALL` is 1.
fn sweep(at: &'static str, linger_ms: u64, usual: Ending) {
    if plan::setting("PLUGPOINT_SWEEP_ALL", 0) == 0 {
        return sweep_one(at, linger_ms, usual);
    }
    for ending in Ending::ALL {
        sweep_one(at, linger_ms, ending);
    }
}

fn sweep_one(at: &'static str, linger_ms: u64, ending: Ending) {
    let points = plan::sweep(|n| {
        let mut trial = Trial::new();
        let died = die_at(&mut trial, Crash { at, n, linger_ms }, ending);
        trial.finish();
        died
    });
    tell(&format!(
        "died at each of {points} points of kind {at}, lingering {linger_ms} ms, in a session ended by {ending:?}"
    ));
    assert!(points > 20, "only {points} points of kind {at}");
}

/// True if the point was reached.
fn die_at(trial: &mut Trial, crash: Crash, ending: Ending) -> bool {
    let charger = match trial.start(Some(crash)) {
        Ok(charger) => charger,
        Err(Died) => {
            trial.bury(&[]);
            return true;
        }
    };
    let died = session(&trial.central, &charger, "CARD1", ending).is_err();
    let printed = charger.kill();
    trial.bury(&printed);
    died
}

#[test]
fn power_fails_behind_each_event() {
    sweep("event", 0, Ending::Card);
}

#[test]
fn power_fails_while_the_loop_hangs_behind_each_event() {
    sweep("event", LINGER_MS, Ending::Offline);
}

#[test]
fn crash_between_commit_and_effects() {
    sweep("commit", 0, Ending::Remote);
}

#[test]
fn crash_behind_each_effect() {
    sweep("effect", 0, Ending::Reset);
}

#[test]
fn crash_when_each_effect_has_shown() {
    sweep("effect", LINGER_MS, Ending::Card);
}

/// The start after a power failure in the middle of a transaction is itself cut
/// short, at each of its effects.
#[test]
fn crash_while_recovering() {
    let crash = |n| Crash {
        at: "effect",
        n,
        linger_ms: LINGER_MS,
    };
    let points = plan::sweep(|n| {
        let mut trial = Trial::new();
        let Ok(charger) = trial.start(None) else {
            unreachable!("it is not to die");
        };
        assert!(begin(&charger, "CARD1", 3.0).is_ok(), "a session begins");
        let printed = charger.kill();
        trial.bury(&printed);
        let died = match trial.start(Some(crash(n))) {
            Err(Died) => {
                trial.bury(&[]);
                true
            }
            Ok(charger) => {
                let settled = trial.note_register(&charger).is_ok()
                    && charger
                        .wait_status_or_end(std::time::Duration::from_secs(60), |s| {
                            s["queue"] == 0 && s["shows"]["registration"] == "Accepted"
                        })
                        .is_some();
                let printed = charger.kill();
                trial.bury(&printed);
                !settled
            }
        };
        trial.finish();
        died
    });
    tell(&format!("died at each of {points} effects of the recovery"));
    assert!(points > 5, "only {points} effects in the recovery");
}
