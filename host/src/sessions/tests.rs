//! The book alone: who has said what, and what the outlets are told.

use super::book::{Book, Order, Unknown};
use super::words::wall_to_monotonic;
use crate::outlet::rules::NEVER;
use crate::wit::authorization as a;
use crate::wit::protocol::{
    ClockTrust, Now, Observed, ObservedKind, Permit, SessionEndCause, Stamp, Token, TokenKind,
};

const NOON: i64 = 1_768_478_400_000;

fn now(ms: u64) -> Now {
    of_boot(1, ms, Some(NOON + i64::try_from(ms).expect("a time")))
}

fn of_boot(boot_id: u64, monotonic_ms: u64, wall_ms: Option<i64>) -> Now {
    Now {
        at: Stamp {
            boot_id,
            monotonic_ms,
        },
        wall_ms,
        trust: ClockTrust::Set,
    }
}

fn observed(kind: ObservedKind, session: u64, outlet: u32) -> Observed {
    Observed {
        kind,
        session,
        outlet,
        token: Token {
            id: "TAG1".to_owned(),
            kind: TokenKind::Unknown,
        },
        energy_wh: 0,
        power_w: None,
        state_of_charge_percent: None,
    }
}

fn said(session: u64) -> a::SessionLimit {
    a::SessionLimit {
        session,
        limit_ma: None,
        limit_w: None,
        not_before: None,
        until: None,
        why: "for a test".to_owned(),
    }
}

fn permit(session: u64, until_ms: Option<i64>) -> Permit {
    Permit {
        outlet: 1,
        limit_ma: 16_000,
        limit_w: None,
        phases: 3,
        energy_limit_wh: None,
        steps: Vec::new(),
        reason: String::new(),
        session,
        until_ms,
    }
}

fn begun() -> Book {
    let mut book = Book::default();
    assert!(
        book.observed(&observed(ObservedKind::Started, 7, 1))
            .is_empty()
    );
    book
}

/// Limits in mA, lowest first.
fn limits(order: &Order) -> Vec<u32> {
    let mut all: Vec<u32> = order.2.iter().filter_map(|it| it.limit_ma).collect();
    all.sort_unstable();
    all
}

#[test]
fn a_policy_has_one_word_and_the_word_before_counts_until_the_commit() {
    let mut book = begun();
    let mut say = |limit_ma: Option<u32>| {
        let order = book.limit(
            "a",
            &a::SessionLimit {
                limit_ma,
                ..said(7)
            },
            &now(0),
        );
        limits(&order.expect("a session").expect("news"))
    };
    assert_eq!(say(Some(10_000)), [10_000]);
    // Whose commit failed: the first still counts.
    assert_eq!(say(Some(20_000)), [10_000, 20_000]);
    assert_eq!(say(Some(6_000)), [6_000, 10_000, 20_000]);
    let order = book.committed("a", 7, &now(0)).expect("a session");
    assert_eq!(limits(&order), [6_000]);
    // The same again is no news, and so is nothing after nothing.
    let same = a::SessionLimit {
        limit_ma: Some(6_000),
        ..said(7)
    };
    assert_eq!(book.limit("a", &same, &now(0)), Ok(None));
    assert_eq!(book.limit("c", &said(7), &now(0)), Ok(None));
    // Another policy's stands beside it.
    let other = a::SessionLimit {
        limit_ma: Some(8_000),
        ..said(7)
    };
    let order = book
        .limit("b", &other, &now(0))
        .expect("a session")
        .expect("news");
    assert_eq!(limits(&order), [6_000, 8_000]);
    // Withdrawn: not before that is committed.
    let order = book
        .limit("a", &said(7), &now(0))
        .expect("a session")
        .expect("news");
    assert_eq!(limits(&order), [6_000, 8_000]);
    let order = book.committed("a", 7, &now(0)).expect("a session");
    assert_eq!(limits(&order), [8_000]);
    assert_eq!(book.running("a")[0].said, None);
    assert_eq!(
        book.running("b")[0].said.as_ref().map(|it| it.limit_ma),
        Some(Some(8_000))
    );
}

#[test]
fn a_session_that_no_policy_was_told_of_is_unknown() {
    let mut book = begun();
    assert_eq!(book.limit("a", &said(8), &now(0)), Err(Unknown));
    // One of which only a permit tells.
    book.permitted(&permit(8, Some(NOON + 5_000)), &now(0));
    assert_eq!(book.limit("a", &said(8), &now(0)), Err(Unknown));
    // And one that is over.
    book.observed(&observed(ObservedKind::Started, 9, 1));
    assert_eq!(book.limit("a", &said(7), &now(0)), Err(Unknown));
    let orders = book.observed(&observed(ObservedKind::Ended, 9, 1));
    assert_eq!(orders, [(1, 9, Vec::new())]);
    assert_eq!(book.limit("a", &said(9), &now(0)), Err(Unknown));
}

#[test]
fn the_end_of_a_session_is_told_until_it_is_over() {
    let mut book = begun();
    let end = a::SessionEnd {
        session: 7,
        cause: a::SessionEndCause::Deauthorized,
        why: "quota".to_owned(),
    };
    let order = book
        .end("a", &end, &now(5))
        .expect("a session")
        .expect("an order");
    assert_eq!(order.2[0].until_ms, Some(0));
    assert_eq!(book.end("b", &end, &now(6)), Ok(None), "it ends already");
    let untold = book.untold();
    assert_eq!(
        (
            untold.len(),
            untold[0].cause,
            untold[0].by.as_str(),
            untold[0].at.monotonic_ms
        ),
        (1, SessionEndCause::Deauthorized, "a", 5)
    );
    book.told(7);
    assert!(book.untold().is_empty());
    assert_eq!(book.ends().len(), 1);
    // A later process tells it again.
    let again: Book = serde_json::from_slice(&book.kept()).expect("a book");
    assert_eq!(again.untold().len(), 1);
    book.observed(&observed(ObservedKind::Ended, 7, 1));
    assert!(book.ends().is_empty());
    assert!(book.kept().is_empty());
}

#[test]
fn times_of_the_clock_move_with_it_and_those_of_a_boot_do_not() {
    let mut book = begun();
    let both = a::SessionLimit {
        not_before: Some(a::Deadline::Monotonic(9_000)),
        until: Some(a::Deadline::Wall(NOON + 20_000)),
        ..said(7)
    };
    let order = book
        .limit("a", &both, &now(1_000))
        .expect("a session")
        .expect("news");
    let times = |order: &Order| (order.2[0].not_before_ms, order.2[0].until_ms);
    assert_eq!(times(&order), (Some(9_000), Some(20_000)));
    assert_eq!(book.next_due(&now(1_000)), Some(20_000));
    // The clock goes 5 s ahead.
    let ahead = of_boot(1, 1_000, Some(NOON + 6_000));
    assert_eq!(times(&book.orders(&ahead)[0]), (Some(9_000), Some(15_000)));
    // It is lost.
    let unset = of_boot(1, 1_000, None);
    assert_eq!(times(&book.orders(&unset)[0]), (Some(9_000), Some(NEVER)));
    assert_eq!(book.next_due(&unset), None);
    // Another boot of the board, 2 s after the first time was said.
    let book: Book = serde_json::from_slice(&book.kept()).expect("a book");
    let later = of_boot(2, 100, Some(NOON + 3_000));
    assert_eq!(times(&book.orders(&later)[0]), (Some(6_100), Some(17_100)));
    assert_eq!(wall_to_monotonic(NOON - 9_000, &now(0)), 0);
}

#[test]
fn a_time_that_has_come_ends_the_session_once() {
    let mut book = begun();
    book.permitted(&permit(7, Some(NOON + 4_000)), &now(0));
    assert!(book.note_due(&now(3_999)).is_empty());
    assert_eq!(book.next_due(&now(0)), Some(4_000));
    assert_eq!(book.note_due(&now(4_000)).len(), 1);
    assert!(book.note_due(&now(4_001)).is_empty());
    let ends = book.untold();
    assert_eq!(
        (ends[0].cause, ends[0].by.as_str()),
        (SessionEndCause::TimeOver, "")
    );
    // Whatever the protocol guest gives it now.
    let orders = book.permitted(&permit(7, None), &now(5_000));
    assert!(
        orders.iter().all(|it| it.2[0].until_ms == Some(0)),
        "{orders:?}"
    );
}

#[test]
fn an_earlier_end_counts_before_its_commit_and_a_later_one_does_not() {
    let mut book = begun();
    book.permitted(&permit(7, Some(NOON + 4_000)), &now(0));
    assert!(
        book.lowered(&permit(7, Some(NOON + 9_000)), &now(0))
            .is_empty()
    );
    let orders = book.lowered(&permit(7, Some(NOON + 2_000)), &now(0));
    assert_eq!(orders[0].2[0].until_ms, Some(2_000));
}

#[test]
fn what_a_policy_has_said_goes_with_its_place_in_the_chain() {
    let mut book = begun();
    let limit = a::SessionLimit {
        limit_ma: Some(6_000),
        ..said(7)
    };
    book.limit("a", &limit, &now(0)).expect("a session");
    book.limit("b", &limit, &now(0)).expect("a session");
    let mut book: Book = serde_json::from_slice(&book.kept()).expect("a book");
    let gone = book.retain_policies(&["b".to_owned()]);
    assert_eq!(gone.into_iter().collect::<Vec<_>>(), ["a"]);
    assert_eq!(limits(&book.orders(&now(0))[0]), [6_000]);
    assert_eq!(book.running("a")[0].said, None);
}
