//! Time and outlets: raw facts.

use crate::packed::{packed, packed_words};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockTrust {
    Unset,
    Board,
    Set,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Stamp {
    pub boot_id: u64,
    pub monotonic_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    pub at: Stamp,
    pub wall_ms: Option<i64>,
    pub trust: ClockTrust,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PilotState {
    A,
    B,
    C,
    D,
    E,
    F,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cable {
    Fixed,
    Socket,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockState {
    None,
    Unlocked,
    Locked,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactorState {
    Open,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    GroundFailure,
    OverCurrent,
    OverVoltage,
    UnderVoltage,
    OverTemperature,
    ContactorFailure,
    LockFailure,
    MeterFailure,
    ReaderFailure,
    VehicleCommunication,
    EmergencyStop,
    Internal,
    WeakSignal,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    pub text: String,
}

/// Another limit from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Of this boot's monotonic clock.
    pub at_ms: u64,
    pub limit_ma: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    pub outlet: u32,
    pub limit_ma: u32,
    pub phases: u8,
    pub energy_limit_wh: Option<u64>,
    /// Later limits, earliest first, at most 64. They take effect without the component.
    pub steps: Vec<Step>,
    pub session: u64,
    pub until_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutletState {
    pub outlet: u32,
    pub cable: Cable,
    pub max_current_ma: u32,
    pub phases: u8,
    pub pilot: PilotState,
    pub plugged: bool,
    pub lock: LockState,
    pub contactor: ContactorState,
    pub offered_ma: u32,
    pub permit: Option<Permit>,
    pub energy_spent: bool,
    /// The group or a policy leaves no current to it.
    pub held_back: bool,
    pub faults: Vec<Fault>,
    pub reading: Option<Reading>,
}

impl OutletState {
    /// A car hangs on the cable: not in pilot state A, and not without a plug. The
    /// same rule by which the host ends a permit with its car.
    pub fn has_car(&self) -> bool {
        self.plugged && self.pilot != PilotState::A
    }

    /// The cable is the driver's.
    pub fn is_socket(&self) -> bool {
        self.cable == Cable::Socket
    }

    /// The lock holds the plug.
    pub fn is_locked(&self) -> bool {
        self.lock == LockState::Locked
    }

    /// No energy flows.
    pub fn is_open(&self) -> bool {
        self.contactor == ContactorState::Open
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    EnergyActiveExport,
    EnergyReactiveImport,
    EnergyReactiveExport,
    PowerActiveImport,
    PowerActiveExport,
    PowerReactiveImport,
    PowerReactiveExport,
    PowerFactor,
    PowerOffered,
    CurrentImport,
    CurrentExport,
    CurrentOffered,
    Voltage,
    Frequency,
    Temperature,
    StateOfCharge,
    FanSpeed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    L1,
    L2,
    L3,
    N,
    L1N,
    L2N,
    L3N,
    L1L2,
    L2L3,
    L3L1,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurement {
    pub quantity: Quantity,
    pub phase: Option<Phase>,
    pub milli: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedData {
    pub format: String,
    pub data: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub energy_mwh: u64,
    pub measurements: Vec<Measurement>,
    pub at: Stamp,
    pub age_ms: u32,
    pub stale: bool,
    pub register_ms: Option<i64>,
    pub signed: Option<SignedData>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutletChange {
    Pilot,
    Plug,
    Lock,
    Contactor,
    Fault,
    Permit,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutletEvent {
    pub change: OutletChange,
    pub at: Stamp,
    pub state: OutletState,
}

packed!(Stamp {
    boot_id,
    monotonic_ms
});
packed!(Fault { kind, text });
packed_words!(FaultKind {
    GroundFailure = "GroundFailure", OverCurrent = "OverCurrent", OverVoltage = "OverVoltage",
    UnderVoltage = "UnderVoltage", OverTemperature = "OverTemperature", ContactorFailure = "ContactorFailure",
    LockFailure = "LockFailure", MeterFailure = "MeterFailure", ReaderFailure = "ReaderFailure",
    VehicleCommunication = "VehicleCommunication", EmergencyStop = "EmergencyStop", Internal = "Internal",
    WeakSignal = "WeakSignal", Other = "Other",
});
packed_words!(Phase {
    L1 = "L1", L2 = "L2", L3 = "L3", N = "N", L1N = "L1-N", L2N = "L2-N", L3N = "L3-N", L1L2 = "L1-L2", L2L3 = "L2-L3",
    L3L1 = "L3-L1",
});
