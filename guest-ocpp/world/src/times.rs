//! Time in what the central system was told of transactions: it never goes back
//! within one, and no point of the clock's grid comes twice.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::watch::{Broken, Rule};
use super::world::Sent;
use plugpoint_ocpp_wire::timestamp;

/// A clock-aligned value has the time of its point in the grid, and is taken
/// within this of it.
const GRID_MS: i64 = 5_000;

#[derive(Default)]
pub(super) struct Times {
    /// The latest time told of each transaction, in the order of their starts.
    latest: BTreeMap<usize, i64>,
    /// Connector and point of the grid.
    grid: BTreeSet<(i64, String)>,
}

impl Times {
    /// A message, and which transaction it is about.
    pub(super) fn enter(&mut self, place: Option<usize>, sent: &Sent) -> Result<(), Broken> {
        let what = &sent.payload;
        for (list, clock) in [("transactionData", false), ("meterValue", true)] {
            for value in what[list].as_array().into_iter().flatten() {
                if clock && is_aligned(value) {
                    self.point(what, value)?;
                }
            }
        }
        let Some(place) = place else {
            return Ok(());
        };
        match sent.action.as_str() {
            "StartTransaction" => self.moved(place, sent, what, 0),
            "StopTransaction" => {
                let told = self.latest.get(&place).copied();
                self.moved(place, sent, what, 0)?;
                // The values in it are told again, or go back to the beginning.
                let mut inner = Self::default();
                for value in what["transactionData"].as_array().into_iter().flatten() {
                    inner.of_value(place, sent, value)?;
                }
                let last = inner.latest.get(&place);
                let end = time(what)?;
                if last.is_some_and(|last| *last > end) {
                    return Err(back(sent, "its data", end, told));
                }
                Ok(())
            }
            _ => what["meterValue"]
                .as_array()
                .into_iter()
                .flatten()
                .try_for_each(|value| self.of_value(place, sent, value)),
        }
    }

    fn of_value(&mut self, place: usize, sent: &Sent, value: &Value) -> Result<(), Broken> {
        let patience = if is_aligned(value) { GRID_MS } else { 0 };
        self.moved(place, sent, value, patience)
    }

    fn moved(
        &mut self,
        place: usize,
        sent: &Sent,
        value: &Value,
        patience: i64,
    ) -> Result<(), Broken> {
        let at = time(value)?;
        let latest = self.latest.entry(place).or_insert(at);
        // After a power cut a charger need not know what it has told, and knows no better
        // than that nothing lies in the future: of a clock that was set back since.
        let is_future = is_power_loss(sent) && *latest > sent.unix_ms;
        if at + patience < *latest && !is_future {
            let latest = *latest;
            return Err(back(sent, "it", at, Some(latest)));
        }
        if patience == 0 {
            *latest = at;
        }
        Ok(())
    }

    fn point(&mut self, message: &Value, value: &Value) -> Result<(), Broken> {
        let connector = message["connectorId"].as_i64().unwrap_or(-1);
        let stamp = value["timestamp"].as_str().unwrap_or_default().to_owned();
        if self.grid.insert((connector, stamp.clone())) {
            return Ok(());
        }
        Err(Broken::new(
            Rule::Time,
            format!("{stamp} is told twice of connector {connector}"),
        ))
    }
}

fn is_power_loss(sent: &Sent) -> bool {
    sent.action == "StopTransaction" && sent.payload["reason"] == "PowerLoss"
}

fn is_aligned(value: &Value) -> bool {
    value["sampledValue"][0]["context"] == "Sample.Clock"
}

fn time(value: &Value) -> Result<i64, Broken> {
    let stamp = value["timestamp"].as_str().unwrap_or_default();
    timestamp::parse(stamp).ok_or_else(|| {
        Broken::new(
            Rule::Time,
            format!("{stamp:?} in {value} is not a timestamp"),
        )
    })
}

fn back(sent: &Sent, what: &str, at: i64, latest: Option<i64>) -> Broken {
    let latest = latest.map(|latest| timestamp::format(latest, true));
    let at = timestamp::format(at, true);
    Broken::new(
        Rule::Time,
        format!("{what} goes back to {at} from {latest:?}: {}", sent.line()),
    )
}
