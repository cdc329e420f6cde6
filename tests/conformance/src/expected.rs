//! What a case expects the station to say: an action, and what some fields of
//! its payload must be. Not here: when it must come.

use std::fmt;

use serde_json::{Value, json};

use super::station::Message;

/// One expected CALL. Fields that are not named may be anything.
#[derive(Debug, Clone)]
pub struct Expected {
    action: &'static str,
    fields: Vec<(&'static str, Want)>,
}

#[derive(Debug, Clone)]
enum Want {
    OneOf(Vec<Value>),
    /// Compared as the standard compares identifiers: without regard to case.
    Tag(String),
    /// Absent means the same as this value.
    OrAbsent(Value),
}

/// A CALL of this action, whatever it says.
pub fn any(action: &'static str) -> Expected {
    Expected {
        action,
        fields: Vec::new(),
    }
}

/// BootNotification.
pub fn boot() -> Expected {
    any("BootNotification")
}

/// Heartbeat.
pub fn heartbeat() -> Expected {
    any("Heartbeat")
}

/// Authorize of this tag.
pub fn authorize(tag: &str) -> Expected {
    any("Authorize").tag(tag)
}

/// StatusNotification of a connector with this status.
pub fn status(connector: u32, status: &str) -> Expected {
    status_of(connector, &[status])
}

/// StatusNotification of a connector with one of these statuses.
pub fn status_of(connector: u32, statuses: &[&str]) -> Expected {
    any("StatusNotification")
        .with("connectorId", connector)
        .one_of("status", statuses)
}

/// StartTransaction with this tag on a connector.
pub fn start(connector: u32, tag: &str) -> Expected {
    any("StartTransaction")
        .with("connectorId", connector)
        .tag(tag)
}

/// StopTransaction for this reason. `Local` may be omitted.
pub fn stop(transaction: i64, reason: &str) -> Expected {
    let mut expected = any("StopTransaction").with("transactionId", transaction);
    expected.fields.push((
        "reason",
        if reason == "Local" {
            Want::OrAbsent(json!(reason))
        } else {
            Want::OneOf(vec![json!(reason)])
        },
    ));
    expected
}

impl Expected {
    /// And this field has this value.
    pub fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((field, Want::OneOf(vec![value.into()])));
        self
    }

    /// And this field has one of these words.
    pub fn one_of(mut self, field: &'static str, words: &[&str]) -> Self {
        let words = words.iter().map(|word| json!(word)).collect();
        self.fields.push((field, Want::OneOf(words)));
        self
    }

    /// And `idTag` is this one.
    pub fn tag(mut self, tag: &str) -> Self {
        self.fields.push(("idTag", Want::Tag(tag.to_owned())));
        self
    }

    /// Which action.
    pub fn action(&self) -> &'static str {
        self.action
    }

    /// Whether this message is it.
    pub fn matches(&self, message: &Message) -> bool {
        message.action == self.action
            && self
                .fields
                .iter()
                .all(|(field, want)| want.fits(message.payload.get(field)))
    }
}

impl Want {
    fn fits(&self, value: Option<&Value>) -> bool {
        match self {
            Self::OneOf(values) => value.is_some_and(|value| values.contains(value)),
            Self::Tag(tag) => value
                .and_then(Value::as_str)
                .is_some_and(|value| value.eq_ignore_ascii_case(tag)),
            Self::OrAbsent(wanted) => value.is_none_or(|value| value == wanted),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.action)?;
        let mut before = " with ";
        for (field, want) in &self.fields {
            match want {
                Want::OneOf(values) => {
                    let values: Vec<String> = values.iter().map(Value::to_string).collect();
                    write!(f, "{before}{field} {}", values.join(" or "))?;
                }
                Want::Tag(tag) => write!(f, "{before}{field} {tag:?}")?,
                Want::OrAbsent(value) => write!(f, "{before}{field} {value} or none")?,
            }
            before = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(expected: &Expected, action: &str, payload: Value, fits: bool) {
        let message = Message {
            at: Duration::ZERO,
            id: "1".to_owned(),
            action: action.to_owned(),
            payload,
            answer: None,
            answered_at: None,
        };
        assert_eq!(expected.matches(&message), fits, "{expected}: {message:?}");
    }

    #[test]
    fn fields_that_are_named_must_be_so() {
        check(&boot(), "BootNotification", json!({"x": 1}), true);
        check(&boot(), "Heartbeat", json!({}), false);
        let charging = status(1, "Charging");
        let action = "StatusNotification";
        let told = |connector: u32, word: &str| json!({"connectorId": connector, "status": word});
        check(&charging, action, told(1, "Charging"), true);
        check(&charging, action, told(2, "Charging"), false);
        check(&charging, action, told(1, "Available"), false);
        check(
            &authorize("ab12"),
            "Authorize",
            json!({"idTag": "AB12"}),
            true,
        );
        check(&authorize("ab12"), "Authorize", json!({}), false);
    }

    #[test]
    fn a_local_stop_needs_no_reason() {
        let action = "StopTransaction";
        let local = stop(7, "Local");
        check(&local, action, json!({"transactionId": 7}), true);
        check(
            &local,
            action,
            json!({"transactionId": 7, "reason": "Local"}),
            true,
        );
        check(
            &local,
            action,
            json!({"transactionId": 7, "reason": "Other"}),
            false,
        );
        let remote = stop(7, "Remote");
        check(&remote, action, json!({"transactionId": 7}), false);
    }

    #[test]
    fn it_reads_well() {
        assert_eq!(
            status_of(1, &["Finishing", "Available"]).to_string(),
            "StatusNotification with connectorId 1, status \"Finishing\" or \"Available\""
        );
        assert_eq!(authorize("AB").to_string(), "Authorize with idTag \"AB\"");
        assert_eq!(
            stop(7, "Local").to_string(),
            "StopTransaction with transactionId 7, reason \"Local\" or none"
        );
    }
}
