//! Rules that hold at every moment, watched from where the central system and
//! the contactors stand. What is broken is noted, never stopped. Not here: the
//! accounts at the end (see `books`).

mod cards;
mod contactor;
mod energy;
mod rule;
mod transitions;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub(super) use energy::Permissions;
pub use rule::{Broken, Rule};

/// No more messages than this ever wait.
const MOST_WAITING: u64 = 20_000;

/// What the central system said last to a BootNotification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Standing {
    #[default]
    None,
    Pending,
    Rejected,
    Accepted,
}

/// What it has seen.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Rules that were broken.
    pub broken: Vec<Broken>,
    /// As the charger knows it.
    standing: Standing,
    /// The same before the last answer.
    standing_before: Standing,
    /// The BootNotification that was sent last.
    boot: String,
    /// Last status of each connector on this link.
    statuses: BTreeMap<i64, String>,
    /// The call that waits for its answer: id, until when it may.
    open: Option<(String, u64)>,
    /// Calls of the central system that are not answered yet.
    unanswered: BTreeSet<String>,
    /// Messages that a TriggerMessage asked for, by its id; then promised.
    triggers: BTreeMap<String, String>,
    promised: BTreeSet<String>,
    energy: energy::Energy,
    cards: cards::Cards,
}

impl Watch {
    /// What may be had by whom.
    pub(super) fn permits(&mut self, permissions: Permissions) {
        self.energy.permissions = Some(permissions);
    }

    pub(super) fn note(&mut self, rule: Rule, what: String) {
        if self.broken.len() < 20 {
            self.broken.push(Broken { rule, what });
        }
    }

    pub(super) fn power_gone(&mut self, ms: u64) {
        self.standing = Standing::None;
        self.cards.power_gone();
        self.link_gone(ms);
    }

    pub(super) fn link_gone(&mut self, ms: u64) {
        self.statuses.clear();
        self.open = None;
        self.unanswered.clear();
        self.triggers.clear();
        self.energy.link_gone(ms);
    }

    pub(super) fn is_rejected(&self) -> bool {
        self.standing == Standing::Rejected
    }

    /// The central system calls.
    pub(super) fn asks(&mut self, ms: u64, id: &str, action: &str, payload: &Value, all: &[u32]) {
        self.unanswered.insert(id.to_owned());
        if action == "RemoteStartTransaction" {
            self.cards.remote(ms, payload, all);
        }
        if let ("TriggerMessage", Some(wanted)) = (action, payload["requestedMessage"].as_str()) {
            self.triggers.insert(id.to_owned(), wanted.to_owned());
        }
    }

    /// The central system gets an answer.
    pub(super) fn answer(&mut self, ms: u64, id: &str, answer: &Value) {
        if self.standing == Standing::Rejected {
            self.note(
                Rule::Registration,
                format!("{id} is answered at {ms} while rejected"),
            );
        }
        if !self.unanswered.remove(id) {
            self.note(
                Rule::OneCall,
                format!("{id} is answered at {ms} without being asked"),
            );
        }
        let wanted = self.triggers.remove(id);
        self.promised
            .extend(wanted.filter(|_| answer["status"] == "Accepted"));
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
        let asked_for = self.standing == Standing::Pending && self.promised.contains(action);
        if self.standing != Standing::Accepted && action != "BootNotification" && !asked_for {
            self.note(
                Rule::Registration,
                format!(
                    "{action} at {ms} before the registration is accepted ({:?}, promised {:?})",
                    self.standing, self.promised
                ),
            );
        }
        self.expire(ms);
        if let Some((open, _)) = &self.open {
            let what = format!("{action} {id} at {ms} while {open} is not answered");
            self.note(Rule::OneCall, what);
        }
        if action == "BootNotification" {
            id.clone_into(&mut self.boot);
            // Who boots is told of anew, and is accepted once more.
            self.statuses.clear();
            if self.standing == Standing::Accepted {
                self.standing = Standing::None;
            }
        }
        self.open = Some((id.to_owned(), ms + timeout_ms));
        self.energy.asked(id, payload);
        if action == "StatusNotification" {
            self.status(ms, payload);
        }
    }

    /// A call that waited for too long is none any more. It was on its way for
    /// a moment before it was seen here.
    fn expire(&mut self, ms: u64) {
        if self
            .open
            .as_ref()
            .is_some_and(|(_, until)| *until <= ms + 10)
            && let Some((open, _)) = self.open.take()
        {
            self.energy.answered(ms, &open, None);
        }
    }

    fn status(&mut self, ms: u64, payload: &Value) {
        let connector = payload["connectorId"].as_i64().unwrap_or(-1);
        let status = payload["status"].as_str().unwrap_or_default().to_owned();
        let before = self.statuses.insert(connector, status.clone());
        if !transitions::are_allowed(connector, before.as_deref(), &status) {
            let before = before.unwrap_or_default();
            self.note(
                Rule::Status,
                format!("connector {connector} goes from {before} to {status} at {ms}"),
            );
        }
    }

    /// The charger waits for the answer to this call.
    pub(super) fn is_awaited(&self, ms: u64, id: &str) -> bool {
        let open = self.open.as_ref();
        open.is_some_and(|(open, until)| open == id && *until > ms + 10)
    }

    /// The charger gets an answer.
    pub(super) fn answered(&mut self, ms: u64, id: &str, answer: &Value) {
        self.standing_before = self.standing;
        if id == self.boot {
            self.standing = match answer["status"].as_str() {
                Some("Accepted") => Standing::Accepted,
                Some("Pending") => Standing::Pending,
                Some("Rejected") => Standing::Rejected,
                _ => self.standing,
            };
            self.promised.clear();
        }
        if self.open.as_ref().is_some_and(|(open, _)| open == id) {
            self.open = None;
        }
        self.energy.answered(ms, id, Some(answer));
    }

    /// The charger could not store what it made of the last answer, and has lost it.
    pub(super) fn answer_lost(&mut self) {
        self.standing = self.standing_before;
    }

    /// How many messages are kept.
    pub(super) fn waiting(&mut self, messages: u64) {
        if messages > MOST_WAITING {
            self.note(Rule::Bound, format!("{messages} messages wait"));
        }
    }
}
