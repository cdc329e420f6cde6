//! What many cases have in common: a transaction from plug to unplug, a boot.

use std::time::Duration;

use serde_json::{Value, json};

use super::{SECOND, Session};
use crate::expected::{Expected, authorize, boot, start, status, status_of, stop};
use crate::outcome::Failure;
use crate::station::{Cable, Message, Reply};

/// A transaction that the central system knows.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// As the central system numbered it.
    pub id: i64,
    /// Where.
    pub connector: u32,
    /// Who.
    pub tag: String,
    /// Register at its start, Wh.
    pub meter_start: i64,
}

impl Session<'_> {
    /// At the connector under test a car plugs in, and a card is shown: it is
    /// charging.
    pub fn charge(&mut self, tag: &str) -> Result<Transaction, Failure> {
        let connector = self.connector();
        self.plug(connector)?;
        self.expect(status(connector, "Preparing"))?;
        self.card(tag)?;
        self.expect(authorize(tag))?;
        self.begun(connector, tag)
    }

    /// A transaction begins, and the car is charging.
    pub fn begun(&mut self, connector: u32, tag: &str) -> Result<Transaction, Failure> {
        self.begun_after(connector, tag, &[])
    }

    /// As [`Session::begun`]; before it, these may come.
    pub fn begun_after(
        &mut self,
        connector: u32,
        tag: &str,
        optional: &[Expected],
    ) -> Result<Transaction, Failure> {
        let required = [start(connector, tag), status(connector, "Charging")];
        // The car may be slower than the station.
        let waiting = status_of(connector, &["SuspendedEV", "SuspendedEVSE"]);
        let optional: Vec<Expected> = optional.iter().cloned().chain([waiting]).collect();
        let mut messages = self.expect_all(&required, &optional)?;
        let start = messages.remove(0);
        self.expect_recent(&start)?;
        self.transaction(&start)
    }

    /// What the central system made of a StartTransaction.
    pub fn transaction(&mut self, start: &Message) -> Result<Transaction, Failure> {
        let start = self.answered(start)?;
        let answer = start.answer.unwrap_or_default();
        let Some(id) = answer["transactionId"].as_i64() else {
            return Err(Failure::Surroundings(format!(
                "the central system gave no transactionId: {answer}"
            )));
        };
        let connector = start.payload["connectorId"].as_u64().unwrap_or_default();
        Ok(Transaction {
            id,
            connector: u32::try_from(connector).unwrap_or_default(),
            tag: start.payload["idTag"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            meter_start: start.payload["meterStart"].as_i64().unwrap_or_default(),
        })
    }

    /// The transaction ends for this reason, and the car is still there.
    pub fn ended(&mut self, transaction: &Transaction, reason: &str) -> Result<Message, Failure> {
        let finishing = status(transaction.connector, "Finishing");
        self.ended_with(stop(transaction.id, reason), transaction, &[finishing], &[])
    }

    /// This StopTransaction comes, and these others, and perhaps those.
    pub fn ended_with(
        &mut self,
        stop: Expected,
        transaction: &Transaction,
        others: &[Expected],
        optional: &[Expected],
    ) -> Result<Message, Failure> {
        let required: Vec<Expected> = [&[stop], others].concat();
        let mut messages = self.expect_all(&required, optional)?;
        let stop = messages.remove(0);
        self.expect_recent(&stop)?;
        self.check_meter(transaction, &stop)?;
        Ok(stop)
    }

    /// The register of a transaction's end is not before the one of its start.
    pub fn check_meter(&self, transaction: &Transaction, stop: &Message) -> Result<(), Failure> {
        let end = stop.payload["meterStop"].as_i64().unwrap_or_default();
        if end < transaction.meter_start {
            return Err(self.failure(format!(
                "the transaction began at {} Wh and ended at {end} Wh",
                transaction.meter_start
            )));
        }
        Ok(())
    }

    /// The card that started a transaction ends it.
    pub fn stop_by_card(&mut self, transaction: &Transaction) -> Result<Message, Failure> {
        self.card(&transaction.tag.clone())?;
        self.ended(transaction, "Local")
    }

    /// The central system ends a transaction.
    pub fn stop_remotely(&mut self, transaction: &Transaction) -> Result<Message, Failure> {
        self.ask_to_stop(transaction)?;
        self.ended(transaction, "Remote")
    }

    /// RemoteStopTransaction, which must be accepted.
    pub fn ask_to_stop(&mut self, transaction: &Transaction) -> Result<(), Failure> {
        let request = json!({"transactionId": transaction.id});
        self.call_for("RemoteStopTransaction", request, &["Accepted"])?;
        Ok(())
    }

    /// RemoteStartTransaction at a connector, which must be accepted.
    pub fn ask_to_start(&mut self, connector: u32, tag: &str) -> Result<(), Failure> {
        let request = json!({"connectorId": connector, "idTag": tag});
        self.call_for("RemoteStartTransaction", request, &["Accepted"])?;
        Ok(())
    }

    /// The car at the connector goes, and it is available again.
    pub fn leave(&mut self, connector: u32) -> Result<(), Failure> {
        self.unplug(connector)?;
        self.expect(status(connector, "Available"))?;
        Ok(())
    }

    /// The station registers, is accepted, and tells of each connector: all are
    /// available, but for those named with what they may be.
    pub fn boots(&mut self, but: &[(u32, &[&str])]) -> Result<(), Failure> {
        self.expect(boot())?;
        self.tells_all(but)
    }

    /// Each connector is told, and connector 0.
    pub fn tells_all(&mut self, but: &[(u32, &[&str])]) -> Result<(), Failure> {
        let all = self.all_statuses(but);
        self.expect_all(&all, &[])?;
        Ok(())
    }

    /// A StatusNotification of each connector and of connector 0: `Available`,
    /// but for those named with what they may be.
    pub fn all_statuses(&self, but: &[(u32, &[&str])]) -> Vec<Expected> {
        (0..=*self.connectors().end())
            .map(|connector| {
                let named = but.iter().find(|(number, _)| *number == connector);
                status_of(connector, named.map_or(&["Available"], |(_, words)| *words))
            })
            .collect()
    }

    /// A connector that was last told of with something else than `Available`, and what.
    pub fn unavailable(&self) -> Option<String> {
        let mut statuses = self.statuses.iter();
        let (connector, said) = statuses.find(|(_, said)| said[0] != "Available")?;
        Some(format!("connector {connector} is {}", said[0]))
    }

    /// An answer to BootNotification.
    pub fn boot_answer(&self, status: &str, interval: Duration) -> Reply {
        Reply::Result(json!({
            "status": status,
            "currentTime": self.time(),
            "interval": interval.as_secs(),
        }))
    }

    /// The true time in RFC 3339.
    pub fn time(&self) -> String {
        rfc3339(self.unix_ms())
    }

    /// The true time after so long, in RFC 3339.
    pub fn time_in(&self, later: Duration) -> String {
        rfc3339(self.unix_ms().saturating_add(millis(later)))
    }

    /// The moment that a field of a message names, Unix ms.
    pub fn moment(&self, value: &Value) -> Result<i64, Failure> {
        let text = value.as_str().unwrap_or_default();
        text.parse::<jiff::Timestamp>()
            .map(jiff::Timestamp::as_millisecond)
            .map_err(|_| self.failure(format!("{value} is no time")))
    }

    /// What a message says of its time is about now: it is not from the past.
    fn expect_recent(&self, message: &Message) -> Result<(), Failure> {
        let said = self.moment(&message.payload["timestamp"])?;
        let age = self.unix_ms() - said;
        let most = millis(self.traits.patience + self.traits.car_reacts) + CLOCK_MS;
        if age > most || age < -CLOCK_MS {
            return Err(self.failure(format!(
                "{} says that it was {}, and it is {}",
                message.action,
                message.payload["timestamp"],
                self.time()
            )));
        }
        Ok(())
    }

    /// A card may start a transaction while the station is offline: by
    /// AllowOfflineTxForUnknownId, or because it was accepted before and is in
    /// the cache.
    pub fn make_known_offline(&mut self, tag: &str) -> Result<(), Failure> {
        let Err(refusal) = self.configure("AllowOfflineTxForUnknownId", "true") else {
            return Ok(());
        };
        if !matches!(refusal, Failure::NotApplicable(_)) {
            return Err(refusal);
        }
        self.need_cache()?;
        self.visit(tag)
    }

    /// A card can be meant for no other connector: where one reader serves
    /// several, the others are taken out of service.
    pub fn only_here(&mut self) -> Result<(), Failure> {
        if !self.reader_is_shared() {
            return Ok(());
        }
        for connector in self.others() {
            let request = json!({"connectorId": connector, "type": "Inoperative"});
            self.call_for("ChangeAvailability", request, &["Accepted"])?;
            self.expect(status(connector, "Unavailable"))?;
        }
        Ok(())
    }

    /// There is an authorization cache.
    pub fn need_cache(&mut self) -> Result<(), Failure> {
        if self.is_on("AuthorizationCacheEnabled", false)? {
            return Ok(());
        }
        Err(Failure::NotApplicable(
            "the station has no authorization cache".to_owned(),
        ))
    }

    /// Somebody comes, charges, and goes.
    pub fn visit(&mut self, tag: &str) -> Result<(), Failure> {
        let transaction = self.charge(tag)?;
        self.stop_by_card(&transaction)?;
        self.leave(transaction.connector)
    }

    /// What the connector may be once the car has gone from it with the cable
    /// left where it is.
    pub fn after_unplug_at_car(&self) -> &'static [&'static str] {
        match self.cable() {
            Cable::Fixed => &["Available"],
            Cable::Socket => &["Finishing"],
        }
    }
}

/// Clocks may differ by so much.
const CLOCK_MS: i64 = 2_000;

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// For currentTime.
fn rfc3339(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms)
        .map(|time| format!("{time:.3}"))
        .unwrap_or_default()
}

impl Session<'_> {
    /// Whether two moments on the suite's clock are as far apart as they must be.
    pub fn check_gap(&self, what: &str, gap: Duration, wanted: Duration) -> Result<(), Failure> {
        let tolerance = self.tolerance().min(wanted / 2 + SECOND / 10);
        if gap.abs_diff(wanted) <= tolerance {
            return Ok(());
        }
        Err(self.failure(format!(
            "{what} should be {:.1} s, and was {:.3} s",
            wanted.as_secs_f64(),
            gap.as_secs_f64()
        )))
    }
}
