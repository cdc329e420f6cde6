//! One guest at work, and all the ways in which it can go wrong.

mod support;

use std::time::{Duration, Instant};

use plugpoint::guest::{
    Component, Engine, EngineSettings, FailureKind, Kind, Limits, Ocpp, Policy, Slot, SlotSettings,
    World,
};
use plugpoint::store::{Change, Entries};
use plugpoint::wit::{authorization, protocol};
use support::{Guest, Part, Raw, forget, keep, permit, raw, send};

const DURABLE: u8 = 0;
const SESSION: u8 = 2;

fn engine() -> Engine {
    Engine::new(&EngineSettings::default()).expect("an engine")
}

fn limits() -> Limits {
    Limits {
        handle: Duration::from_millis(50),
        start: Duration::from_millis(200),
        ..Limits::ocpp()
    }
}

fn slot_with<K: Kind>(guest: &Guest, limits: Limits) -> Slot<K> {
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

fn load(engine: &Engine, guest: &Guest, world: World) -> Component {
    engine
        .load(&guest.build(), world, None)
        .expect("a component")
}

fn slot(guest: &Guest) -> Slot<Ocpp> {
    slot_with(guest, limits())
}

fn now() -> protocol::Now {
    protocol::Now {
        at: protocol::Stamp {
            boot_id: 1,
            monotonic_ms: 5000,
        },
        wall_ms: None,
        trust: protocol::ClockTrust::Unset,
    }
}

fn boot() -> protocol::Boot {
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
        unanswered_decisions: Vec::new(),
        dropped: None,
    }
}

fn frame() -> protocol::Event {
    protocol::Event::Frame(protocol::Frame {
        link: 1,
        text: "[2,\"1\",\"X\",{}]".into(),
    })
}

/// Lets the guest handle one frame; it must fail, and leave no trace.
fn failure(guest: &Guest) -> (FailureKind, String) {
    failure_with(guest, limits())
}

fn failure_with(guest: &Guest, limits: Limits) -> (FailureKind, String) {
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
fn answering(actions: &[Raw]) -> Guest {
    let mut guest = Guest::new(World::Ocpp);
    guest.handle = guest.list(actions);
    guest
}

#[test]
fn actions_come_back_in_order_and_entries_are_kept() {
    let actions = [
        send("one"),
        keep("a", b"1", DURABLE),
        permit(2, 16_000, 3),
        keep("b", b"2", SESSION),
        send("two"),
    ];
    let mut slot = slot(&answering(&actions));
    let started = slot.start(&boot()).expect("it starts");
    assert!(started.actions.is_empty() && started.commit.is_none());

    let outcome = slot.handle(now(), &frame()).expect("it handles");
    let [
        protocol::Action::Send(one),
        protocol::Action::Permit(permit),
        protocol::Action::Send(two),
    ] = &outcome.actions[..]
    else {
        panic!("{:?}", outcome.actions);
    };
    assert_eq!((&*one.text, &*two.text), ("one", "two"));
    assert_eq!(
        (
            permit.outlet,
            permit.limit_ma,
            permit.phases,
            permit.session
        ),
        (2, 16_000, 3, 7)
    );
    let batch = outcome.commit.expect("something durable");
    assert_eq!(batch.changes.len(), 1);
    assert!(matches!(&batch.changes[0], Change::Keep(entry) if entry.key == "a"));
    slot.entries_mut().confirm(batch.ticket);
    assert_eq!(slot.entries().get("b").map(|v| &v[..]), Some(&b"2"[..]));
    assert!(outcome.memory_bytes >= 4 * 65_536);

    // The same again: nothing durable has changed, so nothing is to be written.
    let again = slot.handle(now(), &frame()).expect("it handles");
    assert!(again.commit.is_none());
}

#[test]
fn a_guest_reads_what_it_has_kept_after_its_instance_is_gone() {
    let mut guest = Guest::new(World::Ocpp);
    guest.start = guest.list(&[keep("k", b"kept before", SESSION)]);
    let key = guest.bytes(b"k");
    // An option at `answer`: case, pointer, length; copied into the text of a frame.
    let answer = guest.bytes(&[0; 16]);
    let list = guest.list(&[send("?")]);
    let element = list_element(&guest, &list);
    guest.handle = format!(
        "(call $get (i32.const {key}) (i32.const 1) (i32.const {answer}))
         (i32.store (i32.const {}) (i32.load (i32.const {})))
         (i32.store (i32.const {}) (i32.load (i32.const {})))
         {list}",
        element + 12,
        answer + 4,
        element + 16,
        answer + 8,
    );
    let mut slot = slot(&guest);
    slot.start(&boot()).expect("it starts");
    slot.discard_instance();
    assert!(!slot.has_instance());
    slot.start(&boot()).expect("it starts again");
    let outcome = slot.handle(now(), &frame()).expect("it handles");
    let [protocol::Action::Send(frame)] = &outcome.actions[..] else {
        panic!("{:?}", outcome.actions);
    };
    assert_eq!(frame.text, "kept before");
}

/// Address of the first element of a list made last, from its head's address.
fn list_element(guest: &Guest, list: &str) -> u32 {
    let head: u32 = list
        .trim_start_matches("(i32.const ")
        .trim_end_matches(')')
        .parse()
        .expect("an address");
    guest.word(head)
}

#[test]
fn an_endless_loop_is_stopped_in_time() {
    let mut guest = Guest::new(World::Ocpp);
    guest.handle = "(loop br 0) (unreachable)".into();
    let begin = Instant::now();
    let (kind, text) = failure(&guest);
    assert_eq!(kind, FailureKind::Time, "{text}");
    assert!(begin.elapsed() >= limits().handle);
    // Generous: the machine may be busy. Without deadline it never ends.
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn an_endless_loop_in_start_is_stopped_too() {
    let mut guest = Guest::new(World::Ocpp);
    guest.start = "(loop br 0) (unreachable)".into();
    let failure = slot(&guest).start(&boot()).expect_err("it fails");
    assert_eq!(failure.kind, FailureKind::Time);
}

#[test]
fn a_memory_bomb_is_told_from_other_traps() {
    let mut guest = Guest::new(World::Ocpp);
    guest.handle = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
        (unreachable)"
        .into();
    assert_eq!(failure(&guest).0, FailureKind::Memory);
}

#[test]
fn a_guest_may_go_on_without_the_memory_it_was_refused() {
    let mut guest = answering(&[send("fine")]);
    guest.handle = format!(
        "(if (i32.ne (memory.grow (i32.const 1000)) (i32.const -1)) (then (unreachable)))
         {}",
        guest.handle
    );
    let mut slot = slot(&guest);
    slot.start(&boot()).expect("it starts");
    let outcome = slot.handle(now(), &frame()).expect("it handles");
    assert_eq!(outcome.memory_bytes, 4 * 65_536, "it did not grow");
}

#[test]
fn too_much_memory_from_the_beginning_is_refused() {
    let mut guest = Guest::new(World::Ocpp);
    guest.pages = 400;
    let failure = slot(&guest).start(&boot()).expect_err("25 MiB");
    assert_eq!(failure.kind, FailureKind::Memory, "{}", failure.text);
}

#[test]
fn endless_recursion_traps() {
    let mut guest = Guest::new(World::Ocpp);
    guest.extra = "(func $down (param i32) (result i32)
        (i32.add (call $down (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))"
        .into();
    guest.handle = "(call $down (i32.const 0))".into();
    let (kind, text) = failure(&guest);
    assert_eq!(kind, FailureKind::Trap);
    assert!(text.contains("recursion"), "{text}");
}

#[test]
fn a_panic_is_told_in_its_own_words() {
    let mut guest = Guest::new(World::Ocpp);
    let log = guest.log(0, "panicked at src/queue.rs:12: no such record");
    guest.handle = format!("{log} (unreachable)");
    let (kind, text) = failure(&guest);
    assert_eq!(kind, FailureKind::Trap);
    assert!(text.contains("src/queue.rs:12: no such record"), "{text}");
}

#[test]
fn a_trap_in_start_leaves_no_instance() {
    let mut guest = Guest::new(World::Ocpp);
    guest.start = "(unreachable)".into();
    let mut slot = slot(&guest);
    let failure = slot.start(&boot()).expect_err("it fails");
    assert_eq!(failure.kind, FailureKind::Trap);
    assert!(!slot.has_instance());
}

#[test]
fn values_without_sense_fail_the_whole_call() {
    let long_key = "k".repeat(257);
    let cases: Vec<(&str, Raw)> = vec![
        ("unknown outlet", permit(3, 16_000, 3)),
        ("outlet 0", permit(0, 16_000, 3)),
        ("two phases", permit(1, 16_000, 2)),
        ("a negative limit", permit(1, -6_000_i32 as u32, 3)),
        ("revoke of an unknown outlet", raw(8, vec![Part::U32(9)])),
        ("empty key", keep("", b"x", DURABLE)),
        ("key too long", keep(&long_key, b"x", DURABLE)),
        ("forget with a key too long", forget(&long_key)),
        (
            "too bright",
            raw(10, vec![Part::U32(1), Part::U8(0), Part::U8(101)]),
        ),
        ("no target", raw(2, vec![Part::U32(8), Part::U32(0)])),
        ("a case that there is not", raw(99, vec![])),
        ("a durability that there is not", keep("k", b"x", 7)),
        (
            "a timer without name",
            raw(5, vec![Part::Bytes(Vec::new())]),
        ),
        (
            "text that is not UTF-8",
            raw(4, vec![Part::U32(1), Part::Bytes(vec![0xff, 0xfe])]),
        ),
        (
            "a string beyond its memory",
            raw(4, vec![Part::U32(1), Part::U32(0x7fff_0000), Part::U32(64)]),
        ),
    ];
    for (what, bad) in cases {
        let guest = answering(&[send("good"), keep("good", b"x", SESSION), bad]);
        let (kind, text) = failure(&guest);
        assert_eq!(kind, FailureKind::Invalid, "{what}: {text}");
        assert!(!text.is_empty());
    }
}

#[test]
fn a_link_is_dialled_only_to_a_websocket_url() {
    for (url, good) in [
        ("ws://127.0.0.1:9000/x", true),
        ("wss://example.com/x", true),
        ("http://example.com/x", false),
        ("ws://", false),
        ("ws://example.com/x\r\nX: y", false),
        ("file:///etc/passwd", false),
    ] {
        let mut guest = Guest::new(World::Ocpp);
        let at = guest.bytes(url.as_bytes());
        // Neither credential nor identity nor trust.
        let mut target = [at.to_le_bytes(), (url.len() as u32).to_le_bytes()].concat();
        target.resize(48, 0);
        let targets = guest.bytes(&target);
        guest.handle = guest.list(&[raw(2, vec![Part::U32(targets), Part::U32(1)])]);
        if good {
            let mut slot = slot(&guest);
            slot.start(&boot()).expect("it starts");
            let outcome = slot.handle(now(), &frame()).expect("it handles");
            assert!(
                matches!(&outcome.actions[..], [protocol::Action::Connect(connect)]
                    if connect.targets[0].url == url)
            );
        } else {
            assert_eq!(failure(&guest).0, FailureKind::Invalid, "{url}");
        }
    }
}

#[test]
fn too_much_of_anything_fails_the_whole_call() {
    let entry = vec![1; (256 << 10) + 1];
    let text = "x".repeat((256 << 10) + 1);
    assert_eq!(
        failure(&answering(&[keep("k", &entry, DURABLE)])).0,
        FailureKind::Limit
    );
    assert_eq!(failure(&answering(&[send(&text)])).0, FailureKind::Limit);

    // The same 100 KiB, a hundred times over.
    let mut guest = Guest::new(World::Ocpp);
    let at = guest.bytes(&[b'x'; 100 << 10]);
    let sends: Vec<Raw> = (0..100)
        .map(|_| raw(4, vec![Part::U32(1), Part::U32(at), Part::U32(100 << 10)]))
        .collect();
    guest.handle = guest.list(&sends);
    assert_eq!(failure(&guest).0, FailureKind::Limit);

    let small = Limits {
        entries_bytes: 100,
        ..limits()
    };
    let (kind, text) = failure_with(&answering(&[keep("k", &[0; 101], DURABLE)]), small);
    assert_eq!(kind, FailureKind::Limit);
    assert!(text.contains("102") && text.contains("100"), "{text}");
}

#[test]
fn too_many_actions_fail_the_call() {
    let forgets: Vec<Raw> = (0..4097).map(|_| forget("k")).collect();
    let (kind, text) = failure(&answering(&forgets));
    assert_eq!(kind, FailureKind::Limit);
    assert!(text.contains("4097"), "{text}");

    // As many as fit into the memory that it may have.
    let mut guest = Guest::new(World::Ocpp);
    let list = guest.list_of(8 << 16, 60_000);
    guest.handle = format!(
        "(if (i32.eq (memory.grow (i32.const 240)) (i32.const -1)) (then (unreachable))) {list}"
    );
    let (kind, text) = failure(&guest);
    assert_eq!(kind, FailureKind::Limit, "{text}");
}

#[test]
fn a_flood_of_log_lines_is_dropped_and_counted() {
    let mut guest = answering(&[send("fine")]);
    let log = guest.log(2, "again and again");
    guest.handle = format!(
        "(loop {log}
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if 0 (i32.lt_u (local.get $i) (i32.const 1000))))
         {}",
        guest.handle
    );
    let mut slot = slot(&guest);
    slot.start(&boot()).expect("it starts");
    for _ in 0..2 {
        let outcome = slot.handle(now(), &frame()).expect("it handles");
        assert_eq!(outcome.log_dropped, 1000 - 64);
        assert_eq!(outcome.actions.len(), 1);
    }
}

#[test]
fn ten_thousand_calls_take_no_more_memory() {
    let mut slot = slot(&answering(&[keep("k", b"1", SESSION), send("x")]));
    slot.start(&boot()).expect("it starts");
    let first = slot.handle(now(), &frame()).expect("it handles");
    for _ in 0..10_000 {
        let outcome = slot.handle(now(), &frame()).expect("it handles");
        assert_eq!(outcome.memory_bytes, first.memory_bytes);
    }
    assert_eq!(slot.entries().len(), 1);
}

#[test]
fn after_a_swap_the_new_component_answers_on_the_old_entries() {
    let old = answering(&[keep("a", b"1", SESSION), send("old")]);
    let new = answering(&[send("new")]);
    let engine = engine();
    let settings = SlotSettings {
        name: "test".into(),
        limits: limits(),
        outlets: vec![],
    };
    let old = load(&engine, &old, World::Ocpp);
    let new = load(&engine, &new, World::Ocpp);
    let entries = Entries::new(Vec::new(), 1 << 20);
    let mut slot = Slot::<Ocpp>::new(&engine, &old, entries, settings).expect("a slot");
    slot.start(&boot()).expect("it starts");
    slot.handle(now(), &frame()).expect("it handles");
    slot.replace(&new).expect("it fits");
    assert!(!slot.has_instance());
    slot.start(&boot()).expect("it starts");
    let outcome = slot.handle(now(), &frame()).expect("it handles");
    assert!(matches!(&outcome.actions[..], [protocol::Action::Send(f)] if f.text == "new"));
    assert!(slot.entries().get("a").is_some());
}

#[test]
fn a_policy_is_called_the_same_way() {
    let mut guest = Guest::new(World::Policy);
    // decided: id, verdict `pass`, why.
    let mut payload = vec![Part::U32(7), Part::U32(0), Part::U8(3)];
    payload.extend((0..11).map(|_| Part::U32(0)));
    guest.handle = guest.list(&[keep("seen", b"1", DURABLE), raw(2, payload)]);
    let mut slot = slot_with::<Policy>(&guest, Limits::policy());
    let boot = authorization::Boot {
        now: policy_now(),
        reason: authorization::BootReason::PowerUp,
        entry_schema: 1,
        random: vec![1; 16],
        name: "standard".into(),
        settings: Vec::new(),
        services: Vec::new(),
        timers: Vec::new(),
        unanswered_requests: Vec::new(),
        dropped: None,
    };
    slot.start(&boot).expect("it starts");
    let outcome = slot
        .handle(policy_now(), &authorization::Event::Committed)
        .expect("it handles");
    assert!(outcome.commit.is_some());
    assert!(
        matches!(&outcome.actions[..], [authorization::Action::Decided(decision)] if decision.id == 7),
        "{:?}",
        outcome.actions
    );
}

fn policy_now() -> authorization::Now {
    authorization::Now {
        at: authorization::Stamp {
            boot_id: 1,
            monotonic_ms: 1,
        },
        wall_ms: None,
        trust: authorization::ClockTrust::Unset,
    }
}
