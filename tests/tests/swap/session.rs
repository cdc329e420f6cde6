//! Two builds, one with other entries, swapped to and fro while a car charges
//! and the central system calls. What it has written down is the same as without
//! any swap.

use plugpoint_tests::central_system::{Entry, PendingCall, What};
use plugpoint_tests::charger::contactor_moves;
use plugpoint_tests::frame::Frame;
use plugpoint_tests::tell;
use serde_json::{Value, json};

use crate::setting;
use crate::stage::{Setup, Stage};
use crate::vendor::{Signed, Vendor};

/// The builds: what the program carries, and two others.
struct Builds {
    first: Signed,
    second: Signed,
    old: Signed,
}

impl Builds {
    fn of(vendor: &Vendor) -> Builds {
        Builds {
            first: vendor.component("guest-ocpp"),
            second: vendor.component("guest-ocpp-second"),
            old: vendor.component("guest-ocpp-old"),
        }
    }

    /// From the first to the second, on to another, to the second again, back
    /// to the first: with and without one that has proved itself before.
    fn turn(&self, n: u32) -> (&Signed, &'static str) {
        match n % 4 {
            0 | 2 => (&self.second, "guest-ocpp 0.1.0 second"),
            1 => (&self.old, "guest-ocpp 0.1.0 first"),
            _ => (&self.first, "guest-ocpp 0.1.0 first"),
        }
    }
}

pub fn build_of(stage: &Stage) -> Value {
    let asked = json!({"vendorId": "Plugpoint", "messageId": "Build"});
    stage.ask("DataTransfer", asked)["data"].clone()
}

/// One transaction with so many rounds of calls, each with a swap in between or
/// without one; what the central system has written down, and the pauses in us.
fn transaction(rounds: u32, swaps: bool) -> (Log, Vec<u64>) {
    let vendor = Vendor::new();
    let builds = Builds::of(&vendor);
    let stage = Setup { amnesia: false }.stage_with(1, |config| {
        vendor.trusted(config).ocpp("MeterValueSampleInterval", "1")
    });
    let transaction = stage.charge(1, "TAG1");
    let mut pauses = Vec::new();
    for n in 0..rounds {
        let before = calls_in_flight(&stage, n);
        if swaps {
            let (build, answer) = builds.turn(n);
            let Signed { wasm, signature } = build;
            let query = "allow_downgrade=true";
            let job = stage.charger.install("ocpp", wasm, Some(signature), query);
            let during = calls_in_flight(&stage, n);
            let job = stage.charger.wait_swapped(job.expect("a job"));
            pauses.push(job["pause_us"].as_u64().expect("a pause"));
            let after = calls_in_flight(&stage, n);
            answered([before, during, after].concat_calls());
            // After a swap the new build answers, and no other.
            assert_eq!(build_of(&stage), answer, "after swap {n}");
        } else {
            let (during, after) = (calls_in_flight(&stage, n), calls_in_flight(&stage, n));
            answered([before, during, after].concat_calls());
            build_of(&stage);
        }
    }
    stage.wait_energy(1, 1.0);
    stage.card("TAG1");
    let stop = stage.expect_stop(transaction, "Local");
    stage.central.expect_status(1, "Finishing");
    stage.unplug(1);
    stage.central.expect_status(1, "Available");
    stage.fence();

    let ledger = stage.ledger();
    let told = ledger.transaction(transaction).expect("the transaction");
    let register = stage.charger.connector(1)["register_wh"].as_f64();
    let meter_stop = stop.payload["meterStop"].as_f64().expect("a register");
    assert!(
        register.is_some_and(|register| (register - meter_stop).abs() <= 1.0),
        "the register is {register:?}, {meter_stop} was told"
    );
    assert!(!told.samples.is_empty(), "a metered transaction");
    let journal = stage.central.journal().entries();
    let opened = journal
        .iter()
        .filter(|entry| matches!(entry.what, What::Opened(_) | What::Ended(_)));
    assert_eq!(opened.count(), 1, "the socket never closes");
    let log = Log::of(&journal);
    let moves = contactor_moves(&stage.charger.kill());
    let closed: Vec<bool> = moves.iter().map(|it| it.closed).collect();
    assert_eq!(
        closed,
        [true, false],
        "the contactor moves only with the session"
    );
    (log, pauses)
}

/// Calls that are on their way while a swap may happen.
fn calls_in_flight(stage: &Stage, n: u32) -> Vec<PendingCall> {
    let value = (60 + n % 10).to_string();
    let calls = [
        ("GetConfiguration", json!({"key": ["NumberOfConnectors"]})),
        (
            "ChangeConfiguration",
            json!({"key": "ConnectionTimeOut", "value": value}),
        ),
    ];
    let calls = calls.into_iter();
    calls
        .map(|(action, payload)| stage.central.start_call(action, payload).expect("a call"))
        .collect()
}

trait Concat {
    fn concat_calls(self) -> Vec<PendingCall>;
}

impl<const N: usize> Concat for [Vec<PendingCall>; N] {
    fn concat_calls(self) -> Vec<PendingCall> {
        self.into_iter().flatten().collect()
    }
}

fn answered(calls: Vec<PendingCall>) {
    for call in calls {
        call.wait().expect("an answer");
    }
}

/// The central system's log without ids, times and readings, one list for each
/// direction: calls that cross on the wire are in no order. Readings on the way
/// come when they are due, and so are compared by the ledger only.
#[derive(Debug, Default, PartialEq)]
struct Log {
    received: Vec<String>,
    sent: Vec<String>,
}

impl Log {
    fn of(journal: &[Entry]) -> Log {
        let mut log = Log::default();
        for entry in journal {
            match &entry.what {
                What::Received(frame) => log.received.extend(line(frame)),
                What::Sent(frame) => log.sent.extend(line(frame)),
                _ => {}
            }
        }
        log
    }
}

fn line(frame: &Frame) -> Option<String> {
    match frame {
        Frame::Call {
            action, payload, ..
        } => (action != "MeterValues").then(|| format!("{action} {}", timeless(payload))),
        // Those to readings are empty; there are as many of them.
        Frame::Result { payload, .. } if *payload == json!({}) => None,
        Frame::Result { payload, .. } => Some(timeless(payload).to_string()),
        Frame::Error { code, .. } => Some(code.clone()),
    }
}

fn timeless(payload: &Value) -> Value {
    let mut payload = payload.clone();
    for field in [
        "timestamp",
        "currentTime",
        "meterStart",
        "meterStop",
        "data",
    ] {
        if payload.get(field).is_some() {
            payload[field] = Value::Null;
        }
    }
    payload
}

#[test]
fn swaps_during_a_transaction_leave_no_trace() {
    let rounds = setting("PLUGPOINT_SWAPS", 60);
    let (with, mut pauses) = transaction(rounds, true);
    let (without, _) = transaction(rounds, false);
    pauses.sort_unstable();
    let at = |part: usize| pauses[(pauses.len() - 1) * part / 100] as f64 / 1000.0;
    tell(&format!(
        "{} swaps in one transaction, pause p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
        pauses.len(),
        at(50),
        at(99),
        at(100)
    ));
    assert_eq!(pauses.len() as u32, rounds);
    assert_eq!(with, without);
}

#[test]
fn a_version_that_has_proved_itself_stays_and_migrates() {
    let vendor = Vendor::new();
    let builds = Builds::of(&vendor);
    let stage = Setup { amnesia: false }.stage_with(1, |config| {
        vendor
            .trusted(config)
            .set("probation.time_s", 0)
            .set("probation.events", 3)
    });
    let transaction = stage.charge(1, "TAG1");
    let Signed { wasm, signature } = &builds.second;
    let job = stage.charger.install("ocpp", wasm, Some(signature), "");
    let job = job.expect("a job");
    stage.charger.wait_swapped(job);
    assert_eq!(stage.charger.slot("ocpp")["entry_schema"], 1);
    for _ in 0..3 {
        assert_eq!(build_of(&stage), "guest-ocpp 0.1.0 second");
    }
    stage.charger.wait_ended(job, "committed");
    let slot = stage.charger.slot("ocpp");
    assert_eq!(slot["entry_schema"], 2, "{slot:#}");
    assert_eq!(slot["source"], "installed");
    // The version before cannot read what this one keeps now.
    let back = stage.charger.roll_back("ocpp").expect("a job");
    let back = stage.charger.wait_ended(back, "refused");
    let why = back["error"].as_str().expect("a reason");
    assert!(why.contains("schema 2"), "{why}");
    stage.fence();

    // In another process, and still in the same transaction's debt.
    let stage = stage.after_kill();
    stage.central.expect_any("BootNotification");
    stage.expect_stop(transaction, "PowerLoss");
    assert_eq!(build_of(&stage), "guest-ocpp 0.1.0 second");
    assert_eq!(stage.charger.slot("ocpp")["source"], "installed");
    stage.ledger();
}
