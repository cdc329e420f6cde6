//! What the charge point and its profiles say to each other. Not here: when (see `profile`
//! and `dispatch`).

use plugpoint_guest::protocol::TokenEntry;
use plugpoint_ocpp_wire::fields::Fields;
use plugpoint_ocpp_wire::frame::{CallError, Violation};

/// A call of the central system.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// What is to be done.
    pub action: &'a str,
    /// The payload.
    pub fields: Fields<'a, 'a>,
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Somebody else may know it.
    NotMine,
    /// A CALLRESULT with this payload, a JSON object.
    Now(String),
    /// [`Core::finish`](crate::Core::finish) answers it, in whatever instance.
    Later {
        /// Names it for [`Core::finish`](crate::Core::finish).
        label: String,
        /// How long the central system is kept waiting.
        wait_ms: u64,
        /// The payload that answers it if nothing else has by then.
        otherwise: String,
    },
    /// A CALLERROR.
    Wrong(Violation),
}

impl From<Result<String, Violation>> for Reply {
    fn from(result: Result<String, Violation>) -> Self {
        result.map_or_else(Self::Wrong, Self::Now)
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'a> {
    /// The central system has answered: the payload.
    Result(Fields<'a, 'a>),
    /// It could not process the message.
    Error(&'a CallError),
    /// There was no answer in time, or the link is gone.
    Unanswered,
}

/// What is to be told now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requested<'a> {
    /// The message's name.
    pub message: &'a str,
    /// The connector that it is to be about; 0 is the charger as a whole. None: all
    /// that there are.
    pub connector: Option<i64>,
}

/// What becomes of such a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Somebody else may know the message.
    NotMine,
    /// It will be sent.
    Accepted,
    /// It will not: there is no such connector, or this is not the moment.
    Rejected,
}

/// What a list of tokens says of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// This profile keeps no list, or it does not count.
    NoList,
    /// There is a list, and the token is not on it.
    Absent,
    /// The token is on the list. It may have expired.
    Entry(TokenEntry),
}

/// What becomes of the charging profile of a RemoteStartTransaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attachment {
    /// Somebody else may know it; if nobody does, it is ignored (OCPP 1.6, 5.11).
    NotMine,
    /// The call may be accepted, and this is kept until the transaction begins.
    Keep(String),
    /// The call is rejected.
    Rejected,
    /// A CALLERROR.
    Wrong(Violation),
}

/// What may be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Milliamperes per phase.
    pub ma: u32,
    /// On no more phases than this: 1 or 3.
    pub phases: u8,
}

/// A limit, and when it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Milliseconds of the monotonic clock.
    pub from_ms: u64,
    /// In force from then on.
    pub limit: Limit,
}

/// What has happened. More may be added.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happening {
    /// There is a link; whether the central system listens shows later.
    LinkUp,
    /// The link is gone.
    LinkDown,
    /// The central system has accepted this charger.
    Registered,
    /// A plug is in, or out.
    Plug {
        /// Where.
        connector: u32,
        /// It is in.
        plugged: bool,
    },
    /// A transaction has begun.
    Begun {
        /// Where.
        connector: u32,
        /// Of whom.
        id_tag: String,
        /// What a profile has kept of the charging profile with which it was started.
        attached: Option<String>,
    },
    /// A transaction has begun that a reservation was for.
    Redeemed {
        /// As the central system calls it.
        reservation: i64,
    },
    /// A connector is out of order or out of service.
    OutOfUse {
        /// Where.
        connector: u32,
    },
    /// The central system has answered the StartTransaction of a transaction, which may
    /// have ended since.
    StartAnswered {
        /// Where.
        connector: u32,
        /// Of whom.
        id_tag: String,
        /// What it says of the token.
        entry: TokenEntry,
    },
    /// A transaction has ended.
    Ended {
        /// Where.
        connector: u32,
        /// Of whom.
        id_tag: String,
        /// What it took.
        energy_wh: u64,
    },
    /// A configuration key has another value.
    KeyChanged {
        /// Its name.
        name: &'static str,
    },
    /// The clock was set, or the time has become known.
    ClockStepped,
}
