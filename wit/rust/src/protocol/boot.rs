//! What `start` is told.

use super::{Now, OutletState, SessionEnd};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootReason {
    PowerUp,
    CleanShutdown,
    Restart,
    Swap,
    Recovery,
    Rollback,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Station {
    pub id: String,
    pub vendor: String,
    pub model: String,
    pub serial_number: String,
    pub charge_box_serial_number: String,
    pub firmware_version: String,
    pub meter_type: String,
    pub meter_serial_number: String,
    pub iccid: String,
    pub imsi: String,
    pub central_system_url: String,
    pub trailing_slash: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkUp {
    pub link: u32,
    pub target: u32,
    pub subprotocol: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    Idle,
    Down,
    Up(LinkUp),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    Monotonic(u64),
    Wall(i64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    pub name: String,
    pub deadline: Deadline,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    pub event: String,
    pub id: u32,
    pub head: String,
    pub failure: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot {
    pub now: Now,
    pub reason: BootReason,
    pub entry_schema: u32,
    pub random: Vec<u8>,
    pub station: Station,
    pub settings: Vec<Setting>,
    pub services: Vec<String>,
    pub link: LinkState,
    pub outlets: Vec<OutletState>,
    pub timers: Vec<Timer>,
    pub unanswered_requests: Vec<u32>,
    pub unanswered_decisions: Vec<u32>,
    pub session_ends: Vec<SessionEnd>,
    pub dropped: Option<Dropped>,
}
