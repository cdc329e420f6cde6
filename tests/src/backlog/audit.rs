//! Compares what the central system was told with what the contactors and the
//! meters did: nothing lost, nothing twice, in order, and to the Wh.

use std::collections::HashSet;

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use serde_json::Value;

use super::transaction_messages;
use crate::central_system::Entry;
use crate::charger::{ContactorMove, connector_of};
use crate::ledger::{Breach, Ledger, Transaction};

/// What is known from the charger's side.
pub(super) struct Made {
    /// Before the power went.
    pub(super) moves: Vec<ContactorMove>,
    /// The status when all was delivered.
    pub(super) at_the_end: Value,
    /// How many came to their end.
    pub(super) transactions: u32,
}

/// Everything; `printed` is what the charger said since the power came back.
pub(super) fn all(
    made: &Made,
    entries: &[Entry],
    ledger: &Ledger,
    printed: &[String],
) -> anyhow::Result<()> {
    if !ledger.breaches.is_empty() {
        let list: Vec<String> = ledger.breaches.iter().map(Breach::to_string).collect();
        bail!("{}", list.join("\n"));
    }
    if let Some(line) = printed.iter().find(|line| line.contains("is dropped")) {
        bail!("the charger says: {line}");
    }
    in_order(entries)?;
    complete(made, ledger)?;
    exact(made, ledger)
}

/// Over all connectors, transactions begin and end in the order in which they
/// did. Values of a meter have the time at which it was read, which is before
/// they are noted, and meanwhile something may have happened elsewhere: their
/// order within a transaction is the ledger's business.
fn in_order(entries: &[Entry]) -> anyhow::Result<()> {
    let mut last: Option<Timestamp> = None;
    for (entry, action, payload) in transaction_messages(entries) {
        if action == "MeterValues" {
            continue;
        }
        let at: Timestamp = payload["timestamp"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .with_context(|| format!("entry {}: no timestamp in {payload}", entry.number))?;
        ensure!(
            last.is_none_or(|last| last <= at),
            "entry {}: {action} of {at} after one of {last:?}",
            entry.number
        );
        last = Some(at);
    }
    Ok(())
}

/// Each card once, each with its end, and one broken off by the power.
fn complete(made: &Made, ledger: &Ledger) -> anyhow::Result<()> {
    let cards: HashSet<&str> = ledger.transactions.iter().map(|tx| &*tx.id_tag).collect();
    let expected = made.transactions as usize + 1;
    ensure!(
        ledger.transactions.len() == expected && cards.len() == expected,
        "{} transactions of {} cards, not {expected}",
        ledger.transactions.len(),
        cards.len()
    );
    let reasons = |reason: &str| {
        let ended = ledger.transactions.iter().filter_map(|tx| tx.stop.as_ref());
        ended.filter(|stop| stop.reason == reason).count()
    };
    ensure!(
        reasons("Local") + 1 == expected && reasons("PowerLoss") == 1,
        "{} ended by card, {} by the power",
        reasons("Local"),
        reasons("PowerLoss")
    );
    Ok(())
}

/// The n-th transaction of a connector is the n-th time that its contactor was
/// closed.
fn exact(made: &Made, ledger: &Ledger) -> anyhow::Result<()> {
    let connectors: HashSet<u64> = ledger.transactions.iter().map(|tx| tx.connector).collect();
    for connector in connectors {
        let number = u32::try_from(connector)?;
        let now = connector_of(&made.at_the_end, number)["register_wh"].clone();
        let flows = flows(&made.moves, number, now.as_f64().context("a register")?)?;
        let told: Vec<&Transaction> = ledger
            .transactions
            .iter()
            .filter(|tx| tx.connector == connector)
            .collect();
        ensure!(
            told.len() == flows.len(),
            "connector {connector}: {} transactions, and the contactor closed {} times",
            told.len(),
            flows.len()
        );
        for (tx, (from, to)) in told.iter().zip(flows) {
            let stop = tx.stop.as_ref().map_or(-1, |stop| stop.meter);
            let near = |told: i64, wh: f64| (told as f64 - wh).abs() <= 1.0;
            ensure!(
                near(tx.meter_start, from) && near(stop, to),
                "connector {connector}, card {}: told {} to {stop} Wh, was {from} to {to} Wh",
                tx.id_tag,
                tx.meter_start
            );
            ensure!(stop - tx.meter_start >= 99, "{} Wh", stop - tx.meter_start);
        }
    }
    Ok(())
}

/// Registers in Wh, from closing to opening; the last may be open still when the
/// power goes, and no more flows after that.
fn flows(moves: &[ContactorMove], connector: u32, now_wh: f64) -> anyhow::Result<Vec<(f64, f64)>> {
    let mut flows = Vec::new();
    let mut from = None;
    for it in moves.iter().filter(|it| it.connector == connector) {
        let wh = it.register_mwh as f64 / 1000.0;
        match (it.closed, from.take()) {
            (true, None) => from = Some(wh),
            (false, Some(from)) => flows.push((from, wh)),
            (false, None) => {}
            (true, Some(_)) => bail!("closed twice: {it:?}"),
        }
    }
    flows.extend(from.map(|from| (from, now_wh)));
    Ok(flows)
}
