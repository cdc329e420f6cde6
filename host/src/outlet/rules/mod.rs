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

mod clamp;
mod cycling;
mod energy;
mod feedback;
mod lock;
mod orphan;
mod plan;
mod reclose;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::connection::PermitFate;
use super::driver::{Facts, Outputs};
use super::moment::{Moment, earliest};
use super::settings::{OutletLimits, SafetySettings};
use crate::wit::protocol::{
    ContactorState, Fault, FaultKind, Limiter, LockMove, LockState, Permit, PilotState,
    PolicyLimit, Step,
};
use clamp::Clamps;
pub(super) use clamp::Timed;
pub use clamp::{Clamp, NEVER};
use cycling::Cycles;
use energy::Allowance;
use feedback::Feedback;
use lock::LockControl;
use orphan::OrphanLife;
use plan::Plan;
use reclose::Recloser;

/// The least that the pilot can offer (IEC 61851-1); less is no current.
pub const LEAST_CURRENT_MA: u32 = 6_000;

/// Below this a car is taken to draw nothing.
const ZERO_CURRENT_MA: u32 = 500;

/// Between a phase and neutral, to turn power into current.
const VOLTAGE: u64 = 230;

/// Between "no current" and looking whether it is so.
const SIGNAL_TIME: Duration = Duration::from_millis(10);

/// The state of one outlet's rules.
#[derive(Debug)]
pub struct Rules {
    max_current_ma: u32,
    phases: u8,
    ventilated: bool,
    zero_current_bound: Duration,
    /// As it was given, but for its limits over time, which are in `plan`.
    permit: Option<Permit>,
    plan: Plan,
    clamps: Clamps,
    /// Of a group of outlets: never offered more. Without a group: no limit.
    share_ma: u32,
    /// A permit that these rules have ended, until somebody asks.
    ended: Option<(Permit, PermitFate)>,
    spent: bool,
    mains: bool,
    closing_down: bool,
    power: Power,
    allowance: Allowance,
    orphan: OrphanLife,
    recloser: Recloser,
    cycles: Cycles,
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
            plan: Plan::default(),
            clamps: Clamps::default(),
            share_ma: u32::MAX,
            ended: None,
            spent: false,
            mains: true,
            closing_down: false,
            power: Power::Open,
            allowance: Allowance::default(),
            orphan: OrphanLife::new(safety.orphan_permit_life),
            recloser: Recloser::default(),
            cycles: Cycles::new(safety.cycling),
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
    /// installation's limits is cut to them. `steps`: those of the permit, with the
    /// moments of this thread.
    pub fn permit(&mut self, now: Moment, permit: &Permit, steps: &[Moment]) {
        if self.permit.as_ref().map(|p| p.session) != Some(permit.session) {
            self.recloser.forget();
            self.feedback.forgive();
        }
        self.allowance.begin(permit.session);
        self.orphan.renew(now);
        self.plan = self.plan_of(permit, steps);
        self.plan.advance(now);
        self.permit = Some(Permit {
            phases: self.phases_of(permit),
            ..permit.clone()
        });
    }

    fn plan_of(&self, permit: &Permit, steps: &[Moment]) -> Plan {
        let phases = self.phases_of(permit);
        let cut = |limit_ma: u32, limit_w: Option<u32>| {
            let of_power = limit_w.map_or(u32::MAX, |watts| current_ma(watts, phases));
            limit_ma.min(of_power).min(self.max_current_ma)
        };
        let steps = steps.iter().zip(&permit.steps).map(|(at, step)| {
            let limit_ma = cut(step.limit_ma, step.limit_w);
            (*at, Step { limit_ma, ..*step })
        });
        Plan::new(cut(permit.limit_ma, permit.limit_w), steps)
    }

    fn phases_of(&self, permit: &Permit) -> u8 {
        if permit.phases >= 3 {
            self.phases
        } else {
            1.min(self.phases)
        }
    }

    /// Lowers the permit in force to what this one allows, if both are of the same
    /// session. Never allows more than before.
    pub fn lower(&mut self, now: Moment, to: &Permit, steps: &[Moment]) {
        let mut plan = self.plan_of(to, steps);
        let Some(permit) = self.permit.as_mut().filter(|it| it.session == to.session) else {
            return;
        };
        plan.advance(now);
        self.plan.lower(plan);
        permit.limit_w = match (permit.limit_w, to.limit_w) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        permit.energy_limit_wh = match (permit.energy_limit_wh, to.energy_limit_wh) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    /// What is said of a session beside its permit, in place of what was said before.
    pub(super) fn clamp(&mut self, session: u64, clamps: Vec<Timed>) {
        self.clamps.set(session, clamps);
    }

    /// The clock was set while no component was at work: nobody can say any more what
    /// the times of steps mean.
    pub fn clock_stepped(&mut self) {
        if self.permit.is_some() && self.plan.flatten() {
            self.own_acts += 1;
        }
    }

    /// What the group of this outlet leaves to it. True if that is another share than
    /// before.
    pub fn share(&mut self, share_ma: u32) -> bool {
        let is_new = share_ma != self.share_ma;
        if is_new && self.permit.is_some() {
            self.own_acts += 1;
        }
        self.share_ma = share_ma;
        is_new
    }

    /// What the group has left to it last.
    #[must_use]
    pub fn share_ma(&self) -> u32 {
        self.share_ma
    }

    /// What this outlet would offer without a group. A car that does not ask yet, or
    /// no longer, wants the least that can be offered.
    #[must_use]
    pub fn wanted_ma(&self, facts: &Facts) -> u32 {
        let limit_ma = self.limit_ma();
        let is_granted = self.permit.is_some() && !self.spent && !self.closing_down;
        if !is_granted || limit_ma < LEAST_CURRENT_MA || !self.is_fit(facts) {
            return 0;
        }
        match facts.pilot {
            PilotState::C => limit_ma,
            PilotState::D if self.ventilated => limit_ma,
            PilotState::B | PilotState::D => LEAST_CURRENT_MA,
            PilotState::A | PilotState::E | PilotState::F => 0,
        }
    }

    /// What keeps the offer from being higher; none without a permit.
    #[must_use]
    pub fn limiter(&self) -> Option<Limiter> {
        self.permit.as_ref()?;
        let limit_ma = self.plan.limit_ma();
        let clamp_ma = self.clamps.limit_ma();
        if let Some((policy, why)) = self.clamps.who()
            && clamp_ma < limit_ma.min(self.share_ma)
        {
            return Some(Limiter::Policy(PolicyLimit { policy, why }));
        }
        Some(if self.share_ma < limit_ma {
            Limiter::Group
        } else if limit_ma >= self.max_current_ma {
            Limiter::Installation
        } else {
            Limiter::Permit
        })
    }

    /// The car has left, or may have, and its permit ends with it.
    pub fn connection_ended(&mut self, fate: PermitFate) {
        self.end_permit(fate);
    }

    /// The permit that these rules have ended since this was last asked, and why.
    pub fn take_ended(&mut self) -> Option<(Permit, PermitFate)> {
        self.ended.take()
    }

    /// A permit was refused: whoever gave it has to hear that it is not in force.
    pub fn permit_refused(&mut self) {
        self.own_acts += 1;
    }

    fn end_permit(&mut self, fate: PermitFate) {
        if let Some(permit) = self.permit.take() {
            self.own_acts += 1;
            self.ended = Some((permit, fate));
        }
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
        if self.orphan.is_over(now) {
            self.end_permit(PermitFate::NoComponent);
        }
        if self.permit.is_some() && self.plan.advance(now) {
            self.own_acts += 1;
        }
        let permit = self.permit.as_ref().map(|it| (it.session, it.phases));
        let phases = permit.map_or(1, |(_, phases)| phases);
        if self.clamps.advance(now, permit.map(|it| it.0), phases) && permit.is_some() {
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
                Power::Open => {
                    self.recloser.closed(now);
                    self.cycles.closed(now);
                }
                Power::Closed { .. } => self.recloser.thrown_open(now),
                // The car was on its way out anyway.
                Power::LettingGo { .. } => {}
            }
        }
        self.outputs(now, facts, safe)
    }

    /// The contactor is spared: it could close, and may not yet.
    #[must_use]
    pub fn is_paced(&self, now: Moment) -> bool {
        matches!(self.power, Power::Open) && self.granted().is_some() && self.cycles.holds(now)
    }

    /// When [`step`](Self::step) has to be called although nothing changes.
    #[must_use]
    pub fn wake_at(&self, now: Moment) -> Option<Moment> {
        let power = match self.power {
            Power::Open => self
                .cycles
                .not_before()
                .max(Some(self.recloser.not_before())),
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
        let step = self.permit.as_ref().and_then(|_| self.plan.next());
        let session = self.permit.as_ref().map(|it| it.session);
        let clamp = session.and_then(|it| self.clamps.next(now, it));
        let feedback = self.feedback.wake_at();
        [feedback, self.lock.wake_at(), orphan, step, clamp]
            .into_iter()
            .fold(power.filter(|at| *at > now), earliest)
    }

    /// The permit in force, as cut to the installation, with the present limit and
    /// the steps that are still ahead.
    #[must_use]
    pub fn permit_in_force(&self) -> Option<Permit> {
        self.permit.as_ref().map(|permit| Permit {
            limit_ma: self.plan.limit_ma(),
            steps: self.plan.steps(),
            reason: permit.reason.clone(),
            ..*permit
        })
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

    /// Of the permit, and of what is said of its session.
    fn limit_ma(&self) -> u32 {
        self.plan.limit_ma().min(self.clamps.limit_ma())
    }

    /// What may be offered as far as permit and guest are concerned: current
    /// and phases.
    fn granted(&self) -> Option<(u32, u8)> {
        let permit = self.permit.as_ref()?;
        let limit_ma = self.limit_ma().min(self.share_ma);
        let granted = !self.spent && !self.closing_down && limit_ma >= LEAST_CURRENT_MA;
        granted.then_some((limit_ma, permit.phases))
    }

    fn next_power(&self, now: Moment, facts: &Facts, safe: bool) -> Power {
        let granted = self.granted().map(|(_, phases)| phases);
        match self.power {
            Power::Open => match granted {
                Some(phases)
                    if safe && now >= self.recloser.not_before() && !self.cycles.holds(now) =>
                {
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

    fn outputs(&self, now: Moment, facts: &Facts, safe: bool) -> Outputs {
        let granted = self.granted();
        // In D without ventilation the offer stays: taking it away would send
        // the car to B and bring it back, for ever.
        let asked = matches!(facts.pilot, PilotState::B | PilotState::C | PilotState::D);
        let letting_go = matches!(self.power, Power::LettingGo { .. });
        // Nothing is offered that would not come: the car waits, and shows it.
        let offered = (safe || (asked && self.is_fit(facts))) && !letting_go && !self.is_paced(now);
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

/// What each phase carries of that power.
fn current_ma(watts: u32, phases: u8) -> u32 {
    let milliamps = u64::from(watts) * 1000 / (VOLTAGE * u64::from(phases.max(1)));
    u32::try_from(milliamps).unwrap_or(u32::MAX)
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
