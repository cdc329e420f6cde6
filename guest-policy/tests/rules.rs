//! The authorization rules, situation by situation: one line each, through
//! `decide`, the only way in.

use guest_policy::decide;
use guest_policy::facts::{Entry, Origin, Purpose, Question, Rules, Stage, Status, Verdict};

const NOW: i64 = 1_764_000_000_000;

/// A card at a charger that is online, knows nobody, and has every switch off
/// but those for list and cache.
fn card() -> Question {
    Question {
        stage: Stage::First,
        purpose: Purpose::Start,
        origin: Origin::Card,
        token: "04A1B2C3".to_owned(),
        online: true,
        listed: None,
        cached: None,
        central: None,
        rules: Rules {
            local_pre_authorize: false,
            local_authorize_offline: false,
            unknown_offline: false,
            cache: true,
            listing: true,
        },
        wall_ms: Some(NOW),
    }
}

/// Short ways to say what is different from [`card`].
trait Situation: Sized {
    fn with(self, change: impl FnOnce(&mut Question)) -> Self;

    fn offline(self) -> Self {
        self.with(|q| q.online = false)
    }
    fn pre_authorize(self) -> Self {
        self.with(|q| q.rules.local_pre_authorize = true)
    }
    fn authorize_offline(self) -> Self {
        self.with(|q| q.rules.local_authorize_offline = true)
    }
    fn unknown_offline(self) -> Self {
        self.with(|q| q.rules.unknown_offline = true)
    }
    fn listed(self, entry: Entry) -> Self {
        self.with(|q| q.listed = Some(entry))
    }
    fn cached(self, entry: Entry) -> Self {
        self.with(|q| q.cached = Some(entry))
    }
    fn origin(self, origin: Origin) -> Self {
        self.with(|q| q.origin = origin)
    }
    fn stop(self) -> Self {
        self.with(|q| q.purpose = Purpose::Stop)
    }
    fn clock_unset(self) -> Self {
        self.with(|q| q.wall_ms = None)
    }
    fn asked(self, central: Option<Entry>) -> Self {
        self.with(|q| {
            q.stage = Stage::AfterCentralSystem;
            q.central = central;
        })
    }
}

impl Situation for Question {
    fn with(mut self, change: impl FnOnce(&mut Question)) -> Self {
        change(&mut self);
        self
    }
}

fn status(status: Status) -> Entry {
    Entry {
        status,
        parent: None,
        expires_ms: None,
    }
}

fn good() -> Entry {
    status(Status::Accepted)
}

fn until(expires_ms: i64) -> Entry {
    Entry {
        expires_ms: Some(expires_ms),
        ..good()
    }
}

fn of_group(parent: &str) -> Entry {
    Entry {
        parent: Some(parent.to_owned()),
        ..good()
    }
}

const YES: Verdict = Verdict::Accept {
    parent: None,
    expires_ms: None,
};

fn yes_until(expires_ms: i64) -> Verdict {
    Verdict::Accept {
        parent: None,
        expires_ms: Some(expires_ms),
    }
}

fn yes_in_group(parent: &str) -> Verdict {
    Verdict::Accept {
        parent: Some(parent.to_owned()),
        expires_ms: None,
    }
}

fn no(status: Status) -> Verdict {
    Verdict::Reject(status)
}

#[track_caller]
fn check(question: Question, expected: Verdict) {
    let decision = decide(&question);
    assert_eq!(
        decision.verdict, expected,
        "{question:#?}\n{}",
        decision.why
    );
    assert!(!decision.why.is_empty() && !decision.why.contains('\n'));
}

const REFUSALS: [Status; 4] = [
    Status::Blocked,
    Status::Expired,
    Status::Invalid,
    Status::Concurrent,
];

#[test]
fn online_the_central_system_is_asked() {
    check(card(), Verdict::Ask);
    check(card().listed(good()), Verdict::Ask);
    check(card().cached(good()), Verdict::Ask);
    // The switches for offline mean nothing online.
    check(card().authorize_offline().unknown_offline(), Verdict::Ask);
}

#[test]
fn online_a_good_entry_saves_the_question_if_so_configured() {
    check(card().pre_authorize(), Verdict::Ask);
    check(card().pre_authorize().listed(good()), YES);
    check(card().pre_authorize().cached(good()), YES);
    check(
        card().pre_authorize().cached(until(NOW + 1)),
        yes_until(NOW + 1),
    );
}

#[test]
fn online_a_bad_entry_is_no_refusal() {
    for refusal in REFUSALS {
        check(card().pre_authorize().listed(status(refusal)), Verdict::Ask);
        check(card().pre_authorize().cached(status(refusal)), Verdict::Ask);
    }
    check(card().pre_authorize().listed(until(NOW)), Verdict::Ask);
    check(card().pre_authorize().cached(until(NOW)), Verdict::Ask);
}

#[test]
fn the_list_goes_before_the_cache() {
    let bad = || status(Status::Blocked);
    let online = || card().pre_authorize();
    check(online().listed(bad()).cached(good()), Verdict::Ask);
    check(online().listed(good()).cached(bad()), YES);
    let offline = || card().offline().authorize_offline();
    check(offline().listed(bad()).cached(good()), no(Status::Blocked));
    check(offline().listed(good()).cached(bad()), YES);
}

#[test]
fn a_list_or_cache_that_is_off_does_not_count() {
    let no_list = |q: &mut Question| q.rules.listing = false;
    let no_cache = |q: &mut Question| q.rules.cache = false;
    check(
        card().pre_authorize().listed(good()).with(no_list),
        Verdict::Ask,
    );
    check(
        card().pre_authorize().cached(good()).with(no_cache),
        Verdict::Ask,
    );
    let offline = || card().offline().authorize_offline();
    check(offline().listed(good()).with(no_list), no(Status::Invalid));
    check(offline().cached(good()).with(no_cache), no(Status::Invalid));
    // Nor does its refusal.
    check(
        offline()
            .listed(status(Status::Blocked))
            .cached(good())
            .with(no_list),
        YES,
    );
}

#[test]
fn offline_a_good_entry_counts_if_so_configured() {
    let offline = || card().offline().authorize_offline();
    check(offline().listed(good()), YES);
    check(offline().cached(good()), YES);
    check(offline().cached(until(NOW + 1)), yes_until(NOW + 1));
    // Not because of the switch that is for online.
    check(
        card().offline().pre_authorize().listed(good()),
        no(Status::Invalid),
    );
    check(card().offline().cached(good()), no(Status::Invalid));
}

#[test]
fn offline_a_bad_entry_refuses_also_where_strangers_may_charge() {
    for refusal in REFUSALS {
        for offline in [
            card().offline(),
            card().offline().authorize_offline(),
            card().offline().unknown_offline(),
            card().offline().authorize_offline().unknown_offline(),
        ] {
            check(offline.clone().listed(status(refusal)), no(refusal));
            check(offline.clone().cached(status(refusal)), no(refusal));
        }
    }
}

#[test]
fn offline_what_has_expired_refuses() {
    let offline = || card().offline().authorize_offline().unknown_offline();
    check(offline().listed(until(NOW)), no(Status::Expired));
    check(offline().cached(until(NOW)), no(Status::Expired));
    check(offline().cached(until(NOW - 1)), no(Status::Expired));
}

#[test]
fn offline_a_stranger_is_refused_unless_configured() {
    check(card().offline(), no(Status::Invalid));
    check(card().offline().authorize_offline(), no(Status::Invalid));
    check(card().offline().unknown_offline(), YES);
    check(card().offline().authorize_offline().unknown_offline(), YES);
}

#[test]
fn offline_a_good_token_is_served_no_worse_than_a_stranger() {
    check(card().offline().unknown_offline().listed(good()), YES);
    check(
        card().offline().unknown_offline().cached(of_group("G")),
        yes_in_group("G"),
    );
}

#[test]
fn an_expiry_is_not_judged_by_an_unset_clock() {
    let entry = || until(NOW - 1);
    check(
        card().pre_authorize().clock_unset().cached(entry()),
        Verdict::Ask,
    );
    check(card().pre_authorize().clock_unset().cached(good()), YES);
    check(
        card()
            .offline()
            .authorize_offline()
            .clock_unset()
            .cached(entry()),
        yes_until(NOW - 1),
    );
}

#[test]
fn the_central_system_has_the_last_word() {
    for offline in [card(), card().offline()] {
        check(offline.clone().asked(Some(good())), YES);
        check(
            offline.clone().asked(Some(of_group("G"))),
            yes_in_group("G"),
        );
        check(
            offline.clone().asked(Some(until(NOW + 5))),
            yes_until(NOW + 5),
        );
        for refusal in REFUSALS {
            check(
                offline
                    .clone()
                    .pre_authorize()
                    .listed(good())
                    .asked(Some(status(refusal))),
                no(refusal),
            );
        }
    }
}

#[test]
fn a_central_system_that_did_not_answer_counts_as_offline() {
    check(card().asked(None), no(Status::Invalid));
    check(card().unknown_offline().asked(None), YES);
    check(
        card().authorize_offline().cached(of_group("G")).asked(None),
        yes_in_group("G"),
    );
    check(
        card()
            .unknown_offline()
            .listed(status(Status::Blocked))
            .asked(None),
        no(Status::Blocked),
    );
}

#[test]
fn a_remote_start_to_be_checked_is_checked_like_a_card() {
    let entries = [None, Some(good()), Some(status(Status::Blocked))];
    for online in [true, false] {
        for listed in &entries {
            for cached in &entries {
                let card = card().pre_authorize().authorize_offline().with(|q| {
                    q.online = online;
                    q.listed = listed.clone();
                    q.cached = cached.clone();
                });
                assert_eq!(
                    decide(&card),
                    decide(&card.clone().origin(Origin::Remote)),
                    "{card:#?}"
                );
            }
        }
    }
}

#[test]
fn a_remote_start_without_check_is_accepted() {
    let remote = || card().origin(Origin::RemoteUnchecked);
    check(remote(), YES);
    check(remote().offline(), YES);
    check(remote().listed(status(Status::Blocked)), YES);
    check(remote().stop(), YES);
    // Its group is known, so another card of it can stop.
    check(remote().listed(of_group("G")), yes_in_group("G"));
    check(remote().cached(of_group("G")), yes_in_group("G"));
}

#[test]
fn without_a_token_another_policy_decides() {
    let plugged = || {
        card()
            .origin(Origin::Plugged)
            .with(|q| q.token = String::new())
    };
    check(plugged(), Verdict::Pass);
    check(plugged().offline().unknown_offline(), Verdict::Pass);
}

#[test]
fn an_empty_token_is_refused() {
    for origin in [Origin::Card, Origin::Remote] {
        let empty = || card().origin(origin).with(|q| q.token = String::new());
        check(empty(), no(Status::Invalid));
        check(empty().offline().unknown_offline(), no(Status::Invalid));
    }
}

#[test]
fn stopping_needs_the_group() {
    check(card().stop(), Verdict::Ask);
    check(
        card().stop().pre_authorize().cached(of_group("G")),
        yes_in_group("G"),
    );
    check(
        card()
            .stop()
            .offline()
            .authorize_offline()
            .listed(of_group("G")),
        yes_in_group("G"),
    );
    check(card().stop().asked(Some(of_group("G"))), yes_in_group("G"));
    // A stranger may begin a session offline, but not end another's.
    check(
        card().stop().offline().unknown_offline(),
        no(Status::Invalid),
    );
    check(
        card().stop().offline().unknown_offline().cached(good()),
        no(Status::Invalid),
    );
}

#[test]
fn the_reason_names_place_and_status() {
    let why = |question: Question| decide(&question).why;
    assert_eq!(
        why(card().offline().listed(status(Status::Blocked))),
        "offline, and the local list has it as blocked"
    );
    assert_eq!(
        why(card().pre_authorize().cached(good())),
        "the cache has it as accepted"
    );
    assert_eq!(
        why(card().asked(Some(status(Status::Concurrent)))),
        "the central system says: charging elsewhere already"
    );
}
