//! What was measured on the way. Asserts nothing.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use crate::central_system::{Entry, What};
use crate::charger::{Charger, Memory, Site};
use crate::frame::Frame;
use crate::ledger::Ledger;

use super::{Plan, transaction_messages};

/// The figures of one run.
#[derive(Debug, Clone)]
pub struct Figures {
    plan: Plan,
    /// How long it took to make the transactions.
    pub made_in: Duration,
    /// Online, before anything was made.
    pub empty: Moment,
    /// Just before the power went.
    pub full: Moment,
    /// Started anew, with everything to be told.
    pub restarted: Moment,
    /// When everything was told.
    pub delivered: Moment,
    /// Transaction messages that got through.
    pub messages: usize,
    /// How often the central system failed on one.
    pub refused: usize,
    /// From the first of them to the answer to the last.
    pub delivered_in: Duration,
    /// The part of it that was spent waiting after a failure.
    pub held: Duration,
    /// How long the central system really took to answer, all together.
    pub answering: Duration,
    /// From an answer to the next message, sorted; without waits after failures.
    pub between: Vec<Duration>,
}

/// The charger at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moment {
    /// From the start of the process to its first message; zero if it was not
    /// just started.
    pub started_in: Duration,
    /// How long the instance of the protocol component took to start.
    pub start_us: u64,
    /// Messages that wait.
    pub queue: u64,
    /// Entries that the protocol component has kept.
    pub entries: u64,
    /// Of the process.
    pub memory: Memory,
    /// All that is in the state directory but compiled components.
    pub state_bytes: u64,
}

impl Moment {
    pub(super) fn of(
        charger: &Charger,
        site: &Site,
        started_in: Duration,
    ) -> anyhow::Result<Moment> {
        let status = charger.status();
        let component = &status["components"][0];
        let number = |name: &str| component[name].as_u64().unwrap_or(0);
        Ok(Moment {
            started_in,
            start_us: number("start_us"),
            entries: number("entries"),
            queue: status["queue"].as_u64().unwrap_or(0),
            memory: Memory::of(charger.process().id())?,
            state_bytes: files_of(&site.state_dir())?,
        })
    }
}

/// The size of the files in a directory, without what lies deeper.
fn files_of(directory: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        let about = entry?.metadata()?;
        if about.is_file() {
            bytes += about.len();
        }
    }
    Ok(bytes)
}

impl Figures {
    pub(super) fn new(plan: &Plan) -> Figures {
        Figures {
            plan: plan.clone(),
            made_in: Duration::ZERO,
            empty: Moment::default(),
            full: Moment::default(),
            restarted: Moment::default(),
            delivered: Moment::default(),
            messages: 0,
            refused: 0,
            delivered_in: Duration::ZERO,
            held: Duration::ZERO,
            answering: Duration::ZERO,
            between: Vec::new(),
        }
    }

    /// Reads the rest off the journal.
    pub(super) fn count(&mut self, entries: &[Entry], ledger: &Ledger) {
        let calls: Vec<&Entry> = transaction_messages(entries).map(|it| it.0).collect();
        self.messages = calls.len() - ledger.retransmissions;
        let (Some(first), Some(last)) = (calls.first(), calls.last()) else {
            return;
        };
        let of_delivery = &entries[first.number..];
        self.delivered_in = last.at.duration_since(first.at) + self.plan.latency;
        let mut answer: Option<&Entry> = None;
        let mut asked = first.at;
        for entry in of_delivery {
            match &entry.what {
                What::Sent(Frame::Error { .. } | Frame::Result { .. }) => {
                    if matches!(entry.what, What::Sent(Frame::Error { .. })) {
                        self.refused += 1;
                    }
                    self.answering += entry.at.duration_since(asked);
                    answer = Some(entry);
                }
                What::Received(Frame::Call { .. }) if entry.number <= last.number => {
                    asked = entry.at;
                    let Some(before) = answer.take() else {
                        continue;
                    };
                    let wait = entry.at.duration_since(before.at);
                    match before.what {
                        What::Sent(Frame::Error { .. }) => self.held += wait,
                        _ => self.between.push(wait),
                    }
                }
                _ => {}
            }
        }
        self.between.sort_unstable();
    }

    /// Messages in a second, while none was held back.
    pub fn rate(&self) -> f64 {
        self.messages as f64 / (self.delivered_in - self.held).as_secs_f64()
    }

    /// The most that this central system would have let through, one at a time:
    /// so many messages in the time that it took to answer them.
    pub fn bound(&self) -> f64 {
        self.messages as f64 / self.answering.as_secs_f64()
    }

    /// From an answer to the next message, at this percentile.
    pub fn between_ms(&self, percent: usize) -> f64 {
        let last = self.between.len().saturating_sub(1);
        let it = self.between.get(last * percent / 100);
        it.map_or(f64::NAN, |it| it.as_secs_f64() * 1000.0)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} transactions made offline at {} connectors in {:.1} s, and one that the power cut off: {} messages",
            self.plan.transactions,
            self.plan.connectors,
            self.made_in.as_secs_f64(),
            self.messages,
        )?;
        writeln!(
            f,
            "delivered in {:.1} s, {:.1} s of them waiting after {} failures: {:.1} messages/s \
             (a central system that means to take {} ms let {:.1} through)",
            self.delivered_in.as_secs_f64(),
            self.held.as_secs_f64(),
            self.refused,
            self.rate(),
            self.plan.latency.as_millis(),
            self.bound(),
        )?;
        writeln!(
            f,
            "from an answer to the next message: p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
            self.between_ms(50),
            self.between_ms(99),
            self.between_ms(100),
        )?;
        let rows = [
            ("nothing made", &self.empty),
            ("before the power cut", &self.full),
            ("started anew", &self.restarted),
            ("all delivered", &self.delivered),
        ];
        for (name, it) in rows {
            let start = if it.started_in.is_zero() {
                String::new()
            } else {
                let ms = it.started_in.as_secs_f64() * 1000.0;
                format!(", first message after {ms:.1} ms")
            };
            writeln!(
                f,
                "  {name:<21} {:>5} waiting, {:>5} entries, PSS {:>5.1} MB, RSS {:>5.1} MB, \
                 state {:>5} kB, instance started in {:.2} ms{start}",
                it.queue,
                it.entries,
                it.memory.pss_kib as f64 * 1024.0 / 1e6,
                it.memory.rss_kib as f64 * 1024.0 / 1e6,
                it.state_bytes / 1000,
                it.start_us as f64 / 1000.0,
            )?;
        }
        Ok(())
    }
}
