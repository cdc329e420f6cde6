//! What a guest must not return: values without sense, and too much of
//! anything. One of them fails the whole call.

mod support;

use plugpoint::guest::{FailureKind, Limits, World};
use plugpoint::store::ENTRY_OVERHEAD;
use plugpoint::wit::protocol;
use support::slots::{
    DURABLE, SESSION, answering, boot, failure, failure_with, frame, limits, now, slot,
};
use support::{Guest, Part, Raw, forget, keep, permit, raw, send};

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
    let wanted = (102 + ENTRY_OVERHEAD).to_string();
    assert!(text.contains(&wanted) && text.contains("100"), "{text}");
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
