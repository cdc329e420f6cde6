//! Our own calls: the one in flight, and those that wait for their turn. Not here: what is
//! sent next (see `sending`), and what the answers mean to each part.

use crate::packed::{packed, packed_enum};
use crate::status::Report;

/// Messages of profiles, and what the central system asks for, that may wait.
const MAX_OTHERS: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outbox {
    pub(crate) link: Option<u32>,
    pub(crate) call: Option<Outstanding>,
    pub(crate) waiting: Vec<Waiting>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outstanding {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) until: u64,
}

/// What a call is for, and so who gets its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Boot,
    Heartbeat,
    Status {
        connector: u32,
    },
    Authorize {
        request: u32,
    },
    Transaction,
    /// The central system asked for it, and nothing comes of its answer.
    Triggered {
        action: String,
    },
    Profile {
        /// Name of the profile.
        owner: String,
        label: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Waiting {
    Status {
        connector: u32,
        report: Report,
        unix_ms: Option<i64>,
        /// Number of the transaction message that was next when this was said.
        after: u64,
    },
    Authorize {
        request: u32,
        tag: String,
    },
    Other {
        kind: Kind,
        action: String,
        payload: String,
        /// The central system asked for it.
        triggered: bool,
    },
}

impl Waiting {
    pub(crate) fn is_triggered(&self) -> bool {
        matches!(
            self,
            Self::Other {
                triggered: true,
                ..
            }
        )
    }
}

impl Outbox {
    pub(crate) fn link(&self) -> Option<u32> {
        self.link
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        self.call.as_ref().map(|call| call.until)
    }

    pub(crate) fn asks_for(&self, request: u32) -> bool {
        self.call
            .as_ref()
            .is_some_and(|call| call.kind == Kind::Authorize { request })
            || self.waiting.iter().any(
                |item| matches!(item, Waiting::Authorize { request: asked, .. } if *asked == request),
            )
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.call.is_none()
    }

    /// More is not taken of what can be left out.
    pub(crate) fn is_crowded(&self) -> bool {
        self.waiting.len() >= MAX_OTHERS
    }
}

packed!(Outbox {
    link,
    call,
    waiting
});
packed!(Outstanding { id, kind, until });
packed_enum!(Kind { Boot {}, Heartbeat {}, Status { connector }, Authorize { request = "wish" }, Transaction {}, Triggered { action }, Profile { owner, label } });
packed_enum!(Waiting { Status { connector, report, unix_ms, after }, Authorize { request = "wish", tag }, Other { kind, action, payload, triggered } });
