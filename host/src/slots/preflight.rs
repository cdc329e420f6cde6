//! A preflight: what a candidate would have done in the slot's last hours, by
//! the slot's own record. On a thread that gives way to all others, and with no
//! effect on anything: what it keeps and wants done goes nowhere.

use std::collections::BTreeMap;

use super::{Job, Loader};
use crate::guest::{Engine, Kind, Prepared};
use crate::recorder::{Comparison, Options, Recorder, ReplayError, Report, replay, segments};

/// What it takes besides the candidate.
#[derive(Clone, Debug)]
pub struct Preflight {
    recorder: Option<Recorder>,
    /// By slot: what does not stand in records.
    settings: BTreeMap<String, Vec<(String, String)>>,
}

impl Preflight {
    /// Without a recorder every preflight is refused.
    #[must_use]
    pub fn new(recorder: Option<Recorder>) -> Self {
        Self {
            recorder,
            settings: BTreeMap::new(),
        }
    }

    /// The settings of a slot, as configured.
    pub fn settings(&mut self, slot: &str, settings: Vec<(String, String)>) {
        self.settings.insert(slot.to_owned(), settings);
    }

    /// Begins one; the job is told how it ends, after `free`.
    pub(super) fn begin<K: Kind>(
        &self,
        loader: &Loader,
        prepared: Prepared<K>,
        slot: &str,
        comparison: Comparison,
        job: Job,
        free: impl FnOnce() + Send + 'static,
    ) where
        Prepared<K>: Send,
    {
        let Some(recorder) = self.recorder.clone() else {
            free();
            return job.refused("this charger does not record: recorder.enabled is false");
        };
        let options = Options {
            comparison,
            settings: self.settings.get(slot).cloned().unwrap_or_default(),
        };
        let engine = loader.engine.clone();
        let slot = slot.to_owned();
        let run = move || {
            crate::priority::give_way();
            job.step("replaying");
            let done = perform(&recorder, &slot, &engine, &prepared, &options);
            free();
            match done {
                Ok(report) => job.replayed(report),
                Err(error) => job.refused(&error.to_string()),
            }
        };
        let thread = std::thread::Builder::new().name("preflight".into());
        if let Err(error) = thread.spawn(run) {
            // The job went with the closure and stays where it was.
            tracing::error!(%error, "no thread for a preflight");
        }
    }
}

fn perform<K: Kind>(
    recorder: &Recorder,
    slot: &str,
    engine: &Engine,
    prepared: &Prepared<K>,
    options: &Options,
) -> Result<Report, ReplayError> {
    recorder.flush();
    // No directory: nothing has been written yet.
    let segments = segments(&recorder.directory(slot)).unwrap_or_default();
    if segments.is_empty() {
        return Err(ReplayError::Empty { slot: slot.into() });
    }
    replay(engine, prepared, &segments, options)
}
