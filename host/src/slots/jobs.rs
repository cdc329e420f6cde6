//! Installations and rollbacks, as the control API shows them: what each is at,
//! and how it ended. In memory only; what counts is in the slot's record.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;

use super::Version;
use crate::board::Board;
use crate::journal::Journal;
use crate::recorder::Report;

/// So many are remembered.
const MOST: usize = 32;

/// All jobs; clones share them.
#[derive(Clone, Debug)]
pub struct Jobs {
    board: Board,
    journal: Journal,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    all: VecDeque<JobFacts>,
}

/// One job, as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct JobFacts {
    /// From 1; never used twice by one process.
    pub id: u64,
    /// The slot.
    pub slot: String,
    /// `install`, `shadow`, `rollback`, `accept`, `fall-back` or `preflight`.
    pub kind: &'static str,
    /// The version, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The last step, or how it ended: `queued`, `verifying`, `compiling` (`loading`
    /// if it was compiled beforehand), `trying`, `probation`, then `committed`,
    /// `refused` or `rolled-back`; of a preflight also `replaying`, then `same`,
    /// `differs` or `refused`.
    pub state: &'static str,
    /// It will not change any more.
    pub done: bool,
    /// All steps so far.
    pub steps: Vec<StepFacts>,
    /// Why it was refused or rolled back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// For so long the slot handled no event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_us: Option<u64>,
    /// What came of a preflight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct StepFacts {
    /// As in `state`.
    pub step: &'static str,
    /// Since the job came in.
    pub after_ms: u64,
}

/// A handle on one job. Whoever has it reports to it.
#[derive(Debug)]
pub struct Job {
    id: u64,
    begin: Instant,
    jobs: Jobs,
}

impl Jobs {
    /// None yet.
    #[must_use]
    pub fn new(board: Board, journal: Journal) -> Self {
        Self {
            board,
            journal,
            inner: Arc::default(),
        }
    }

    /// A new one.
    #[must_use]
    pub fn begin(&self, slot: &str, kind: &'static str) -> Job {
        let mut inner = self.lock();
        inner.last += 1;
        let id = inner.last;
        if inner.all.len() == MOST {
            inner.all.pop_front();
        }
        inner.all.push_back(JobFacts {
            id,
            slot: slot.to_owned(),
            kind,
            version: None,
            state: "queued",
            done: false,
            steps: Vec::new(),
            error: None,
            pause_us: None,
            report: None,
        });
        drop(inner);
        Job {
            id,
            begin: Instant::now(),
            jobs: self.clone(),
        }
    }

    /// All that are remembered, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<JobFacts> {
        self.lock().all.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What it is about.
    pub fn version(&self, version: &Version) {
        self.change(|it| it.version = Some(version.clone()));
    }

    /// It has come so far.
    pub fn step(&self, step: &'static str) {
        let after_ms = self.begin.elapsed().as_millis() as u64;
        self.change(|it| {
            it.state = step;
            it.steps.push(StepFacts { step, after_ms });
        });
    }

    /// For so long the slot handled no event.
    pub fn pause(&self, micros: u64) {
        self.change(|it| it.pause_us = Some(micros));
    }

    /// The version has proved itself.
    pub fn committed(self) {
        self.end("committed", None);
    }

    /// It never came to run; what ran before goes on.
    pub fn refused(self, why: &str) {
        self.jobs.board.count("components_refused");
        self.end("refused", Some(why));
    }

    /// It ran, and does no longer.
    pub fn rolled_back(self, why: &str) {
        self.end("rolled-back", Some(why));
    }

    /// The record has been replayed; that is all that was asked for.
    pub fn replayed(self, report: Report) {
        let state = if report.is_same() { "same" } else { "differs" };
        self.change(|it| it.report = Some(report));
        self.end(state, None);
    }

    fn end(self, state: &'static str, error: Option<&str>) {
        self.step(state);
        let error = error.map(str::to_owned);
        let mut slot = String::new();
        let mut version = None;
        let mut kind = "installation";
        self.change(|it| {
            if it.kind == "preflight" {
                kind = it.kind;
            }
            it.done = true;
            it.error.clone_from(&error);
            slot.clone_from(&it.slot);
            version = it.version.as_ref().map(Version::to_string);
        });
        let component = version.unwrap_or_default();
        match &error {
            Some(why) => tracing::warn!(slot, component, "{kind} {state}: {why}"),
            None => tracing::info!(slot, component, "{kind} {state}"),
        }
        self.jobs.journal.note("component", || {
            serde_json::json!({ "slot": slot, "what": state, "component": component, "why": error })
        });
    }

    fn change(&self, change: impl FnOnce(&mut JobFacts)) {
        let mut inner = self.jobs.lock();
        if let Some(it) = inner.all.iter_mut().find(|it| it.id == self.id) {
            change(it);
        }
    }
}
