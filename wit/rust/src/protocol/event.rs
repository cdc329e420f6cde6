//! What `handle` is told.

use super::{LinkUp, LockState, OutletEvent, Reading, Stamp, Timer};

use crate::packed::{packed, packed_words};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkFailure {
    Unreachable,
    Timeout,
    Certificate,
    Tls,
    Refused,
    Subprotocol,
    Silent,
    Oversize,
    Malformed,
    Closed,
    Ours,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkDown {
    pub link: u32,
    pub target: u32,
    pub failure: LinkFailure,
    pub http_status: Option<u16>,
    pub text: String,
    pub again_in_ms: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub link: u32,
    pub text: String,
}

/// None of these: not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    Iso14443,
    Iso15693,
    KeyCode,
    MacAddress,
    Emaid,
    Local,
    Central,
    None,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRead {
    pub reader: String,
    pub token: String,
    pub kind: Option<TokenKind>,
    pub outlets: Vec<u32>,
    pub at: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStatus {
    Accepted,
    Blocked,
    Expired,
    Invalid,
    Concurrent,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenEntry {
    pub status: TokenStatus,
    pub parent: Option<String>,
    pub expires_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes {
    pub limit_ma: Option<u32>,
    pub energy_limit_wh: Option<u64>,
    pub expires_ms: Option<i64>,
    pub parent: Option<String>,
    pub session_until_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub status: TokenStatus,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Accept(Attributes),
    Reject(Rejection),
    Ask,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub id: u32,
    pub verdict: Verdict,
    pub by: String,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFailure {
    pub code: String,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub id: u32,
    pub outcome: Result<String, ServiceFailure>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterRead {
    pub id: u32,
    pub outlet: u32,
    pub reading: Option<Reading>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockMoved {
    pub id: u32,
    pub outlet: u32,
    pub state: LockState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEndCause {
    TimeOver,
    Deauthorized,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEnd {
    pub session: u64,
    pub outlet: u32,
    pub cause: SessionEndCause,
    pub by: String,
    pub why: String,
    pub at: Stamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsQuery {
    pub id: u32,
    pub names: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingChange {
    pub id: u32,
    pub name: String,
    pub value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityKind {
    Certificate,
    Tls,
    Tamper,
    FailedLogin,
    Journal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityEvent {
    pub kind: SecurityKind,
    pub text: String,
    pub at: Stamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    LinkUp(LinkUp),
    LinkDown(LinkDown),
    Frame(Frame),
    Timer(Timer),
    Outlet(OutletEvent),
    Token(TokenRead),
    Meter(MeterRead),
    LockMoved(LockMoved),
    Decided(Decision),
    Response(Response),
    ClockStepped(i64),
    Committed,
    PowerFailing(u32),
    SessionEnds(SessionEnd),
    SettingsQuery(SettingsQuery),
    SetSetting(SettingChange),
    Security(SecurityEvent),
}

packed!(TokenEntry {
    status,
    parent,
    expires_ms
});
packed_words!(TokenStatus {
    Accepted = "Accepted", Blocked = "Blocked", Expired = "Expired", Invalid = "Invalid", Concurrent = "Concurrent",
});
