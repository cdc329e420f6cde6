//! How a station is brought to rest before a case, as the laboratory does it:
//! booted, nobody there, nothing charging, everything operative, the cache
//! empty, the keys at values that no case needs to know of.

use std::time::Duration;

use serde_json::{Value, json};

use super::calls::same;
use super::{SECOND, Session};
use crate::expected::{Expected, any};
use crate::outcome::Failure;
use crate::rules::Rules;
use crate::station::{Cable, Message, Reply};
use crate::tags;

/// What cases take for granted, where the station lets it be set.
const BASELINE: [(&str, &str); 13] = [
    ("AllowOfflineTxForUnknownId", "false"),
    ("AuthorizationCacheEnabled", "true"),
    ("AuthorizeRemoteTxRequests", "true"),
    ("ClockAlignedDataInterval", "0"),
    ("LocalAuthListEnabled", "true"),
    ("LocalAuthorizeOffline", "true"),
    ("LocalPreAuthorize", "false"),
    ("MaxEnergyOnInvalidId", "0"),
    ("MeterValueSampleInterval", "0"),
    ("MinimumStatusDuration", "0"),
    ("StopTransactionOnEVSideDisconnect", "true"),
    ("StopTransactionOnInvalidId", "true"),
    ("UnlockConnectorOnEVSideDisconnect", "true"),
];
/// The number that the cases give to reservations.
pub const RESERVATION: i64 = 1;
/// Actions whose answers a case may have bent.
const BENT: [&str; 6] = [
    "Authorize",
    "BootNotification",
    "Heartbeat",
    "MeterValues",
    "StartTransaction",
    "StopTransaction",
];

impl Session<'_> {
    /// The preparation of every case.
    pub fn ready(&mut self) -> Result<(), Failure> {
        self.go_home()?;
        self.meet(0)?;
        if !self.comes_to_rest()? && !self.rests_after_power_cycle()? {
            return Err(Failure::Surroundings(self.with_story(format!(
                "the station does not come to rest: {}",
                self.unrest().join(", ")
            ))));
        }
        // Of the preparation nothing is worth telling.
        self.happened.clear();
        Ok(())
    }

    /// Something is left that only a new start clears. False: it did not, or the
    /// power is not ours to cut.
    fn rests_after_power_cycle(&mut self) -> Result<bool, Failure> {
        let before = self.station.messages().len();
        match self.power_off() {
            Err(Failure::NotApplicable(_)) => return Ok(false),
            other => other?,
        }
        self.power_on()?;
        self.meet(before)?;
        self.comes_to_rest()
    }

    /// What has come since the last question is checked too.
    pub fn finish(&mut self) -> Result<(), Failure> {
        let now = self.now();
        self.look_at_all(now)
    }

    /// Everybody goes home, and everything works.
    fn go_home(&mut self) -> Result<(), Failure> {
        for action in BENT {
            self.reply(action, Reply::Usual);
        }
        for tag in tags::ALL {
            self.station.tag(tag, json!({"status": "Accepted"}));
        }
        self.station.network(true)?;
        for connector in self.connectors() {
            self.station.fault(connector, None)?;
            if self.traits.cable(connector) == Cable::Socket {
                self.station.jam_lock(connector, false)?;
            }
            self.station.unplug(connector)?;
        }
        Ok(())
    }

    /// The station is registered, as far as one can see from what came after
    /// the first `from` messages, and answers.
    fn meet(&mut self, from: usize) -> Result<(), Failure> {
        let until = self.now() + self.traits.patience;
        while !self.is_registered(from) && self.now() < until {
            let known = self.station.messages().len();
            self.station.wait(known, until)?;
            self.await_answers(until)?;
        }
        // One that was there before us may have had nothing to say.
        self.station.call("GetConfiguration", json!({}))?;
        self.settle();
        Ok(())
    }

    fn is_registered(&self, from: usize) -> bool {
        let all = self.station.messages();
        let fresh = all.get(from..).unwrap_or_default();
        let boot = fresh
            .iter()
            .rfind(|message| message.action == "BootNotification");
        boot.map_or(!fresh.is_empty(), is_accepted)
    }

    /// An answer is no message: time has to pass for it.
    fn await_answers(&mut self, until: Duration) -> Result<(), Failure> {
        let soon = (self.now() + SECOND / 20).min(until);
        self.station.wait(usize::MAX, soon)
    }

    fn comes_to_rest(&mut self) -> Result<bool, Failure> {
        self.restore_keys()?;
        // Without a cache, a list, a reservation or a charging profile there is nothing
        // to clear: any answer will do.
        self.station.call("ClearCache", json!({}))?;
        let no_list = json!({"listVersion": 1, "updateType": "Full"});
        self.station.call("SendLocalList", no_list)?;
        let reservation = json!({"reservationId": RESERVATION});
        self.station.call("CancelReservation", reservation)?;
        self.station.call("ClearChargingProfile", json!({}))?;
        let since = self.now();
        let until = since + self.traits.patience;
        let mut asked: Vec<String> = Vec::new();
        loop {
            self.settle();
            // A connector that is not told of is no reason to wait for ever: the
            // cases of booting judge that.
            let patient = self.now() < since + self.traits.observation;
            if self.unrest().is_empty() && !(patient && self.is_anyone_untold()) {
                return Ok(true);
            }
            if self.now() >= until {
                return Ok(false);
            }
            self.calm(&mut asked)?;
            let next = (self.now() + SECOND / 10).min(until);
            let known = self.station.messages().len();
            self.station.wait(known, next)?;
        }
    }

    /// Asks once for the end of each transaction, and for each connector that is
    /// out of service.
    fn calm(&mut self, asked: &mut Vec<String>) -> Result<(), Failure> {
        for transaction in self.open_transactions() {
            let what = format!("transaction {transaction}");
            if !asked.contains(&what) {
                let request = json!({"transactionId": transaction});
                self.station.call("RemoteStopTransaction", request)?;
                asked.push(what);
            }
        }
        let unavailable: Vec<i64> = self
            .statuses
            .iter()
            .filter(|(_, said)| said[0] == "Unavailable")
            .map(|(connector, _)| *connector)
            .collect();
        for connector in unavailable {
            let what = format!("connector {connector}");
            if !asked.contains(&what) {
                let request = json!({"connectorId": connector, "type": "Operative"});
                self.station.call("ChangeAvailability", request)?;
                asked.push(what);
            }
        }
        Ok(())
    }

    fn restore_keys(&mut self) -> Result<(), Failure> {
        // Long enough not to matter in any case that does not set it.
        let long = self.traits.patience * 2 + self.traits.observation * 4;
        let long = long.as_secs().max(60).to_string();
        let wanted = BASELINE
            .into_iter()
            .chain([("ConnectionTimeOut", long.as_str())]);
        let keys = self.keys()?;
        for (name, value) in wanted {
            let key = keys.iter().find(|key| key.name.eq_ignore_ascii_case(name));
            let differs = key.is_some_and(|key| {
                !key.readonly && !same(key.value.as_deref().unwrap_or_default(), value)
            });
            if differs {
                let change = json!({"key": name, "value": value});
                // A station that will not is judged by the case that needs it.
                self.station.call("ChangeConfiguration", change)?;
            }
        }
        Ok(())
    }

    /// What keeps the station from being idle, in words.
    fn unrest(&self) -> Vec<String> {
        let statuses = self
            .statuses
            .iter()
            .filter(|(_, said)| said[0] != "Available")
            .map(|(connector, said)| format!("connector {connector} is {}", said[0]));
        let open = self
            .open_transactions()
            .into_iter()
            .map(|transaction| format!("transaction {transaction} is open"));
        statuses.chain(open).collect()
    }

    /// Some connector, or connector 0, has not been told of since the boot.
    fn is_anyone_untold(&self) -> bool {
        let last = i64::from(*self.connectors().end());
        (0..=last).any(|connector| !self.statuses.contains_key(&connector))
    }

    /// Transactions that were accepted and not stopped.
    fn open_transactions(&self) -> Vec<i64> {
        let all = self.station.messages();
        let stopped = |transaction: i64| {
            all.iter().any(|message| {
                message.action == "StopTransaction"
                    && message.payload["transactionId"] == transaction
            })
        };
        all.iter()
            .filter(|message| message.action == "StartTransaction")
            .filter_map(|message| message.answer.as_ref()?["transactionId"].as_i64())
            .filter(|transaction| !stopped(*transaction))
            .collect()
    }

    /// Takes all that has come as history: it belongs to no case.
    pub(super) fn settle(&mut self) {
        let all = self.station.messages();
        for message in all.iter().skip(self.read) {
            self.note_status(message);
        }
        self.read = all.len();
        self.rules = Rules::knowing(&all);
    }

    /// The connection ends now, or soon, by the station's own doing.
    pub fn connection_ends(&mut self) {
        self.rules
            .forgive(self.station.now() + Duration::from_secs(1));
    }

    /// A StatusNotification, whatever it says.
    pub(super) fn any_status(&self) -> [Expected; 1] {
        [any("StatusNotification")]
    }
}

fn is_accepted(message: &Message) -> bool {
    let status = message.answer.as_ref().map(|answer| &answer["status"]);
    status == Some(&Value::from("Accepted"))
}
