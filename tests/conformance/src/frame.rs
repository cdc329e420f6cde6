//! OCPP-J frames as values: the three kinds of message and nothing of their
//! payloads. Not a validator; what cannot be read as a frame is [`None`].

use serde_json::{Value, json};

/// One OCPP-J message.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// A request.
    Call {
        /// The sender's id for it.
        id: String,
        /// What is asked for.
        action: String,
        /// Its arguments.
        payload: Value,
    },
    /// The answer to a request.
    Result {
        /// The request's id.
        id: String,
        /// The answer.
        payload: Value,
    },
    /// The refusal of a request.
    Error {
        /// The request's id.
        id: String,
        /// The error code as spelled on the wire.
        code: String,
        /// For humans.
        description: String,
        /// Whatever else the sender thought useful.
        details: Value,
    },
}

impl Frame {
    /// Reads a text frame; none if it is not OCPP-J.
    pub fn parse(text: &str) -> Option<Frame> {
        let Value::Array(items) = serde_json::from_str(text).ok()? else {
            return None;
        };
        let string = |n: usize| items.get(n).and_then(Value::as_str).map(str::to_owned);
        let value = |n: usize| items.get(n).cloned().unwrap_or_else(|| json!({}));
        match (items.first()?.as_u64()?, items.len()) {
            (2, 4) => Some(Frame::Call {
                id: string(1)?,
                action: string(2)?,
                payload: value(3),
            }),
            (3, 3) => Some(Frame::Result {
                id: string(1)?,
                payload: value(2),
            }),
            (4, 4 | 5) => Some(Frame::Error {
                id: string(1)?,
                code: string(2)?,
                description: string(3)?,
                details: value(4),
            }),
            _ => None,
        }
    }

    /// The frame as it goes onto the wire.
    pub fn to_text(&self) -> String {
        match self {
            Frame::Call {
                id,
                action,
                payload,
            } => json!([2, id, action, payload]),
            Frame::Result { id, payload } => json!([3, id, payload]),
            Frame::Error {
                id,
                code,
                description,
                details,
            } => json!([4, id, code, description, details]),
        }
        .to_string()
    }

    /// The message id.
    pub fn id(&self) -> &str {
        match self {
            Frame::Call { id, .. } | Frame::Result { id, .. } | Frame::Error { id, .. } => id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for frame in [
            Frame::Call {
                id: "a".into(),
                action: "Heartbeat".into(),
                payload: json!({}),
            },
            Frame::Result {
                id: "b".into(),
                payload: json!({"status": "Accepted"}),
            },
            Frame::Error {
                id: "c".into(),
                code: "InternalError".into(),
                description: String::new(),
                details: json!({"x": 1}),
            },
        ] {
            assert_eq!(Frame::parse(&frame.to_text()), Some(frame));
        }
    }

    #[test]
    fn what_is_no_frame_is_none() {
        for text in [
            "",
            "{}",
            "[]",
            "[2]",
            "[2,1,\"X\",{}]",
            "[5,\"a\"]",
            "[3,\"a\"]",
            "nonsense",
        ] {
            assert_eq!(Frame::parse(text), None, "{text}");
        }
    }
}
