//! The charger's live journal (`GET /v1/events`, server-sent events), read on a
//! thread of its own, for waiting on what the charger does.

use std::io::{BufRead, BufReader};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;

/// The events of one run of the program.
#[derive(Debug)]
pub struct Events {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    seen: Mutex<Seen>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct Seen {
    listening: bool,
    events: Vec<Value>,
    ended: bool,
}

impl Events {
    /// Listens to the charger at this URL. What happens after this returns is
    /// not missed.
    ///
    /// # Errors
    /// If the charger does not answer.
    pub fn listen(url: &str) -> anyhow::Result<Events> {
        let config = ureq::Agent::config_builder().proxy(None).build();
        let agent: ureq::Agent = config.into();
        let response = agent
            .get(format!("{url}/v1/events"))
            .call()
            .context("the events are not to be had")?;
        let reader = response.into_body().into_with_config().limit(u64::MAX);
        let reader = BufReader::new(reader.reader());
        let shared = Arc::new(Shared::default());
        let for_thread = shared.clone();
        std::thread::Builder::new()
            .name("events".to_owned())
            .spawn(move || for_thread.read(reader))?;
        let events = Events { shared };
        events
            .wait(Duration::from_secs(60), |seen| {
                (seen.listening || seen.ended).then_some(())
            })
            .context("the events do not begin")?;
        Ok(events)
    }

    /// All events so far.
    pub fn all(&self) -> Vec<Value> {
        self.shared.lock().events.clone()
    }

    /// Waits for an event of this kind, from the n-th of all on, whose detail
    /// `is` says is the right one.
    pub fn wait_for(
        &self,
        from: usize,
        kind: &str,
        patience: Duration,
        is: impl Fn(&Value) -> bool,
    ) -> Option<Value> {
        self.wait(patience, |seen| {
            seen.events
                .get(from..)?
                .iter()
                .find(|event| event["kind"] == kind && is(&event["detail"]))
                .cloned()
        })
    }

    /// How many events there have been.
    pub fn count(&self) -> usize {
        self.shared.lock().events.len()
    }

    /// Waits until there have been more than `count` events.
    pub(super) fn wait_more(&self, count: usize, patience: Duration) {
        self.wait(patience, |seen| {
            (seen.events.len() > count || seen.ended).then_some(())
        });
    }

    fn wait<T>(&self, patience: Duration, mut found: impl FnMut(&Seen) -> Option<T>) -> Option<T> {
        let end = Instant::now() + patience;
        let mut seen = self.shared.lock();
        loop {
            if let Some(it) = found(&seen) {
                return Some(it);
            }
            let left = end.checked_duration_since(Instant::now())?;
            seen = self
                .shared
                .grown
                .wait_timeout(seen, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

impl Shared {
    /// Reads until the program ends.
    fn read(&self, reader: impl BufRead) {
        for line in reader.lines() {
            let Ok(line) = line else { break };
            let mut seen = self.lock();
            if let Some(data) = line.strip_prefix("data:") {
                seen.events.extend(serde_json::from_str(data).ok());
            } else if line.starts_with(':') {
                seen.listening = true;
            }
            drop(seen);
            self.grown.notify_all();
        }
        self.lock().ended = true;
        self.grown.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
