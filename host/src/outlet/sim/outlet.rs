//! A simulated outlet: pilot, contactor, lock, meter, and perhaps a car. The
//! meter counts exactly what flows, in whole numbers.

use super::bench::{BenchError, OutletOrder, Worked};
use super::car::{Car, NANOS_PER_HOUR, Pace, Supply, Traits, VOLTS, Wish};
use super::lock::Lock;
use super::saved::{SavedCar, SavedOutlet};
use super::words;
use crate::meter::{Answer, Meter, Sample};
use crate::outlet::driver::{Facts, Flow, OutletDriver, Outputs};
use crate::outlet::moment::{Moment, earliest};
use crate::outlet::settings::OutletLimits;
use crate::wit::protocol::{
    Cable, ContactorState, FaultKind, LockState, Measurement, Phase, PilotState, Quantity,
};

const PHASES: [(Phase, Phase); 3] = [
    (Phase::L1, Phase::L1N),
    (Phase::L2, Phase::L2N),
    (Phase::L3, Phase::L3N),
];
const MILLIHERTZ: i64 = 50_000;
const COLD_MILLIDEGREES: i64 = 25_000;

/// An outlet that is not there.
#[derive(Debug)]
pub struct SimOutlet {
    number: u32,
    cable: Cable,
    phases: u8,
    pace: Pace,
    starts_at_zero: bool,
    car: Option<Car>,
    /// A plug is in the socket; a fixed cable is plugged if a car is there.
    plug_in: bool,
    /// Nobody takes the plug out of the socket, although there is no car.
    left: bool,
    lock: Lock,
    outputs: Outputs,
    mains: bool,
    /// Words, as they were given.
    faults: Vec<String>,
    emergency_stop: bool,
    register_mwh: u64,
    /// Energy that is not a whole thousandth of a Wh yet, mW ns.
    rest: u128,
    /// Up to when everything is worked out.
    at: Moment,
}

impl SimOutlet {
    pub(in crate::outlet) fn new(
        limits: &OutletLimits,
        pace: Pace,
        starts_at_zero: bool,
        register_mwh: u64,
        saved: Option<&SavedOutlet>,
    ) -> Self {
        let saved = saved.cloned().unwrap_or_default();
        let car = saved
            .car
            .map(|car| Car::new(car.traits, car.wish, car.taken_mwh, pace.clone()));
        Self {
            number: limits.number,
            cable: limits.cable,
            phases: limits.phases,
            lock: Lock::new(pace.lock_travel, saved.locked),
            plug_in: car.is_some() || saved.plug_in,
            left: saved.left,
            pace,
            starts_at_zero,
            car,
            outputs: Outputs::SAFE,
            mains: true,
            faults: saved.faults,
            emergency_stop: saved.emergency_stop,
            register_mwh: if starts_at_zero { 0 } else { register_mwh },
            rest: 0,
            at: Moment::ZERO,
        }
    }

    /// What has to survive the process.
    pub(in crate::outlet) fn save(&self) -> SavedOutlet {
        SavedOutlet {
            car: self.car.as_ref().map(|car| SavedCar {
                traits: car.traits.clone(),
                wish: car.wish,
                taken_mwh: car.taken_mwh(),
            }),
            plug_in: self.plug_in,
            left: self.left,
            locked: self.lock.holds(),
            faults: self.faults.clone(),
            emergency_stop: self.emergency_stop,
        }
    }

    /// The register, thousandths of a Wh.
    pub(in crate::outlet) fn register_mwh(&self) -> u64 {
        self.register_mwh
    }

    /// Does what somebody at the bench wants.
    pub(in crate::outlet) fn work(
        &mut self,
        now: Moment,
        order: &OutletOrder,
    ) -> Result<Worked, BenchError> {
        self.advance(now);
        match order {
            OutletOrder::Plug {
                current_ma,
                phases,
                capacity_mwh,
            } => {
                if self.car.is_some() {
                    return Err(BenchError::AlreadyPlugged(self.number));
                }
                let traits = Traits {
                    current_ma: *current_ma,
                    phases: *phases,
                    capacity_mwh: *capacity_mwh,
                };
                let mut car = Car::new(traits, Wish::Charge, 0, self.pace.clone());
                car.supply(now, self.supply());
                self.car = Some(car);
                self.plug_in = true;
                self.left = false;
                if self.starts_at_zero {
                    self.register_mwh = 0;
                    self.rest = 0;
                }
            }
            OutletOrder::Unplug { cable_stays } => {
                if self.car.take().is_none() && !self.left {
                    return Err(BenchError::NotPlugged(self.number));
                }
                self.left = *cable_stays && self.cable == Cable::Socket;
                self.let_go();
            }
            OutletOrder::Wish(wish) => {
                let supply = self.supply();
                let car = self
                    .car
                    .as_mut()
                    .ok_or(BenchError::NotPlugged(self.number))?;
                car.want(now, *wish, supply);
            }
            OutletOrder::Fault(word) => {
                if !self.faults.contains(word) {
                    self.faults.push(word.clone());
                }
            }
            OutletOrder::ClearFault(None) => self.faults.clear(),
            OutletOrder::ClearFault(Some(word)) => self.faults.retain(|w| w != word),
            OutletOrder::SetMeter(mwh) => {
                self.register_mwh = *mwh;
                self.rest = 0;
            }
            OutletOrder::Jam(jammed) => self.lock.jam(*jammed),
            OutletOrder::EmergencyStop(active) => self.emergency_stop = *active,
            OutletOrder::Mains(present) => {
                self.mains = *present;
                self.resupply(now);
            }
        }
        Ok(Worked)
    }

    /// Works out everything up to `now`.
    fn advance(&mut self, now: Moment) {
        while self.at < now {
            let due = self.next().filter(|at| *at < now).unwrap_or(now);
            let supply = self.supply();
            if let Some(car) = &mut self.car {
                self.rest += car.draw(due.since(self.at), supply);
                let whole = self.rest / NANOS_PER_HOUR;
                self.rest -= whole * NANOS_PER_HOUR;
                self.register_mwh += u64::try_from(whole).unwrap_or(u64::MAX);
                car.act(due, supply);
            }
            self.lock.advance(due);
            self.let_go();
            self.at = self.at.max(due);
        }
    }

    /// Without a car the cable is taken away, as soon as the lock lets it go,
    /// unless somebody leaves it there.
    fn let_go(&mut self) {
        if self.car.is_none() && !self.left && !self.lock.holds() {
            self.plug_in = false;
        }
    }

    fn supply(&self) -> Supply {
        Supply {
            offered_ma: self.outputs.offered_ma,
            phases: self.outputs.phases.min(self.phases),
            live: self.mains && self.outputs.contactor == ContactorState::Closed,
        }
    }

    fn resupply(&mut self, now: Moment) {
        let supply = self.supply();
        if let Some(car) = &mut self.car {
            car.supply(now, supply);
        }
    }

    fn next(&self) -> Option<Moment> {
        let supply = self.supply();
        let car = self.car.as_ref().and_then(|car| car.next(self.at, supply));
        earliest(car, self.lock.wake_at())
    }

    fn current_ma(&self) -> u32 {
        self.car.as_ref().map_or(0, Car::current_ma)
    }

    fn measurements(&self) -> Vec<Measurement> {
        let current = i64::from(self.current_ma());
        let volts = i64::try_from(VOLTS).unwrap_or(0);
        let active = match &self.car {
            Some(car) => car.active_phases(self.supply()),
            None => 0,
        };
        let total = current * volts * i64::from(active);
        let one = |quantity, phase, milli| Measurement {
            quantity,
            phase,
            milli,
        };
        let mut all = vec![one(Quantity::PowerActiveImport, None, total)];
        let wired = PHASES.into_iter().take(usize::from(self.phases));
        for (index, (line, line_to_n)) in wired.enumerate() {
            let flows = if index < usize::from(active) {
                current
            } else {
                0
            };
            all.push(one(Quantity::Voltage, Some(line_to_n), volts * 1000));
            all.push(one(Quantity::CurrentImport, Some(line), flows));
            all.push(one(Quantity::PowerActiveImport, Some(line), flows * volts));
        }
        all.push(one(Quantity::Frequency, None, MILLIHERTZ));
        all.push(one(
            Quantity::Temperature,
            None,
            COLD_MILLIDEGREES + current / 2,
        ));
        let charge = self.car.as_ref().and_then(Car::state_of_charge);
        all.extend(charge.map(|milli| one(Quantity::StateOfCharge, None, milli)));
        all
    }
}

impl OutletDriver for SimOutlet {
    fn facts(&mut self, now: Moment) -> Facts {
        self.advance(now);
        Facts {
            pilot: self.car.as_ref().map_or(PilotState::A, Car::pilot),
            plugged: self.plug_in,
            lock: match self.cable {
                Cable::Fixed => LockState::None,
                Cable::Socket => self.lock.state(),
            },
            lock_ended: self.lock.ended(),
            contactor: self.outputs.contactor,
            current: Some(Flow {
                ma: self.current_ma(),
                at: now,
            }),
            faults: self.faults.iter().map(|word| words::fault(word)).collect(),
            emergency_stop: self.emergency_stop,
        }
    }

    fn apply(&mut self, now: Moment, outputs: &Outputs) {
        self.advance(now);
        self.outputs = *outputs;
        if let (Cable::Socket, Some(order)) = (self.cable, outputs.lock) {
            self.lock.obey(now, order);
        }
        self.resupply(now);
    }

    fn wake_at(&self) -> Option<Moment> {
        self.next()
    }

    fn meter(&mut self) -> Option<&mut dyn Meter> {
        Some(self)
    }

    fn sim(&mut self) -> Option<&mut SimOutlet> {
        Some(self)
    }
}

impl Meter for SimOutlet {
    fn ask(&mut self, now: Moment) -> Answer {
        self.advance(now);
        let dead = self
            .faults
            .iter()
            .any(|word| words::fault(word).kind == FaultKind::MeterFailure);
        if dead {
            return Answer::Silent;
        }
        Answer::Now(Sample {
            energy_mwh: self.register_mwh,
            measurements: self.measurements(),
            at: now,
            register_ms: None,
            signed: None,
        })
    }
}
