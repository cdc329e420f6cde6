//! The rules of one outlet: from permit, pilot, faults, emergency stop and lock
//! to what contactor, offer and lock do. Pure: time and facts are arguments, and
//! nothing is done here, only decided.
//!
//! **The contactor is closed only while all of this holds**: there is a permit
//! that offers current; the pilot is C (or D, where ventilation is provided);
//! there is no fault that touches the current (a reader of cards does not) and no
//! emergency stop; a cable is plugged, and in a socket locked; the mains are
//! there. What is not of the car's or the guest's own will opens it at once. Taking back a permit, in whole or in part, first signals
//! "no current" and opens at zero current or after a bound. The lock lets go
//! only once the contactor is open.
//!
//! Not here: what happened and to whom it is told (see `watch` and `unit`).

mod energy;
mod feedback;
mod lock;
mod orphan;
mod reclose;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::driver::{Facts, Outputs};
use super::moment::{Moment, earliest};
use super::settings::{OutletLimits, SafetySettings};
use crate::wit::protocol::{
    ContactorState, Fault, FaultKind, LockMove, LockState, Permit, PilotState,
};
use energy::Allowance;
use feedback::Feedback;
use lock::LockControl;
use orphan::OrphanLife;
use reclose::Recloser;

/// The least that the pilot can offer (IEC 61851-1); less is no current.
pub const LEAST_CURRENT_MA: u32 = 6_000;

/// Below this a car is taken to draw nothing.
const ZERO_CURRENT_MA: u32 = 500;

/// Between "no current" and looking whether it is so.
const SIGNAL_TIME: Duration = Duration::from_millis(10);

/// The state of one outlet's rules.
#[derive(Debug)]
pub struct Rules {
    max_current_ma: u32,
    phases: u8,
    ventilated: bool,
    zero_current_bound: Duration,
    permit: Option<Permit>,
    spent: bool,
    mains: bool,
    closing_down: bool,
    power: Power,
    allowance: Allowance,
    orphan: OrphanLife,
    recloser: Recloser,
    feedback: Feedback,
    lock: LockControl,
    own_acts: u32,
}

/// What the contactor is told, and why it is still closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    Open,
    Closed {
        phases: u8,
    },
    /// "No current" is signalled; the contactor opens at zero current.
    LettingGo {
        phases: u8,
        since: Moment,
    },
}

impl Rules {
    /// The rules of an outlet without permit.
    pub(super) fn new(outlet: &OutletLimits, safety: &SafetySettings) -> Self {
        Self {
            max_current_ma: outlet.max_current_ma,
            phases: outlet.phases,
            ventilated: outlet.ventilated,
            zero_current_bound: safety.zero_current_bound,
            permit: None,
            spent: false,
            mains: true,
            closing_down: false,
            power: Power::Open,
            allowance: Allowance::default(),
            orphan: OrphanLife::new(safety.orphan_permit_life),
            recloser: Recloser::default(),
            feedback: Feedback::new(safety.contactor_bound),
            lock: LockControl::new(
                outlet.cable,
                safety.zero_current_bound + safety.lock_bound,
                safety.lock_bound,
            ),
            own_acts: 0,
        }
    }

    /// Gives a permit, or changes the one in force. What is over the
    /// installation's limits is cut to them.
    pub fn permit(&mut self, now: Moment, permit: &Permit) {
        if self.permit.as_ref().map(|p| p.session) != Some(permit.session) {
            self.recloser.forget();
            self.feedback.forgive();
        }
        self.allowance.begin(permit.session);
        self.orphan.renew(now);
        self.permit = Some(Permit {
            limit_ma: permit.limit_ma.min(self.max_current_ma),
            phases: if permit.phases >= 3 {
                self.phases
            } else {
                1.min(self.phases)
            },
            ..*permit
        });
    }

    /// Takes the permit back.
    pub fn revoke(&mut self) {
        self.permit = None;
        self.feedback.forgive();
    }

    /// Whether there is a guest that could take the permit back.
    pub fn guest_healthy(&mut self, now: Moment, healthy: bool) {
        self.orphan.healthy(now, healthy);
    }

    /// Whether the charger has mains.
    pub fn mains(&mut self, present: bool) {
        self.mains = present;
    }

    /// The process ends: no permit counts any more.
    pub fn close_down(&mut self) {
        self.closing_down = true;
    }

    /// The end, without waiting for zero current any longer.
    pub fn open_now(&mut self) {
        self.closing_down = true;
        self.power = Power::Open;
    }

    /// Asks the lock to move; the answer is in [`take_lock_answers`](Self::take_lock_answers).
    pub fn move_lock(&mut self, now: Moment, order: &LockMove, facts: &Facts) {
        self.lock.ask(now, order, facts);
    }

    /// Ids of orders to the lock that are done, each with what has come of it.
    pub fn take_lock_answers(&mut self) -> Vec<(u32, LockState)> {
        self.lock.take_answers()
    }

    /// Decides. To be called when anything has changed, and at
    /// [`wake_at`](Self::wake_at).
    pub fn step(&mut self, now: Moment, facts: &Facts, register_mwh: Option<u64>) -> Outputs {
        self.allowance.note(register_mwh);
        self.note_spent();
        if self.permit.is_some() && self.orphan.is_over(now) {
            self.permit = None;
            self.own_acts += 1;
        }
        if !facts.plugged || facts.pilot == PilotState::A {
            self.feedback.forgive();
        }
        let told = self.contactor();
        self.feedback.compare(now, told, facts.contactor);
        self.lock.step(now, facts, lock::energised(told, facts));

        let safe = self.is_safe(facts);
        let before = self.power;
        self.power = self.next_power(now, facts, safe);
        if self.contactor() != told {
            self.feedback.told_anew();
            match before {
                Power::Open => self.recloser.closed(now),
                Power::Closed { .. } => self.recloser.thrown_open(now),
                // The car was on its way out anyway.
                Power::LettingGo { .. } => {}
            }
        }
        self.outputs(facts, safe)
    }

    /// When [`step`](Self::step) has to be called although nothing changes.
    #[must_use]
    pub fn wake_at(&self, now: Moment) -> Option<Moment> {
        let power = match self.power {
            Power::Open => Some(self.recloser.not_before()),
            Power::Closed { .. } => None,
            Power::LettingGo { since, .. } => {
                let look = since.after(SIGNAL_TIME);
                Some(if now < look {
                    look
                } else {
                    since.after(self.zero_current_bound)
                })
            }
        };
        let orphan = self.permit.as_ref().and_then(|_| self.orphan.ends_at());
        [self.feedback.wake_at(), self.lock.wake_at(), orphan]
            .into_iter()
            .fold(power.filter(|at| *at > now), earliest)
    }

    /// The permit in force, as cut to the installation.
    #[must_use]
    pub fn permit_in_force(&self) -> Option<Permit> {
        self.permit
    }

    /// The energy limit of the permit in force has been used up.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.spent
    }

    /// What is left of the energy limit, thousandths of a Wh.
    #[must_use]
    pub fn left_mwh(&self) -> Option<u64> {
        let limit = self.permit.as_ref()?.energy_limit_wh?;
        Some(self.allowance.left_mwh(limit))
    }

    /// How often these rules took away a permit, or its use, by themselves.
    #[must_use]
    pub fn own_acts(&self) -> u32 {
        self.own_acts
    }

    /// What the contactor is told.
    #[must_use]
    pub fn contactor(&self) -> ContactorState {
        match self.power {
            Power::Open => ContactorState::Open,
            Power::Closed { .. } | Power::LettingGo { .. } => ContactorState::Closed,
        }
    }

    /// The lock as the outside sees it.
    #[must_use]
    pub fn lock_state(&self, facts: &Facts) -> LockState {
        self.lock.state(facts)
    }

    /// All that is wrong: what the driver says, the emergency stop, and a
    /// contactor that does not obey.
    #[must_use]
    pub fn faults(&self, facts: &Facts) -> Vec<Fault> {
        let mut faults = facts.faults.clone();
        if facts.emergency_stop {
            faults.push(Fault {
                kind: FaultKind::EmergencyStop,
                text: String::new(),
            });
        }
        faults.extend(self.feedback.fault());
        faults
    }

    fn note_spent(&mut self) {
        let spent = self.left_mwh() == Some(0);
        if spent && !self.spent {
            self.own_acts += 1;
        }
        self.spent = spent;
    }

    /// Everything but the pilot and the permit.
    fn is_fit(&self, facts: &Facts) -> bool {
        facts.plugged
            && !facts.faults.iter().any(is_in_the_way)
            && !facts.emergency_stop
            && self.feedback.fault().is_none()
            && self.lock.holds(facts)
            && self.mains
    }

    /// If this fails, the contactor opens without further ado.
    fn is_safe(&self, facts: &Facts) -> bool {
        let asks = match facts.pilot {
            PilotState::C => true,
            PilotState::D => self.ventilated,
            PilotState::A | PilotState::B | PilotState::E | PilotState::F => false,
        };
        asks && self.is_fit(facts)
    }

    /// What may be offered as far as permit and guest are concerned: current
    /// and phases.
    fn granted(&self) -> Option<(u32, u8)> {
        let permit = self.permit.as_ref()?;
        let granted = !self.spent && !self.closing_down && permit.limit_ma >= LEAST_CURRENT_MA;
        granted.then_some((permit.limit_ma, permit.phases))
    }

    fn next_power(&self, now: Moment, facts: &Facts, safe: bool) -> Power {
        let granted = self.granted().map(|(_, phases)| phases);
        match self.power {
            Power::Open => match granted {
                Some(phases) if safe && now >= self.recloser.not_before() => {
                    Power::Closed { phases }
                }
                _ => Power::Open,
            },
            Power::Closed { .. } | Power::LettingGo { .. } if !safe => Power::Open,
            // Also another number of phases: never switched under load.
            Power::Closed { phases } if granted != Some(phases) => {
                Power::LettingGo { phases, since: now }
            }
            Power::LettingGo { phases, .. } if granted == Some(phases) => Power::Closed { phases },
            Power::LettingGo { since, .. } => {
                let zero = facts.current.is_some_and(|flow| {
                    flow.ma < ZERO_CURRENT_MA && flow.at >= since.after(SIGNAL_TIME)
                });
                if zero || now >= since.after(self.zero_current_bound) {
                    Power::Open
                } else {
                    self.power
                }
            }
            closed @ Power::Closed { .. } => closed,
        }
    }

    fn outputs(&self, facts: &Facts, safe: bool) -> Outputs {
        let granted = self.granted();
        // In D without ventilation the offer stays: taking it away would send
        // the car to B and bring it back, for ever.
        let asked = matches!(facts.pilot, PilotState::B | PilotState::C | PilotState::D);
        let letting_go = matches!(self.power, Power::LettingGo { .. });
        let offered = (safe || (asked && self.is_fit(facts))) && !letting_go;
        Outputs {
            contactor: self.contactor(),
            phases: match self.power {
                Power::Closed { phases } | Power::LettingGo { phases, .. } => phases,
                Power::Open => granted.map_or(self.phases, |(_, phases)| phases),
            },
            offered_ma: granted.filter(|_| offered).map_or(0, |(ma, _)| ma),
            lock: self.lock.order(),
            unfit: self.feedback.is_welded(),
        }
    }
}

/// Without a reader or a good signal a car can charge all the same: somebody
/// far away may start it.
fn is_in_the_way(fault: &Fault) -> bool {
    !matches!(fault.kind, FaultKind::ReaderFailure | FaultKind::WeakSignal)
}

/// Whether a fault is first seen here, and not by who has lost a line, a meter or
/// a reader and has said so in the log.
pub(super) fn are_the_first_to_see(fault: &Fault) -> bool {
    match fault.kind {
        FaultKind::MeterFailure
        | FaultKind::ReaderFailure
        | FaultKind::LockFailure
        | FaultKind::Internal => false,
        FaultKind::ContactorFailure => Feedback::has_made(fault),
        _ => true,
    }
}
