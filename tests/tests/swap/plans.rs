//! Plans of limits that a charging profile has made: they go on across a swap, and they
//! are made anew when the central system sets the clock. That a plan is kept without any
//! component is shown by `bench steps` and by `outlet_thread`.

use std::time::{Duration, Instant};

use plugpoint_tests::central_system::Reply;
use serde_json::{Value, json};

use crate::stage::{Setup, Stage};
use crate::vendor::{Signed, Vendor};

/// Every second one, of so many.
const STEPS: usize = 8;
const FIRST: Duration = Duration::from_secs(4);
const FULL_A: u64 = 32;
const LESS_A: u64 = 2;

/// A machine that is busy may be late by this; `bench steps` has figures.
const BOUND_MS: i64 = 2_000;
/// So far the two clocks differ by chance, since they are read one after the other: a
/// step is that much early at most.
const JITTER_MS: i64 = 20;
const PATIENCE: Duration = Duration::from_secs(30);

const HOUR_S: i64 = 3_600;

/// The charger as it was at one moment.
struct Seen {
    monotonic_ms: i64,
    unix_ms: i64,
    offered_ma: u64,
    /// When the next step of the plan is due, monotonic ms.
    next_ms: Option<i64>,
}

impl Seen {
    fn now(stage: &Stage) -> Seen {
        let status = stage.charger.status();
        let connector = &status["connectors"][0];
        let time = status["clock"]["time"].as_str().expect("a time");
        let time: jiff::Timestamp = time.parse().expect("a time");
        Seen {
            monotonic_ms: status["clock"]["monotonic_ms"].as_i64().expect("a clock"),
            unix_ms: time.as_millisecond(),
            offered_ma: connector["offered_ma"].as_u64().expect("an offer"),
            next_ms: connector["permit"]["steps"][0]["at_ms"].as_i64(),
        }
    }

    /// Once it is so.
    fn when(stage: &Stage, what: &str, is: impl Fn(&Seen) -> bool) -> Seen {
        let begin = Instant::now();
        loop {
            let seen = Seen::now(stage);
            if is(&seen) {
                return seen;
            }
            assert!(
                begin.elapsed() < PATIENCE,
                "never {what}: {:#}",
                stage.charger.status()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Limits of the running transaction from then on: (seconds, A).
fn plan(stage: &Stage, transaction: i64, from_ms: i64, periods: &[(u64, u64)]) {
    let start = jiff::Timestamp::from_millisecond(from_ms).expect("a time");
    let periods: Vec<Value> = periods
        .iter()
        .map(|(at, limit)| json!({"startPeriod": at, "limit": limit}))
        .collect();
    let profile = json!({
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "transactionId": transaction,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": {
                "startSchedule": start.to_string(),
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": periods,
            },
        },
    });
    stage.ask_status("SetChargingProfile", profile, "Accepted");
}

fn reductions_across_swaps(amnesia: bool) {
    let vendor = Vendor::new();
    let builds = ["guest-ocpp-second", "guest-ocpp", "guest-ocpp-second"];
    let builds = builds.map(|build| vendor.component(build));
    let stage = Setup { amnesia }.stage_with(1, |config| vendor.trusted(config));
    let transaction = stage.charge(1, "TAG1");
    let begin_ms = Seen::now(&stage).unix_ms;
    let step = |n: usize| (FIRST.as_secs() + n as u64, FULL_A - LESS_A * (n as u64 + 1));
    let mut periods = vec![(0, FULL_A)];
    periods.extend((0..STEPS).map(step));
    plan(&stage, transaction, begin_ms, &periods);
    let is_due = |n: usize, unix_ms: i64| begin_ms + step(n).0 as i64 * 1_000 <= unix_ms;
    Seen::when(&stage, "planned", |seen| seen.next_ms.is_some());

    let mut late = Vec::new();
    std::thread::scope(|scope| {
        let swaps = scope.spawn(|| {
            for Signed { wasm, signature } in &builds {
                let query = "allow_downgrade=true";
                let job = stage.charger.install("ocpp", wasm, Some(signature), query);
                stage.charger.wait_swapped(job.expect("a job"));
            }
        });
        while late.len() < STEPS {
            let seen = Seen::now(&stage);
            let taken = |n: usize| seen.offered_ma <= step(n).1 * 1_000;
            while late.len() < STEPS && taken(late.len()) {
                let due_ms = begin_ms + step(late.len()).0 as i64 * 1_000;
                late.push(seen.unix_ms - due_ms);
            }
            let overdue = (0..STEPS)
                .filter(|n| is_due(*n, seen.unix_ms - BOUND_MS))
                .find(|n| !taken(*n));
            assert_eq!(overdue, None, "{} mA at {}", seen.offered_ma, seen.unix_ms);
            let is_early = late.last().is_some_and(|ms| *ms < -JITTER_MS);
            assert!(!is_early, "too early: {late:?}");
        }
        swaps.join().expect("the swaps");
    });
    println!("ms behind its time, as the control API shows it: {late:?}");
    let last = Seen::now(&stage);
    assert_eq!(last.offered_ma, step(STEPS - 1).1 * 1_000);
    stage.card("TAG1");
    stage.expect_stop(transaction, "Local");
    stage.ledger();
}

#[test]
fn planned_reductions_are_taken_across_swaps() {
    reductions_across_swaps(false);
}

#[test]
fn planned_reductions_are_taken_across_swaps_with_amnesia() {
    reductions_across_swaps(true);
}

/// The central system says that it is so much later.
fn set_clock(stage: &Stage, by_s: i64) {
    let later = move |payload: &mut Value| {
        let time = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(by_s);
        payload["currentTime"] = json!(time.to_string());
    };
    stage.central.answer("Heartbeat", Reply::edited(later));
    let trigger = json!({"requestedMessage": "Heartbeat"});
    stage.ask_status("TriggerMessage", trigger, "Accepted");
}

/// A reduction in an hour, and the clock is set: it is due when the clock says so.
#[test]
fn a_clock_that_is_set_moves_what_is_planned() {
    let stage = Setup { amnesia: false }.stage();
    let transaction = stage.charge(1, "TAG1");
    let begin = Seen::now(&stage);
    let periods = [(0, FULL_A), (HOUR_S as u64, 10)];
    plan(&stage, transaction, begin.unix_ms, &periods);
    let due_in = |seen: &Seen| seen.next_ms.map(|at_ms| at_ms - seen.monotonic_ms);
    let about = |seen: &Seen, ms: i64| {
        let due_in = due_in(seen);
        due_in.is_some_and(|it| (it - ms).abs() < 60_000)
    };
    let an_hour = HOUR_S * 1_000;
    let seen = Seen::when(&stage, "planned", |seen| about(seen, an_hour));
    assert_eq!(seen.offered_ma, FULL_A * 1_000);

    // Back: it is two hours away now.
    set_clock(&stage, -HOUR_S);
    Seen::when(&stage, "put off", |seen| about(seen, 2 * an_hour));
    // Forth: it comes in a few seconds, and no earlier.
    set_clock(&stage, HOUR_S - 5);
    let moved = Seen::when(&stage, "moved", |seen| {
        due_in(seen).is_none_or(|due_in| due_in < 60_000)
    });
    if let Some(due_in) = due_in(&moved) {
        assert_eq!(moved.offered_ma, FULL_A * 1_000, "{due_in} ms to go");
    }
    let reduced = Seen::when(&stage, "reduced", |seen| seen.offered_ma == 10_000);
    let due_ms = begin.unix_ms + an_hour;
    let late_ms = reduced.unix_ms - due_ms;
    println!("ms behind its time, as the control API shows it: {late_ms}");
    assert!(
        (-JITTER_MS..BOUND_MS).contains(&late_ms),
        "{late_ms} ms late"
    );
}
