//! What holds for every message of a station, whatever the case: its form, its
//! id, one CALL at a time, each transaction stopped once. Not here: what a case
//! expects.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::schema;
use super::station::Message;

/// Longest message id of OCPP-J.
const LONGEST_ID: usize = 36;

/// What the rules have to remember.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Action and payload of each message id.
    seen: BTreeMap<String, (String, Value)>,
    /// Message ids of the StopTransaction of each transaction.
    stopped: BTreeMap<i64, String>,
    /// Actions that the central system leaves without an answer.
    silenced: BTreeSet<String>,
    /// A CALL that was sent before this moment needs no answer any more: the
    /// connection it came on is gone.
    forgiven: Option<Duration>,
}

impl Rules {
    /// What came before a case began is taken as it is.
    pub(super) fn knowing(history: &[Message]) -> Self {
        let mut rules = Self::default();
        for message in history {
            rules.remember(message);
        }
        rules
    }

    /// The connection is, or will be, gone: CALLs may stay without an answer.
    pub(super) fn forgive(&mut self, until: Duration) {
        self.forgiven = Some(until);
    }

    /// The central system leaves CALLs of this action without an answer.
    pub(super) fn silence(&mut self, action: &str) {
        self.silenced.insert(action.to_owned());
    }

    /// It was sent before, with the same id: the answer did not arrive.
    pub(super) fn knows(&self, message: &Message) -> bool {
        self.seen.contains_key(&message.id)
    }

    /// What is wrong with a message. `before`: the one that came before it.
    pub(super) fn judge(&mut self, message: &Message, before: Option<&Message>) -> Vec<String> {
        let mut wrong = schema::request(&message.action, &message.payload);
        let length = message.id.chars().count();
        if length == 0 || length > LONGEST_ID {
            wrong.push(format!(
                "the message id {:?} has {length} characters and not 1 to {LONGEST_ID}",
                message.id
            ));
        }
        if let Some((action, payload)) = self.seen.get(&message.id)
            && !(is_of_transaction(action)
                && *action == message.action
                && *payload == message.payload)
        {
            wrong.push(format!(
                "the message id {:?} was used before, for {action} {payload}",
                message.id
            ));
        }
        if let Some(before) = before.filter(|before| self.is_open(before, message.at)) {
            wrong.push(format!(
                "it was sent while {} of {} was not answered yet: one CALL at a time",
                before.action,
                seconds(before.at)
            ));
        }
        if let Some((transaction, first)) = self.other_stop(message) {
            wrong.push(format!(
                "transaction {transaction} was stopped before, by message {first:?}"
            ));
        }
        self.remember(message);
        wrong
    }

    fn is_open(&self, before: &Message, at: Duration) -> bool {
        let gone = self.forgiven.is_some_and(|until| before.at <= until);
        !gone
            && !self.silenced.contains(&before.action)
            && before.answered_at.is_none_or(|answered| answered > at)
    }

    fn other_stop(&self, message: &Message) -> Option<(i64, &str)> {
        let transaction = stopped_by(message)?;
        let first = self.stopped.get(&transaction)?;
        (*first != message.id).then_some((transaction, first))
    }

    fn remember(&mut self, message: &Message) {
        let content = (message.action.clone(), message.payload.clone());
        self.seen.insert(message.id.clone(), content);
        if let Some(transaction) = stopped_by(message) {
            self.stopped
                .entry(transaction)
                .or_insert_with(|| message.id.clone());
        }
    }
}

/// -1 is no transaction's number: it stands for one that is not known.
fn stopped_by(message: &Message) -> Option<i64> {
    let transaction = message.payload.get("transactionId")?.as_i64()?;
    (message.action == "StopTransaction" && transaction != -1).then_some(transaction)
}

/// Messages that may be sent again with the id they had.
fn is_of_transaction(action: &str) -> bool {
    matches!(
        action,
        "StartTransaction" | "StopTransaction" | "MeterValues"
    )
}

/// For people.
pub(super) fn seconds(at: Duration) -> String {
    format!("{:.3} s", at.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{Message, Rules};

    fn message(at: u64, id: &str, action: &str, payload: Value, answered: Option<u64>) -> Message {
        Message {
            at: Duration::from_millis(at),
            id: id.to_owned(),
            action: action.to_owned(),
            payload,
            answer: None,
            answered_at: answered.map(Duration::from_millis),
        }
    }

    fn stop(at: u64, id: &str) -> Message {
        let payload =
            json!({"meterStop": 1, "timestamp": "2026-11-22T12:00:00Z", "transactionId": 7});
        message(at, id, "StopTransaction", payload, Some(at + 1))
    }

    #[track_caller]
    fn check(rules: &mut Rules, message: &Message, before: Option<&Message>, expected: &str) {
        let wrong = rules.judge(message, before).join("; ");
        assert!(
            wrong.contains(expected) && wrong.is_empty() == expected.is_empty(),
            "{wrong}"
        );
    }

    #[test]
    fn ids_are_used_once() {
        let mut rules = Rules::default();
        let beat = |id: &str| message(0, id, "Heartbeat", json!({}), Some(1));
        check(&mut rules, &beat("a"), None, "");
        check(&mut rules, &beat("b"), None, "");
        check(&mut rules, &beat("a"), None, "was used before");
        check(&mut rules, &beat(""), None, "characters");
        check(&mut rules, &stop(5, "c"), None, "");
        check(&mut rules, &stop(9, "c"), None, "");
        check(&mut rules, &stop(12, "d"), None, "was stopped before");
    }

    #[test]
    fn one_call_at_a_time() {
        let mut rules = Rules::default();
        let first = message(10, "a", "Heartbeat", json!({}), Some(15));
        let open = message(10, "b", "Heartbeat", json!({}), None);
        let later = |id: &str, at: u64| message(at, id, "Heartbeat", json!({}), Some(at + 1));
        check(&mut rules, &later("c", 15), Some(&first), "");
        check(&mut rules, &later("d", 14), Some(&first), "one CALL");
        check(&mut rules, &later("e", 20), Some(&open), "one CALL");
        rules.forgive(Duration::from_millis(12));
        check(&mut rules, &later("f", 20), Some(&open), "");
        let mut rules = Rules::default();
        rules.silence("Heartbeat");
        check(&mut rules, &later("g", 20), Some(&open), "");
    }
}
