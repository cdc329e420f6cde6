//! A central system that answers as one should, until a test says otherwise.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use plugpoint_ocpp_wire::timestamp;

/// What it does about one call.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// As it would anyway.
    Usual,
    /// A CALLRESULT with this payload.
    Result(Value),
    /// A CALLERROR with this code.
    Error(&'static str),
    /// Never an answer.
    Silence,
    /// As usual, but only after so many ms.
    Late(u64),
    /// As usual, and then the same again.
    Twice,
}

/// What comes of a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// A CALLRESULT's payload, or a CALLERROR's code.
    pub(super) outcome: Result<Value, &'static str>,
    pub(super) after_ms: u64,
    /// How often it is sent; 0: never.
    pub(super) copies: u32,
}

/// Its state, and what it was told to do.
#[derive(Debug, Clone)]
pub struct CentralSystem {
    /// Answers to come, per action, before the usual one.
    planned: BTreeMap<String, VecDeque<Reply>>,
    /// Answers for good, per action.
    fixed: BTreeMap<String, Reply>,
    /// `idTagInfo` of tags; others are accepted.
    pub tags: BTreeMap<String, Value>,
    /// How long it takes to answer.
    pub latency_ms: u64,
    /// `interval` of a BootNotification's answer, in s.
    pub interval: i64,
    /// It fails on every so many transaction messages, once.
    pub refuse_every: Option<u64>,
    /// Its clock is fast by this much.
    pub clock_off_ms: i64,
    taken: u64,
    /// Calls it has answered, by id; a repeated one gets the same answer.
    answered: BTreeMap<String, Value>,
    next_transaction: i64,
}

impl Default for CentralSystem {
    fn default() -> Self {
        Self {
            planned: BTreeMap::new(),
            fixed: BTreeMap::new(),
            tags: BTreeMap::new(),
            latency_ms: 5,
            interval: 3600,
            refuse_every: None,
            clock_off_ms: 0,
            taken: 0,
            answered: BTreeMap::new(),
            next_transaction: 1001,
        }
    }
}

impl CentralSystem {
    /// The next call of this action is answered like this.
    pub fn plan(&mut self, action: &str, reply: Reply) {
        self.planned
            .entry(action.to_owned())
            .or_default()
            .push_back(reply);
    }

    /// Every call of this action is answered like this.
    pub fn always(&mut self, action: &str, reply: Reply) {
        self.fixed.insert(action.to_owned(), reply);
    }

    /// As usual again.
    pub fn relent(&mut self, action: &str) {
        self.fixed.remove(action);
        self.planned.remove(action);
    }

    /// The number it gave to the transaction that this message started.
    pub fn transaction_of(&self, message: &str) -> Option<i64> {
        self.answered.get(message)?.get("transactionId")?.as_i64()
    }

    pub(super) fn answer(
        &mut self,
        id: &str,
        action: &str,
        payload: &Value,
        unix_ms: i64,
    ) -> Answer {
        let planned = self.planned.get_mut(action).and_then(VecDeque::pop_front);
        // What it has taken once, it does not fail on later.
        let fixed = || {
            self.fixed
                .get(action)
                .filter(|_| !self.answered.contains_key(id))
        };
        let reply = planned.or_else(|| fixed().cloned());
        let (outcome, after_ms, copies) = match reply {
            Some(Reply::Result(result)) => (Ok(result), 0, 1),
            Some(Reply::Error(code)) => (Err(code), 0, 1),
            Some(Reply::Silence) => (Err(""), 0, 0),
            Some(Reply::Late(ms)) => (self.as_usual(id, action, payload, unix_ms), ms, 1),
            Some(Reply::Twice) => (self.as_usual(id, action, payload, unix_ms), 0, 2),
            Some(Reply::Usual) | None => (self.as_usual(id, action, payload, unix_ms), 0, 1),
        };
        Answer {
            outcome,
            after_ms: after_ms + self.latency_ms,
            copies,
        }
    }

    fn as_usual(
        &mut self,
        id: &str,
        action: &str,
        payload: &Value,
        unix_ms: i64,
    ) -> Result<Value, &'static str> {
        if let Some(before) = self.answered.get(id) {
            return Ok(before.clone());
        }
        if matches!(
            action,
            "StartTransaction" | "StopTransaction" | "MeterValues"
        ) {
            self.taken += 1;
            if self
                .refuse_every
                .is_some_and(|every| self.taken.is_multiple_of(every))
            {
                return Err("InternalError");
            }
        }
        let result = self.usual(action, payload, unix_ms);
        if matches!(action, "StartTransaction" | "StopTransaction") {
            self.answered.insert(id.to_owned(), result.clone());
        }
        Ok(result)
    }

    fn usual(&mut self, action: &str, payload: &Value, unix_ms: i64) -> Value {
        let time = timestamp::format(unix_ms, true);
        match action {
            "BootNotification" => {
                json!({"status": "Accepted", "currentTime": time, "interval": self.interval})
            }
            "Heartbeat" => json!({"currentTime": time}),
            "Authorize" => json!({"idTagInfo": self.info(payload)}),
            "StartTransaction" => {
                let id = self.next_transaction;
                self.next_transaction += 1;
                json!({"transactionId": id, "idTagInfo": self.info(payload)})
            }
            "StopTransaction" if payload.get("idTag").is_some() => {
                json!({"idTagInfo": self.info(payload)})
            }
            _ => json!({}),
        }
    }

    fn info(&self, payload: &Value) -> Value {
        let tag = payload["idTag"].as_str().unwrap_or_default();
        self.tags
            .get(tag)
            .cloned()
            .or_else(|| opinion(tag))
            .unwrap_or_else(|| json!({"status": "Accepted"}))
    }
}

/// What the central system thinks of the tags of a simulated life.
fn opinion(tag: &str) -> Option<Value> {
    match tag {
        "FAMILY1" | "FAMILY2" => Some(json!({"status": "Accepted", "parentIdTag": "FAMILY"})),
        "BLOCKED" => Some(json!({"status": "Blocked"})),
        "EXPIRED" => Some(json!({"status": "Expired"})),
        _ => None,
    }
}
