//! What comes back.

use super::{Frame, Permit, Timer, TokenEntry, TokenKind};

use crate::packed::packed_words;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub user: String,
    pub password_entry: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub url: String,
    pub credential: Option<Credential>,
    pub client_identity: Option<String>,
    pub trust: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackOff {
    pub first_ms: u32,
    pub most_ms: u32,
    pub jitter_ms: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    pub targets: Vec<Target>,
    pub attempts_per_target: u32,
    pub subprotocols: Vec<String>,
    pub ping_interval_ms: u32,
    pub pong_deadline_ms: u32,
    pub open_deadline_ms: u32,
    pub back_off: BackOff,
    pub max_frame_bytes: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenOrigin {
    Card,
    Remote,
    RemoteUnchecked,
    Plugged,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionStage {
    First,
    AfterCentralSystem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Start,
    Stop,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub local_pre_authorize: bool,
    pub local_authorize_offline: bool,
    pub unknown_offline: bool,
    pub cache: bool,
    pub listing: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRequest {
    pub stage: DecisionStage,
    pub purpose: Purpose,
    pub origin: TokenOrigin,
    pub token: String,
    pub kind: Option<TokenKind>,
    pub outlet: u32,
    pub reader: Option<String>,
    pub online: bool,
    pub listed: Option<TokenEntry>,
    pub cached: Option<TokenEntry>,
    pub central: Option<TokenEntry>,
    pub rules: Rules,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObservedKind {
    Started,
    Energy,
    Ended,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    pub kind: ObservedKind,
    pub session: u64,
    pub outlet: u32,
    pub token: String,
    pub energy_wh: u64,
    pub power_w: Option<u32>,
    pub state_of_charge_percent: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub id: u32,
    pub service: String,
    pub operation: String,
    pub body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    Durable,
    Lazy,
    Session,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub value: Vec<u8>,
    pub durability: Durability,
    pub secret: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Off,
    Available,
    Preparing,
    Charging,
    Suspended,
    Finishing,
    Reserved,
    Unavailable,
    Faulted,
    Accepted,
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indication {
    pub outlet: u32,
    pub look: Look,
    pub intensity_percent: u8,
    pub blinks: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub outlet: u32,
    pub name: String,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockMove {
    pub id: u32,
    pub outlet: u32,
    pub locked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterRequest {
    pub id: u32,
    pub outlet: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decide {
    pub id: u32,
    pub request: DecisionRequest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnect {
    pub again: bool,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartKind {
    Soft,
    Hard,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    pub kind: RestartKind,
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingAccess {
    ReadOnly,
    ReadWrite,
    WriteOnly,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingInfo {
    pub name: String,
    pub value: Option<String>,
    pub access: SettingAccess,
    pub meaning: String,
    pub default: Option<String>,
    pub unit: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsAnswer {
    pub id: u32,
    pub settings: Vec<SettingInfo>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingOutcome {
    Done,
    AfterRestart,
    Unknown,
    ReadOnly,
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingAnswer {
    pub id: u32,
    pub outcome: SettingOutcome,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Keep(Entry),
    Forget(String),
    Connect(Connect),
    Disconnect(Disconnect),
    Send(Frame),
    SetTimer(Timer),
    CancelTimer(String),
    Permit(Permit),
    Revoke(u32),
    MoveLock(LockMove),
    Indicate(Indication),
    Show(Shown),
    ReadMeter(MeterRequest),
    Decide(Decide),
    Observe(Observed),
    Request(Request),
    InService(bool),
    Restart(Restart),
    Settings(SettingsAnswer),
    SettingSet(SettingAnswer),
}

packed_words!(TokenKind { Iso14443 = "iso14443", Iso15693 = "iso15693", KeyCode = "key-code", MacAddress = "mac-address", Emaid = "emaid", Local = "local", Central = "central", None = "none" });
packed_words!(TokenOrigin {
    Card = "Card", Remote = "Remote", RemoteUnchecked = "RemoteUnchecked", Plugged = "Plugged",
});
packed_words!(Purpose { Start = "Start", Stop = "Stop" });
