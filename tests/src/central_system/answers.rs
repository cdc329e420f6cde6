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
}

impl Answers {
    pub(super) fn new(heartbeat_interval_s: u32, first_transaction: i64) -> Answers {
        Answers {
            heartbeat_interval_s,
            next_transaction: first_transaction,
            started: HashMap::new(),
        }
    }

    /// The usual CALLRESULT; none for an action nobody knows.
    pub(super) fn usual(&mut self, message_id: &str, action: &str) -> Option<Value> {
        let payload = match action {
            "BootNotification" => json!({
                "status": "Accepted",
                "currentTime": now(),
                "interval": self.heartbeat_interval_s,
            }),
            "Heartbeat" => json!({"currentTime": now()}),
            "Authorize" | "StopTransaction" => json!({"idTagInfo": {"status": "Accepted"}}),
            "StartTransaction" => json!({
                "transactionId": self.transaction(message_id),
                "idTagInfo": {"status": "Accepted"},
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
        Some(payload)
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
                .usual(message, "StartTransaction")
                .map(|p| p["transactionId"].as_i64())
        };
        assert_eq!(id("a"), Some(Some(7)));
        assert_eq!(id("b"), Some(Some(8)));
        assert_eq!(id("a"), Some(Some(7)));
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
