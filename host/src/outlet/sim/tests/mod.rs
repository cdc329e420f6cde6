//! One simulated outlet with its rules, in virtual time.

mod car;
mod connection;
mod lock;
mod meter;
mod random;
mod rules;

use super::bench::{BenchError, OutletOrder, Worked};
use super::car::Wish;
use super::{Pace, SavedOutlet, SimOutlet, words};
use crate::meter::{Answer, Meter, Sample};
use crate::outlet::driver::{Facts, OutletDriver, Outputs};
use crate::outlet::moment::Moment;
use crate::outlet::settings::{Fittings, OutletLimits, SafetySettings};
use crate::outlet::unit::{Present, Told, Unit};
use crate::wit::protocol::{
    Cable, ContactorState, FaultKind, LockMove, LockState, Measurement, OutletChange, OutletState,
    Permit, Phase, PilotState, Quantity, Stamp,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

const SECOND: Duration = Duration::from_secs(1);

/// Between the simulated hardware and the rules: looks at each command.
struct Inspector {
    sim: SimOutlet,
    before: Outputs,
    seen: Arc<Mutex<Vec<(Moment, Outputs)>>>,
}

impl OutletDriver for Inspector {
    fn facts(&mut self, now: Moment) -> Facts {
        self.sim.facts(now)
    }

    fn apply(&mut self, now: Moment, outputs: &Outputs) {
        let facts = self.sim.facts(now);
        let closes = outputs.contactor == ContactorState::Closed;
        let context = format!("{:?} -> {outputs:?} at {facts:?}", self.before);
        if closes {
            assert_eq!(facts.pilot, PilotState::C, "{context}");
            assert!(facts.plugged && facts.faults.is_empty(), "{context}");
            assert!(!facts.emergency_stop, "{context}");
            assert_ne!(facts.lock, LockState::Unlocked, "{context}");
            assert_ne!(facts.lock, LockState::Failed, "{context}");
        }
        if outputs.lock != self.before.lock && outputs.lock.is_some_and(|order| !order.locked) {
            assert_eq!(facts.contactor, ContactorState::Open, "{context}");
            assert!(!closes, "{context}");
        }
        let opens = self.before.contactor == ContactorState::Closed && !closes;
        let fit = facts.pilot == PilotState::C
            && facts.plugged
            && facts.faults.is_empty()
            && !facts.emergency_stop
            && facts.current.is_some_and(|flow| flow.ma > 0);
        if opens && fit {
            assert_eq!(self.before.offered_ma, 0, "no signal first: {context}");
        }
        self.before = *outputs;
        self.seen.lock().expect("one thread").push((now, *outputs));
        self.sim.apply(now, outputs);
    }

    fn wake_at(&self) -> Option<Moment> {
        self.sim.wake_at()
    }

    fn meter(&mut self) -> Option<&mut dyn Meter> {
        self.sim.meter()
    }

    fn sim(&mut self) -> Option<&mut SimOutlet> {
        Some(&mut self.sim)
    }
}

struct World {
    unit: Unit,
    now: Moment,
    seen: Arc<Mutex<Vec<(Moment, Outputs)>>>,
}

#[derive(Clone, Copy)]
struct Maker {
    cable: Cable,
    phases: u8,
    starts_at_zero: bool,
    register_mwh: u64,
}

const FIXED: Maker = Maker {
    cable: Cable::Fixed,
    phases: 3,
    starts_at_zero: false,
    register_mwh: 1_000_000,
};

const SOCKET: Maker = Maker {
    cable: Cable::Socket,
    ..FIXED
};

impl Maker {
    fn make(self, saved: Option<&SavedOutlet>) -> World {
        let limits = OutletLimits {
            number: 1,
            cable: self.cable,
            max_current_ma: 32_000,
            phases: self.phases,
            ventilated: false,
        };
        let sim = SimOutlet::new(
            &limits,
            Pace::default(),
            self.starts_at_zero,
            self.register_mwh,
            saved,
        );
        let seen = Arc::new(Mutex::new(Vec::new()));
        let driver = Inspector {
            sim,
            before: Outputs::SAFE,
            seen: seen.clone(),
        };
        let fittings = Fittings {
            driver: Box::new(driver),
            meter: None,
        };
        let mut unit = Unit::new(Moment::ZERO, limits, &SafetySettings::default(), fittings);
        unit.guest_healthy(Moment::ZERO, true);
        World {
            unit,
            now: Moment::ZERO,
            seen,
        }
    }
}

fn permit(limit_ma: u32) -> Permit {
    Permit {
        outlet: 1,
        limit_ma,
        limit_w: None,
        phases: 3,
        energy_limit_wh: None,
        steps: Vec::new(),
        reason: String::new(),
        session: 1,
        until_ms: None,
    }
}

fn car(current_ma: u32, phases: u8) -> OutletOrder {
    OutletOrder::Plug {
        current_ma,
        phases,
        capacity_mwh: None,
    }
}

fn present(moment: Moment) -> Present {
    Present {
        moment,
        stamp: Stamp {
            boot_id: 9,
            monotonic_ms: moment.as_nanos() / 1_000_000,
        },
    }
}

impl World {
    fn settle(&mut self) {
        self.unit.settle(present(self.now));
    }

    fn work(&mut self, order: &OutletOrder) -> Result<Worked, BenchError> {
        let sim = self.unit.driver().sim().expect("a simulated outlet");
        let result = sim.work(self.now, order);
        self.settle();
        result
    }

    fn permit(&mut self, permit: &Permit) {
        let now = present(self.now);
        let connection = self.unit.view(now).connection;
        self.unit.permit(now, permit, connection);
        self.settle();
    }

    fn revoke(&mut self) {
        self.unit.revoke(present(self.now));
        self.settle();
    }

    fn lock(&mut self, locked: bool) -> Option<LockState> {
        let order = LockMove {
            id: 5,
            outlet: 1,
            locked,
        };
        self.unit.move_lock(self.now, &order);
        self.settle();
        let mut answer = None;
        for _ in 0..100 {
            self.run(100 * MS);
            for told in self.unit.take_told() {
                if let Told::Lock(moved) = told {
                    answer = Some(moved.state);
                }
            }
            if answer.is_some() {
                break;
            }
        }
        answer
    }

    /// Lets time go by, from deadline to deadline.
    fn run(&mut self, time: Duration) {
        let end = self.now.after(time);
        let mut stalled = 0;
        while let Some(at) = self.unit.wake_at(self.now).filter(|at| *at <= end) {
            // One that is due already is all right once, but must then be done.
            stalled = if at > self.now { 0 } else { stalled + 1 };
            assert!(stalled < 3, "a deadline that stands still at {at:?}");
            self.now = self.now.max(at);
            self.settle();
        }
        self.now = end;
        self.settle();
    }

    fn state(&self) -> OutletState {
        self.unit.state(present(self.now))
    }

    fn changes(&mut self) -> Vec<OutletChange> {
        let outlet = |told| match told {
            Told::Outlet(news) => Some(news.event.change),
            _ => None,
        };
        self.unit
            .take_told()
            .into_iter()
            .filter_map(outlet)
            .collect()
    }

    fn measured(&self, quantity: Quantity, phase: Option<Phase>) -> Option<i64> {
        let reading = self.state().reading.expect("a reading");
        let is = |m: &&Measurement| m.quantity == quantity && m.phase == phase;
        reading.measurements.iter().find(is).map(|m| m.milli)
    }

    /// The current, measured at this moment.
    fn measured_now(&mut self, phase: Phase) -> Option<i64> {
        self.unit.look(self.now);
        self.measured(Quantity::CurrentImport, Some(phase))
    }

    fn register(&mut self) -> u64 {
        let now = self.now;
        let driver = self.unit.driver();
        driver.facts(now);
        driver.sim().expect("a simulated outlet").register_mwh()
    }

    /// A car of 16 A on three phases has charged for 10 s.
    fn charging(mut self) -> Self {
        self.work(&car(16_000, 3)).expect("plugs");
        if self.state().cable == Cable::Socket {
            assert_eq!(self.lock(true), Some(LockState::Locked));
        }
        self.permit(&permit(32_000));
        self.run(10 * SECOND);
        assert_eq!(self.state().contactor, ContactorState::Closed);
        self.unit.take_told();
        self
    }
}
