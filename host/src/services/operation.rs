//! What all operations share: a body from JSON, a result or a failure with one
//! of the codes of `wit/services.md`.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The result, as JSON, or why there is none.
pub(super) type Outcome = Result<String, Failed>;

/// The failure of an operation, as the guest is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub code: &'static str,
    pub text: String,
}

impl Failed {
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }

    pub fn unsupported(text: &str) -> Self {
        Self::new("unsupported", text)
    }

    pub fn no_operation(service: &str, operation: &str) -> Self {
        Self::new(
            "unsupported",
            format!("{service} has no operation {operation}"),
        )
    }

    pub fn bad_request(text: impl Into<String>) -> Self {
        Self::new("bad-request", text)
    }

    pub fn because(text: impl Into<String>) -> Self {
        Self::new("failed", text)
    }
}

/// Reads a body; the failure names the field.
pub(super) fn body<T: DeserializeOwned>(text: &str) -> Result<T, Failed> {
    serde_json::from_str(text).map_err(|e| Failed::bad_request(e.to_string()))
}

/// A result.
pub(super) fn done(result: &impl Serialize) -> Outcome {
    serde_json::to_string(result).map_err(|e| Failed::because(e.to_string()))
}

/// The result that says nothing.
pub(super) fn nothing() -> Outcome {
    Ok("{}".to_owned())
}
