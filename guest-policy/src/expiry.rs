//! Whether a locally known token still counts.
//!
//! Not here: what follows from that, which differs online and offline.

use crate::facts::{Entry, Status};

/// What an entry of the list or the cache is worth at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// Accepted, and not expired.
    Good,
    /// Accepted, with an expiry that cannot be checked: the clock is not set.
    Unsure,
    /// Not accepted, or expired.
    Bad(Status),
}

/// Judges an entry. One that expires at this very moment has expired.
#[must_use]
pub fn worth(entry: &Entry, wall_ms: Option<i64>) -> Worth {
    if entry.status != Status::Accepted {
        return Worth::Bad(entry.status);
    }
    match (entry.expires_ms, wall_ms) {
        (None, _) => Worth::Good,
        (Some(_), None) => Worth::Unsure,
        (Some(expires), Some(now)) if now < expires => Worth::Good,
        (Some(_), Some(_)) => Worth::Bad(Status::Expired),
    }
}
