//! What must come, and what must not.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Session;
use crate::expected::Expected;
use crate::outcome::Failure;
use crate::rules::seconds;
use crate::station::Message;

/// What a station may say at any time, as its configuration has it.
const AT_ANY_TIME: [&str; 8] = [
    "Heartbeat",
    "MeterValues",
    "DataTransfer",
    "SecurityEventNotification",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "SignedFirmwareStatusNotification",
];

/// An answer that is waited for belongs to one of so many messages.
const RECENT: usize = 20;

/// A message that has come.
struct Come {
    message: Message,
    /// It may come at any time, says what was said before, or is sent again.
    idle_talk: bool,
}

impl Session<'_> {
    /// This must come, and nothing else before it.
    pub fn expect(&mut self, expected: Expected) -> Result<Message, Failure> {
        self.expect_among(expected, &[])
    }

    /// This must come. Before it, these may.
    pub fn expect_among(
        &mut self,
        expected: Expected,
        optional: &[Expected],
    ) -> Result<Message, Failure> {
        let mut messages = self.expect_all(&[expected], optional)?;
        Ok(messages.remove(0))
    }

    /// All these must come, in any order; these others may. Returns what was
    /// required, in the order in which it is named.
    pub fn expect_all(
        &mut self,
        required: &[Expected],
        optional: &[Expected],
    ) -> Result<Vec<Message>, Failure> {
        let until = self.now() + self.traits.patience + self.traits.car_reacts;
        self.expect_all_until(required, optional, until)
    }

    /// As [`Session::expect_all`], with a moment by which all must be there.
    pub fn expect_all_until(
        &mut self,
        required: &[Expected],
        optional: &[Expected],
        until: Duration,
    ) -> Result<Vec<Message>, Failure> {
        let mut found: Vec<Option<Message>> = vec![None; required.len()];
        loop {
            let missing = words(
                required
                    .iter()
                    .zip(&found)
                    .filter(|(_, found)| found.is_none())
                    .map(|(expected, _)| expected.to_string()),
            );
            if missing.is_empty() {
                return Ok(found.into_iter().flatten().collect());
            }
            let Some(Come { message, idle_talk }) = self.next(until)? else {
                return Err(self.failure(format!(
                    "{missing} should have come by {} and did not",
                    seconds(until)
                )));
            };
            let place = (0..required.len())
                .find(|at| found[*at].is_none() && required[*at].matches(&message));
            if let Some(place) = place {
                found[place] = Some(message);
            } else if !idle_talk && !optional.iter().any(|other| other.matches(&message)) {
                return Err(self.failure(format!(
                    "{missing} should have come, but {} {} came at {}",
                    message.action,
                    message.payload,
                    seconds(message.at)
                )));
            }
        }
    }

    /// The first of these that comes; nothing if none does within `for_so_long`.
    /// Before it, `optional` may come, and nothing else.
    pub fn perhaps(
        &mut self,
        wanted: &[Expected],
        optional: &[Expected],
        for_so_long: Duration,
    ) -> Result<Option<Message>, Failure> {
        let until = self.now() + for_so_long;
        while let Some(Come { message, idle_talk }) = self.next(until)? {
            if wanted.iter().any(|expected| expected.matches(&message)) {
                return Ok(Some(message));
            }
            if !idle_talk && !optional.iter().any(|other| other.matches(&message)) {
                let wanted: Vec<String> = wanted.iter().map(Expected::to_string).collect();
                return Err(self.surprise(&wanted.join(" or "), &message));
            }
        }
        Ok(None)
    }

    /// For as long as the absence of something is observed, nothing comes.
    pub fn expect_nothing(&mut self) -> Result<(), Failure> {
        self.expect_only(&[])
    }

    /// For as long as the absence of something is observed, nothing but these
    /// comes.
    pub fn expect_only(&mut self, optional: &[Expected]) -> Result<(), Failure> {
        let observation = self.traits.observation;
        self.perhaps(&[], optional, observation)?;
        Ok(())
    }

    /// Nothing at all comes until then, not even what may come at any time.
    pub fn expect_silence(&mut self, until: Duration) -> Result<(), Failure> {
        match self.next(until)? {
            None => Ok(()),
            Some(come) => Err(self.surprise("", &come.message)),
        }
    }

    /// Lets time pass. What comes is left for whoever asks next.
    pub fn pass(&mut self, time: Duration) -> Result<(), Failure> {
        let until = self.now() + time;
        while self.now() < until {
            self.station.wait(usize::MAX, until)?;
        }
        Ok(())
    }

    /// Where the story stands; for [`Session::since`].
    pub fn mark(&self) -> usize {
        self.read
    }

    /// All messages of an action since then, also those that are still to be
    /// looked at, each once.
    pub fn since(&self, mark: usize, action: &str) -> Vec<Message> {
        let mut seen = BTreeSet::new();
        let all = self.station.messages_after(mark);
        all.into_iter()
            .filter(|message| message.action == action && seen.insert(message.id.clone()))
            .collect()
    }

    /// What the station sent, once it is answered.
    pub fn answered(&mut self, message: &Message) -> Result<Message, Failure> {
        let until = self.now() + self.traits.patience;
        loop {
            let all = self
                .station
                .messages_after(self.read.saturating_sub(RECENT));
            let fresh = all.into_iter().find(|other| {
                other.id == message.id && other.at == message.at && other.answered_at.is_some()
            });
            if let Some(fresh) = fresh {
                return Ok(fresh);
            }
            let now = self.now();
            if now >= until {
                return Err(Failure::Surroundings(self.with_story(format!(
                    "the central system did not answer {} of {}",
                    message.action,
                    seconds(message.at)
                ))));
            }
            self.station
                .wait(usize::MAX, now + Duration::from_millis(10))?;
        }
    }

    /// Whatever has come by `until`.
    pub(super) fn look_at_all(&mut self, until: Duration) -> Result<(), Failure> {
        while self.next(until)?.is_some() {}
        Ok(())
    }

    fn surprise(&self, wanted: &str, message: &Message) -> Failure {
        let wanted = if wanted.is_empty() { "nothing" } else { wanted };
        self.failure(format!(
            "{wanted} should have come, but {} {} came at {}",
            message.action,
            message.payload,
            seconds(message.at)
        ))
    }

    fn next(&mut self, until: Duration) -> Result<Option<Come>, Failure> {
        loop {
            let known = self.read.saturating_sub(1);
            let fresh = self.station.messages_after(known);
            if let Some(message) = fresh.get(self.read - known) {
                // What came too late is not there for this question.
                if message.at > until {
                    return Ok(None);
                }
                let before = fresh.first().filter(|_| self.read > known);
                self.read += 1;
                self.happened.push((
                    message.at,
                    format!("{} {}", message.action, message.payload),
                ));
                let again = self.rules.knows(message);
                let wrong = self.rules.judge(message, before);
                if !wrong.is_empty() {
                    return Err(self.failure(format!(
                        "{} {} of {} breaks the rules of OCPP 1.6: {}",
                        message.action,
                        message.payload,
                        seconds(message.at),
                        wrong.join("; ")
                    )));
                }
                let repeated = self.note_status(message);
                return Ok(Some(Come {
                    message: message.clone(),
                    idle_talk: again || repeated || AT_ANY_TIME.contains(&message.action.as_str()),
                }));
            }
            if self.station.now() >= until {
                return Ok(None);
            }
            self.station.wait(self.read, until)?;
        }
    }
}

fn words(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(" and ")
}
