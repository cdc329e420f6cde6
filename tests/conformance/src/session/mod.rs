//! One case at work on one station: what it has done, what has come, and the
//! words for what went wrong.
//!
//! * `hands`: what people, cars, network and power do
//! * `waits`: what must come, and what must not
//! * `calls`: what the central system asks; configuration keys
//! * `rest`: how a station is brought to rest before a case
//! * `stories`: a transaction from plug to unplug, a boot
//!
//! Not here: the cases.

mod calls;
mod hands;
mod rest;
mod stories;
mod waits;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::outcome::Failure;
use super::rules::{Rules, seconds};
use super::station::{Cable, Message, Station, Traits};

pub use calls::Key;
pub use rest::RESERVATION;
pub use stories::Transaction;

/// So many lines of what happened stand below a failure.
const LINES: usize = 30;

/// A case's hold on the station under test.
pub struct Session<'s> {
    station: &'s mut dyn Station,
    traits: Traits,
    /// So many messages of the station have been looked at.
    read: usize,
    rules: Rules,
    /// What was last said of each connector: status, error code, info.
    statuses: BTreeMap<i64, [Value; 3]>,
    /// What happened, for whoever has to understand a failure.
    happened: Vec<(Duration, String)>,
}

impl<'s> Session<'s> {
    /// The station as it is now; what it said before is history.
    pub fn new(station: &'s mut dyn Station) -> Self {
        let history = station.messages();
        let traits = station.traits().clone();
        let mut session = Self {
            station,
            traits,
            read: history.len(),
            rules: Rules::knowing(&history),
            statuses: BTreeMap::new(),
            happened: Vec::new(),
        };
        for message in &history {
            session.note_status(message);
        }
        session
    }

    /// What the station is.
    pub fn traits(&self) -> &Traits {
        &self.traits
    }

    /// The connector under test.
    pub fn connector(&self) -> u32 {
        self.traits.connector
    }

    /// All connectors, without 0.
    pub fn connectors(&self) -> std::ops::RangeInclusive<u32> {
        1..=u32::try_from(self.traits.cables.len()).unwrap_or(u32::MAX)
    }

    /// Connectors that are not under test.
    pub fn others(&self) -> Vec<u32> {
        let own = self.connector();
        self.connectors().filter(|number| *number != own).collect()
    }

    /// How the cable of the connector under test is attached.
    pub fn cable(&self) -> Cable {
        self.traits.cable(self.connector())
    }

    /// A card does not say which connector is meant.
    pub fn reader_is_shared(&self) -> bool {
        self.traits.reader.len() > 1
    }

    /// Time since the suite met the station.
    pub fn now(&self) -> Duration {
        self.station.now()
    }

    /// The true time, Unix ms.
    pub fn unix_ms(&self) -> i64 {
        self.station.unix_ms()
    }

    /// A time that the case may choose: whole seconds.
    pub fn short(&self) -> Duration {
        let short = self.traits.short;
        Duration::from_secs(short.as_secs() + u64::from(short.subsec_nanos() > 0)).max(SECOND)
    }

    /// How far from its time something that is timed may come.
    pub fn tolerance(&self) -> Duration {
        (self.short() / 20).max(SECOND / 2)
    }

    /// The station did it wrong.
    pub fn failure(&self, text: impl Into<String>) -> Failure {
        Failure::Station(self.with_story(text.into()))
    }

    /// `text`, and what happened before.
    pub(super) fn with_story(&self, text: String) -> String {
        if self.happened.is_empty() {
            return text;
        }
        let from = self.happened.len().saturating_sub(LINES);
        let mut story = text;
        story.push_str("\n  What happened:");
        if from > 0 {
            story.push_str(" (…)");
        }
        for (at, line) in &self.happened[from..] {
            story.push_str(&format!("\n  {:>12}  {line}", seconds(*at)));
        }
        story
    }

    fn note(&mut self, line: impl Into<String>) {
        self.happened.push((self.station.now(), line.into()));
    }

    /// True: nothing that was not said before.
    fn note_status(&mut self, message: &Message) -> bool {
        match message.action.as_str() {
            "BootNotification" => self.statuses.clear(),
            "StatusNotification" => {
                let said = ["status", "errorCode", "info"]
                    .map(|field| message.payload.get(field).cloned().unwrap_or_default());
                let connector = message.payload["connectorId"].as_i64().unwrap_or(-1);
                return self.statuses.insert(connector, said.clone()) == Some(said);
            }
            _ => {}
        }
        false
    }
}

const SECOND: Duration = Duration::from_secs(1);
