//! Rules that hold at every moment, watched from where the central system and
//! the contactors stand. What is broken is noted, never stopped.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::host::{Observed, ObservedKind, OutletState, Permit, Shown};

/// No more messages than this ever wait.
const MOST_WAITING: u64 = 20_000;
/// So long a charger may take to obey a refusal.
const OBEY_MS: u64 = 10_000;
/// Energy that a refused token may use at most, in the lives that are lived.
const MOST_REFUSED_WH: u64 = 500;

/// OCPP 1.6, 4.9: from each status, those that may follow.
const TRANSITIONS: [(&str, &[&str]); 8] = [
    (
        "Available",
        &[
            "Preparing",
            "Charging",
            "SuspendedEV",
            "SuspendedEVSE",
            "Unavailable",
            "Faulted",
        ],
    ),
    (
        "Preparing",
        &[
            "Available",
            "Charging",
            "SuspendedEV",
            "SuspendedEVSE",
            "Finishing",
            "Faulted",
        ],
    ),
    (
        "Charging",
        &[
            "Available",
            "SuspendedEV",
            "SuspendedEVSE",
            "Finishing",
            "Unavailable",
            "Faulted",
        ],
    ),
    (
        "SuspendedEV",
        &[
            "Available",
            "Charging",
            "SuspendedEVSE",
            "Finishing",
            "Unavailable",
            "Faulted",
        ],
    ),
    (
        "SuspendedEVSE",
        &[
            "Available",
            "Charging",
            "SuspendedEV",
            "Finishing",
            "Unavailable",
            "Faulted",
        ],
    ),
    (
        "Finishing",
        &["Available", "Preparing", "Unavailable", "Faulted"],
    ),
    (
        "Unavailable",
        &[
            "Available",
            "Preparing",
            "Charging",
            "SuspendedEV",
            "SuspendedEVSE",
            "Faulted",
        ],
    ),
    (
        "Faulted",
        &[
            "Available",
            "Preparing",
            "Charging",
            "SuspendedEV",
            "SuspendedEVSE",
            "Finishing",
            "Unavailable",
        ],
    ),
];

/// What it has seen.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Rules that were broken, in words.
    pub broken: Vec<String>,
    accepted: bool,
    /// Last status of each connector on this link.
    statuses: BTreeMap<i64, String>,
    /// The call that waits for its answer: id, until when it may.
    open: Option<(String, u64)>,
    /// Tokens that a policy has accepted.
    welcome: BTreeSet<String>,
    /// Sessions that the central system refused: outlet, session, until when
    /// that must have had its effect.
    refused: Vec<(u32, u64, u64)>,
    /// Tokens of sessions.
    sessions: BTreeMap<u64, String>,
}

impl Watch {
    fn note(&mut self, what: String) {
        if self.broken.len() < 20 {
            self.broken.push(what);
        }
    }

    pub(super) fn power_gone(&mut self) {
        self.accepted = false;
        self.link_gone();
    }

    pub(super) fn link_gone(&mut self) {
        self.statuses.clear();
        self.open = None;
    }

    /// The central system gets a call.
    pub(super) fn call(
        &mut self,
        ms: u64,
        timeout_ms: u64,
        id: &str,
        action: &str,
        payload: &Value,
    ) {
        if !self.accepted && action != "BootNotification" {
            self.note(format!(
                "{action} at {ms} before the registration is accepted"
            ));
        }
        if let Some((open, until)) = &self.open
            && *until > ms
        {
            self.note(format!(
                "{action} {id} at {ms} while {open} is not answered"
            ));
        }
        self.open = Some((id.to_owned(), ms + timeout_ms));
        if action == "StatusNotification" {
            self.status(ms, payload);
        }
    }

    fn status(&mut self, ms: u64, payload: &Value) {
        let connector = payload["connectorId"].as_i64().unwrap_or(-1);
        let status = payload["status"].as_str().unwrap_or_default().to_owned();
        if let Some(before) = self.statuses.insert(connector, status.clone())
            && before != status
        {
            let known = TRANSITIONS.iter().find(|(from, _)| *from == before);
            if !known.is_some_and(|(_, to)| to.contains(&status.as_str())) {
                self.note(format!(
                    "connector {connector} goes from {before} to {status} at {ms}"
                ));
            }
        }
    }

    /// The charger gets an answer.
    pub(super) fn answered(&mut self, id: &str) {
        if self.open.as_ref().is_some_and(|(open, _)| open == id) {
            self.open = None;
        }
    }

    /// The charger is told that the token of the session at an outlet is not
    /// accepted.
    pub(super) fn refused(&mut self, ms: u64, outlet: &OutletState) {
        if let Some(permit) = &outlet.permit {
            self.refused
                .push((outlet.outlet, permit.session, ms + OBEY_MS));
        }
    }

    /// Time has come to look whether refusals had their effect.
    pub(super) fn look(&mut self, ms: u64, outlets: &[super::SimOutlet]) {
        let (due, later) = std::mem::take(&mut self.refused)
            .into_iter()
            .partition(|(.., until)| *until <= ms);
        self.refused = later;
        let due: Vec<(u32, u64, u64)> = due;
        for (number, session, _) in due {
            let outlet = outlets.iter().find(|outlet| outlet.state.outlet == number);
            let permit = outlet.and_then(|outlet| outlet.state.permit.as_ref());
            let goes_on = permit.is_some_and(|permit| {
                permit.session == session
                    && permit.limit_ma > 0
                    && permit
                        .energy_limit_wh
                        .is_none_or(|limit| limit > MOST_REFUSED_WH)
            });
            if goes_on {
                self.note(format!(
                    "session {session} goes on at {ms} although its token was refused"
                ));
            }
        }
    }

    pub(super) fn shown(&mut self, shown: &Shown) {
        if shown.name == "queue"
            && shown
                .value
                .parse::<u64>()
                .is_ok_and(|waiting| waiting > MOST_WAITING)
        {
            self.note(format!("{} messages wait", shown.value));
        }
    }

    pub(super) fn registered(&mut self, accepted: bool) {
        self.accepted = accepted;
    }

    pub(super) fn welcomed(&mut self, token: &str) {
        self.welcome.insert(token.to_lowercase());
    }

    pub(super) fn observed(&mut self, observed: &Observed) {
        if observed.kind == ObservedKind::Started {
            self.sessions
                .insert(observed.session, observed.token.clone());
        }
    }

    pub(super) fn permitted(&mut self, permit: &Permit) {
        match self.sessions.get(&permit.session) {
            None => self.note(format!("{permit:?} for a session that never began")),
            Some(token) if !self.welcome.contains(&token.to_lowercase()) => {
                self.note(format!("{permit:?} for {token}, whom nobody has accepted"));
            }
            Some(_) => {}
        }
    }
}
