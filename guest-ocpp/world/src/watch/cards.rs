//! Which car is charged for whom: somebody who was let in starts at most one
//! transaction, on a car that came for him or was waiting. Not here: whether he
//! was to be let in (see `energy`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Rule, Watch};
use plugpoint_guest::protocol::{DecisionRequest, Observed, ObservedKind, Purpose, TokenOrigin};

/// A lock moves and a meter is read between a yes and the start.
const BEGIN_MS: u64 = 30_000;

/// A car at an outlet.
#[derive(Debug, Clone, Default)]
struct Car {
    came: u64,
    /// The session that it had a permit of.
    session: Option<u64>,
    /// Whose transaction on it ended last.
    served: Option<String>,
}

/// Somebody wants to charge.
#[derive(Debug, Clone)]
struct Asked {
    at: u64,
    by_card: bool,
    /// The one outlet that it can be for.
    only: Option<u32>,
    /// The car that stood there, and had been charged for nobody.
    waiting: Option<u64>,
}

/// Somebody was let in, and nothing has begun yet.
#[derive(Debug, Clone)]
struct LetIn {
    tag: String,
    at: u64,
    asked: Asked,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Cards {
    /// None: the test is about something else.
    pub(super) timeout_ms: Option<u64>,
    cars: BTreeMap<u32, Car>,
    /// By tag and outlet, which is 0 where it may be any.
    asked: BTreeMap<(String, u32), Asked>,
    let_in: Vec<LetIn>,
    /// Tokens of sessions.
    sessions: BTreeMap<u64, String>,
}

impl Cards {
    /// Cars stay where they are, and may be charged by anybody again: nobody
    /// has had enough of the one whose transaction is broken off.
    pub(super) fn power_gone(&mut self) {
        self.sessions.clear();
        self.asked.clear();
        self.let_in.clear();
        for car in self.cars.values_mut() {
            car.served = None;
            car.session = None;
        }
    }

    /// A permit is in force for the car that is there.
    pub(super) fn permitted(&mut self, outlet: u32, session: u64) {
        if let Some(car) = self.cars.get_mut(&outlet) {
            car.session = Some(session);
        }
    }

    fn asks(&mut self, ms: u64, tag: &str, by_card: bool, outlets: &[u32]) {
        let only = match outlets {
            [only] => Some(*only),
            _ => None,
        };
        let car = only.and_then(|outlet| self.cars.get(&outlet));
        let waiting = car.filter(|car| car.served.is_none()).map(|car| car.came);
        self.asked.insert(
            (tag.to_lowercase(), only.unwrap_or(0)),
            Asked {
                at: ms,
                by_card,
                only,
                waiting,
            },
        );
    }

    /// Why a start at this outlet is not what was asked for.
    fn wrong(&self, asked: &Asked, outlet: u32, tag: &str) -> Option<String> {
        let car = self.cars.get(&outlet)?;
        let named = !asked.by_card && asked.only.is_some();
        match (&car.served, asked.waiting) {
            (Some(other), _) if car.came <= asked.at && other != tag && !named => {
                Some(format!("the car has been charged for {other}"))
            }
            (_, Some(waiting)) if car.came > waiting => {
                Some("the car came after the one that it was for".to_owned())
            }
            _ => None,
        }
    }

    /// The central system has named an outlet.
    pub(super) fn remote(&mut self, ms: u64, payload: &Value, all: &[u32]) {
        let Some(tag) = payload["idTag"].as_str() else {
            return;
        };
        let named = payload["connectorId"]
            .as_u64()
            .map(|number| [number as u32]);
        self.asks(ms, tag, false, named.as_ref().map_or(all, |one| &one[..]));
    }
}

impl Watch {
    /// How long somebody who was let in is waited for.
    pub(crate) fn waits(&mut self, timeout_ms: u64) {
        self.cards.timeout_ms = Some(timeout_ms);
    }

    pub(crate) fn car_came(&mut self, ms: u64, outlet: u32) {
        let car = Car {
            came: ms,
            session: None,
            served: None,
        };
        self.cards.cars.insert(outlet, car);
    }

    pub(crate) fn car_left(&mut self, outlet: u32) {
        self.cards.cars.remove(&outlet);
    }

    pub(crate) fn card(&mut self, ms: u64, tag: &str, outlets: &[u32]) {
        self.cards.asks(ms, tag, true, outlets);
    }

    /// The charger is told yes.
    pub(crate) fn let_in(&mut self, ms: u64, request: &DecisionRequest) {
        let tag = request.token.to_lowercase();
        if request.purpose != Purpose::Start || request.origin == TokenOrigin::Plugged {
            return;
        }
        if let Some(asked) = self
            .cards
            .asked
            .get(&(tag.clone(), request.outlet))
            .cloned()
        {
            self.cards.let_in.push(LetIn { tag, at: ms, asked });
        }
    }

    pub(super) fn session(&mut self, ms: u64, observed: &Observed) {
        let tag = observed.token.to_lowercase();
        match observed.kind {
            ObservedKind::Started => {
                self.cards.sessions.insert(observed.session, tag.clone());
                self.session_starts(ms, observed, &tag);
            }
            ObservedKind::Ended => {
                let tag = self.cards.sessions.remove(&observed.session);
                // One that came since has had nothing of it.
                let cars = &mut self.cards.cars;
                if let Some(car) = cars.get_mut(&observed.outlet)
                    && car.session == Some(observed.session)
                {
                    car.served = tag;
                }
            }
            ObservedKind::Energy => {}
        }
    }

    fn session_starts(&mut self, ms: u64, observed: &Observed, tag: &str) {
        let Some(timeout_ms) = self.cards.timeout_ms else {
            return;
        };
        let outlet = observed.outlet;
        self.cards
            .let_in
            .retain(|let_in| let_in.at + timeout_ms + BEGIN_MS >= ms);
        let cards = &self.cards;
        let theirs = || {
            let all = cards.let_in.iter().enumerate().rev();
            all.filter(|(_, let_in)| let_in.tag == tag)
        };
        // One that came to nothing (the lock failed, or the card was shown again)
        // may still be there.
        let good = theirs().find(|(_, let_in)| cards.wrong(&let_in.asked, outlet, tag).is_none());
        let wrong = match (good, theirs().next()) {
            (Some((at, _)), _) => {
                self.cards.let_in.remove(at);
                return;
            }
            (None, Some((_, let_in))) => cards.wrong(&let_in.asked, outlet, tag),
            (None, None) => Some("was let in for nothing new".to_owned()),
        };
        let what = format!(
            "{tag} starts at {outlet} at {ms}, but {}",
            wrong.unwrap_or_default()
        );
        self.note(Rule::Cards, what);
    }
}
