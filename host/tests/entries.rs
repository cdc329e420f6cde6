//! What a guest keeps: every way from one durability to another, checked against
//! what a power failure would leave.

use std::collections::BTreeMap;

use plugpoint::store::{Batch, Change, Durability, ENTRY_OVERHEAD, Entries, KeptEntry};

const MOST: usize = 1 << 20;

/// The entries, with a database that does as told.
#[derive(Default)]
struct World {
    entries: Entries,
    rows: BTreeMap<String, KeptEntry>,
    now: u64,
}

fn keep(key: &str, value: &str, durability: Durability) -> Change {
    Change::Keep(KeptEntry {
        key: key.into(),
        value: value.as_bytes().into(),
        durability,
        secret: false,
    })
}

fn forget(key: &str) -> Change {
    Change::Forget(key.into())
}

impl World {
    fn new() -> Self {
        Self {
            entries: Entries::new(Vec::new(), MOST),
            ..Self::default()
        }
    }

    /// One call; true if something had to be written at once.
    fn call(&mut self, changes: Vec<Change>) -> bool {
        match self.entries.apply(self.now, changes).expect("room") {
            Some(batch) => {
                self.write(batch);
                true
            }
            None => false,
        }
    }

    fn write(&mut self, batch: Batch) {
        for change in batch.changes {
            match change {
                Change::Keep(entry) => {
                    assert_ne!(entry.durability, Durability::Session);
                    self.rows.insert(entry.key.clone(), entry);
                }
                Change::Forget(key) => {
                    self.rows.remove(&key);
                }
            }
        }
        self.entries.confirm(batch.ticket);
    }

    fn value(&self, key: &str) -> Option<String> {
        let value = self.entries.get(key)?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    fn row(&self, key: &str) -> Option<String> {
        let row = self.rows.get(key)?;
        Some(String::from_utf8_lossy(&row.value).into_owned())
    }

    /// The power goes and comes back.
    fn power_cycle(&mut self) {
        let loaded = self.rows.values().cloned().collect();
        self.entries = Entries::new(loaded, MOST);
    }
}

/// How a key came to be, and what is then done to it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Keep(Durability),
    Forget,
    /// What waits is written.
    Flush,
}

use Durability::{Durable, Lazy, Session};
use Step::{Flush, Forget, Keep};

/// Does the steps and returns what is in memory, what is in the database, and
/// whether the last step was urgent and whether anything still waits.
fn after(steps: &[Step]) -> (Option<String>, Option<String>, bool, bool) {
    let mut world = World::new();
    let mut urgent = false;
    for (i, step) in steps.iter().enumerate() {
        let value = format!("{i}");
        urgent = match step {
            Keep(durability) => world.call(vec![keep("k", &value, *durability)]),
            Forget => world.call(vec![forget("k")]),
            Flush => {
                if let Some(batch) = world.entries.flush() {
                    world.write(batch);
                }
                false
            }
        };
    }
    let waits = world.entries.due_ms().is_some();
    (world.value("k"), world.row("k"), urgent, waits)
}

#[test]
fn every_way_from_one_durability_to_another() {
    // Steps; then memory, database, urgent, waits.
    type Row = (&'static [Step], Option<u8>, Option<u8>, bool, bool);
    let table: &[Row] = &[
        (&[Keep(Durable)], Some(0), Some(0), true, false),
        (&[Keep(Lazy)], Some(0), None, false, true),
        (&[Keep(Session)], Some(0), None, false, false),
        (&[Forget], None, None, false, false),
        (
            &[Keep(Durable), Keep(Durable)],
            Some(1),
            Some(1),
            true,
            false,
        ),
        (&[Keep(Durable), Keep(Lazy)], Some(1), Some(0), false, true),
        (&[Keep(Durable), Keep(Session)], Some(1), None, true, false),
        (&[Keep(Durable), Forget], None, None, true, false),
        (&[Keep(Lazy), Keep(Durable)], Some(1), Some(1), true, false),
        (&[Keep(Lazy), Keep(Lazy)], Some(1), None, false, true),
        (&[Keep(Lazy), Keep(Session)], Some(1), None, false, false),
        (&[Keep(Lazy), Forget], None, None, false, false),
        (&[Keep(Lazy), Flush], Some(0), Some(0), false, false),
        (
            &[Keep(Lazy), Flush, Keep(Durable)],
            Some(2),
            Some(2),
            true,
            false,
        ),
        (
            &[Keep(Lazy), Flush, Keep(Lazy)],
            Some(2),
            Some(0),
            false,
            true,
        ),
        (
            &[Keep(Lazy), Flush, Keep(Session)],
            Some(2),
            Some(0),
            false,
            true,
        ),
        (&[Keep(Lazy), Flush, Forget], None, Some(0), false, true),
        (
            &[Keep(Lazy), Flush, Forget, Flush],
            None,
            None,
            false,
            false,
        ),
        (
            &[Keep(Lazy), Flush, Forget, Keep(Lazy)],
            Some(3),
            Some(0),
            false,
            true,
        ),
        (
            &[Keep(Lazy), Flush, Forget, Keep(Lazy), Forget],
            None,
            Some(0),
            false,
            true,
        ),
        (
            &[Keep(Lazy), Flush, Forget, Keep(Session)],
            Some(3),
            Some(0),
            false,
            true,
        ),
        (
            &[Keep(Lazy), Flush, Forget, Keep(Session), Flush],
            Some(3),
            None,
            false,
            false,
        ),
        (
            &[Keep(Lazy), Flush, Forget, Keep(Durable)],
            Some(3),
            Some(3),
            true,
            false,
        ),
        (
            &[Keep(Lazy), Flush, Keep(Session), Flush],
            Some(2),
            None,
            false,
            false,
        ),
        (
            &[Keep(Lazy), Flush, Keep(Session), Forget, Flush],
            None,
            None,
            false,
            false,
        ),
        (
            &[Keep(Session), Keep(Durable)],
            Some(1),
            Some(1),
            true,
            false,
        ),
        (&[Keep(Session), Keep(Lazy)], Some(1), None, false, true),
        (&[Keep(Session), Keep(Session)], Some(1), None, false, false),
        (&[Keep(Session), Forget], None, None, false, false),
        (
            &[Keep(Durable), Keep(Lazy), Keep(Session)],
            Some(2),
            Some(0),
            false,
            true,
        ),
        (
            &[Keep(Durable), Keep(Lazy), Forget],
            None,
            Some(0),
            false,
            true,
        ),
        (
            &[Keep(Durable), Keep(Lazy), Keep(Durable)],
            Some(2),
            Some(2),
            true,
            false,
        ),
        (
            &[Keep(Durable), Keep(Session), Keep(Durable)],
            Some(2),
            Some(2),
            true,
            false,
        ),
        (
            &[Keep(Durable), Keep(Session), Forget],
            None,
            None,
            false,
            false,
        ),
        (
            &[Keep(Durable), Forget, Keep(Session)],
            Some(2),
            None,
            false,
            false,
        ),
    ];
    for (steps, memory, row, urgent, waits) in table {
        let text = |n: &Option<u8>| n.map(|n| n.to_string());
        let expected = (text(memory), text(row), *urgent, *waits);
        assert_eq!(after(steps), expected, "{steps:?}");
    }
}

/// All sequences of up to five steps: what waits, once written, always makes the
/// database equal to memory less the session entries, and the account of bytes
/// is right.
#[test]
fn whatever_happens_the_database_follows() {
    let all = [Keep(Durable), Keep(Lazy), Keep(Session), Forget, Flush];
    let mut sequences = vec![Vec::new()];
    for _ in 0..5 {
        let mut longer = Vec::new();
        for sequence in &sequences {
            for step in all {
                let mut next: Vec<Step> = sequence.clone();
                next.push(step);
                let (memory, row, ..) = after(&[&next[..], &[Flush]].concat());
                let kept = match next.iter().rfind(|step| **step != Flush) {
                    Some(Keep(Session | Durable | Lazy)) => memory.is_some(),
                    _ => memory.is_none(),
                };
                assert!(kept, "{next:?}");
                let last = next.iter().rfind(|step| **step != Flush);
                let expected = match last {
                    Some(Keep(Durable | Lazy)) => memory,
                    _ => None,
                };
                assert_eq!(row, expected, "{next:?}");
                longer.push(next);
            }
        }
        sequences = longer;
    }
}

#[test]
fn lazy_entries_go_with_the_next_commit_or_after_ten_seconds() {
    let mut world = World::new();
    world.now = 1000;
    assert!(!world.call(vec![keep("a", "1", Lazy)]));
    world.now = 4000;
    assert!(!world.call(vec![keep("b", "1", Lazy)]));
    assert_eq!(world.entries.due_ms(), Some(11_000));
    assert!(world.entries.due(10_999).is_none());
    let batch = world.entries.due(11_000).expect("it is time");
    assert_eq!(batch.changes.len(), 2);
    world.write(batch);
    assert_eq!(world.entries.due_ms(), None);

    world.call(vec![keep("a", "2", Lazy)]);
    assert!(world.call(vec![keep("c", "1", Durable)]));
    assert_eq!(world.row("a").as_deref(), Some("2"));
    assert_eq!(world.entries.due_ms(), None);
}

#[test]
fn session_entries_survive_neither_power_nor_restart() {
    for restart in [true, false] {
        let mut world = World::new();
        world.call(vec![
            keep("d", "1", Durable),
            keep("l", "1", Lazy),
            keep("s", "1", Session),
        ]);
        world.call(vec![keep("l", "2", Lazy), keep("d", "2", Session)]);
        if restart {
            world.entries.drop_session();
            assert_eq!(world.value("l").as_deref(), Some("2"));
        } else {
            world.power_cycle();
        }
        assert_eq!(world.value("d"), None);
        assert_eq!(world.value("s"), None);
        assert_eq!(world.entries.bytes(), 2);
    }
}

#[test]
fn what_could_not_be_written_never_happened() {
    let mut world = World::new();
    world.call(vec![keep("a", "old", Durable), keep("gone", "x", Durable)]);
    world.call(vec![keep("lazy", "1", Lazy), keep("s", "1", Session)]);
    let bytes = world.entries.bytes();

    let changes = vec![
        keep("a", "new", Durable),
        forget("gone"),
        keep("lazy", "2", Lazy),
        keep("s", "2", Session),
        keep("b", "new", Session),
        keep("b", "newer", Durable),
    ];
    let batch = world
        .entries
        .apply(50, changes)
        .expect("room")
        .expect("urgent");
    assert_eq!(batch.changes.len(), 4);
    // A call that came after it falls with it.
    let later = world
        .entries
        .apply(60, vec![keep("s", "3", Session), forget("a")]);
    assert!(later.expect("room").is_some());
    world.entries.revert(100);

    assert_eq!(world.entries.bytes(), bytes);
    for (key, value) in [("a", "old"), ("gone", "x"), ("lazy", "1"), ("s", "1")] {
        assert_eq!(world.value(key).as_deref(), Some(value));
    }
    assert_eq!(world.value("b"), None);
    // The lazy one still waits, and is written when it works again.
    assert_eq!(world.entries.due_ms(), Some(10_100));
    assert!(world.call(vec![keep("a", "newest", Durable)]));
    assert_eq!(world.row("lazy").as_deref(), Some("1"));
    assert_eq!(world.row("gone").as_deref(), Some("x"));
}

#[test]
fn lazy_entries_that_could_not_be_written_wait_on_and_keep_their_values() {
    let mut world = World::new();
    world.call(vec![keep("l", "1", Lazy), keep("f", "1", Lazy)]);
    let batch = world.entries.flush().expect("two wait");
    world.write(batch);
    world.call(vec![keep("l", "2", Lazy), forget("f")]);
    let batch = world.entries.due(20_000).expect("it is time");
    assert_eq!(batch.changes.len(), 2);
    // Meanwhile another call, whose actions have run.
    world.call(vec![keep("s", "1", Session)]);
    world.entries.revert(20_000);
    assert_eq!(world.value("l").as_deref(), Some("2"));
    assert_eq!(world.value("s").as_deref(), Some("1"));
    assert_eq!(world.value("f"), None);
    let batch = world.entries.due(30_000).expect("again");
    world.write(batch);
    assert_eq!(world.row("l").as_deref(), Some("2"));
    assert_eq!(world.row("f"), None);
}

#[test]
fn the_bound_holds_for_the_call_as_a_whole() {
    let mut entries = Entries::new(Vec::new(), 100 + 2 * ENTRY_OVERHEAD);
    let big = "x".repeat(60);
    entries
        .apply(0, vec![keep("a", &big, Session)])
        .expect("61 of 100");
    let full = entries
        .apply(0, vec![keep("c", "y", Session), keep("b", &big, Session)])
        .expect_err("too much");
    let most = 100 + 2 * ENTRY_OVERHEAD;
    assert_eq!((full.wanted, full.most), (124 + 3 * ENTRY_OVERHEAD, most));
    assert_eq!((entries.len(), entries.bytes()), (1, 61));
    // In exchange for another it fits, in whichever order.
    entries
        .apply(0, vec![keep("b", &big, Session), forget("a")])
        .expect("61 of 100");
    assert_eq!((entries.len(), entries.bytes()), (1, 61));
}

#[test]
fn many_small_entries_are_charged_with_what_they_take() {
    let mut entries = Entries::new(Vec::new(), 10 * ENTRY_OVERHEAD);
    let small = |count: usize| (0..count).map(|n| keep(&n.to_string(), "", Session));
    assert!(entries.apply(0, small(10)).is_err());
    entries.apply(0, small(9)).expect("room");
}

#[test]
fn what_is_over_a_bound_that_was_lowered_may_become_less() {
    let mut entries = Entries::new(Vec::new(), 10_000);
    let big = "x".repeat(1000);
    let all = ["a", "b", "c"].map(|key| keep(key, &big, Session));
    entries.apply(0, all).expect("room");
    let mut entries = Entries::new(entries.iter().collect(), 1500);
    entries.apply(0, vec![forget("a")]).expect("less");
    let same = vec![keep("b", &big.replace('x', "y"), Session)];
    entries.apply(0, same).expect("no more than before");
    entries
        .apply(0, vec![keep("d", "", Session)])
        .expect_err("more");
}

#[test]
fn a_scan_is_ordered_and_bounded() {
    let mut entries = Entries::new(Vec::new(), 16 << 20);
    let changes: Vec<Change> = (0..400)
        .map(|i| keep(&format!("q/{i:03}"), "v", Session))
        .chain([keep("p", "v", Session), keep("r", "v", Session)])
        .collect();
    entries.apply(0, changes).expect("room");
    let keys = |prefix, from, most| -> Vec<String> {
        let items = entries.scan(prefix, from, most);
        items.iter().map(|(key, _)| key.to_string()).collect()
    };
    assert_eq!(keys("q/", "", 2), ["q/000", "q/001"]);
    assert_eq!(keys("q/", "q/398", 9), ["q/398", "q/399"]);
    assert_eq!(keys("q/", "a", 1), ["q/000"]);
    assert_eq!(keys("q/", "z", 9), [""; 0]);
    assert_eq!(keys("", "", 1), ["p"]);
    assert_eq!(keys("x", "", 9), [""; 0]);
    assert_eq!(keys("q/", "", u32::MAX).len(), 256);

    let large = "x".repeat(300 << 10);
    let changes: Vec<Change> = (0..8)
        .map(|i| keep(&format!("large/{i}"), &large, Session))
        .collect();
    entries.apply(0, changes).expect("room");
    assert_eq!(entries.scan("large/", "", 8).len(), 3);
}

#[test]
fn secrets_do_not_show() {
    let entry = KeptEntry {
        key: "password".into(),
        value: b"hunter2"[..].into(),
        durability: Durable,
        secret: true,
    };
    let mut entries = Entries::new(Vec::new(), MOST);
    let batch = entries.apply(0, vec![Change::Keep(entry)]).expect("room");
    let shown = format!("{batch:?} {entries:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("104, 117"),
        "{shown}"
    );
}

/// A commit that was given up may be written all the same. Behind it, everything that
/// it touched is written as it is in memory.
#[test]
fn a_commit_that_was_given_up_is_written_over() {
    let mut world = World::new();
    world.call(vec![
        keep("kept", "old", Durability::Durable),
        keep("gone", "old", Durability::Durable),
    ]);
    let changes = vec![
        keep("kept", "new", Durability::Durable),
        forget("gone"),
        keep("fresh", "new", Durability::Durable),
        keep("memory", "new", Durability::Session),
    ];
    let late = world.entries.apply(0, changes).expect("room");
    let late = late.expect("a batch");
    world.entries.revert_unsure(0);
    assert_eq!(
        world.entries.get("kept").map(|it| &it[..]),
        Some(&b"old"[..])
    );
    assert!(world.entries.get("fresh").is_none());
    // The store answers after all ...
    world.write(late);
    assert!(world.rows.contains_key("fresh"));
    // ... and what is in memory is written.
    let batch = world.entries.flush().expect("something waits");
    world.write(batch);
    let rows: Vec<(&str, &[u8])> = world
        .rows
        .iter()
        .map(|(key, entry)| (key.as_str(), &entry.value[..]))
        .collect();
    assert_eq!(rows, [("gone", &b"old"[..]), ("kept", b"old")]);
}
