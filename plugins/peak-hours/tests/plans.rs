//! What a session may do over a day.
#![allow(missing_docs)]

use peak_hours::{Plan, Session, Settings, Zone, plan};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// 2026-11-30, a Monday.
const MONDAY: i64 = 20_787 * 24 * HOUR;

fn settings(given: &[(&str, &str)]) -> Settings {
    let (settings, complaints) = Settings::read(given.iter().copied());
    assert_eq!(complaints, [""; 0]);
    settings
}

fn began(hour: i64) -> Session {
    Session {
        seed: 7,
        began_ms: MONDAY + hour * HOUR,
    }
}

#[test]
fn without_a_delay_it_waits_for_the_end_of_the_peak() {
    let exact = settings(&[("random_delay_s", "0")]);
    let at = |session: &Session, hour: i64| {
        let plan = plan(&exact, &Zone::default(), session, MONDAY + hour * HOUR);
        let hours = |ms: Option<i64>| ms.map(|ms| (ms - MONDAY) / HOUR);
        (hours(plan.not_before_ms), hours(plan.again_ms), plan.why)
    };
    let night = began(3);
    assert_eq!(at(&night, 3), (None, Some(8), ""));
    assert_eq!(at(&night, 8), (Some(11), Some(16), "peak hours"));
    assert_eq!(at(&night, 12), (None, Some(16), ""));
    assert_eq!(at(&night, 21), (Some(22), Some(32), "peak hours"));
    // It comes in the middle of one.
    assert_eq!(at(&began(17), 17), (Some(22), Some(32), "peak hours"));
    // From Friday's last peak to Monday's first.
    assert_eq!(
        at(&began(4 * 24 + 23), 4 * 24 + 23),
        (None, Some(7 * 24 + 8), "")
    );
}

#[test]
fn each_change_has_a_delay_of_its_own_and_none_is_longer_than_is_allowed() {
    let settings = settings(&[("random_delay_s", "1800")]);
    let zone = Zone::default();
    let mut delays = std::collections::BTreeSet::new();
    for seed in 0..2_000_u64 {
        let session = Session {
            seed,
            began_ms: MONDAY + 3 * HOUR,
        };
        let begins = |now| plan(&settings, &zone, &session, now);
        let first = begins(session.began_ms);
        let begin = first.not_before_ms.unwrap_or(session.began_ms) - session.began_ms;
        let peak = first.again_ms.expect("a peak") - (MONDAY + 8 * HOUR);
        for delay in [begin, peak] {
            assert!((0..=1_800_000).contains(&delay), "{delay}");
            delays.insert(delay / 1000);
        }
        // Whoever asks again hears the same.
        assert_eq!(begins(session.began_ms), first);
        let over = begins(first.again_ms.expect("a peak")).not_before_ms;
        let over = over.expect("it waits") - (MONDAY + 11 * HOUR);
        assert!((0..=1_800_000).contains(&over), "{over}");
    }
    // Nearly every second of the half hour occurs.
    assert!(delays.len() > 1_500, "{}", delays.len());
    assert!(delays.first() < Some(&20) && delays.last() > Some(&1_780));
}

#[test]
fn a_peak_may_lower_instead_of_suspend() {
    let it = settings(&[("random_delay_s", "0"), ("peak_current", "6 A")]);
    let seen = plan(&it, &Zone::default(), &began(3), MONDAY + 9 * HOUR);
    let expected = Plan {
        not_before_ms: None,
        limit_ma: Some(6_000),
        again_ms: Some(MONDAY + 11 * HOUR),
        why: "peak hours",
    };
    assert_eq!(seen, expected);
}

#[test]
fn peaks_are_in_local_time_also_across_a_change() {
    let exact = settings(&[("random_delay_s", "0")]);
    // Summer time ends in the night to Tuesday.
    let zone = Zone {
        offset_s: 3600,
        changes: vec![(MONDAY + 25 * HOUR, 0)],
    };
    let at = |now: i64| plan(&exact, &zone, &began(3), MONDAY + now * HOUR);
    assert_eq!(at(7).not_before_ms, Some(MONDAY + 10 * HOUR));
    assert_eq!(at(22).again_ms, Some(MONDAY + 32 * HOUR));
}
