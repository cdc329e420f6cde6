//! The adapter: the only file that knows what `wit-bindgen` generates. It maps
//! types, and does nothing else; every decision is in the library.

use std::cell::RefCell;

use crate::Charger;
use crate::host as ours;

#[allow(warnings, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "ocpp" });
}

use bindings::exports::plugpoint::charger::protocol as theirs;
use bindings::plugpoint::charger::{entries, log};

thread_local! {
    static CHARGER: RefCell<Option<Charger>> = const { RefCell::new(None) };
}

struct Component;

bindings::export!(Component with_types_in bindings);

impl theirs::Guest for Component {
    fn start(boot: theirs::Boot) -> Vec<theirs::Action> {
        std::panic::set_hook(Box::new(|panic| {
            log::write(log::Level::Error, &panic.to_string())
        }));
        let (charger, actions) = Charger::start(&boot.into(), &HostEntries, &HostLog);
        CHARGER.with_borrow_mut(|slot| *slot = Some(charger));
        actions.into_iter().map(Into::into).collect()
    }

    fn handle(now: theirs::Now, event: theirs::Event) -> Vec<theirs::Action> {
        CHARGER.with_borrow_mut(|slot| match slot {
            Some(charger) => {
                let actions = charger.handle(now.into(), event.into(), &HostEntries, &HostLog);
                actions.into_iter().map(Into::into).collect()
            }
            None => Vec::new(),
        })
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
words!(theirs::BootReason => ours::BootReason: PowerUp Restart Swap Recovery Rollback);
words!(theirs::LinkFailure => ours::LinkFailure: Unreachable Timeout Certificate Tls Refused Subprotocol Silent Oversize Malformed Closed Ours);
words!(theirs::TokenStatus => ours::TokenStatus: Accepted Blocked Expired Invalid Concurrent);
words!(ours::TokenStatus => theirs::TokenStatus: Accepted Blocked Expired Invalid Concurrent);
words!(ours::TokenOrigin => theirs::TokenOrigin: Card Remote RemoteUnchecked Plugged);
words!(ours::DecisionStage => theirs::DecisionStage: First AfterCentralSystem);
words!(ours::Purpose => theirs::Purpose: Start Stop);
words!(ours::ObservedKind => theirs::ObservedKind: Started Energy Ended);
words!(ours::Durability => theirs::Durability: Durable Lazy Session);
words!(ours::Look => theirs::Look: Off Available Preparing Charging Suspended Finishing Reserved Unavailable Faulted Accepted Refused);

impl From<theirs::Stamp> for ours::Stamp {
    fn from(from: theirs::Stamp) -> Self {
        Self {
            boot_id: from.boot_id,
            monotonic_ms: from.monotonic_ms,
        }
    }
}

impl From<theirs::Now> for ours::Now {
    fn from(from: theirs::Now) -> Self {
        Self {
            at: from.at.into(),
            wall_ms: from.wall_ms,
            trust: from.trust.into(),
        }
    }
}

impl From<theirs::Fault> for ours::Fault {
    fn from(from: theirs::Fault) -> Self {
        Self {
            kind: from.kind.into(),
            text: from.text,
        }
    }
}

impl From<theirs::Permit> for ours::Permit {
    fn from(from: theirs::Permit) -> Self {
        Self {
            outlet: from.outlet,
            limit_ma: from.limit_ma,
            phases: from.phases,
            energy_limit_wh: from.energy_limit_wh,
            session: from.session,
        }
    }
}

impl From<theirs::OutletState> for ours::OutletState {
    fn from(from: theirs::OutletState) -> Self {
        Self {
            outlet: from.outlet,
            cable: from.cable.into(),
            max_current_ma: from.max_current_ma,
            phases: from.phases,
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

impl From<theirs::Measurement> for ours::Measurement {
    fn from(from: theirs::Measurement) -> Self {
        Self {
            quantity: from.quantity.into(),
            phase: from.phase.map(Into::into),
            milli: from.milli,
        }
    }
}

impl From<theirs::Reading> for ours::Reading {
    fn from(from: theirs::Reading) -> Self {
        Self {
            energy_mwh: from.energy_mwh,
            measurements: from.measurements.into_iter().map(Into::into).collect(),
            at: from.at.into(),
            age_ms: from.age_ms,
            stale: from.stale,
        }
    }
}

impl From<theirs::OutletEvent> for ours::OutletEvent {
    fn from(from: theirs::OutletEvent) -> Self {
        Self {
            change: from.change.into(),
            at: from.at.into(),
            state: from.state.into(),
        }
    }
}

impl From<theirs::Station> for ours::Station {
    fn from(from: theirs::Station) -> Self {
        Self {
            id: from.id,
            vendor: from.vendor,
            model: from.model,
            serial_number: from.serial_number,
            charge_box_serial_number: from.charge_box_serial_number,
            firmware_version: from.firmware_version,
            meter_type: from.meter_type,
            meter_serial_number: from.meter_serial_number,
            iccid: from.iccid,
            imsi: from.imsi,
            central_system_url: from.central_system_url,
            trailing_slash: from.trailing_slash,
        }
    }
}

impl From<theirs::Setting> for ours::Setting {
    fn from(from: theirs::Setting) -> Self {
        Self {
            name: from.name,
            value: from.value,
        }
    }
}

impl From<theirs::LinkUp> for ours::LinkUp {
    fn from(from: theirs::LinkUp) -> Self {
        Self {
            link: from.link,
            target: from.target,
            subprotocol: from.subprotocol,
        }
    }
}

impl From<theirs::LinkDown> for ours::LinkDown {
    fn from(from: theirs::LinkDown) -> Self {
        Self {
            link: from.link,
            target: from.target,
            failure: from.failure.into(),
            http_status: from.http_status,
            text: from.text,
            again_in_ms: from.again_in_ms,
        }
    }
}

impl From<theirs::Frame> for ours::Frame {
    fn from(from: theirs::Frame) -> Self {
        Self {
            link: from.link,
            text: from.text,
        }
    }
}

impl From<theirs::TokenRead> for ours::TokenRead {
    fn from(from: theirs::TokenRead) -> Self {
        Self {
            reader: from.reader,
            token: from.token,
            outlets: from.outlets,
            at: from.at.into(),
        }
    }
}

impl From<theirs::Attributes> for ours::Attributes {
    fn from(from: theirs::Attributes) -> Self {
        Self {
            limit_ma: from.limit_ma,
            energy_limit_wh: from.energy_limit_wh,
            expires_ms: from.expires_ms,
            parent: from.parent,
        }
    }
}

impl From<theirs::Rejection> for ours::Rejection {
    fn from(from: theirs::Rejection) -> Self {
        Self {
            status: from.status.into(),
            text: from.text,
        }
    }
}

impl From<theirs::Decision> for ours::Decision {
    fn from(from: theirs::Decision) -> Self {
        Self {
            id: from.id,
            verdict: from.verdict.into(),
            by: from.by,
            why: from.why,
        }
    }
}

impl From<theirs::ServiceFailure> for ours::ServiceFailure {
    fn from(from: theirs::ServiceFailure) -> Self {
        Self {
            code: from.code,
            text: from.text,
        }
    }
}

impl From<theirs::MeterRead> for ours::MeterRead {
    fn from(from: theirs::MeterRead) -> Self {
        Self {
            id: from.id,
            outlet: from.outlet,
            reading: from.reading.map(Into::into),
        }
    }
}

impl From<theirs::LockMoved> for ours::LockMoved {
    fn from(from: theirs::LockMoved) -> Self {
        Self {
            id: from.id,
            outlet: from.outlet,
            state: from.state.into(),
        }
    }
}

impl From<theirs::Timer> for ours::Timer {
    fn from(from: theirs::Timer) -> Self {
        Self {
            name: from.name,
            deadline: from.deadline.into(),
        }
    }
}

impl From<theirs::Dropped> for ours::Dropped {
    fn from(from: theirs::Dropped) -> Self {
        Self {
            event: from.event,
            id: from.id,
            head: from.head,
            failure: from.failure,
        }
    }
}

impl From<theirs::Boot> for ours::Boot {
    fn from(from: theirs::Boot) -> Self {
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
            timers: from.timers.into_iter().map(Into::into).collect(),
            unanswered_requests: from.unanswered_requests,
            unanswered_decisions: from.unanswered_decisions,
            dropped: from.dropped.map(Into::into),
        }
    }
}

impl From<theirs::TimerFired> for ours::Timer {
    fn from(from: theirs::TimerFired) -> Self {
        Self {
            name: from.name,
            deadline: from.deadline.into(),
        }
    }
}

impl From<ours::Permit> for theirs::Permit {
    fn from(from: ours::Permit) -> Self {
        Self {
            outlet: from.outlet,
            limit_ma: from.limit_ma,
            phases: from.phases,
            energy_limit_wh: from.energy_limit_wh,
            session: from.session,
        }
    }
}

impl From<ours::Frame> for theirs::Frame {
    fn from(from: ours::Frame) -> Self {
        Self {
            link: from.link,
            text: from.text,
        }
    }
}

impl From<ours::Timer> for theirs::Timer {
    fn from(from: ours::Timer) -> Self {
        Self {
            name: from.name,
            deadline: from.deadline.into(),
        }
    }
}

impl From<ours::TokenEntry> for theirs::TokenEntry {
    fn from(from: ours::TokenEntry) -> Self {
        Self {
            status: from.status.into(),
            parent: from.parent,
            expires_ms: from.expires_ms,
        }
    }
}

impl From<ours::Credential> for theirs::Credential {
    fn from(from: ours::Credential) -> Self {
        Self {
            user: from.user,
            password_entry: from.password_entry,
        }
    }
}

impl From<ours::Target> for theirs::Target {
    fn from(from: ours::Target) -> Self {
        Self {
            url: from.url,
            credential: from.credential.map(Into::into),
            client_identity: from.client_identity,
            trust: from.trust,
        }
    }
}

impl From<ours::BackOff> for theirs::BackOff {
    fn from(from: ours::BackOff) -> Self {
        Self {
            first_ms: from.first_ms,
            most_ms: from.most_ms,
            jitter_ms: from.jitter_ms,
        }
    }
}

impl From<ours::Connect> for theirs::Connect {
    fn from(from: ours::Connect) -> Self {
        Self {
            targets: from.targets.into_iter().map(Into::into).collect(),
            attempts_per_target: from.attempts_per_target,
            subprotocols: from.subprotocols,
            ping_interval_ms: from.ping_interval_ms,
            pong_deadline_ms: from.pong_deadline_ms,
            open_deadline_ms: from.open_deadline_ms,
            back_off: from.back_off.into(),
            max_frame_bytes: from.max_frame_bytes,
        }
    }
}

impl From<ours::Rules> for theirs::Rules {
    fn from(from: ours::Rules) -> Self {
        Self {
            local_pre_authorize: from.local_pre_authorize,
            local_authorize_offline: from.local_authorize_offline,
            unknown_offline: from.unknown_offline,
            cache: from.cache,
            listing: from.listing,
        }
    }
}

impl From<ours::DecisionRequest> for theirs::DecisionRequest {
    fn from(from: ours::DecisionRequest) -> Self {
        Self {
            stage: from.stage.into(),
            purpose: from.purpose.into(),
            origin: from.origin.into(),
            token: from.token,
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
            token: from.token,
            energy_wh: from.energy_wh,
        }
    }
}

impl From<ours::Request> for theirs::Request {
    fn from(from: ours::Request) -> Self {
        Self {
            id: from.id,
            service: from.service,
            operation: from.operation,
            body: from.body,
        }
    }
}

impl From<ours::Entry> for theirs::Entry {
    fn from(from: ours::Entry) -> Self {
        Self {
            key: from.key,
            value: from.value,
            durability: from.durability.into(),
            secret: from.secret,
        }
    }
}

impl From<ours::Indication> for theirs::Indication {
    fn from(from: ours::Indication) -> Self {
        Self {
            outlet: from.outlet,
            look: from.look.into(),
            intensity_percent: from.intensity_percent,
            blinks: from.blinks,
        }
    }
}

impl From<ours::Shown> for theirs::Shown {
    fn from(from: ours::Shown) -> Self {
        Self {
            outlet: from.outlet,
            name: from.name,
            value: from.value,
        }
    }
}

impl From<ours::LockMove> for theirs::LockMove {
    fn from(from: ours::LockMove) -> Self {
        Self {
            id: from.id,
            outlet: from.outlet,
            locked: from.locked,
        }
    }
}

impl From<ours::MeterRequest> for theirs::MeterRequest {
    fn from(from: ours::MeterRequest) -> Self {
        Self {
            id: from.id,
            outlet: from.outlet,
        }
    }
}

impl From<ours::Decide> for theirs::Decide {
    fn from(from: ours::Decide) -> Self {
        Self {
            id: from.id,
            request: from.request.into(),
        }
    }
}

impl From<ours::Disconnect> for theirs::Disconnect {
    fn from(from: ours::Disconnect) -> Self {
        Self {
            again: from.again,
            text: from.text,
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
            ours::Action::Restart(why) => Self::Restart(why),
        }
    }
}
