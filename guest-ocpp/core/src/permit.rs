//! The permit to let energy through. It follows from the state of the outlet; nobody
//! switches it by hand.

use plugpoint_guest::protocol::{Action, OutletState, Permit};
use plugpoint_guest::turn::Turn;

use crate::Protocol;
use crate::session::Session;

/// What a pilot can offer at least (IEC 61851); below, nothing is offered.
pub const MIN_CURRENT_MA: u32 = 6_000;
/// What limits a transaction beside its own limits and what the outlet can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// What is allowed after the central system has refused the token.
    pub refused_wh: u64,
    /// What others allow: mA per phase, and phases.
    pub others: Option<(u32, u8)>,
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
    if let Some((limit_ma, phases)) = limits.others {
        permit.limit_ma = permit.limit_ma.min(limit_ma);
        permit.phases = permit.phases.min(phases);
    }
    permit
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
        if self.permit == wanted {
            return false;
        }
        let resumes = (offers(&self.permit), offers(&wanted)) == (Some(false), Some(true));
        match &wanted {
            Some(permit) => turn.act(Action::Permit(permit.clone())),
            None => turn.act(Action::Revoke(outlet)),
        }
        self.permit = wanted;
        resumes
    }

    /// A limit that falls is in force, whatever can be stored.
    pub fn lower(&mut self, turn: &mut Turn<'_>, wanted: Option<Permit>) {
        let Some(present) = self.permit.as_ref().map(|it| it.limit_ma) else {
            return;
        };
        if let Some(lower) = wanted.filter(|wanted| wanted.limit_ma < present) {
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
