//! Whether energy flows only as configuration and answers permit. The watch
//! judges by what the central system said and what is configured, not by what
//! the charger tells its policies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Watch;
use super::rule::Rule;
use crate::SimOutlet;
use plugpoint_guest::protocol::{
    DecisionRequest, Observed, ObservedKind, OutletState, Permit, Purpose, TokenOrigin,
};

/// So long a charger may take to obey a refusal.
const OBEY_MS: u64 = 10_000;
/// So long after a question without an answer a charger may help itself.
const HELP_MS: u64 = 60_000;

/// Keys of the configuration that a life leaves as they are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Permissions {
    /// AllowOfflineTxForUnknownId.
    pub(crate) unknown_offline: bool,
    /// AuthorizeRemoteTxRequests.
    pub(crate) check_remote: bool,
    /// What a refused token may use: StopTransactionOnInvalidId,
    /// MaxEnergyOnInvalidId.
    pub(crate) refused_wh: u64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Energy {
    /// None: the test is about something else.
    pub(super) permissions: Option<Permissions>,
    /// Calls about a token that wait for their answer.
    asked: BTreeMap<String, String>,
    /// Tokens that the central system did not answer for, and since when.
    unanswered: BTreeMap<String, u64>,
    /// Tokens that it has accepted.
    trusted: BTreeSet<String>,
    /// Tokens that a policy has accepted.
    welcome: BTreeSet<String>,
    /// Sessions that the central system refused: outlet, session, until when
    /// that must have had its effect.
    refused: Vec<(u32, u64, u64)>,
    /// Tokens of sessions.
    sessions: BTreeMap<u64, String>,
}

impl Energy {
    pub(super) fn asked(&mut self, id: &str, payload: &Value) {
        if let Some(tag) = payload["idTag"].as_str() {
            self.asked.insert(id.to_owned(), tag.to_lowercase());
        }
    }

    /// None: it never came.
    pub(super) fn answered(&mut self, ms: u64, id: &str, answer: Option<&Value>) {
        let Some(tag) = self.asked.remove(id) else {
            return;
        };
        let status = answer.and_then(|answer| answer["idTagInfo"]["status"].as_str());
        match status {
            Some("Accepted") => drop(self.trusted.insert(tag)),
            Some(_) => {}
            // An answer that says nothing of the tag: the charger is not alone.
            None if answer.is_some() => {}
            None => drop(self.unanswered.insert(tag, ms)),
        }
    }

    pub(super) fn link_gone(&mut self, ms: u64) {
        let asked = std::mem::take(&mut self.asked).into_values();
        self.unanswered.extend(asked.map(|tag| (tag, ms)));
    }
}

impl Watch {
    /// A policy accepts a token. `online`: the charger can ask, as the world
    /// knows it.
    pub(crate) fn welcomed(&mut self, ms: u64, request: &DecisionRequest, online: bool) {
        if request.purpose != Purpose::Start {
            return;
        }
        let tag = request.token.to_lowercase();
        self.energy.welcome.insert(tag.clone());
        let Some(permissions) = self.energy.permissions else {
            return;
        };
        self.expire(ms);
        let good = match request.origin {
            TokenOrigin::RemoteUnchecked => !permissions.check_remote,
            TokenOrigin::Plugged => false,
            TokenOrigin::Card | TokenOrigin::Remote => {
                let unanswered = self.energy.unanswered.get(&tag);
                let alone = !online || unanswered.is_some_and(|since| since + HELP_MS >= ms);
                self.energy.trusted.contains(&tag) || (permissions.unknown_offline && alone)
            }
        };
        if !good {
            self.note(
                Rule::Energy,
                format!("{} is accepted against the configuration", request.token),
            );
        }
    }

    /// The charger is told that the token of the session at an outlet is not
    /// accepted.
    pub(crate) fn refused(&mut self, ms: u64, outlet: &OutletState) {
        if let Some(permit) = &outlet.permit {
            self.energy
                .refused
                .push((outlet.outlet, permit.session, ms + OBEY_MS));
        }
    }

    /// Time has come to look whether refusals had their effect.
    pub(crate) fn look(&mut self, ms: u64, outlets: &[SimOutlet]) {
        if self.energy.refused.iter().all(|(.., until)| *until > ms) {
            return;
        }
        let (due, later) = std::mem::take(&mut self.energy.refused)
            .into_iter()
            .partition(|(.., until)| *until <= ms);
        self.energy.refused = later;
        let due: Vec<(u32, u64, u64)> = due;
        let most = self.energy.permissions.map_or(0, |keys| keys.refused_wh);
        for (number, session, _) in due {
            let outlet = outlets.iter().find(|outlet| outlet.state.outlet == number);
            let permit = outlet.and_then(|outlet| outlet.state.permit.as_ref());
            let goes_on = permit.is_some_and(|permit| {
                permit.session == session
                    && permit.limit_ma > 0
                    && permit.energy_limit_wh.is_none_or(|limit| limit > most)
            });
            if goes_on {
                self.note(
                    Rule::Energy,
                    format!("session {session} goes on at {ms} although its token was refused"),
                );
            }
        }
    }

    pub(crate) fn observed(&mut self, ms: u64, observed: &Observed) {
        self.session(ms, observed);
        if observed.kind == ObservedKind::Started {
            self.energy
                .sessions
                .insert(observed.session, observed.token.clone());
        }
    }

    pub(crate) fn permitted(&mut self, permit: &Permit) {
        self.cards.permitted(permit.outlet, permit.session);
        let why = match self.energy.sessions.get(&permit.session) {
            None => "for a session that never began".to_owned(),
            Some(token) if !self.energy.welcome.contains(&token.to_lowercase()) => {
                format!("for {token}, whom nobody has accepted")
            }
            Some(_) => return,
        };
        self.note(Rule::Energy, format!("{permit:?} {why}"));
    }
}
