//! Another version takes over: tried first on the present entries, and in the slot
//! only once what its first start kept is on flash. Not here: how its probation
//! goes and ends (see [`Tenant`]).

use serde_json::json;

use super::Tenant;
use crate::guest::{Kind, Parked, Prepared, Step};
use crate::slots::record::{Candidate, Record};
use crate::slots::{Found, Job, Probation, Refusal, Version};
use crate::store::StoreError;
use crate::wit::protocol::BootReason;

/// Another version for a slot.
#[derive(Debug)]
pub struct Swap<K: Kind> {
    /// The component.
    pub found: Found<K>,
    /// Also if there is no way back.
    pub one_way: bool,
    /// Its probation is a brief one.
    pub brief: bool,
    /// What runs cannot; this is taken without probation.
    pub fall_back: bool,
    /// Its first start has gone well on a copy.
    pub rehearsed: bool,
    /// `boot.reason` of its first start.
    pub reason: BootReason,
    /// Who wants to know.
    pub job: Job,
}

/// A swap whose first start has succeeded. After its commit either
/// [`Tenant::flipped`] or [`Tenant::not_flipped`].
pub struct Flip<K: Kind> {
    /// As any other step.
    pub step: Step<K::Action>,
    parked: Parked<K>,
    before: Before<K>,
    job: Job,
}

struct Before<K: Kind> {
    running: Version,
    record: Record,
    probation: Option<Probation>,
    previous: Option<(Prepared<K>, Version)>,
}

impl<K: Kind> Tenant<K> {
    /// Tries another version on the present entries. If it is refused, the one
    /// that runs goes on, and the job has been told why.
    pub fn swap(&mut self, swap: Swap<K>, boot: &K::Boot) -> Option<Flip<K>> {
        let Swap {
            found,
            one_way,
            brief,
            fall_back,
            job,
            ..
        } = swap;
        if let Err(refusal) = found.version.check_schema(self.record.schema, one_way) {
            job.refused(&refusal.to_string());
            return None;
        }
        let expected = self.expected();
        let schema = self.schema_for(&found.version);
        let present = self.life.slot().prepared().clone();
        self.life.slot_mut().watch_forgetting(true);
        let tried = self.life.try_other(found.prepared, boot);
        self.life.slot_mut().watch_forgetting(false);
        let (step, parked) = match tried {
            Ok(tried) => tried,
            Err(failure) => {
                job.refused(&Refusal::Start(failure.to_string()).to_string());
                return None;
            }
        };
        let before = Before {
            running: std::mem::replace(&mut self.running, found.version),
            record: self.record.clone(),
            probation: self.probation.take(),
            previous: self.previous.take(),
        };
        if fall_back {
            self.record.spare(&self.record.active.clone());
            self.record.active = found.place;
            self.record.last_good = None;
            self.record.candidate = None;
            self.record.schema = schema;
        } else if self.running.schemas.can_write(self.record.schema) {
            // From one on probation to another: what to go back to stays.
            let previous = before.previous.clone();
            self.previous = previous.or_else(|| Some((present, before.running.clone())));
            if let Some(candidate) = &before.record.candidate {
                self.record.spare(&candidate.place);
            }
            let candidate_before = before.record.candidate.as_ref();
            self.record.candidate_before = candidate_before.map(|it| it.place.clone());
            self.record.candidate = Some(Candidate {
                place: found.place,
                starts: 1,
                expected,
                brief,
            });
            let now_ms = self.clock.monotonic_ms();
            self.probation = Some(Probation::new(self.rules.of(brief), expected, now_ms));
        } else {
            let active = std::mem::replace(&mut self.record.active, found.place);
            self.record.last_good = Some(active);
            self.record.candidate = None;
            self.record.schema = schema;
        }
        // In the database's queue before what its start has kept; and before both,
        // so that it is there whenever the power goes, what that forgets.
        if self.probation.is_some() {
            self.put_aside(&step);
        }
        self.records.put(&self.slot, &self.record);
        Some(Flip {
            step,
            parked,
            before,
            job,
        })
    }

    /// What the first start kept is on flash: the new version is at work.
    pub fn flipped(&mut self, flip: Flip<K>, reason: BootReason, pause_us: u64) {
        drop(flip.parked);
        self.traffic.begin_anew();
        self.well = false;
        self.life.begin(reason);
        self.life.at_work();
        flip.job.pause(pause_us);
        tracing::info!(slot = self.slot, "now runs {}", self.running);
        let version = self.running.to_string();
        self.journal.note(
            "component",
            || json!({ "slot": self.slot, "what": "swapped", "component": version, "pause_us": pause_us }),
        );
        for before in std::mem::take(&mut self.jobs) {
            before.rolled_back("another version was installed before it had proved itself");
        }
        if self.probation.is_some() {
            flip.job.step("probation");
            self.jobs.push(flip.job);
        } else {
            self.floors.proved(&self.slot, &self.running);
            flip.job.committed();
        }
        self.show();
    }

    /// What the first start kept could not be written: the one before goes on.
    pub fn not_flipped(&mut self, flip: Flip<K>, error: StoreError) {
        self.life.slot_mut().put_back(flip.parked);
        self.running = flip.before.running;
        self.record = flip.before.record;
        self.probation = flip.before.probation;
        self.previous = flip.before.previous;
        if self.probation.is_none() {
            // Nothing of it has been forgotten.
            self.clear_aside();
        }
        self.records.put(&self.slot, &self.record);
        flip.job.refused(&Refusal::from(error).to_string());
    }
}
