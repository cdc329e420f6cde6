//! The status board: what the loop wants the control API to know. The loop
//! writes, the API reads; neither waits for the other longer than a copy takes.
//!
//! Raw facts of outlets are not here: the API asks the safety thread's own
//! snapshot for those.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::policy::ShadowFacts;
use crate::recorder::RecordFacts;

/// A handle; clones share the board.
#[derive(Clone, Debug, Default)]
pub struct Board {
    inner: Arc<Mutex<Facts>>,
}

/// What is written on the board.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Facts {
    /// What runs the components.
    pub engine: EngineFacts,
    /// The link to the central system.
    pub link: LinkFacts,
    /// What the guest shows, by outlet (0: the charger as a whole) and name.
    pub shown: BTreeMap<u32, BTreeMap<String, String>>,
    /// One per slot, the protocol guest first.
    pub components: Vec<ComponentFacts>,
    /// Whether entries can be written.
    pub storage: StorageFacts,
    /// Numbers that only grow, by name.
    pub counters: BTreeMap<&'static str, u64>,
    /// The last decisions about tokens, newest last.
    pub decisions: Vec<DecisionFacts>,
}

impl Facts {
    /// How many messages wait for the central system, if the guest says so.
    #[must_use]
    pub fn queue(&self) -> Option<u64> {
        self.shown.get(&0)?.get("queue")?.parse().ok()
    }
}

/// What runs the components.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EngineFacts {
    /// `native` or `pulley`.
    pub backend: String,
    /// What components are compiled to for it, such as `aarch64`.
    pub target: String,
    /// This program compiles components itself.
    pub compiler: bool,
}

/// The link.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LinkFacts {
    /// `idle`, `down` or `up`.
    pub state: &'static str,
    /// The address dialled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Sub-protocol agreed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subprotocol: Option<String>,
    /// Why it is down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How often it came up since the process started.
    pub times_up: u64,
}

/// One component.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ComponentFacts {
    /// `ocpp` or `policy/NAME`.
    pub slot: String,
    /// From its metadata.
    pub name: String,
    /// From its metadata.
    pub version: String,
    /// Which build of that version, from its metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// SHA-256 of the file.
    pub hash: String,
    /// The key that it is signed by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// `installed`, `carried` in the binary, or the configured file.
    pub source: String,
    /// What the slot begins with: `carried`, or the configured file.
    pub base: String,
    /// The version that has proved itself; `base` for that.
    pub active: String,
    /// The one that was active before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_good: Option<String>,
    /// The one that runs on probation instead of the active one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate: Option<String>,
    /// The one that was on probation before that, and was never proved or disproved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate_before: Option<String>,
    /// How far its probation is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probation: Option<ProbationFacts>,
    /// The schema in which entries are written.
    pub entry_schema: u32,
    /// Versions that had to go again.
    pub rollbacks: u64,
    /// Which one was the last, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_rollback: Option<String>,
    /// Why it is not the version that one would expect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The version that looks on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowFacts>,
    /// Its record on disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordFacts>,
    /// Nothing can run in this slot: what the charger does without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safe_mode: Option<String>,
    /// `running`, `waiting` (after a failure) or `refused`.
    pub state: &'static str,
    /// It says that it is well.
    pub in_service: bool,
    /// Instances made after a failure.
    pub restarts: u64,
    /// Why the last one failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<String>,
    /// How long the present instance took to be made and to start.
    pub start_us: u64,
    /// Events handled.
    pub events: u64,
    /// Time spent in it, all events together.
    pub busy_us: u64,
    /// The longest that one event took.
    pub worst_us: u64,
    /// Linear memory after the last event.
    pub memory_bytes: u64,
    /// Kept entries.
    pub entries: u64,
    /// Bytes of kept entries.
    pub entry_bytes: u64,
    /// Log lines over the bound.
    pub log_lines_dropped: u64,
    /// From the failure of an instance to the next one's readiness, last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_recovery_us: Option<u64>,
}

/// How far a probation is.
#[derive(Clone, Debug, Serialize)]
pub struct ProbationFacts {
    /// Events handled.
    pub events: u64,
    /// Events that it takes.
    pub of_events: u64,
    /// Seconds passed.
    pub seconds: u64,
    /// Seconds that it takes.
    pub of_seconds: u64,
}

/// The store.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StorageFacts {
    /// Set while commits fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing: Option<String>,
}

/// One decision of the chain of policies.
#[derive(Clone, Debug, Serialize)]
pub struct DecisionFacts {
    /// Unix ms.
    pub time_ms: i64,
    /// The token's id.
    pub token: String,
    /// Its kind, such as `iso14443`.
    pub kind: String,
    /// 0: not known yet.
    pub outlet: u32,
    /// `accept`, `reject` or `ask`.
    pub verdict: &'static str,
    /// The policy.
    pub by: String,
    /// Its reason.
    pub why: String,
}

/// How many decisions the board remembers.
const DECISIONS: usize = 20;

impl Board {
    /// A copy of everything.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.lock().clone()
    }

    /// Changes something.
    pub fn write<T>(&self, change: impl FnOnce(&mut Facts) -> T) -> T {
        change(&mut self.lock())
    }

    /// Adds one to a counter.
    pub fn count(&self, name: &'static str) {
        *self.lock().counters.entry(name).or_default() += 1;
    }

    /// Changes what is written of a slot.
    pub fn component(&self, slot: &str, change: impl FnOnce(&mut ComponentFacts)) {
        let mut facts = self.lock();
        if let Some(it) = facts.components.iter_mut().find(|c| c.slot == slot) {
            change(it);
        }
    }

    /// Remembers a decision.
    pub fn decided(&self, decision: DecisionFacts) {
        let mut facts = self.lock();
        if facts.decisions.len() == DECISIONS {
            facts.decisions.remove(0);
        }
        facts.decisions.push(decision);
    }

    /// Nobody panics while holding the lock, and if somebody did, stale facts
    /// are better than none.
    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
