//! The usual answers: what a central system with nothing against anybody says.

use std::collections::HashMap;

use serde_json::{Value, json};

/// What the answers depend on.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) heartbeat_interval_s: u32,
    next_transaction: i64,
    /// Transaction ids by message id: a StartTransaction that is sent again is
    /// the same transaction.
    started: HashMap<String, i64>,
    /// What is known of cards, as `idTagInfo`; all others are accepted.
    tags: HashMap<String, Value>,
}

impl Answers {
    pub(super) fn new(heartbeat_interval_s: u32, first_transaction: i64) -> Answers {
        Answers {
            heartbeat_interval_s,
            next_transaction: first_transaction,
            started: HashMap::new(),
            tags: HashMap::new(),
        }
    }

    pub(super) fn set_tag(&mut self, id_tag: &str, info: Value) {
        self.tags.insert(id_tag.to_owned(), info);
    }

    pub(super) fn forget_tags(&mut self) {
        self.tags.clear();
    }

    /// The usual CALLRESULT; none for an action nobody knows.
    pub(super) fn usual(
        &mut self,
        message_id: &str,
        action: &str,
        payload: &Value,
    ) -> Option<Value> {
        let tag = payload["idTag"].as_str();
        let answer = match action {
            "BootNotification" => json!({
                "status": "Accepted",
                "currentTime": now(),
                "interval": self.heartbeat_interval_s,
            }),
            "Heartbeat" => json!({"currentTime": now()}),
            "Authorize" | "StopTransaction" => json!({"idTagInfo": self.info(tag)}),
            "StartTransaction" => json!({
                "transactionId": self.transaction(message_id),
                "idTagInfo": self.info(tag),
            }),
            "DataTransfer" | "SignCertificate" => json!({"status": "Accepted"}),
            "StatusNotification"
            | "MeterValues"
            | "DiagnosticsStatusNotification"
            | "FirmwareStatusNotification"
            | "LogStatusNotification"
            | "SecurityEventNotification"
            | "SignedFirmwareStatusNotification" => json!({}),
            _ => return None,
        };
        Some(answer)
    }

    fn info(&self, tag: Option<&str>) -> Value {
        tag.and_then(|tag| self.tags.get(tag).cloned())
            .unwrap_or_else(|| json!({"status": "Accepted"}))
    }

    fn transaction(&mut self, message_id: &str) -> i64 {
        *self
            .started
            .entry(message_id.to_owned())
            .or_insert_with(|| {
                let id = self.next_transaction;
                self.next_transaction += 1;
                id
            })
    }
}

/// The present time as on the wire.
pub(super) fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_start_is_the_same_transaction() {
        let mut answers = Answers::new(300, 7);
        let mut id = |message: &str| {
            answers
                .usual(message, "StartTransaction", &json!({"idTag": "A"}))
                .map(|p| p["transactionId"].as_i64())
        };
        assert_eq!(id("a"), Some(Some(7)));
        assert_eq!(id("b"), Some(Some(8)));
        assert_eq!(id("a"), Some(Some(7)));
    }

    #[test]
    fn a_card_is_what_it_is_said_to_be() {
        let mut answers = Answers::new(300, 1);
        answers.set_tag("BAD", json!({"status": "Blocked"}));
        let mut status = |action: &str, tag: &str| {
            let answer = answers.usual("a", action, &json!({"idTag": tag}));
            answer.map(|answer| answer["idTagInfo"]["status"].clone())
        };
        for action in ["Authorize", "StartTransaction", "StopTransaction"] {
            assert_eq!(status(action, "BAD"), Some(json!("Blocked")), "{action}");
            assert_eq!(status(action, "GOOD"), Some(json!("Accepted")), "{action}");
        }
    }

    #[test]
    fn times_have_three_digits_and_a_z() {
        let now = now();
        assert!(
            now.ends_with('Z') && now.len() == "2026-01-01T00:00:00.000Z".len(),
            "{now}"
        );
    }
}
