//! A car that charges, and what is kept of it.
//!
//! `waiting/OUTLET`: a car is plugged in and has no session; the value is the
//! register to start with, or `no`: there will be none before it leaves.
//! `session/OUTLET`: the far end said yes. `done/NUMBER`: the session is over, and
//! the far end has not confirmed that it knows.

use crate::guest::wit::{
    Action, ContactorState, Durability, Observed, ObservedKind, OutletState, Permit, Token,
    TokenKind,
};
use crate::guest::{entries, get, keep, say};
use crate::receipt;

const SESSION: &str = "session/";
const WAITING: &str = "waiting/";
const DONE: &str = "done/";
/// In place of a register.
const NO: &str = "no";
/// Key of the number of the last session.
const COUNT: &str = "count";

/// A session that is not over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Session {
    pub outlet: u32,
    number: u32,
    limit_ma: u32,
    /// Registers in thousandths of a Wh.
    start_mwh: u64,
    last_mwh: u64,
    contactor_closed: bool,
    stopping: bool,
}

impl Session {
    /// The one at an outlet.
    pub fn of(outlet: u32) -> Option<Self> {
        Self::parse(outlet, &get(&key(SESSION, outlet))?)
    }

    /// All of them.
    pub fn all() -> Vec<Self> {
        entries::scan(SESSION, "", 256)
            .into_iter()
            .filter_map(|item| Self::of(item.key.strip_prefix(SESSION)?.parse().ok()?))
            .collect()
    }

    /// The far end wants it to end. It does once the contactor is open.
    pub fn stop(self) -> Vec<Action> {
        let revoke = Action::Revoke(self.outlet);
        if !self.contactor_closed {
            return [vec![revoke, no_more(self.outlet)], self.end()].concat();
        }
        let stopping = Self {
            stopping: true,
            ..self
        };
        vec![stopping.kept(Durability::Durable), revoke]
    }

    /// Something happened at the outlet.
    pub fn outlet_changed(self, state: &OutletState) -> Vec<Action> {
        let seen = self.seen(state);
        if !state.plugged {
            return [vec![Action::Revoke(self.outlet)], seen.end()].concat();
        }
        if seen.stopping && !seen.contactor_closed {
            return [vec![no_more(self.outlet)], seen.end()].concat();
        }
        if seen == self {
            return Vec::new();
        }
        vec![seen.kept(Durability::Durable)]
    }

    /// A fresh instance finds the session: goes on, or ends it.
    pub fn resume(self, state: &OutletState) -> Vec<Action> {
        let mut actions = self.outlet_changed(state);
        if state.plugged && !self.stopping && state.permit.is_none() {
            // The power was gone, and the permit with it.
            actions.push(self.permit());
        }
        actions
    }

    /// The meter was read for a report.
    pub fn measured(self, energy_mwh: u64) -> Vec<Action> {
        let session = Self {
            last_mwh: energy_mwh.max(self.last_mwh),
            ..self
        };
        vec![
            session.kept(Durability::Lazy),
            session.observed(ObservedKind::Energy),
            say(format!("ENERGY {} {}", self.outlet, session.energy_wh())),
        ]
    }

    fn seen(self, state: &OutletState) -> Self {
        Self {
            last_mwh: register(state).max(self.last_mwh),
            contactor_closed: state.contactor == ContactorState::Closed,
            ..self
        }
    }

    fn end(self) -> Vec<Action> {
        let done = format!("DONE {} {} {}", self.number, self.outlet, self.energy_wh());
        let mut actions = vec![
            Action::Forget(key(SESSION, self.outlet)),
            keep(&key(DONE, self.number), &done, Durability::Durable),
        ];
        actions.extend(receipt::write(self.number, &done));
        actions.push(self.observed(ObservedKind::Ended));
        actions.push(say(done));
        actions
    }

    fn energy_wh(self) -> u64 {
        (self.last_mwh - self.start_mwh) / 1000
    }

    /// For policies that count, or that limit what goes on.
    fn observed(self, kind: ObservedKind) -> Action {
        Action::Observe(Observed {
            kind,
            session: self.number.into(),
            outlet: self.outlet,
            token: Token {
                id: String::new(),
                kind: TokenKind::None,
            },
            energy_wh: self.energy_wh(),
            power_w: None,
            state_of_charge_percent: None,
        })
    }

    /// It has this number.
    pub fn is(&self, number: u64) -> bool {
        u64::from(self.number) == number
    }

    fn permit(self) -> Action {
        Action::Permit(Permit {
            outlet: self.outlet,
            limit_ma: self.limit_ma,
            limit_w: None,
            phases: 3,
            energy_limit_wh: None,
            steps: Vec::new(),
            reason: String::new(),
            session: self.number.into(),
            until_ms: None,
        })
    }

    fn kept(self, durability: Durability) -> Action {
        let text = format!(
            "{} {} {} {} {} {}",
            self.number,
            self.limit_ma,
            self.start_mwh,
            self.last_mwh,
            u8::from(self.contactor_closed),
            u8::from(self.stopping),
        );
        keep(&key(SESSION, self.outlet), &text, durability)
    }

    fn parse(outlet: u32, text: &str) -> Option<Self> {
        let numbers: Option<Vec<u64>> = text.split(' ').map(|n| n.parse().ok()).collect();
        let &[number, limit, start_mwh, last_mwh, closed, stopping] = numbers?.as_slice() else {
            return None;
        };
        Some(Self {
            outlet,
            number: number.try_into().ok()?,
            limit_ma: limit.try_into().ok()?,
            start_mwh,
            last_mwh: last_mwh.max(start_mwh),
            contactor_closed: closed == 1,
            stopping: stopping == 1,
        })
    }
}

/// A car is there and has no session: the far end is asked, once.
pub fn car_came(state: &OutletState) -> Vec<Action> {
    let asked = get(&key(WAITING, state.outlet));
    let register = register(state).to_string();
    let mut actions = Vec::new();
    if asked.as_deref() != Some(NO) && asked.as_ref() != Some(&register) {
        actions.push(keep(
            &key(WAITING, state.outlet),
            &register,
            Durability::Durable,
        ));
    }
    if asked.is_none() {
        actions.push(say(format!("MAYI {}", state.outlet)));
    }
    actions
}

/// It left before the far end said yes, or after the session was over.
pub fn car_left(outlet: u32) -> Vec<Action> {
    match get(&key(WAITING, outlet)) {
        Some(_) => vec![Action::Forget(key(WAITING, outlet))],
        None => Vec::new(),
    }
}

/// The far end said yes: only to a car that waits.
pub fn begin(outlet: u32, limit_ma: u32) -> Vec<Action> {
    let waiting = get(&key(WAITING, outlet));
    let Some(register) = waiting.and_then(|text| text.parse().ok()) else {
        return vec![say(format!("WHAT no car waits at {outlet}"))];
    };
    let number = get(COUNT).and_then(|n| n.parse().ok()).unwrap_or(0_u32) + 1;
    let session = Session {
        outlet,
        number,
        limit_ma,
        start_mwh: register,
        last_mwh: register,
        contactor_closed: false,
        stopping: false,
    };
    vec![
        keep(COUNT, &number.to_string(), Durability::Durable),
        Action::Forget(key(WAITING, outlet)),
        session.kept(Durability::Durable),
        session.observed(ObservedKind::Started),
        session.permit(),
        say(format!("BEGUN {number} {outlet}")),
    ]
}

/// The far end said no: the car may stay, and is not asked for again.
pub fn refused(outlet: u32) -> Vec<Action> {
    match get(&key(WAITING, outlet)) {
        Some(_) => vec![no_more(outlet), say(format!("BYE {outlet}"))],
        None => Vec::new(),
    }
}

fn no_more(outlet: u32) -> Action {
    keep(&key(WAITING, outlet), NO, Durability::Durable)
}

/// The far end knows that a session is over.
pub fn confirmed(number: u32) -> Vec<Action> {
    vec![Action::Forget(key(DONE, number))]
}

/// Lines about sessions that the far end has not confirmed.
pub fn unconfirmed() -> Vec<String> {
    entries::scan(DONE, "", 256)
        .into_iter()
        .filter_map(|item| String::from_utf8(item.value).ok())
        .collect()
}

/// Outlets with a car and no session.
pub fn waiting() -> Vec<u32> {
    entries::scan(WAITING, "", 256)
        .into_iter()
        .filter(|item| item.value != NO.as_bytes())
        .filter_map(|item| item.key.strip_prefix(WAITING)?.parse().ok())
        .collect()
}

fn register(state: &OutletState) -> u64 {
    state
        .reading
        .as_ref()
        .map_or(0, |reading| reading.energy_mwh)
}

/// Numbers are padded so that keys sort as the numbers do.
fn key(prefix: &str, number: u32) -> String {
    format!("{prefix}{number:010}")
}
