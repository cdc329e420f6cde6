//! Tokens: when two are the same, whose a car or a cable is, and how a technician reads
//! of one. Not here: how long a token may be (the protocol's).

use plugpoint_guest::packed::packed;

/// Whose a car or a cable is, for as long as it stays: who charged last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The token.
    pub tag: String,
    /// Its group.
    pub parent: Option<String>,
}

/// Tokens are the same whatever their case.
pub fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

/// A token in a line of the log; an empty one is that of whoever plugged in.
pub fn name_of(tag: &str) -> String {
    if tag.is_empty() {
        "whoever plugged in".to_owned()
    } else {
        format!("token {tag}")
    }
}

packed!(Holder { tag, parent });
