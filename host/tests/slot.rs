//! One guest at work, and all the ways in which it can fail.

mod support;

use std::time::{Duration, Instant};

use plugpoint::guest::{FailureKind, Limits, Ocpp, Policy, Slot, SlotSettings, World};
use plugpoint::store::{Change, Entries};
use plugpoint::wit::{authorization, protocol};
use support::slots::{
    DURABLE, SESSION, answering, boot, engine, failure, frame, limits, load, now, slot, slot_with,
};
use support::{Guest, Part, keep, permit, raw, send};

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
        time_zone: authorization::TimeZone {
            name: "UTC".into(),
            offset_s: 0,
            changes: Vec::new(),
        },
        sessions: Vec::new(),
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
