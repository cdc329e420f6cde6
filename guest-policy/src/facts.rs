//! What a decision is made from, and what it says. The same records as in
//! `wit/authorization.wit`, without the ones that the rules never look at.
//!
//! Not here: the rules.

/// Whence the wish to charge comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A card.
    Card,
    /// The central system; the token is to be checked like a card's.
    Remote,
    /// The central system, which vouches for the token.
    RemoteUnchecked,
    /// Nobody showed anything: a car was plugged in.
    Plugged,
}

/// Whether the central system has been asked yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No.
    First,
    /// Yes; its answer, if one came, is in [`Question::central`].
    AfterCentralSystem,
}

/// What the token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To begin a session.
    Start,
    /// To end one that another token began.
    Stop,
}

/// What somebody says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It may charge.
    Accepted,
    /// It may not.
    Blocked,
    /// It may no longer.
    Expired,
    /// It is not known.
    Invalid,
    /// It is charging elsewhere.
    Concurrent,
}

impl Status {
    /// In a sentence.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Blocked => "blocked",
            Self::Expired => "expired",
            Self::Invalid => "invalid",
            Self::Concurrent => "charging elsewhere already",
        }
    }
}

/// What the local list, the cache or the central system holds of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// May it charge?
    pub status: Status,
    /// The group it belongs to.
    pub parent: Option<String>,
    /// Until when this counts, Unix ms.
    pub expires_ms: Option<i64>,
}

/// The switches of the configuration that the rules depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Use list and cache also while the central system can be asked.
    pub local_pre_authorize: bool,
    /// Use list and cache while it can't.
    pub local_authorize_offline: bool,
    /// While it can't: accept who is neither listed nor cached.
    pub unknown_offline: bool,
    /// There is a cache.
    pub cache: bool,
    /// There is a local list.
    pub listing: bool,
}

/// May this token charge here, now?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Before or after the central system was asked.
    pub stage: Stage,
    /// To start or to stop.
    pub purpose: Purpose,
    /// Who asks.
    pub origin: Origin,
    /// Empty for [`Origin::Plugged`].
    pub token: String,
    /// The central system can be asked.
    pub online: bool,
    /// What the local list says.
    pub listed: Option<Entry>,
    /// What the cache says.
    pub cached: Option<Entry>,
    /// What the central system says.
    pub central: Option<Entry>,
    /// The switches.
    pub rules: Rules,
    /// Unix ms, if the charger knows what time it is.
    pub wall_ms: Option<i64>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Accept {
        /// The group that the token belongs to, as far as known.
        parent: Option<String>,
        /// Until when it counts, Unix ms.
        expires_ms: Option<i64>,
    },
    /// No.
    Reject(Status),
    /// Ask the central system, then come again.
    Ask,
    /// Another policy may know.
    Pass,
}

/// A verdict, and the reason in one line for a technician.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What.
    pub verdict: Verdict,
    /// Why.
    pub why: String,
}
