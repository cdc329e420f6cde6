//! What contactors let through, by the charger's log and its meter, against what
//! the central system was told: energy that flowed is part of a transaction, and
//! a transaction is as much as flowed.

use crate::charger::ContactorMove;
use crate::ledger::{Ledger, Transaction};

/// The times during which one contactor was closed, as registers in mWh.
#[derive(Debug, Clone, Default)]
pub struct Flows {
    ended: Vec<(u64, u64)>,
    /// It closed, and the process died before it opened.
    open: Option<u64>,
}

impl Flows {
    /// What a process that is gone has logged.
    ///
    /// # Panics
    /// If a contactor closed that was closed.
    pub fn note(&mut self, moves: &[ContactorMove]) {
        for it in moves {
            match (it.closed, self.open) {
                (true, None) => self.open = Some(it.register_mwh),
                (true, Some(_)) => panic!("closed twice: {it:?}"),
                (false, Some(from)) => {
                    self.ended.push((from, it.register_mwh));
                    self.open = None;
                }
                // Opened at the start of a process: it was open.
                (false, None) => {}
            }
        }
    }

    /// The first register that a new process told: there the one before it died.
    pub fn died_at(&mut self, wh: f64) {
        if let Some(from) = self.open.take() {
            self.ended.push((from, (wh * 1000.0).round() as u64));
        }
    }

    /// So often did energy flow.
    pub fn count(&self) -> usize {
        self.ended.len()
    }

    /// Each flow is in a transaction that has ended, and has its energy.
    ///
    /// # Errors
    /// If not; the text says what.
    pub fn check(&self, ledger: &Ledger) -> Result<(), String> {
        for tx in &ledger.transactions {
            if tx.stop.is_none() {
                return Err(format!("transaction {} never ends", tx.id));
            }
        }
        for (from, to) in &self.ended {
            let flow = (*from, *to);
            if !ledger.transactions.iter().any(|tx| holds(tx, flow)) {
                return Err(format!(
                    "the contactor was closed from {from} to {to} mWh, and no transaction holds that"
                ));
            }
        }
        for tx in &ledger.transactions {
            let flowed: u64 = self
                .ended
                .iter()
                .filter(|flow| holds(tx, **flow))
                .map(|(from, to)| to - from)
                .sum();
            let told = tx.energy_wh().unwrap_or(-1) as f64;
            let flowed = flowed as f64 / 1000.0;
            if (told - flowed).abs() > 1.0 {
                return Err(format!(
                    "transaction {} is told as {told} Wh, and was {flowed} Wh",
                    tx.id
                ));
            }
        }
        Ok(())
    }
}

/// The transaction was running while this flowed; registers in mWh, told in Wh.
fn holds(tx: &Transaction, (from, to): (u64, u64)) -> bool {
    let stop = tx.stop.as_ref().map_or(i64::MAX, |stop| stop.meter);
    let wh = |mwh: u64| mwh as f64 / 1000.0;
    tx.meter_start as f64 <= wh(from) + 1.0 && stop as f64 >= wh(to) - 1.0
}
