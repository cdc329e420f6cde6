//! Without the central system.

use std::time::Duration;

use serde_json::json;

use super::secs;
use crate::expected::{any, start, status, stop};
use crate::outcome::{Failure, Outcome};
use crate::session::{Session, Transaction};
use crate::station::{Cable, Message};
use crate::tags::{OWNER, UNWELCOME};

/// So many samples are taken while nobody listens.
const OFFLINE_SAMPLES: usize = 3;
/// Clocks may differ by so much, ms.
const CLOCK_MS: i64 = 2_000;
/// Longer than clocks may differ: what happened before can be told from what
/// happened after it.
const APART: Duration = Duration::from_secs(5);

/// Meter values that were taken while the connection was lost come afterwards,
/// in order, with the times at which they were taken, before new ones.
pub fn tc_036(s: &mut Session<'_>) -> Outcome {
    let interval = s.short();
    s.configure("MeterValueSampleInterval", &secs(interval))?;
    let mark = s.mark();
    let transaction = s.charge(OWNER)?;
    let values = || any("MeterValues").with("transactionId", transaction.id);
    let first = s.expect(values())?;
    s.answered(&first)?;
    s.network(false)?;
    let cut = s.unix_ms();
    s.pass(interval * 4)?;
    let back = s.unix_ms();
    s.network(true)?;
    // One that is taken afterwards shows that all earlier ones are there.
    let until = s.now() + s.traits().patience + interval * 2;
    loop {
        let message = s.expect_all_until(&[values()], &[], until)?.remove(0);
        if taken(s, &message)? > back {
            break;
        }
    }
    let mut times = Vec::new();
    for message in s.since(mark, "MeterValues") {
        times.push(taken(s, &message)?);
    }
    for pair in times.windows(2) {
        if pair[1] <= pair[0] {
            return Err(s.failure("meter values must come in the order in which they were taken"));
        }
        let gap = Duration::from_millis(u64::try_from(pair[1] - pair[0]).unwrap_or(0));
        s.check_gap("the time between two samples", gap, interval)?;
    }
    let offline = times.iter().filter(|at| (cut..=back).contains(*at)).count();
    if offline < OFFLINE_SAMPLES {
        return Err(s.failure(format!(
            "{OFFLINE_SAMPLES} samples must have been taken while offline, and {offline} were told"
        )));
    }
    s.stop_by_card(&transaction)?;
    Ok(())
}

fn taken(s: &Session<'_>, message: &Message) -> Result<i64, Failure> {
    s.moment(&message.payload["meterValue"][0]["timestamp"])
}

/// A transaction that begins offline with a tag that is accepted is told
/// afterwards, and goes on.
pub fn tc_037_1(s: &mut Session<'_>) -> Outcome {
    s.make_known_offline(OWNER)?;
    let transaction = charged_offline(s, OWNER)?;
    s.expect_nothing()?;
    s.stop_by_card(&transaction)?;
    s.leave(transaction.connector)
}

/// A transaction that began offline with a tag that is then refused is
/// suspended, where it is not to be stopped.
pub fn tc_037_2(s: &mut Session<'_>) -> Outcome {
    s.configure("StopTransactionOnInvalidId", "false")?;
    let transaction = refused_afterwards(s)?;
    s.expect(status(transaction.connector, "SuspendedEVSE"))?;
    s.expect_nothing()?;
    s.ask_to_stop(&transaction)?;
    s.ended(&transaction, "Remote")?;
    s.leave(transaction.connector)
}

/// A transaction that began offline with a tag that is then refused is stopped,
/// where it is to be stopped.
pub fn tc_037_3(s: &mut Session<'_>) -> Outcome {
    s.configure("StopTransactionOnInvalidId", "true")?;
    let transaction = refused_afterwards(s)?;
    s.ended(&transaction, "DeAuthorized")?;
    if s.cable() == Cable::Socket {
        // A socket keeps the cable until its owner shows the card again (3.5.4).
        s.card(UNWELCOME)?;
        s.pass(s.traits().car_reacts)?; // the lock takes a moment
    }
    s.leave(transaction.connector)
}

fn refused_afterwards(s: &mut Session<'_>) -> Result<Transaction, Failure> {
    s.make_known_offline(UNWELCOME)?;
    s.tag(UNWELCOME, json!({"status": "Invalid"}));
    charged_offline(s, UNWELCOME)
}

/// A transaction begins offline; back online it is told of.
fn charged_offline(s: &mut Session<'_>, tag: &str) -> Result<Transaction, Failure> {
    let connector = s.connector();
    s.network(false)?;
    s.plug(connector)?;
    let since = s.unix_ms();
    s.card(tag)?;
    s.pass(s.traits().car_reacts)?;
    let until = s.unix_ms();
    s.pass(apart(s))?;
    s.network(true)?;
    let required = [start(connector, tag), status(connector, "Charging")];
    let begun = s.expect_all(&required, &[])?.remove(0);
    check_time(s, &begun, since, until)?;
    s.transaction(&begun)
}

/// A transaction that ends offline is told of afterwards.
pub fn tc_038(s: &mut Session<'_>) -> Outcome {
    let transaction = s.charge(OWNER)?;
    s.network(false)?;
    let since = s.unix_ms();
    s.card(OWNER)?;
    s.pass(s.traits().car_reacts)?;
    let until = s.unix_ms();
    s.pass(apart(s))?;
    s.network(true)?;
    let finishing = status(transaction.connector, "Finishing");
    let stop = s
        .expect_all(&[stop(transaction.id, "Local"), finishing], &[])?
        .remove(0);
    check_time(s, &stop, since, until)?;
    s.check_meter(&transaction, &stop)?;
    s.expect_nothing()?;
    s.leave(transaction.connector)
}

/// A transaction that begins and ends offline is told of afterwards, in order,
/// and nothing of the statuses in between.
pub fn tc_039(s: &mut Session<'_>) -> Outcome {
    s.make_known_offline(OWNER)?;
    let connector = s.connector();
    s.network(false)?;
    s.plug(connector)?;
    let since = s.unix_ms();
    s.card(OWNER)?;
    s.pass(s.traits().car_reacts)?;
    let started = s.unix_ms();
    s.pass(apart(s))?;
    let stops = s.unix_ms();
    s.card(OWNER)?;
    s.pass(s.traits().car_reacts)?;
    let stopped = s.unix_ms();
    s.pass(apart(s))?;
    s.unplug(connector)?;
    s.pass(s.traits().car_reacts)?;
    s.network(true)?;
    let begun = s.expect(start(connector, OWNER))?;
    check_time(s, &begun, since, started)?;
    let transaction = s.transaction(&begun)?;
    let ended = s.expect(stop(transaction.id, "Local"))?;
    check_time(s, &ended, stops, stopped)?;
    s.check_meter(&transaction, &ended)?;
    s.expect_nothing()
}

fn apart(s: &Session<'_>) -> Duration {
    APART.max(s.traits().observation)
}

/// A message tells when it happened, not when it was sent.
fn check_time(s: &Session<'_>, message: &Message, since: i64, until: i64) -> Outcome {
    let said = s.moment(&message.payload["timestamp"])?;
    if said >= since - CLOCK_MS && said <= until + CLOCK_MS {
        return Ok(());
    }
    let off = if said < since {
        since - said
    } else {
        said - until
    };
    Err(s.failure(format!(
        "{} must tell when it happened, and {} is {off} ms beside it",
        message.action, message.payload["timestamp"]
    )))
}
