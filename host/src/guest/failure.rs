//! What a guest failed of. It is always the guest's fault, and its instance is
//! always gone.

use std::fmt;

use super::limiter::Denied;

/// A call that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {text}")]
pub struct Failure {
    /// The kind, also told to the next instance.
    pub kind: FailureKind,
    /// For the technician, in plain words.
    pub text: String,
}

/// Kinds of failure; the words are those of `boot.dropped.failure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum FailureKind {
    /// It panicked, or did what WebAssembly forbids.
    Trap,
    /// It took longer than it may.
    Time,
    /// It wanted more memory than it may have, and could not go on without.
    Memory,
    /// It returned what makes no sense.
    Invalid,
    /// It returned or kept more than it may.
    Limit,
}

impl FailureKind {
    /// The word for `boot.dropped.failure`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Time => "time",
            Self::Memory => "memory",
            Self::Invalid => "invalid",
            Self::Limit => "limit",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Failure {
    pub(super) fn new(kind: FailureKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self::new(FailureKind::Invalid, text)
    }

    pub(super) fn limit(text: impl Into<String>) -> Self {
        Self::new(FailureKind::Limit, text)
    }

    /// Puts the engine's error into words. `denied`: a growth of memory was
    /// refused during this call; `said`: the last error line it logged.
    pub(super) fn of_call(
        error: &wasmtime::Error,
        denied: Option<Denied>,
        said: Option<&str>,
    ) -> Self {
        let trap = error.downcast_ref::<wasmtime::Trap>();
        let last_words = said.map(|said| format!(": {said}")).unwrap_or_default();
        match (trap, denied) {
            (Some(wasmtime::Trap::Interrupt), _) => {
                Self::new(FailureKind::Time, "it was stopped because its time was up")
            }
            (_, Some(denied)) => Self::new(
                FailureKind::Memory,
                format!("it wanted {}{last_words}", denied.in_words()),
            ),
            (Some(wasmtime::Trap::StackOverflow), None) => Self::new(
                FailureKind::Trap,
                "its stack overflowed, most likely by endless recursion",
            ),
            (Some(wasmtime::Trap::UnreachableCodeReached), None) if said.is_some() => {
                Self::new(FailureKind::Trap, format!("it panicked{last_words}"))
            }
            (Some(trap), None) => Self::new(FailureKind::Trap, format!("{trap}{last_words}")),
            (None, None) => Self::of_exchange(error),
        }
    }

    /// No trap: the engine refused what was handed over.
    fn of_exchange(error: &wasmtime::Error) -> Self {
        let text = format!("{error:#}");
        // These errors have no public type.
        if text.contains("hostcalls has been exhausted") {
            return Self::limit("it handed over more bytes than the host copies for one call");
        }
        if text.contains("resource limit exceeded") || text.contains("forced to trap") {
            return Self::limit(text);
        }
        Self::invalid(text)
    }
}
