//! A slot, a start and an event for tests that put a tiny guest to work.

use std::time::Duration;

use plugpoint::guest::{
    Component, Engine, EngineSettings, FailureKind, Kind, Limits, Ocpp, Slot, SlotSettings, World,
};
use plugpoint::store::Entries;
use plugpoint::wit::protocol;

use super::{Guest, Raw};

/// Durabilities, as the canonical ABI numbers them.
pub const DURABLE: u8 = 0;
pub const SESSION: u8 = 2;

pub fn engine() -> Engine {
    Engine::new(&EngineSettings::default()).expect("an engine")
}

pub fn limits() -> Limits {
    Limits {
        handle: Duration::from_millis(50),
        start: Duration::from_millis(200),
        ..Limits::ocpp()
    }
}

pub fn slot_with<K: Kind>(guest: &Guest, limits: Limits) -> Slot<K> {
    let engine = engine();
    let component = load(&engine, guest, K::WORLD);
    let entries = Entries::new(Vec::new(), limits.entries_bytes);
    let settings = SlotSettings {
        name: "test".into(),
        limits,
        outlets: vec![1, 2],
    };
    Slot::new(&engine, &component, entries, settings).expect("a slot")
}

pub fn load(engine: &Engine, guest: &Guest, world: World) -> Component {
    engine
        .load(&guest.build(), world, None)
        .expect("a component")
}

pub fn slot(guest: &Guest) -> Slot<Ocpp> {
    slot_with(guest, limits())
}

pub fn now() -> protocol::Now {
    protocol::Now {
        at: protocol::Stamp {
            boot_id: 1,
            monotonic_ms: 5000,
        },
        wall_ms: None,
        trust: protocol::ClockTrust::Unset,
    }
}

pub fn boot() -> protocol::Boot {
    protocol::Boot {
        now: now(),
        reason: protocol::BootReason::PowerUp,
        entry_schema: 1,
        random: vec![7; 16],
        station: protocol::Station {
            id: "CP001".into(),
            vendor: String::new(),
            model: String::new(),
            serial_number: String::new(),
            charge_box_serial_number: String::new(),
            firmware_version: String::new(),
            meter_type: String::new(),
            meter_serial_number: String::new(),
            iccid: String::new(),
            imsi: String::new(),
            central_system_url: "ws://127.0.0.1/".into(),
            trailing_slash: false,
        },
        settings: Vec::new(),
        services: Vec::new(),
        link: protocol::LinkState::Idle,
        outlets: Vec::new(),
        timers: Vec::new(),
        unanswered_requests: Vec::new(),
        groups: Vec::new(),
        permit_ends: Vec::new(),
        unanswered_decisions: Vec::new(),
        session_ends: Vec::new(),
        dropped: None,
    }
}

pub fn frame() -> protocol::Event {
    protocol::Event::Frame(protocol::Frame {
        link: 1,
        text: "[2,\"1\",\"X\",{}]".into(),
    })
}

/// Lets the guest handle one frame; it must fail, and leave no trace.
pub fn failure(guest: &Guest) -> (FailureKind, String) {
    failure_with(guest, limits())
}

pub fn failure_with(guest: &Guest, limits: Limits) -> (FailureKind, String) {
    let mut slot = slot_with::<Ocpp>(guest, limits);
    slot.start(&boot()).expect("it starts");
    let bytes = slot.entries().bytes();
    let failure = slot.handle(now(), &frame()).expect_err("it fails");
    assert!(!slot.has_instance(), "the instance is gone");
    assert!(slot.handle(now(), &frame()).is_err(), "and stays so");
    assert_eq!(slot.entries().bytes(), bytes, "nothing was kept");
    assert_eq!(slot.entries().due_ms(), None);
    slot.start(&boot()).expect("the next instance starts");
    (failure.kind, failure.text)
}

/// A guest that answers every frame with these.
pub fn answering(actions: &[Raw]) -> Guest {
    let mut guest = Guest::new(World::Ocpp);
    guest.handle = guest.list(actions);
    guest
}
