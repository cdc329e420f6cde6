//! How long the station takes: from what happens to the message it causes, and
//! from a CALL to its answer. Measured at the central system's end, over a real
//! WebSocket on loopback, with the simulator's usual times.
//!
//! Not counted is what a car does: one that draws is asked to stop before a
//! contactor opens, so that stops are measured with a car that pauses.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::process::{ProcessStation, Setup};
use crate::{Answer, Failure, Message, Station};

/// The card of all measurements.
const TAG: &str = "PPTAG1";
/// How long a car pauses.
const PAUSE: Duration = Duration::from_millis(250);

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Amount {
    /// CALLs of which the response is measured.
    pub calls: usize,
    /// RemoteStartTransactions among them.
    pub remote_starts: usize,
    /// Whole sessions with each kind of stimulus.
    pub sessions: usize,
}

impl Default for Amount {
    fn default() -> Amount {
        Amount {
            calls: 1_000,
            remote_starts: 100,
            sessions: 20,
        }
    }
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// From the last stimulus to its message, by kind of stimulus.
    pub triggered: Vec<Kind>,
    /// From a CALL to its answer, all actions.
    pub response: Spread,
    /// From a CALL to its answer, by action.
    pub responses: Vec<Kind>,
    /// From RemoteStartTransaction to its answer.
    pub remote_start: Spread,
    /// How many timestamps were seen, and how many had milliseconds.
    pub timestamps: Timestamps,
}

/// Times of one kind.
#[derive(Debug, Clone, Serialize)]
pub struct Kind {
    /// Which.
    pub name: String,
    /// The times.
    pub spread: Spread,
}

/// How times are distributed, ms.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    /// How many were measured.
    pub count: usize,
    /// Half of them took at most so long.
    pub p50_ms: f64,
    /// 99 of 100 took at most so long.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// Timestamps in the station's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Timestamps {
    /// All.
    pub seen: usize,
    /// Those with three digits behind the seconds.
    pub with_milliseconds: usize,
}

impl Measured {
    /// The longest of all that were triggered.
    pub fn triggered_max_ms(&self) -> f64 {
        let longest = self.triggered.iter().map(|kind| kind.spread.max_ms);
        longest.fold(0.0, f64::max)
    }
}

impl Spread {
    /// Of at least one time.
    fn of(times: &[Duration]) -> Spread {
        let mut times: Vec<f64> = times.iter().map(|it| it.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        // Nearest rank: a time that was measured, never one in between.
        let rank = |share: f64| {
            let place = (share * times.len() as f64).ceil() as usize;
            times.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
        };
        Spread {
            count: times.len(),
            p50_ms: rank(0.5),
            p99_ms: rank(0.99),
            max_ms: rank(1.0),
        }
    }
}

/// Measures a station of its own.
///
/// # Errors
/// If it does not do what is to be measured.
pub fn measure(setup: &Setup, amount: Amount) -> Result<Measured, Failure> {
    let mut bench = Bench {
        connector: setup.traits().connector,
        station: ProcessStation::start(setup)?,
        seen: 0,
        triggered: BTreeMap::new(),
    };
    bench.prepare()?;
    for _ in 0..amount.sessions {
        bench.local_session()?;
        bench.remote_session()?;
        bench.availability()?;
    }
    for _ in 0..amount.remote_starts.saturating_sub(amount.sessions) {
        bench.short_session()?;
    }
    for turn in 0..amount.calls {
        bench.question(turn)?;
    }
    bench.reset()?;
    Ok(bench.finish())
}

struct Bench {
    station: ProcessStation,
    connector: u32,
    /// So many messages are the past.
    seen: usize,
    triggered: BTreeMap<&'static str, Vec<Duration>>,
}

impl Bench {
    fn prepare(&mut self) -> Result<(), Failure> {
        self.status("Available")?;
        for (key, value) in [
            ("StopTransactionOnEVSideDisconnect", "true"),
            ("MinimumStatusDuration", "0"),
        ] {
            let change = json!({"key": key, "value": value});
            let answer = self.station.call("ChangeConfiguration", change)?;
            if status_of(&answer) != Some("Accepted") {
                return Err(Failure::Surroundings(format!("{key}: {answer:?}")));
            }
        }
        Ok(())
    }

    /// Plug, card, pause and resume, unplug.
    fn local_session(&mut self) -> Result<(), Failure> {
        self.plug()?;
        let since = self.stimulus();
        self.station.card(TAG)?;
        let asked = self.expect("Authorize", |_| true)?;
        self.note("card to Authorize", since, &asked);
        let start = self.expect("StartTransaction", |_| true)?;
        self.note("card to StartTransaction", since, &start);
        self.status("Charging")?;
        let since = self.stimulus();
        self.station.car_asks(self.connector, false)?;
        let paused = self.status("SuspendedEV")?;
        self.note("pilot C to B, to StatusNotification", since, &paused);
        self.pause()?;
        let since = self.stimulus();
        self.station.car_asks(self.connector, true)?;
        let resumed = self.status("Charging")?;
        self.note("pilot B to C, to StatusNotification", since, &resumed);
        self.unplug()
    }

    /// RemoteStartTransaction, and RemoteStopTransaction while the car pauses.
    fn remote_session(&mut self) -> Result<(), Failure> {
        self.plug()?;
        let start = self.remote_start()?;
        self.status("Charging")?;
        self.station.car_asks(self.connector, false)?;
        self.status("SuspendedEV")?;
        let since = self.stimulus();
        let transaction = self.transaction(&start)?;
        self.accepted(
            "RemoteStopTransaction",
            json!({"transactionId": transaction}),
        )?;
        let stop = self.expect("StopTransaction", |_| true)?;
        self.note("RemoteStopTransaction to StopTransaction", since, &stop);
        self.status("Finishing")?;
        self.station.unplug(self.connector)?;
        self.status("Available")?;
        Ok(())
    }

    /// RemoteStartTransaction, and the car goes before it has drawn anything.
    fn short_session(&mut self) -> Result<(), Failure> {
        self.plug()?;
        self.remote_start()?;
        self.unplug()
    }

    fn availability(&mut self) -> Result<(), Failure> {
        for (kind, status) in [("Inoperative", "Unavailable"), ("Operative", "Available")] {
            let request = json!({"connectorId": self.connector, "type": kind});
            let since = self.stimulus();
            self.accepted("ChangeAvailability", request)?;
            let told = self.status(status)?;
            self.note("ChangeAvailability to StatusNotification", since, &told);
        }
        Ok(())
    }

    fn reset(&mut self) -> Result<(), Failure> {
        let since = self.stimulus();
        self.accepted("Reset", json!({"type": "Hard"}))?;
        let boot = self.expect("BootNotification", |_| true)?;
        self.note("Reset to BootNotification", since, &boot);
        Ok(())
    }

    /// One of the questions that a central system asks most.
    fn question(&mut self, turn: usize) -> Result<(), Failure> {
        let (action, payload) = match turn % 4 {
            0 => ("GetConfiguration", json!({"key": ["HeartbeatInterval"]})),
            1 => ("GetConfiguration", json!({})),
            2 => ("DataTransfer", json!({"vendorId": "com.example"})),
            _ => {
                let value = if turn % 8 < 4 { "61" } else { "62" };
                let change = json!({"key": "ConnectionTimeOut", "value": value});
                ("ChangeConfiguration", change)
            }
        };
        self.station.call(action, payload).map(|_| ())
    }

    fn plug(&mut self) -> Result<(), Failure> {
        let since = self.stimulus();
        self.station.plug(self.connector)?;
        let told = self.status("Preparing")?;
        self.note("plug to StatusNotification", since, &told);
        Ok(())
    }

    fn unplug(&mut self) -> Result<(), Failure> {
        let since = self.stimulus();
        self.station.unplug(self.connector)?;
        let stop = self.expect("StopTransaction", |_| true)?;
        self.note("unplug to StopTransaction", since, &stop);
        self.status("Available")?;
        Ok(())
    }

    fn remote_start(&mut self) -> Result<Message, Failure> {
        let request = json!({"connectorId": self.connector, "idTag": TAG});
        let since = self.stimulus();
        self.accepted("RemoteStartTransaction", request)?;
        let start = self.expect("StartTransaction", |_| true)?;
        self.note("RemoteStartTransaction to StartTransaction", since, &start);
        Ok(start)
    }

    fn transaction(&self, start: &Message) -> Result<i64, Failure> {
        let answer = start.answer.as_ref();
        let id = answer.and_then(|answer| answer["transactionId"].as_i64());
        id.ok_or_else(|| Failure::Surroundings("a start without a transaction".to_owned()))
    }

    fn accepted(&mut self, action: &str, payload: Value) -> Result<(), Failure> {
        let answer = self.station.call(action, payload)?;
        match status_of(&answer) {
            Some("Accepted") => Ok(()),
            _ => Err(Failure::Station(format!(
                "{action} is answered with {answer:?}"
            ))),
        }
    }

    /// A car that goes on at once is a pilot that flaps, which the contactor is
    /// spared from.
    fn pause(&mut self) -> Result<(), Failure> {
        let until = self.station.now() + PAUSE;
        self.station.wait(usize::MAX, until)
    }

    /// Something is about to happen: the past is over.
    fn stimulus(&mut self) -> Duration {
        self.seen = self.station.messages().len();
        self.station.now()
    }

    fn note(&mut self, what: &'static str, since: Duration, message: &Message) {
        let took = message.at.saturating_sub(since);
        self.triggered.entry(what).or_default().push(took);
    }

    fn status(&mut self, status: &str) -> Result<Message, Failure> {
        let connector = self.connector;
        self.expect("StatusNotification", |p| {
            p["connectorId"] == connector && p["status"] == status
        })
    }

    /// Waits for a message since the latest stimulus.
    fn expect(&mut self, action: &str, is: impl Fn(&Value) -> bool) -> Result<Message, Failure> {
        let until = self.station.now() + self.station.traits().patience;
        loop {
            let messages = self.station.messages();
            let mut new = messages.iter().skip(self.seen);
            if let Some(found) = new.find(|m| m.action == action && is(&m.payload)) {
                return Ok(found.clone());
            }
            if self.station.now() >= until {
                return Err(Failure::Station(format!(
                    "there was to be a {action}:\n{}",
                    self.station.transcript()
                )));
            }
            self.station.wait(messages.len(), until)?;
        }
    }

    fn finish(self) -> Measured {
        let kind = |(name, times): (String, Vec<Duration>)| Kind {
            spread: Spread::of(&times),
            name,
        };
        let responses = self.station.responses();
        let all: Vec<_> = responses.iter().map(|(_, took)| *took).collect();
        let mut by_action: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
        for (action, took) in responses {
            by_action.entry(action).or_default().push(took);
        }
        let remote = by_action.get("RemoteStartTransaction");
        let triggered = self.triggered.into_iter();
        Measured {
            triggered: triggered
                .map(|(name, it)| kind((name.to_owned(), it)))
                .collect(),
            response: Spread::of(&all),
            remote_start: Spread::of(remote.map_or(&[], Vec::as_slice)),
            responses: by_action.into_iter().map(kind).collect(),
            timestamps: timestamps(&self.station.messages()),
        }
    }
}

fn status_of(answer: &Answer) -> Option<&str> {
    match answer {
        Answer::Result(payload) => payload["status"].as_str(),
        Answer::Error(_) => None,
    }
}

fn timestamps(messages: &[Message]) -> Timestamps {
    let stamps: Vec<&str> = messages
        .iter()
        .filter_map(|message| message.payload["timestamp"].as_str())
        .collect();
    Timestamps {
        seen: stamps.len(),
        with_milliseconds: stamps.iter().filter(|it| has_milliseconds(it)).count(),
    }
}

/// `….123Z`
fn has_milliseconds(stamp: &str) -> bool {
    let fraction = stamp.strip_suffix('Z').and_then(|it| it.rsplit_once('.'));
    fraction.is_some_and(|(_, digits)| {
        digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_times_that_were_measured() {
        let times: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        let spread = Spread::of(&times);
        assert_eq!(
            (spread.p50_ms, spread.p99_ms, spread.max_ms),
            (50.0, 99.0, 100.0)
        );
        let one = Spread::of(&[Duration::from_millis(7)]);
        assert_eq!((one.p50_ms, one.p99_ms, one.max_ms), (7.0, 7.0, 7.0));
    }

    #[test]
    fn milliseconds_are_three_digits() {
        assert!(has_milliseconds("2026-11-22T10:00:00.123Z"));
        assert!(!has_milliseconds("2026-11-22T10:00:00Z"));
        assert!(!has_milliseconds("2026-11-22T10:00:00.1Z"));
    }
}
