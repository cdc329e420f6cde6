//! Cards, sessions and quotas, through settings, book and decision together.

use std::collections::BTreeMap;

use fleet::book::Entries;
use fleet::{Book, Observed, Question, Settings, Verdict, decide};

const HOUR_MS: i64 = 3_600_000;
/// 2026-11-22, a Sunday, 12:00 UTC.
const NOON: i64 = 1_795_348_800_000;

#[derive(Default)]
struct Kept(BTreeMap<String, String>);

impl Entries for Kept {
    fn get(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        let keys = self.0.keys().filter(|key| key.starts_with(prefix));
        keys.cloned().collect()
    }

    fn keep(&mut self, key: String, value: String, _durable: bool) {
        self.0.insert(key, value);
    }

    fn forget(&mut self, key: String) {
        self.0.remove(&key);
    }
}

struct Charger {
    settings: Settings,
    kept: Kept,
    wall_ms: Option<i64>,
}

impl Charger {
    fn with(settings: &[(&str, &str)]) -> Self {
        let (settings, complaints) = Settings::read(settings.iter().copied());
        assert_eq!(complaints, [""; 0]);
        Self {
            settings,
            kept: Kept::default(),
            wall_ms: Some(NOON),
        }
    }

    fn asks(&mut self, token: &str, to_stop: bool) -> (Verdict, String) {
        let question = Question {
            token: token.into(),
            to_stop,
            vouched_for: false,
        };
        let book = Book::new(&mut self.kept, &self.settings, self.wall_ms);
        decide(&question, &self.settings, &book)
    }

    fn says(&mut self, session: u64, token: &str, energy_wh: u64, ended: bool) {
        let mut book = Book::new(&mut self.kept, &self.settings, self.wall_ms);
        book.observe(&Observed {
            session,
            token: token.into(),
            energy_wh,
            ended,
        });
    }

    #[track_caller]
    fn left(&mut self, token: &str, expected_wh: u64) {
        let (verdict, why) = self.asks(token, false);
        match verdict {
            Verdict::Accept {
                energy_limit_wh, ..
            } => assert_eq!(energy_limit_wh, Some(expected_wh), "{why}"),
            other => panic!("{other:?}: {why}"),
        }
    }

    #[track_caller]
    fn refused(&mut self, token: &str, words: &str) {
        let (verdict, why) = self.asks(token, false);
        assert_eq!(verdict, Verdict::Reject, "{why}");
        assert!(why.contains(words), "{why}");
    }
}

fn depot() -> Charger {
    Charger::with(&[
        ("group.depot", "04AA 04BB"),
        ("quota.depot", "50 kWh per day, 60 kWh per week"),
    ])
}

#[test]
fn cards_of_a_group_share_its_quota() {
    let mut charger = depot();
    charger.left("04AA", 50_000);
    charger.says(1, "04AA", 0, false);
    charger.says(1, "04AA", 20_000, false);
    charger.left("04bb", 30_000);
    charger.says(1, "04AA", 50_000, true);
    charger.refused("04BB", "group depot has used its 50 kWh of this day");
    // The next day, in the next week: Monday.
    charger.wall_ms = Some(NOON + 24 * HOUR_MS);
    charger.left("04BB", 50_000);
}

#[test]
fn the_tightest_quota_counts() {
    let mut charger = depot();
    charger.says(1, "04AA", 45_000, true);
    charger.wall_ms = Some(NOON - 24 * HOUR_MS);
    // The day before is another day, but the same week.
    charger.left("04AA", 15_000);
}

#[test]
fn what_is_said_twice_counts_once() {
    let mut charger = depot();
    for _ in 0..2 {
        charger.says(7, "04AA", 0, false);
        charger.says(7, "04AA", 10_000, false);
    }
    for _ in 0..2 {
        charger.says(7, "04AA", 12_000, true);
    }
    // Late and out of order.
    charger.says(7, "04AA", 11_000, false);
    charger.left("04AA", 38_000);
}

#[test]
fn a_session_whose_start_was_lost_counts() {
    let mut charger = depot();
    charger.says(9, "04AA", 10_000, true);
    charger.left("04AA", 40_000);
}

#[test]
fn sessions_can_be_counted() {
    let mut charger = Charger::with(&[
        ("group.guests", "AA BB"),
        ("quota.guests", "2 sessions per month"),
    ]);
    charger.says(1, "AA", 0, false);
    charger.says(2, "BB", 0, false);
    charger.refused("AA", "has had its 2 sessions of this month");
    // A month later.
    charger.wall_ms = Some(NOON + 31 * 24 * HOUR_MS);
    assert!(matches!(
        charger.asks("AA", false).0,
        Verdict::Accept { .. }
    ));
}

#[test]
fn a_power_cut_gives_no_fresh_quota() {
    let mut charger = depot();
    charger.says(1, "04AA", 50_000, true);
    // No clock: the last day that was seen goes on.
    charger.wall_ms = None;
    charger.refused("04AA", "used its 50 kWh");
    charger.says(2, "04AA", 1_000, true);
    charger.wall_ms = Some(NOON + 24 * HOUR_MS);
    charger.left("04AA", 50_000);
}

#[test]
fn days_begin_at_local_midnight() {
    let mut charger = Charger::with(&[
        ("group.depot", "04AA"),
        ("quota.depot", "50 kWh per day"),
        ("utc_offset", "+02:00"),
    ]);
    charger.wall_ms = Some(NOON + 9 * HOUR_MS); // 23:00 there
    charger.says(1, "04AA", 50_000, true);
    charger.refused("04AA", "of this day");
    charger.wall_ms = Some(NOON + 10 * HOUR_MS); // 0:00 there
    charger.left("04AA", 50_000);
}

#[test]
fn each_card_of_the_group_may_end_a_session() {
    let mut charger = depot();
    charger.says(1, "04AA", 50_000, false);
    let (verdict, _) = charger.asks("04BB", true);
    let Verdict::Accept { parent, .. } = verdict else {
        panic!("{verdict:?}");
    };
    assert_eq!(parent, "depot");
}

#[test]
fn strangers_are_passed_on_or_refused() {
    let mut charger = depot();
    assert_eq!(charger.asks("FFFF", false).0, Verdict::Pass);
    assert_eq!(charger.asks("", false).0, Verdict::Pass);
    let mut charger = Charger::with(&[("group.depot", "04AA"), ("others", "reject")]);
    charger.refused("FFFF", "not a card of this fleet");
    // Nobody showed a card: that is for another policy.
    assert_eq!(charger.asks("", false).0, Verdict::Pass);
}

#[test]
fn ended_sessions_are_not_kept_for_ever() {
    let mut charger = depot();
    charger.says(1, "04AA", 500, false);
    for session in 2..=1000 {
        charger.says(session, "04AA", 1, true);
    }
    assert!(charger.kept.0.len() < 50, "{}", charger.kept.0.len());
    // The one that goes on all the while is no new one.
    charger.says(1, "04AA", 501, true);
    charger.left("04AA", 50_000 - 999 - 501);
}
