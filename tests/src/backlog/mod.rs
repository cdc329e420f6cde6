//! Many transactions made offline by the real program, a power cut, and their
//! delivery to a slow central system that now and then fails on a message. Used
//! by a test, and by the bench for the figures.
//!
//! `making` makes the transactions, `audit` compares what was told with what
//! the contactors and meters did, `figures` is what was measured on the way.
//!
//! Whatever is not as it must be is an error; how fast it was is only told.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::central_system::{CentralSystem, Entry, Reply, Rule, What};
use crate::charger::{Charger, Config, Site, contactor_moves};
use crate::frame::Frame;
use crate::ledger::{Ledger, Rules};

mod audit;
mod figures;
mod making;

pub use figures::{Figures, Moment};

/// What the central system must get, in order and each once.
const TRANSACTION_MESSAGES: [&str; 3] = ["StartTransaction", "MeterValues", "StopTransaction"];

/// For the charger to come up, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much of it, and against what.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Transactions that come to their end before the power goes. One more is
    /// running then.
    pub transactions: u32,
    /// They are made at so many connectors at the same time.
    pub connectors: u32,
    /// How long the central system takes to answer.
    pub latency: Duration,
    /// It fails on every so-manieth transaction message, once.
    pub refuse_every: usize,
    /// Throw the guests' instances away after every event.
    pub amnesia: bool,
}

impl Plan {
    /// So many transactions, against a central system that takes 10 ms and
    /// fails on every 50th message.
    pub fn of(transactions: u32) -> Plan {
        Plan {
            transactions,
            connectors: 10,
            latency: Duration::from_millis(10),
            refuse_every: 50,
            amnesia: false,
        }
    }
}

/// Plays it all.
///
/// # Errors
/// If a message is lost, doubled, disordered or wrong, or something takes
/// for ever.
pub fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let central = CentralSystem::start()?;
    let site = Site::new()?;
    let config = Config::new(central.url())
        .connectors(plan.connectors)
        .persistent()
        .amnesia(plan.amnesia)
        .set("sim.car_delay_ms", 1)
        .ocpp("AllowOfflineTxForUnknownId", "true")
        .ocpp("MeterValueSampleInterval", "1")
        .ocpp("TransactionMessageRetryInterval", "1");
    let mut figures = Figures::new(plan);

    // Twice, so that the start that is measured has nothing to set up.
    let (charger, _) = start(&site, &config, &central)?;
    settled(&charger, PATIENCE)?;
    charger.kill();
    central.note_restart();
    let (charger, empty) = start(&site, &config, &central)?;
    settled(&charger, PATIENCE)?;
    figures.empty = Moment::of(&charger, &site, empty)?;
    charger.control().network(false)?;
    charger.wait_status("a link that is down", |s| s["link"]["state"] != "up");
    let begin = Instant::now();
    if let Err(error) = making::transactions(&charger, plan) {
        let printed = charger.kill();
        let tail = &printed[printed.len().saturating_sub(200)..];
        return Err(error.context(format!("the charger printed:\n  {}", tail.join("\n  "))));
    }
    figures.made_in = begin.elapsed();
    figures.full = Moment::of(&charger, &site, Duration::ZERO)?;
    let printed = charger.kill();
    central.note_restart();

    central.be_slow(plan.latency);
    let failure = Reply::error("InternalError", "try again").after(plan.latency);
    central.script(Rule::on_each(&TRANSACTION_MESSAGES, failure).every(plan.refuse_every));
    let (charger, took) = start(&site, &config, &central)?;
    figures.restarted = Moment::of(&charger, &site, took)?;
    // Slower than this is a hang.
    let bound = 60 + u64::from(plan.transactions) / 4;
    settled(&charger, Duration::from_secs(bound))?;
    figures.delivered = Moment::of(&charger, &site, Duration::ZERO)?;

    let entries = central.journal().entries();
    let ledger = Ledger::of(&entries, &Rules::default());
    let made = audit::Made {
        moves: contactor_moves(&printed),
        at_the_end: charger.status(),
        transactions: plan.transactions,
    };
    let printed = charger.kill();
    audit::all(&made, &entries, &ledger, &printed)?;
    figures.count(&entries, &ledger);
    let expected = figures.messages / plan.refuse_every;
    ensure!(
        figures.refused >= expected.min(1) && figures.refused <= expected + 1,
        "{} of {} messages were refused",
        figures.refused,
        figures.messages
    );
    Ok(figures)
}

/// Starts the charger; how long it took until its first message came in.
fn start(
    site: &Site,
    config: &Config,
    central: &CentralSystem,
) -> anyhow::Result<(Charger, Duration)> {
    central.forget_earlier();
    let begin = Instant::now();
    let charger = site.start(config)?;
    let boot = central.expect_within(PATIENCE, "BootNotification", |_| true);
    Ok((charger, boot.at.duration_since(begin)))
}

/// Waits until nothing is waiting for the central system any more.
fn settled(charger: &Charger, patience: Duration) -> anyhow::Result<Value> {
    charger
        .wait_status_or_end(patience, |status| {
            status["queue"] == 0 && status["shows"]["registration"] == "Accepted"
        })
        .with_context(|| {
            format!(
                "messages still wait after {patience:?}: {:?}",
                charger.control().status()
            )
        })
}

/// The calls about transactions, each time that they came.
fn transaction_messages(entries: &[Entry]) -> impl Iterator<Item = (&Entry, &str, &Value)> {
    entries.iter().filter_map(|entry| match &entry.what {
        What::Received(Frame::Call {
            action, payload, ..
        }) if TRANSACTION_MESSAGES.contains(&action.as_str()) => {
            Some((entry, action.as_str(), payload))
        }
        _ => None,
    })
}
