//! A simulated car: asks for energy when it is offered, ramps its current up
//! within the offer, stops when the offer goes, and gets full.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::outlet::moment::{Moment, earliest};
use crate::outlet::rules::LEAST_CURRENT_MA;
use crate::wit::protocol::PilotState;

/// Nominal voltage of a phase.
pub(super) const VOLTS: u64 = 230;

pub(super) const NANOS_PER_HOUR: u128 = 3_600_000_000_000;

/// How fast simulated things are.
#[derive(Clone, Debug)]
pub struct Pace {
    /// From a change of the offer until the car changes its pilot state.
    pub reaction: Duration,
    /// Between two steps of the current.
    pub ramp_step: Duration,
    /// How much the current changes in a step.
    pub ramp_ma: u32,
    /// How long the lock's motor runs.
    pub lock_travel: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            reaction: Duration::from_millis(50),
            ramp_step: Duration::from_millis(50),
            ramp_ma: 8_000,
            lock_travel: Duration::from_millis(50),
        }
    }
}

/// What a car brings with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Traits {
    pub(super) current_ma: u32,
    pub(super) phases: u8,
    /// What fits into its battery; none: it never gets full.
    pub(super) capacity_mwh: Option<u64>,
}

/// What the driver wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::outlet) enum Wish {
    Charge,
    Pause,
    /// Charge, with ventilation.
    Ventilate,
    /// The pilot wire is short (E) or dead (F).
    Broken(PilotState),
}

/// What the outlet gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Supply {
    pub(super) offered_ma: u32,
    pub(super) phases: u8,
    /// The contactor is closed and the mains are there.
    pub(super) live: bool,
}

/// A car at the end of a cable.
#[derive(Debug)]
pub(super) struct Car {
    pub(super) traits: Traits,
    pub(super) wish: Wish,
    /// Thousandths of a Wh that have gone into it.
    taken_mwh: u64,
    /// What has gone in but is not a whole thousandth yet, mW ns.
    rest: u128,
    pilot: PilotState,
    current_ma: u32,
    /// Ready to take energy from this moment on (or no more).
    reacts_at: Option<Moment>,
    ramps_at: Option<Moment>,
    pace: Pace,
}

impl Car {
    pub(super) fn new(traits: Traits, wish: Wish, taken_mwh: u64, pace: Pace) -> Self {
        let pilot = match wish {
            Wish::Broken(pilot) => pilot,
            _ => PilotState::B,
        };
        Self {
            traits,
            wish,
            taken_mwh,
            rest: 0,
            pilot,
            current_ma: 0,
            reacts_at: None,
            ramps_at: None,
            pace,
        }
    }

    pub(super) fn pilot(&self) -> PilotState {
        self.pilot
    }

    pub(super) fn taken_mwh(&self) -> u64 {
        self.taken_mwh
    }

    /// Per phase.
    pub(super) fn current_ma(&self) -> u32 {
        self.current_ma
    }

    pub(super) fn active_phases(&self, supply: Supply) -> u8 {
        self.traits.phases.min(supply.phases)
    }

    /// In thousandths of a percent; a car comes empty.
    pub(super) fn state_of_charge(&self) -> Option<i64> {
        let capacity = self.traits.capacity_mwh.filter(|mwh| *mwh > 0)?;
        let milli = u128::from(self.taken_mwh) * 100_000 / u128::from(capacity);
        i64::try_from(milli.min(100_000)).ok()
    }

    /// The driver wants something else. A pause and a broken wire show at once.
    pub(super) fn want(&mut self, now: Moment, wish: Wish, supply: Supply) {
        self.wish = wish;
        match wish {
            Wish::Broken(pilot) => self.halt(pilot),
            Wish::Pause => self.halt(PilotState::B),
            Wish::Charge | Wish::Ventilate => {
                if matches!(self.pilot, PilotState::E | PilotState::F) {
                    self.pilot = PilotState::B;
                }
                if self.is_ready(supply) {
                    self.pilot = self.asking();
                }
            }
        }
        self.react(now, supply);
    }

    /// The outlet gives something else.
    pub(super) fn supply(&mut self, now: Moment, supply: Supply) {
        if !supply.live {
            self.current_ma = 0;
        }
        self.react(now, supply);
    }

    /// The next moment after `from` at which something changes by itself.
    pub(super) fn next(&self, from: Moment, supply: Supply) -> Option<Moment> {
        let next = earliest(self.reacts_at, self.ramps_at);
        earliest(next, self.full_at(from, supply))
    }

    /// Lets `passed` go by, in which nothing changes by itself; the energy that
    /// went through, in mW ns.
    pub(super) fn draw(&mut self, passed: Duration, supply: Supply) -> u128 {
        let through = self.milliwatts(supply) * passed.as_nanos();
        self.rest += through;
        let whole = self.rest / NANOS_PER_HOUR;
        self.rest -= whole * NANOS_PER_HOUR;
        self.taken_mwh += u64::try_from(whole).unwrap_or(u64::MAX);
        through
    }

    /// Does what is due at `now`.
    pub(super) fn act(&mut self, now: Moment, supply: Supply) {
        if self.is_full() && self.draws_or_asks() {
            self.halt(PilotState::B);
        }
        if self.reacts_at.is_some_and(|at| now >= at) {
            self.reacts_at = None;
            self.pilot = if self.is_ready(supply) {
                self.asking()
            } else {
                PilotState::B
            };
        }
        if self.ramps_at.is_some_and(|at| now >= at) {
            self.ramps_at = None;
            let target = self.target_ma(supply);
            self.current_ma = if self.current_ma < target {
                target.min(self.current_ma + self.pace.ramp_ma)
            } else {
                target.max(self.current_ma.saturating_sub(self.pace.ramp_ma))
            };
        }
        self.react(now, supply);
    }

    fn react(&mut self, now: Moment, supply: Supply) {
        if matches!(self.wish, Wish::Broken(_)) {
            return;
        }
        let stays = self.is_ready(supply) == self.draws_or_asks();
        // It goes to B only once it draws nothing any more.
        if stays || self.current_ma > 0 {
            self.reacts_at = None;
        } else if self.reacts_at.is_none() {
            self.reacts_at = Some(now.after(self.pace.reaction));
        }
        if self.current_ma == self.target_ma(supply) {
            self.ramps_at = None;
        } else if self.ramps_at.is_none() {
            self.ramps_at = Some(now.after(self.pace.ramp_step));
        }
    }

    fn halt(&mut self, pilot: PilotState) {
        self.pilot = pilot;
        self.current_ma = 0;
        self.ramps_at = None;
        self.reacts_at = None;
    }

    fn asking(&self) -> PilotState {
        match self.wish {
            Wish::Ventilate => PilotState::D,
            _ => PilotState::C,
        }
    }

    fn draws_or_asks(&self) -> bool {
        matches!(self.pilot, PilotState::C | PilotState::D)
    }

    fn is_ready(&self, supply: Supply) -> bool {
        let wants = matches!(self.wish, Wish::Charge | Wish::Ventilate);
        wants && !self.is_full() && supply.offered_ma >= LEAST_CURRENT_MA
    }

    fn is_full(&self) -> bool {
        self.traits
            .capacity_mwh
            .is_some_and(|mwh| self.taken_mwh >= mwh)
    }

    fn target_ma(&self, supply: Supply) -> u32 {
        if supply.live && self.is_ready(supply) && self.draws_or_asks() {
            self.traits.current_ma.min(supply.offered_ma)
        } else {
            0
        }
    }

    fn milliwatts(&self, supply: Supply) -> u128 {
        u128::from(self.current_ma) * u128::from(VOLTS) * u128::from(self.active_phases(supply))
    }

    /// When it will be full, if it draws what it draws at `from`.
    fn full_at(&self, from: Moment, supply: Supply) -> Option<Moment> {
        let left_mwh = self.traits.capacity_mwh?.saturating_sub(self.taken_mwh);
        let milliwatts = self.milliwatts(supply);
        if milliwatts == 0 || left_mwh == 0 {
            return None;
        }
        let left = u128::from(left_mwh) * NANOS_PER_HOUR - self.rest;
        let nanos = u64::try_from(left.div_ceil(milliwatts)).unwrap_or(u64::MAX);
        Some(from.after(Duration::from_nanos(nanos)))
    }
}
