//! The permit to let energy through. It follows from the state of the outlet; nobody
//! switches it by hand.

use plugpoint_guest::protocol::{Action, OutletState, Permit, Step};
use plugpoint_guest::turn::Turn;

use crate::Protocol;
use crate::session::Session;

/// What a pilot can offer at least (IEC 61851); below, nothing is offered.
pub const MIN_CURRENT_MA: u32 = 6_000;

/// Steps that a permit can have.
pub const MAX_STEPS: usize = 64;

/// Times of the same step may differ by as much when they are worked out again, since the
/// wall clock and the monotonic one are read one after the other.
const JITTER_MS: u64 = 20;

/// What limits a transaction beside its own limits and what the outlet can carry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// What is allowed after the central system has refused the token.
    pub refused_wh: u64,
    /// What others allow: mA per phase, and phases.
    pub others: Option<(u32, u8)>,
    /// What they will allow, if nothing happens: from when on (monotonic ms), mA per
    /// phase. Earliest first.
    pub later: Vec<(u64, u32)>,
}

/// What a transaction may draw whose car is there: the host ends a permit with its car, and
/// another car, if the transaction goes on with it, gets another permit.
pub fn wanted<P: Protocol>(session: &Session<P>, facts: &OutletState, limits: &Limits) -> Permit {
    let most = facts.max_current_ma;
    let mut permit = Permit {
        outlet: facts.outlet,
        limit_ma: session.limit_ma.map_or(most, |limit| limit.min(most)),
        phases: facts.phases,
        energy_limit_wh: session.energy_limit_wh,
        steps: Vec::new(),
        session: session.number,
        until_ms: session.until_ms,
    };
    if session.refused {
        let max_wh = limits.refused_wh;
        let own = permit.energy_limit_wh;
        permit.energy_limit_wh = Some(own.map_or(max_wh, |limit| limit.min(max_wh)));
        if max_wh == 0 {
            permit.limit_ma = 0;
        }
    }
    let own_ma = permit.limit_ma;
    if let Some((limit_ma, phases)) = limits.others {
        permit.limit_ma = own_ma.min(limit_ma);
        permit.phases = permit.phases.min(phases);
    }
    let mut before = permit.limit_ma;
    for (at_ms, limit_ma) in &limits.later {
        let limit_ma = own_ma.min(*limit_ma);
        if limit_ma != before && permit.steps.len() < MAX_STEPS {
            permit.steps.push(Step {
                at_ms: *at_ms,
                limit_ma,
            });
            before = limit_ma;
        }
    }
    permit
}

/// What is left of a permit at a moment: the host has taken the steps that were due.
fn at_present(permit: &mut Permit, ms: u64) {
    let due = permit.steps.iter().take_while(|step| step.at_ms <= ms);
    let due = due.count();
    if let Some(step) = permit.steps.drain(..due).next_back() {
        permit.limit_ma = step.limit_ma;
    }
}

/// At this moment, or at some later one if nothing happens.
fn is_lower(wanted: &Permit, present: &Permit) -> bool {
    let lowest = |permit: &Permit| {
        let steps = permit.steps.iter().map(|step| step.limit_ma);
        steps.fold(permit.limit_ma, u32::min)
    };
    wanted.limit_ma < present.limit_ma
        || (wanted.limit_ma == present.limit_ma && lowest(wanted) < lowest(present))
}

/// They allow the same at any time.
fn are_alike(one: &Permit, other: &Permit) -> bool {
    let steps = one.steps.iter().zip(&other.steps);
    let are_same_steps = one.steps.len() == other.steps.len()
        && steps
            .into_iter()
            .all(|(a, b)| a.limit_ma == b.limit_ma && a.at_ms.abs_diff(b.at_ms) <= JITTER_MS);
    are_same_steps
        && one.outlet == other.outlet
        && one.limit_ma == other.limit_ma
        && one.phases == other.phases
        && one.energy_limit_wh == other.energy_limit_wh
        && one.session == other.session
        && one.until_ms == other.until_ms
}

/// The permit that is in force, as far as is known.
#[derive(Debug, Default)]
pub struct Supply {
    permit: Option<Permit>,
}

impl Supply {
    /// As the host says.
    pub(crate) fn note(&mut self, permit: &Option<Permit>) {
        self.permit.clone_from(permit);
    }

    /// A permit is in force.
    pub fn is_on(&self) -> bool {
        self.permit.is_some()
    }

    /// Less is permitted than a pilot can offer.
    pub fn is_held_back(&self) -> bool {
        offers(&self.permit) == Some(false)
    }

    /// Gives, changes or takes back the permit of this outlet. True: the car may draw
    /// something again, and is given its time; until then it is not the car that waits.
    pub fn apply(&mut self, turn: &mut Turn<'_>, outlet: u32, wanted: Option<Permit>) -> bool {
        let resumes = (offers(&self.permit), offers(&wanted)) == (Some(false), Some(true));
        if let Some(permit) = &mut self.permit {
            at_present(permit, turn.ms());
        }
        match (&self.permit, &wanted) {
            (None, None) => return resumes,
            (Some(present), Some(wanted)) if are_alike(present, wanted) => return resumes,
            _ => {}
        }
        match &wanted {
            Some(permit) => turn.act(Action::Permit(permit.clone())),
            None => turn.act(Action::Revoke(outlet)),
        }
        self.permit = wanted;
        resumes
    }

    /// A limit that falls is in force, whatever can be stored.
    pub fn lower(&mut self, turn: &mut Turn<'_>, wanted: Option<Permit>) {
        let Some(present) = &mut self.permit else {
            return;
        };
        at_present(present, turn.ms());
        if let Some(lower) = wanted.filter(|wanted| is_lower(wanted, present)) {
            turn.act(Action::Permit(lower.clone()));
            self.permit = Some(lower);
        }
    }

    /// No energy any more, whatever can be stored.
    pub fn revoke(&mut self, turn: &mut Turn<'_>, outlet: u32) {
        if self.permit.take().is_some() {
            turn.act(Action::Revoke(outlet));
        }
    }
}

/// Whether a pilot can offer what is permitted; none: nothing is.
fn offers(permit: &Option<Permit>) -> Option<bool> {
    let permit = permit.as_ref();
    permit.map(|permit| permit.limit_ma >= MIN_CURRENT_MA)
}
