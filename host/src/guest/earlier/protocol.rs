//! Records of protocol components of interface 0.1: each call in the types of the
//! present interface.

use super::{record, token, words};
use crate::guest::Vocabulary;
use crate::wit::protocol as new;
use crate::wit::protocol_0_1 as old;

/// What a protocol component of 0.1 was handed and returned.
#[derive(Debug)]
pub enum Ocpp0_1 {}

impl Vocabulary for Ocpp0_1 {
    type Boot = old::Boot;
    type Now = old::Now;
    type Event = old::Event;
    type Action = old::Action;
}

words!(old::ClockTrust => new::ClockTrust: Unset Board Set);
words!(old::PilotState => new::PilotState: A B C D E F);
words!(old::Cable => new::Cable: Fixed Socket);
words!(old::LockState => new::LockState: None Unlocked Locked Failed);
words!(old::ContactorState => new::ContactorState: Open Closed);
words!(old::FaultKind => new::FaultKind:
    GroundFailure OverCurrent OverVoltage UnderVoltage OverTemperature ContactorFailure
    LockFailure MeterFailure ReaderFailure VehicleCommunication EmergencyStop Internal
    WeakSignal Other);
words!(old::Quantity => new::Quantity:
    EnergyActiveExport EnergyReactiveImport EnergyReactiveExport PowerActiveImport
    PowerActiveExport PowerReactiveImport PowerReactiveExport PowerFactor PowerOffered
    CurrentImport CurrentExport CurrentOffered Voltage Frequency Temperature StateOfCharge
    FanSpeed);
words!(old::Phase => new::Phase: L1 L2 L3 N L1N L2N L3N L1L2 L2L3 L3L1);
words!(old::OutletChange => new::OutletChange: Pilot Plug Lock Contactor Fault Permit);
words!(old::BootReason => new::BootReason: PowerUp Restart Swap Recovery Rollback);
words!(old::LinkFailure => new::LinkFailure:
    Unreachable Timeout Certificate Tls Refused Subprotocol Silent Oversize Malformed Closed
    Ours);
words!(old::TokenStatus => new::TokenStatus: Accepted Blocked Expired Invalid Concurrent);
words!(old::TokenOrigin => new::TokenOrigin: Card Remote RemoteUnchecked Plugged);
words!(old::DecisionStage => new::DecisionStage: First AfterCentralSystem);
words!(old::Purpose => new::Purpose: Start Stop);
words!(old::ObservedKind => new::ObservedKind: Started Energy Ended);
words!(old::Durability => new::Durability: Durable Lazy Session);
words!(old::Look => new::Look:
    Off Available Preparing Charging Suspended Finishing Reserved Unavailable Faulted Accepted
    Refused);

record!(old::Stamp => new::Stamp { boot_id, monotonic_ms });
record!(old::Now => new::Now { at: into, wall_ms, trust: into });
record!(old::Fault => new::Fault { kind: into, text });
record!(old::Measurement => new::Measurement { quantity: into, phase: maybe, milli });
record!(old::OutletEvent => new::OutletEvent { change: into, at: into, state: into });
record!(old::Station => new::Station {
    id, vendor, model, serial_number, charge_box_serial_number, firmware_version, meter_type,
    meter_serial_number, iccid, imsi, central_system_url, trailing_slash,
});
record!(old::Setting => new::Setting { name, value });
record!(old::LinkUp => new::LinkUp { link, target, subprotocol });
record!(old::LinkDown => new::LinkDown {
    link, target, failure: into, http_status, text, again_in_ms,
});
record!(old::Frame => new::Frame { link, text });
record!(old::TokenEntry => new::TokenEntry { status: into, parent, expires_ms });
record!(old::Rules => new::Rules {
    local_pre_authorize, local_authorize_offline, unknown_offline, cache, listing,
});
record!(old::Rejection => new::Rejection { status: into, text });
record!(old::Decision => new::Decision { id, verdict: into, by, why });
record!(old::ServiceFailure => new::ServiceFailure { code, text });
record!(old::MeterRead => new::MeterRead { id, outlet, reading: maybe });
record!(old::LockMoved => new::LockMoved { id, outlet, state: into });
record!(old::Timer => new::Timer { name, deadline: into });
record!(old::TimerFired => new::TimerFired { name, deadline: into });
record!(old::Dropped => new::Dropped { event, id, head, failure });
record!(old::Credential => new::Credential { user, password_entry });
record!(old::Target => new::Target { url, credential: maybe, client_identity, trust });
record!(old::BackOff => new::BackOff { first_ms, most_ms, jitter_ms });
record!(old::Connect => new::Connect {
    targets: list, attempts_per_target, subprotocols, ping_interval_ms, pong_deadline_ms,
    open_deadline_ms, back_off: into, max_frame_bytes,
});
record!(old::Request => new::Request { id, service, operation, body });
record!(old::Entry => new::Entry { key, value, durability: into, secret });
record!(old::Indication => new::Indication { outlet, look: into, intensity_percent, blinks });
record!(old::Shown => new::Shown { outlet, name, value });
record!(old::LockMove => new::LockMove { id, outlet, locked });
record!(old::MeterRequest => new::MeterRequest { id, outlet });
record!(old::Decide => new::Decide { id, request: into });
record!(old::Disconnect => new::Disconnect { again, text });

token!(old, new);

impl From<old::Reading> for new::Reading {
    fn from(from: old::Reading) -> Self {
        Self {
            energy_mwh: from.energy_mwh,
            measurements: from.measurements.into_iter().map(Into::into).collect(),
            at: from.at.into(),
            age_ms: from.age_ms,
            stale: from.stale,
            register_ms: None,
            signed: None,
        }
    }
}

/// 0.1 has no numbers; components of that time took no notice of them.
impl From<old::OutletState> for new::OutletState {
    fn from(from: old::OutletState) -> Self {
        Self {
            outlet: from.outlet,
            serial: 0,
            connection: 0,
            cable: from.cable.into(),
            supply: new::Supply::Ac(new::AcSupply {
                phases: from.phases,
                max_current_ma: from.max_current_ma,
            }),
            pilot: from.pilot.into(),
            plugged: from.plugged,
            lock: from.lock.into(),
            contactor: from.contactor.into(),
            offered_ma: from.offered_ma,
            permit: from.permit.map(Into::into),
            limited_by: None,
            energy_spent: from.energy_spent,
            faults: from.faults.into_iter().map(Into::into).collect(),
            reading: from.reading.map(Into::into),
        }
    }
}

impl From<old::Boot> for new::Boot {
    fn from(from: old::Boot) -> Self {
        Self {
            now: from.now.into(),
            reason: from.reason.into(),
            entry_schema: from.entry_schema,
            random: from.random,
            station: from.station.into(),
            settings: from.settings.into_iter().map(Into::into).collect(),
            services: from.services,
            link: from.link.into(),
            outlets: from.outlets.into_iter().map(Into::into).collect(),
            groups: Vec::new(),
            permit_ends: Vec::new(),
            timers: from.timers.into_iter().map(Into::into).collect(),
            unanswered_requests: from.unanswered_requests,
            unanswered_decisions: from.unanswered_decisions,
            session_ends: Vec::new(),
            dropped: from.dropped.map(Into::into),
        }
    }
}

impl From<old::Permit> for new::Permit {
    fn from(from: old::Permit) -> Self {
        Self {
            outlet: from.outlet,
            limit_ma: from.limit_ma,
            limit_w: None,
            phases: from.phases,
            energy_limit_wh: from.energy_limit_wh,
            steps: Vec::new(),
            reason: String::new(),
            session: from.session,
            until_ms: None,
        }
    }
}

impl From<old::TokenRead> for new::TokenRead {
    fn from(from: old::TokenRead) -> Self {
        Self {
            reader: from.reader,
            token: new::Token {
                id: from.token,
                kind: new::TokenKind::Unknown,
            },
            outlets: from.outlets,
            at: from.at.into(),
        }
    }
}

impl From<old::Deadline> for new::Deadline {
    fn from(from: old::Deadline) -> Self {
        match from {
            old::Deadline::Monotonic(ms) => Self::Monotonic(ms),
            old::Deadline::Wall(ms) => Self::Wall(ms),
        }
    }
}

impl From<old::LinkState> for new::LinkState {
    fn from(from: old::LinkState) -> Self {
        match from {
            old::LinkState::Idle => Self::Idle,
            old::LinkState::Down => Self::Down,
            old::LinkState::Up(up) => Self::Up(up.into()),
        }
    }
}

impl From<old::Verdict> for new::Verdict {
    fn from(from: old::Verdict) -> Self {
        match from {
            old::Verdict::Accept(attributes) => Self::Accept(attributes.into()),
            old::Verdict::Reject(rejection) => Self::Reject(rejection.into()),
            old::Verdict::Ask => Self::Ask,
        }
    }
}

impl From<old::Response> for new::Response {
    fn from(from: old::Response) -> Self {
        Self {
            id: from.id,
            outcome: from.outcome.map_err(Into::into),
        }
    }
}

impl From<old::Event> for new::Event {
    fn from(from: old::Event) -> Self {
        match from {
            old::Event::LinkUp(it) => Self::LinkUp(it.into()),
            old::Event::LinkDown(it) => Self::LinkDown(it.into()),
            old::Event::Frame(it) => Self::Frame(it.into()),
            old::Event::Timer(it) => Self::Timer(it.into()),
            old::Event::Outlet(it) => Self::Outlet(it.into()),
            old::Event::Token(it) => Self::Token(it.into()),
            old::Event::Meter(it) => Self::Meter(it.into()),
            old::Event::LockMoved(it) => Self::LockMoved(it.into()),
            old::Event::Decided(it) => Self::Decided(it.into()),
            old::Event::Response(it) => Self::Response(it.into()),
            old::Event::ClockStepped(ms) => Self::ClockStepped(ms),
            old::Event::Committed => Self::Committed,
            old::Event::PowerFailing(ms) => Self::PowerFailing(ms),
        }
    }
}

impl From<old::Action> for new::Action {
    fn from(from: old::Action) -> Self {
        match from {
            old::Action::Keep(it) => Self::Keep(it.into()),
            old::Action::Forget(key) => Self::Forget(key),
            old::Action::Connect(it) => Self::Connect(it.into()),
            old::Action::Disconnect(it) => Self::Disconnect(it.into()),
            old::Action::Send(it) => Self::Send(it.into()),
            old::Action::SetTimer(it) => Self::SetTimer(it.into()),
            old::Action::CancelTimer(name) => Self::CancelTimer(name),
            old::Action::Permit(it) => Self::Permit(it.into()),
            old::Action::Revoke(outlet) => Self::Revoke(outlet),
            old::Action::MoveLock(it) => Self::MoveLock(it.into()),
            old::Action::Indicate(it) => Self::Indicate(it.into()),
            old::Action::Show(it) => Self::Show(it.into()),
            old::Action::ReadMeter(it) => Self::ReadMeter(it.into()),
            old::Action::Decide(it) => Self::Decide(it.into()),
            old::Action::Observe(it) => Self::Observe(it.into()),
            old::Action::Request(it) => Self::Request(it.into()),
            old::Action::InService(is_well) => Self::InService(is_well),
            // 0.1 did not say which.
            old::Action::Restart(why) => Self::Restart(new::Restart {
                kind: new::RestartKind::Soft,
                why,
            }),
        }
    }
}
