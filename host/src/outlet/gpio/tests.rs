//! The driver in virtual time, with a guard and lines made up by hand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Level;
use super::indicator::{Indicator, LampLine};
use super::lock::{Lock, Motor};
use super::outlet::{Fitted, GpioOutlet, Relay};
use super::settings::LookName;
use crate::guard::{RelayState, Seen};
use crate::line::fake::Levels;
use crate::outlet::pilot::LinePilot;
use crate::outlet::{Facts, LockOrder, Moment, OutletDriver, Outputs};
use crate::wit::protocol::{ContactorState, FaultKind, Indication, LockState, Look, PilotState};

const PACE: Duration = Duration::from_millis(100);

/// What the guard was told, and what it says.
#[derive(Default)]
struct Script {
    beats: u32,
    orders: Vec<bool>,
    seen: Seen,
}

#[derive(Clone, Default)]
struct FakeRelay(Arc<Mutex<Script>>);

impl FakeRelay {
    fn with<T>(&self, act: impl FnOnce(&mut Script) -> T) -> T {
        act(&mut self.0.lock().expect("nobody panics"))
    }

    fn says(&self, now: RelayState) {
        self.with(|it| {
            it.seen = Seen {
                up: true,
                now,
                since: now,
                was_unplugged: !now.plugged,
            };
        });
    }
}

impl Relay for FakeRelay {
    fn heartbeat(&self) {
        self.with(|it| it.beats += 1);
    }

    fn set(&self, closed: bool) {
        self.with(|it| it.orders.push(closed));
    }

    fn look(&self) -> Seen {
        self.with(|it| it.seen)
    }

    fn pace(&self) -> Duration {
        PACE
    }
}

struct Stand {
    driver: GpioOutlet,
    relay: FakeRelay,
    request: Level,
    feedback: Level,
    locked: Level,
    levels: Levels,
    now: Moment,
}

const PLUGGED: RelayState = RelayState {
    closed: false,
    emergency_stop: false,
    residual_current: false,
    plugged: true,
    tripped: false,
    broken: false,
};

impl Stand {
    fn new() -> Self {
        let levels = Levels::default();
        let relay = FakeRelay::default();
        relay.says(RelayState::default());
        let [request, feedback, locked] = [(); 3].map(|()| Level::new(false));
        let motor = Motor::Ways {
            lock: levels.output("LOCK"),
            unlock: levels.output("UNLOCK"),
        };
        let lamp = LampLine {
            line: levels.output("LAMP"),
            on: vec![LookName::Charging],
            blink: vec![LookName::Reserved, LookName::Refused],
            lit: false,
        };
        let driver = GpioOutlet::new(Fitted {
            relay: Some(Box::new(relay.clone())),
            has_plug_line: true,
            feedback: Some(feedback.clone()),
            pilot: Some(Box::new(LinePilot::new(request.clone()))),
            pwm: None,
            lock: Some(Lock::new(
                motor,
                Some(locked.clone()),
                Duration::from_millis(600),
            )),
            indicator: Indicator::new(vec![lamp]),
            broken: Vec::new(),
        });
        Self {
            driver,
            relay,
            request,
            feedback,
            locked,
            levels,
            now: Moment::from_nanos(1),
        }
    }

    fn facts(&mut self) -> Facts {
        self.driver.facts(self.now)
    }

    fn pass(&mut self, ms: u64) -> Facts {
        self.now = self.now.after(Duration::from_millis(ms));
        self.facts()
    }

    fn kinds(&mut self) -> Vec<FaultKind> {
        self.facts().faults.iter().map(|it| it.kind).collect()
    }

    fn lines(&self) -> [Option<bool>; 3] {
        ["LOCK", "UNLOCK", "LAMP"].map(|name| self.levels.get(name))
    }
}

#[test]
fn plug_and_request_are_the_pilot() {
    let mut stand = Stand::new();
    assert_eq!(stand.facts().pilot, PilotState::A);
    stand.relay.says(PLUGGED);
    let facts = stand.facts();
    assert_eq!((facts.pilot, facts.plugged), (PilotState::B, true));
    stand.request.set(true);
    assert_eq!(stand.facts().pilot, PilotState::C);
    // Out and in again between two looks: seen all the same.
    stand.relay.with(|it| it.seen.was_unplugged = true);
    let facts = stand.facts();
    assert_eq!((facts.pilot, facts.plugged), (PilotState::A, false));
    // Long enough to be told of.
    stand.relay.says(PLUGGED);
    assert!(!stand.pass(199).plugged);
    let woken = stand.driver.wake_at().expect("a heartbeat at least");
    assert!(woken <= stand.now.after(PACE));
    assert_eq!(stand.pass(1).pilot, PilotState::C);
}

#[test]
fn the_contactor_is_what_its_feedback_says() {
    let mut stand = Stand::new();
    let closed = Outputs {
        contactor: ContactorState::Closed,
        ..Outputs::SAFE
    };
    stand.driver.apply(stand.now, &closed);
    stand.driver.apply(stand.now, &closed);
    // Once: a permit is not given again by itself.
    assert_eq!(stand.relay.with(|it| it.orders.clone()), [true]);
    assert_eq!(stand.facts().contactor, ContactorState::Open);
    stand.feedback.set(true);
    assert_eq!(stand.facts().contactor, ContactorState::Closed);
    stand.driver.apply(stand.now, &Outputs::SAFE);
    assert_eq!(stand.relay.with(|it| it.orders.clone()), [true, false]);
    drop(stand.driver);
    assert_eq!(
        stand.relay.with(|it| it.orders.last().copied()),
        Some(false)
    );
}

#[test]
fn heartbeats_come_with_the_looks_and_no_more_often_than_due() {
    let mut stand = Stand::new();
    for _ in 0..1000 {
        stand.pass(1);
    }
    let beats = stand.relay.with(|it| it.beats);
    assert!((10..=11).contains(&beats), "{beats} in a second");
    let due = stand.driver.wake_at().expect("a next one");
    assert!(due <= stand.now.after(PACE));
}

#[test]
fn what_the_guard_says_becomes_a_fault_of_the_fitting_kind() {
    let mut stand = Stand::new();
    let check = |stand: &mut Stand, change: fn(&mut RelayState), kinds: &[FaultKind]| {
        let mut state = PLUGGED;
        change(&mut state);
        stand.relay.says(state);
        assert_eq!(stand.kinds(), kinds, "{state:?}");
    };
    check(&mut stand, |_| {}, &[]);
    check(
        &mut stand,
        |it| it.residual_current = true,
        &[FaultKind::GroundFailure],
    );
    check(
        &mut stand,
        |it| it.broken = true,
        &[FaultKind::ContactorFailure],
    );
    check(&mut stand, |it| it.tripped = true, &[FaultKind::Internal]);
    // The emergency stop has a fact of its own.
    check(
        &mut stand,
        |it| (it.tripped, it.emergency_stop) = (true, true),
        &[],
    );
    assert!(stand.facts().emergency_stop);
    stand.relay.with(|it| it.seen.up = false);
    let fault = stand.facts().faults.remove(0);
    assert_eq!(fault.text, "the guard process is not there");
}

#[test]
fn the_motor_runs_its_time_and_never_both_ways() {
    let mut stand = Stand::new();
    let order = |locked, serial| Outputs {
        lock: Some(LockOrder { locked, serial }),
        ..Outputs::SAFE
    };
    stand.driver.apply(stand.now, &order(true, 1));
    assert_eq!(stand.lines()[..2], [Some(true), Some(false)]);
    assert_eq!(stand.pass(599).lock_ended, 0);
    stand.locked.set(true);
    let facts = stand.pass(1);
    assert_eq!((facts.lock_ended, facts.lock), (1, LockState::Locked));
    assert_eq!(stand.lines()[..2], [Some(false), Some(false)]);
    // Another way in the middle of it.
    stand.driver.apply(stand.now, &order(false, 2));
    assert_eq!(stand.lines()[..2], [Some(false), Some(true)]);
    stand.driver.apply(stand.now, &order(true, 3));
    assert_eq!(stand.lines()[..2], [Some(true), Some(false)]);
    stand.pass(600);
    // The bolt did not move: jammed.
    stand.driver.apply(stand.now, &order(false, 4));
    let facts = stand.pass(600);
    assert_eq!((facts.lock_ended, facts.lock), (4, LockState::Failed));
    stand.locked.set(false);
    assert_eq!(stand.facts().lock, LockState::Unlocked);
}

#[test]
fn a_lamp_is_lit_or_blinks_as_it_is_configured() {
    let mut stand = Stand::new();
    let show = |stand: &mut Stand, look, intensity_percent| {
        stand.driver.indicate(&Indication {
            outlet: 1,
            look,
            intensity_percent,
            blinks: 2,
        });
        stand.facts();
        stand.lines()[2] == Some(true)
    };
    assert!(show(&mut stand, Look::Charging, 100));
    assert!(!show(&mut stand, Look::Charging, 0));
    assert!(!show(&mut stand, Look::Available, 100));
    // Two blinks, then what was before.
    show(&mut stand, Look::Charging, 100);
    assert!(show(&mut stand, Look::Refused, 100));
    let blinks: Vec<bool> = (0..5)
        .map(|_| {
            stand.pass(250);
            stand.lines()[2] == Some(true)
        })
        .collect();
    assert_eq!(blinks, [false, true, false, true, true]);
}
