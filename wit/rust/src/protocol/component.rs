//! The adapter: the only file that knows what `wit-bindgen` generates. It maps
//! types, and does nothing else.

use std::cell::RefCell;

use crate::protocol as ours;

#[allow(warnings, missing_docs, clippy::all)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "..",
        world: "ocpp",
        pub_export_macro: true,
        export_macro_name: "export_generated",
        default_bindings_module: "plugpoint_guest::protocol::component::bindings",
    });
}

pub use bindings::exports::plugpoint::charger::protocol as theirs;
use bindings::plugpoint::charger::{entries, log};

pub use bindings::export_generated;

/// Where a component keeps its instance between calls.
pub type Instance<G> = RefCell<Option<G>>;

/// Replaces the instance, as `start` of the interface wants it.
pub fn start<G: ours::Guest>(instance: &Instance<G>, boot: theirs::Boot) -> Vec<theirs::Action> {
    // A panic traps, and the trap says nothing: the log does.
    std::panic::set_hook(Box::new(|panic| {
        log::write(log::Level::Error, &panic.to_string())
    }));
    let (guest, actions) = G::start(&boot.into(), &HostEntries, &HostLog);
    *instance.borrow_mut() = Some(guest);
    actions.into_iter().map(Into::into).collect()
}

/// Hands one event to the instance, as `handle` of the interface wants it.
pub fn handle<G: ours::Guest>(
    instance: &Instance<G>,
    now: theirs::Now,
    event: theirs::Event,
) -> Vec<theirs::Action> {
    match &mut *instance.borrow_mut() {
        Some(guest) => {
            let actions = guest.handle(now.into(), event.into(), &HostEntries, &HostLog);
            actions.into_iter().map(Into::into).collect()
        }
        None => Vec::new(),
    }
}

struct HostEntries;

impl ours::Entries for HostEntries {
    fn get(&self, key: &str) -> Option<Vec<u8>> {
        entries::get(key)
    }

    fn scan(&self, prefix: &str, start_at: &str, most: u32) -> Vec<(String, Vec<u8>)> {
        entries::scan(prefix, start_at, most)
            .into_iter()
            .map(|item| (item.key, item.value))
            .collect()
    }
}

struct HostLog;

impl ours::Log for HostLog {
    fn write(&self, level: ours::Level, message: &str) {
        let level = match level {
            ours::Level::Error => log::Level::Error,
            ours::Level::Warn => log::Level::Warn,
            ours::Level::Info => log::Level::Info,
            ours::Level::Debug => log::Level::Debug,
        };
        log::write(level, message);
    }
}

/// Enums with the same words on both sides.
macro_rules! words {
    ($from:ty => $to:ty: $($word:ident)*) => {
        impl From<$from> for $to {
            fn from(word: $from) -> Self {
                match word {
                    $(<$from>::$word => Self::$word,)*
                }
            }
        }
    };
}

words!(theirs::ClockTrust => ours::ClockTrust: Unset Board Set);
words!(theirs::PilotState => ours::PilotState: A B C D E F);
words!(theirs::Cable => ours::Cable: Fixed Socket);
words!(theirs::LockState => ours::LockState: None Unlocked Locked Failed);
words!(theirs::ContactorState => ours::ContactorState: Open Closed);
words!(theirs::FaultKind => ours::FaultKind: GroundFailure OverCurrent OverVoltage UnderVoltage OverTemperature ContactorFailure LockFailure MeterFailure ReaderFailure VehicleCommunication EmergencyStop Internal WeakSignal Other);
words!(theirs::Quantity => ours::Quantity: EnergyActiveExport EnergyReactiveImport EnergyReactiveExport PowerActiveImport PowerActiveExport PowerReactiveImport PowerReactiveExport PowerFactor PowerOffered CurrentImport CurrentExport CurrentOffered Voltage Frequency Temperature StateOfCharge FanSpeed);
words!(theirs::Phase => ours::Phase: L1 L2 L3 N L1N L2N L3N L1L2 L2L3 L3L1);
words!(theirs::OutletChange => ours::OutletChange: Pilot Plug Lock Contactor Fault Permit);
words!(theirs::BootReason => ours::BootReason: PowerUp CleanShutdown Restart Swap Recovery Rollback);
words!(theirs::LinkFailure => ours::LinkFailure: Unreachable Timeout Certificate Tls Refused Subprotocol Silent Oversize Malformed Closed Ours);
words!(theirs::TokenStatus => ours::TokenStatus: Accepted Blocked Expired Invalid Concurrent);
words!(ours::TokenStatus => theirs::TokenStatus: Accepted Blocked Expired Invalid Concurrent);
words!(ours::TokenKind => theirs::TokenKind: Iso14443 Iso15693 KeyCode MacAddress Emaid Local Central None);
words!(ours::TokenOrigin => theirs::TokenOrigin: Card Remote RemoteUnchecked Plugged);
words!(ours::DecisionStage => theirs::DecisionStage: First AfterCentralSystem);
words!(ours::Purpose => theirs::Purpose: Start Stop);
words!(ours::ObservedKind => theirs::ObservedKind: Started Energy Ended);
words!(ours::Durability => theirs::Durability: Durable Lazy Session);
words!(theirs::SessionEndCause => ours::SessionEndCause: TimeOver Deauthorized Other);
words!(theirs::SecurityKind => ours::SecurityKind: Certificate Tls Tamper FailedLogin Journal);
words!(ours::RestartKind => theirs::RestartKind: Soft Hard);
words!(ours::SettingAccess => theirs::SettingAccess: ReadOnly ReadWrite WriteOnly);
words!(ours::SettingOutcome => theirs::SettingOutcome: Done AfterRestart Unknown ReadOnly Refused);
words!(ours::Look => theirs::Look: Off Available Preparing Charging Suspended Finishing Reserved Unavailable Faulted Accepted Refused);

/// Records with the same fields on both sides: moved as they are, or `into`
/// the other's type, or so within an option (`maybe`) or a list (`list`).
macro_rules! record {
    ($from:ty => $to:ty { $($field:ident $(: $how:ident)?),* $(,)? }) => {
        impl From<$from> for $to {
            fn from(from: $from) -> Self {
                Self { $($field: record!(@ from.$field $(, $how)?),)* }
            }
        }
    };
    (@ $value:expr) => { $value };
    (@ $value:expr, into) => { $value.into() };
    (@ $value:expr, maybe) => { $value.map(Into::into) };
    (@ $value:expr, list) => { $value.into_iter().map(Into::into).collect() };
}

record!(theirs::Stamp => ours::Stamp { boot_id, monotonic_ms });
record!(theirs::Now => ours::Now { at: into, wall_ms, trust: into });
record!(theirs::Fault => ours::Fault { kind: into, text });
record!(theirs::Step => ours::Step { at_ms, limit_ma });
record!(theirs::Permit => ours::Permit { outlet, limit_ma, phases, energy_limit_wh, steps: list, session, until_ms });
record!(theirs::Measurement => ours::Measurement { quantity: into, phase: maybe, milli });
record!(theirs::SignedData => ours::SignedData { format, data });
record!(theirs::Reading => ours::Reading { energy_mwh, measurements: list, at: into, age_ms, stale, register_ms, signed: maybe });
record!(theirs::OutletEvent => ours::OutletEvent { change: into, at: into, state: into });
record!(theirs::Station => ours::Station { id, vendor, model, serial_number, charge_box_serial_number, firmware_version, meter_type, meter_serial_number, iccid, imsi, central_system_url, trailing_slash });
record!(theirs::Setting => ours::Setting { name, value });
record!(theirs::LinkUp => ours::LinkUp { link, target, subprotocol });
record!(theirs::LinkDown => ours::LinkDown { link, target, failure: into, http_status, text, again_in_ms });
record!(theirs::Frame => ours::Frame { link, text });
record!(theirs::Attributes => ours::Attributes { limit_ma, energy_limit_wh, expires_ms, parent, session_until_ms });
record!(theirs::Rejection => ours::Rejection { status: into, text });
record!(theirs::Decision => ours::Decision { id, verdict: into, by, why });
record!(theirs::ServiceFailure => ours::ServiceFailure { code, text });
record!(theirs::MeterRead => ours::MeterRead { id, outlet, reading: maybe });
record!(theirs::LockMoved => ours::LockMoved { id, outlet, state: into });
record!(theirs::Timer => ours::Timer { name, deadline: into });
record!(theirs::Dropped => ours::Dropped { event, id, head, failure });
record!(theirs::SessionEnd => ours::SessionEnd { session, outlet, cause: into, by, why, at: into });
record!(theirs::SettingsQuery => ours::SettingsQuery { id, names });
record!(theirs::SettingChange => ours::SettingChange { id, name, value });
record!(theirs::SecurityEvent => ours::SecurityEvent { kind: into, text, at: into });
record!(theirs::Boot => ours::Boot { now: into, reason: into, entry_schema, random, station: into, settings: list, services, link: into, outlets: list, timers: list, unanswered_requests, unanswered_decisions, session_ends: list, dropped: maybe });
record!(theirs::TimerFired => ours::Timer { name, deadline: into });
record!(ours::Frame => theirs::Frame { link, text });
record!(ours::Timer => theirs::Timer { name, deadline: into });
record!(ours::TokenEntry => theirs::TokenEntry { status: into, parent, expires_ms });
record!(ours::Credential => theirs::Credential { user, password_entry });
record!(ours::Target => theirs::Target { url, credential: maybe, client_identity, trust });
record!(ours::BackOff => theirs::BackOff { first_ms, most_ms, jitter_ms });
record!(ours::Connect => theirs::Connect { targets: list, attempts_per_target, subprotocols, ping_interval_ms, pong_deadline_ms, open_deadline_ms, back_off: into, max_frame_bytes });
record!(ours::Rules => theirs::Rules { local_pre_authorize, local_authorize_offline, unknown_offline, cache, listing });
record!(ours::Request => theirs::Request { id, service, operation, body });
record!(ours::Entry => theirs::Entry { key, value, durability: into, secret });
record!(ours::Indication => theirs::Indication { outlet, look: into, intensity_percent, blinks });
record!(ours::Shown => theirs::Shown { outlet, name, value });
record!(ours::LockMove => theirs::LockMove { id, outlet, locked });
record!(ours::MeterRequest => theirs::MeterRequest { id, outlet });
record!(ours::Decide => theirs::Decide { id, request: into });
record!(ours::Restart => theirs::Restart { kind: into, why });
record!(ours::SettingInfo => theirs::SettingInfo { name, value, access: into, meaning, default, unit });
record!(ours::SettingsAnswer => theirs::SettingsAnswer { id, settings: list });
record!(ours::SettingAnswer => theirs::SettingAnswer { id, outcome: into, text });
record!(ours::Disconnect => theirs::Disconnect { again, text });

impl From<theirs::TokenRead> for ours::TokenRead {
    fn from(from: theirs::TokenRead) -> Self {
        Self {
            reader: from.reader,
            token: from.token.id,
            kind: match from.token.kind {
                theirs::TokenKind::Iso14443 => Some(ours::TokenKind::Iso14443),
                theirs::TokenKind::Iso15693 => Some(ours::TokenKind::Iso15693),
                theirs::TokenKind::KeyCode => Some(ours::TokenKind::KeyCode),
                theirs::TokenKind::MacAddress => Some(ours::TokenKind::MacAddress),
                theirs::TokenKind::Emaid => Some(ours::TokenKind::Emaid),
                theirs::TokenKind::Local => Some(ours::TokenKind::Local),
                theirs::TokenKind::Central => Some(ours::TokenKind::Central),
                theirs::TokenKind::None => Some(ours::TokenKind::None),
                theirs::TokenKind::Unknown => None,
            },
            outlets: from.outlets,
            at: from.at.into(),
        }
    }
}

impl From<theirs::OutletState> for ours::OutletState {
    fn from(from: theirs::OutletState) -> Self {
        let (max_current_ma, phases) = match from.supply {
            theirs::Supply::Ac(ac) => (ac.max_current_ma, ac.phases),
            theirs::Supply::Dc(dc) => (dc.max_current_ma, 1),
        };
        let by_others = matches!(
            from.limited_by,
            Some(theirs::Limiter::Group | theirs::Limiter::Policy(_))
        );
        Self {
            outlet: from.outlet,
            held_back: by_others && from.offered_ma == 0,
            cable: from.cable.into(),
            max_current_ma,
            phases,
            pilot: from.pilot.into(),
            plugged: from.plugged,
            lock: from.lock.into(),
            contactor: from.contactor.into(),
            offered_ma: from.offered_ma,
            permit: from.permit.map(Into::into),
            energy_spent: from.energy_spent,
            faults: from.faults.into_iter().map(Into::into).collect(),
            reading: from.reading.map(Into::into),
        }
    }
}

impl From<ours::Step> for theirs::Step {
    fn from(from: ours::Step) -> Self {
        Self {
            at_ms: from.at_ms,
            limit_ma: from.limit_ma,
            limit_w: None,
        }
    }
}

impl From<ours::Permit> for theirs::Permit {
    fn from(from: ours::Permit) -> Self {
        Self {
            outlet: from.outlet,
            limit_ma: from.limit_ma,
            limit_w: None,
            phases: from.phases,
            energy_limit_wh: from.energy_limit_wh,
            steps: from.steps.into_iter().map(Into::into).collect(),
            reason: String::new(),
            session: from.session,
            until_ms: from.until_ms,
        }
    }
}

fn token(id: String, kind: Option<ours::TokenKind>) -> theirs::Token {
    theirs::Token {
        id,
        kind: kind.map_or(theirs::TokenKind::Unknown, Into::into),
    }
}

impl From<ours::DecisionRequest> for theirs::DecisionRequest {
    fn from(from: ours::DecisionRequest) -> Self {
        Self {
            stage: from.stage.into(),
            purpose: from.purpose.into(),
            origin: from.origin.into(),
            token: token(from.token, from.kind),
            outlet: from.outlet,
            reader: from.reader,
            online: from.online,
            listed: from.listed.map(Into::into),
            cached: from.cached.map(Into::into),
            central: from.central.map(Into::into),
            rules: from.rules.into(),
        }
    }
}

impl From<ours::Observed> for theirs::Observed {
    fn from(from: ours::Observed) -> Self {
        Self {
            kind: from.kind.into(),
            session: from.session,
            outlet: from.outlet,
            // An idTag has no kind.
            token: token(from.token, None),
            energy_wh: from.energy_wh,
            power_w: from.power_w,
            state_of_charge_percent: from.state_of_charge_percent,
        }
    }
}

impl From<theirs::Deadline> for ours::Deadline {
    fn from(from: theirs::Deadline) -> Self {
        match from {
            theirs::Deadline::Monotonic(ms) => Self::Monotonic(ms),
            theirs::Deadline::Wall(ms) => Self::Wall(ms),
        }
    }
}

impl From<ours::Deadline> for theirs::Deadline {
    fn from(from: ours::Deadline) -> Self {
        match from {
            ours::Deadline::Monotonic(ms) => Self::Monotonic(ms),
            ours::Deadline::Wall(ms) => Self::Wall(ms),
        }
    }
}

impl From<theirs::LinkState> for ours::LinkState {
    fn from(from: theirs::LinkState) -> Self {
        match from {
            theirs::LinkState::Idle => Self::Idle,
            theirs::LinkState::Down => Self::Down,
            theirs::LinkState::Up(up) => Self::Up(up.into()),
        }
    }
}

impl From<theirs::Verdict> for ours::Verdict {
    fn from(from: theirs::Verdict) -> Self {
        match from {
            theirs::Verdict::Accept(attributes) => Self::Accept(attributes.into()),
            theirs::Verdict::Reject(rejection) => Self::Reject(rejection.into()),
            theirs::Verdict::Ask => Self::Ask,
        }
    }
}

impl From<theirs::Response> for ours::Response {
    fn from(from: theirs::Response) -> Self {
        Self {
            id: from.id,
            outcome: from.outcome.map_err(Into::into),
        }
    }
}

impl From<theirs::Event> for ours::Event {
    fn from(from: theirs::Event) -> Self {
        match from {
            theirs::Event::LinkUp(up) => Self::LinkUp(up.into()),
            theirs::Event::LinkDown(down) => Self::LinkDown(down.into()),
            theirs::Event::Frame(frame) => Self::Frame(frame.into()),
            theirs::Event::Timer(timer) => Self::Timer(timer.into()),
            theirs::Event::Outlet(event) => Self::Outlet(event.into()),
            theirs::Event::Token(token) => Self::Token(token.into()),
            theirs::Event::Meter(read) => Self::Meter(read.into()),
            theirs::Event::LockMoved(moved) => Self::LockMoved(moved.into()),
            theirs::Event::Decided(decision) => Self::Decided(decision.into()),
            theirs::Event::Response(response) => Self::Response(response.into()),
            theirs::Event::ClockStepped(ms) => Self::ClockStepped(ms),
            theirs::Event::Committed => Self::Committed,
            theirs::Event::PowerFailing(ms) => Self::PowerFailing(ms),
            theirs::Event::SessionEnds(end) => Self::SessionEnds(end.into()),
            theirs::Event::SettingsQuery(query) => Self::SettingsQuery(query.into()),
            theirs::Event::SetSetting(change) => Self::SetSetting(change.into()),
            theirs::Event::Security(event) => Self::Security(event.into()),
        }
    }
}

impl From<ours::Action> for theirs::Action {
    fn from(from: ours::Action) -> Self {
        match from {
            ours::Action::Keep(entry) => Self::Keep(entry.into()),
            ours::Action::Forget(key) => Self::Forget(key),
            ours::Action::Connect(connect) => Self::Connect(connect.into()),
            ours::Action::Disconnect(disconnect) => Self::Disconnect(disconnect.into()),
            ours::Action::Send(frame) => Self::Send(frame.into()),
            ours::Action::SetTimer(timer) => Self::SetTimer(timer.into()),
            ours::Action::CancelTimer(name) => Self::CancelTimer(name),
            ours::Action::Permit(permit) => Self::Permit(permit.into()),
            ours::Action::Revoke(outlet) => Self::Revoke(outlet),
            ours::Action::MoveLock(lock) => Self::MoveLock(lock.into()),
            ours::Action::Indicate(indication) => Self::Indicate(indication.into()),
            ours::Action::Show(shown) => Self::Show(shown.into()),
            ours::Action::ReadMeter(request) => Self::ReadMeter(request.into()),
            ours::Action::Decide(decide) => Self::Decide(decide.into()),
            ours::Action::Observe(observed) => Self::Observe(observed.into()),
            ours::Action::Request(request) => Self::Request(request.into()),
            ours::Action::InService(well) => Self::InService(well),
            ours::Action::Restart(restart) => Self::Restart(restart.into()),
            ours::Action::Settings(answer) => Self::Settings(answer.into()),
            ours::Action::SettingSet(answer) => Self::SettingSet(answer.into()),
        }
    }
}
