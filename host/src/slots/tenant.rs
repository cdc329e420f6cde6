//! One slot, owned by whoever runs its guest: the guest's life, and which version
//! leads it. On probation a failure puts the version before back, by itself.

use serde_json::json;

use super::probation::Judgement;
use super::record::{Candidate, Place, Record, Records};
use super::{Expected, Found, Job, Probation, ProbationRules, Refusal, Traffic, Version};
use crate::board::{Board, ProbationFacts};
use crate::clock::Clock;
use crate::guest::{Kind, Life, Lost, Parked, Prepared, Step};
use crate::journal::Journal;
use crate::store::{Change, Entries, EntriesFull, Store, StoreError};
use crate::wit::protocol::{BootReason, Dropped};

/// A guest in its slot, whichever version it is.
pub struct Tenant<K: Kind> {
    slot: String,
    life: Life<K>,
    record: Record,
    records: Records,
    /// What runs, by its own metadata.
    running: Version,
    probation: Option<Probation>,
    /// While there is a probation: what to go back to.
    previous: Option<(Prepared<K>, Version)>,
    /// The installation that is on probation.
    job: Option<Job>,
    /// What a version on probation forgot in its first start.
    aside: Entries,
    traffic: Traffic,
    /// It has said that it is in service.
    well: bool,
    rules: ProbationRules,
    store: Store,
    clock: Clock,
    board: Board,
    journal: Journal,
}

/// What a tenant is made of.
pub struct TenantSettings<K: Kind> {
    /// The guest, with the component that [`Found`] says.
    pub life: Life<K>,
    /// The component in it.
    pub running: Version,
    /// What to go back to, if it is on probation.
    pub previous: Option<(Prepared<K>, Version)>,
    /// All records.
    pub records: Records,
    /// How probations go.
    pub rules: ProbationRules,
    /// The database.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// Where it is shown.
    pub board: Board,
    /// Where it is told.
    pub journal: Journal,
}

/// Another version for a slot.
#[derive(Debug)]
pub struct Swap<K: Kind> {
    /// The component.
    pub found: Found<K>,
    /// Also if there is no way back.
    pub one_way: bool,
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
    /// Moves in. What is on probation goes on being so.
    pub fn new(settings: TenantSettings<K>) -> Result<Self, StoreError> {
        let TenantSettings {
            life,
            running,
            previous,
            records,
            rules,
            store,
            clock,
            board,
            journal,
        } = settings;
        let slot = life.slot().name().to_owned();
        let record = records.get(&slot);
        let loaded = store.load_entries(&aside_of(&slot))?;
        let probation = record
            .candidate
            .as_ref()
            .map(|candidate| Probation::new(rules, candidate.expected, clock.monotonic_ms()));
        let mut it = Self {
            slot,
            life,
            record,
            records,
            running,
            probation,
            previous,
            job: None,
            aside: Entries::new(loaded, usize::MAX),
            traffic: Traffic::default(),
            well: false,
            rules,
            store,
            clock,
            board,
            journal,
        };
        if it.probation.is_none() {
            // The process ended between a rollback and this.
            it.give_back();
            it.migrate_schema();
        }
        it.show();
        Ok(it)
    }

    /// The guest's life.
    pub fn life(&self) -> &Life<K> {
        &self.life
    }

    /// The guest's life, for what has nothing to do with versions.
    pub fn life_mut(&mut self) -> &mut Life<K> {
        &mut self.life
    }

    /// For `boot`.
    pub fn entry_schema(&self) -> u32 {
        self.record.schema
    }

    /// For the `boot` of another version.
    pub fn schema_for(&self, version: &Version) -> u32 {
        if version.schemas.can_write(self.record.schema) {
            self.record.schema
        } else {
            version.schemas.newest()
        }
    }

    /// Makes an instance and starts it. May end a probation.
    pub fn start(&mut self, boot: &K::Boot) -> Result<Step<K::Action>, Lost> {
        match self.life.start(boot) {
            Ok(step) => Ok(step),
            Err(lost) => Err(self.fell(lost)),
        }
    }

    /// One event. May end a probation.
    pub fn handle(&mut self, now: K::Now, event: &K::Event) -> Result<Step<K::Action>, Lost> {
        match self.life.handle(now, event) {
            Ok(step) => Ok(step),
            Err(lost) => Err(self.fell(lost)),
        }
    }

    /// How a call's commit went. A bad disk is no fault of a version.
    pub fn settle(
        &mut self,
        ticket: u64,
        written: Result<(), StoreError>,
        dropped: impl FnOnce() -> Dropped,
    ) -> Result<(), Lost> {
        self.life.settle(ticket, written, dropped)
    }

    /// The event has been handled, and what it changed is kept.
    pub fn handled(&mut self) {
        self.life.handled();
        if let Some(probation) = &mut self.probation {
            probation.event();
        }
    }

    /// The guest says how it is.
    pub fn in_service(&mut self, well: bool) {
        self.well = well;
        self.board.component(&self.slot, |it| it.in_service = well);
        if let Some(probation) = &mut self.probation {
            probation.in_service(well);
        }
    }

    /// A frame has come.
    pub fn heard(&mut self) {
        self.traffic
            .heard(self.clock.monotonic_ms(), self.rules.answer_ms);
    }

    /// A frame has gone.
    pub fn said(&mut self) {
        self.traffic
            .said(self.clock.monotonic_ms(), self.rules.answer_ms);
    }

    /// The link is another one, or down.
    pub fn cut(&mut self) {
        self.traffic.cut();
    }

    /// When to judge again at the latest.
    pub fn wake_ms(&self) -> Option<u64> {
        Some(self.probation.as_ref()?.wake_ms(&self.traffic))
    }

    /// The version that runs, by its own metadata.
    pub fn running(&self) -> &Version {
        &self.running
    }

    /// Looks at a probation and ends it if it is time; true if the version has
    /// just proved itself, and is to be told so.
    pub fn judge(&mut self, hindered: bool) -> bool {
        let Some(probation) = &mut self.probation else {
            return false;
        };
        let now_ms = self.clock.monotonic_ms();
        let judgement = probation.judge(now_ms, hindered, &self.traffic);
        let (events, of_events) = probation.events();
        let (ms, of_ms) = probation.time_ms(now_ms);
        self.board.component(&self.slot, |it| {
            it.probation = Some(ProbationFacts {
                events,
                of_events,
                seconds: ms / 1000,
                of_seconds: of_ms / 1000,
            });
        });
        match judgement {
            Judgement::Open => false,
            Judgement::Passed => {
                self.commit();
                true
            }
            Judgement::Failed(why) => {
                self.roll_back(&why);
                false
            }
        }
    }

    /// It is on probation, and this is what it would go back to.
    pub fn would_go_back_to(&self, hash: &str) -> bool {
        self.previous
            .as_ref()
            .is_some_and(|(_, version)| version.hash == hash)
    }

    /// Tries another version on the present entries. If it is refused, the one
    /// that runs goes on, and the job has been told why.
    pub fn swap(&mut self, swap: Swap<K>, boot: &K::Boot) -> Option<Flip<K>> {
        let Swap {
            found,
            one_way,
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
            self.record.candidate = Some(Candidate {
                place: found.place,
                starts: 1,
                expected,
            });
            let now_ms = self.clock.monotonic_ms();
            self.probation = Some(Probation::new(self.rules, expected, now_ms));
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
        let before = if self.probation.is_some() {
            flip.job.step("probation");
            self.job.replace(flip.job)
        } else {
            flip.job.committed();
            self.job.take()
        };
        if let Some(before) = before {
            before.rolled_back("another version was installed before it had proved itself");
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

    /// Ends a probation: the version before is in the slot again, and wants to
    /// be started. Nothing happens if there is no probation.
    pub fn roll_back(&mut self, why: &str) {
        let Some((prepared, version)) = self.previous.take() else {
            return;
        };
        let failed = std::mem::replace(&mut self.running, version);
        tracing::warn!(
            slot = self.slot,
            "{failed} is rolled back: {why}; {} runs again",
            self.running
        );
        self.life.out_of_order();
        self.probation = None;
        if let Some(candidate) = self.record.candidate.take() {
            self.record.spare(&candidate.place);
        }
        self.records.put(&self.slot, &self.record);
        drop(self.life.slot_mut().exchange(prepared));
        self.give_back();
        self.life.begin(BootReason::Rollback);
        self.traffic.begin_anew();
        self.well = false;
        self.board.count("rollbacks");
        self.board.component(&self.slot, |it| {
            it.in_service = false;
            it.rollbacks += 1;
            it.last_rollback = Some(format!("{failed}: {why}"));
        });
        self.journal.note(
            "component",
            || json!({ "slot": self.slot, "what": "rolled-back", "component": failed.to_string(), "why": why }),
        );
        if let Some(job) = self.job.take() {
            job.rolled_back(why);
        }
        self.show();
    }

    /// The version has proved itself.
    fn commit(&mut self) {
        let Some(candidate) = self.record.candidate.take() else {
            return;
        };
        self.probation = None;
        self.previous = None;
        // Before the record, or it would be given back after a power failure.
        self.clear_aside();
        let before = std::mem::replace(&mut self.record.active, candidate.place);
        self.record.last_good = Some(before);
        self.record.schema = self.running.schemas.newest();
        self.records.put(&self.slot, &self.record);
        tracing::info!(slot = self.slot, "{} has proved itself", self.running);
        if let Some(job) = self.job.take() {
            job.committed();
        }
        self.show();
    }

    /// A call has failed.
    fn fell(&mut self, lost: Lost) -> Lost {
        self.well = false;
        if self.probation.is_some() {
            let why = format!("it failed: {}", self.life.last_failure());
            self.roll_back(&why);
        }
        lost
    }

    fn expected(&self) -> Expected {
        match &self.probation {
            Some(probation) => probation.expected(),
            None => self.traffic.habits(self.well),
        }
    }

    /// A build that was never on probation, such as that of a newer program,
    /// writes its own schema at once.
    fn migrate_schema(&mut self) {
        let newest = self.running.schemas.newest();
        if self.record.schema != newest {
            self.record.schema = newest;
            self.records.put(&self.slot, &self.record);
        }
    }

    /// What a version on probation forgets in its first start may be what it cannot
    /// read. Later it is its work, also in a start: the power may have gone in the
    /// middle of a transaction, and whoever is told of that twice is told wrong.
    fn put_aside(&mut self, step: &Step<K::Action>) {
        let new = step
            .forgotten
            .iter()
            .filter(|entry| self.aside.get(&entry.key).is_none());
        let changes: Vec<Change> = new.cloned().map(Change::Keep).collect();
        self.change_aside(changes);
    }

    fn give_back(&mut self) {
        if self.aside.is_empty() {
            return;
        }
        let now_ms = self.clock.monotonic_ms();
        let entries = self.life.slot().entries();
        let missing = self
            .aside
            .iter()
            .filter(|it| entries.get(&it.key).is_none());
        let missing: Vec<Change> = missing.map(Change::Keep).collect();
        tracing::info!(
            slot = self.slot,
            "{} entries that were forgotten on probation are given back",
            missing.len()
        );
        let given = self.life.slot_mut().change_entries(|entries| {
            let batch = entries.apply(now_ms, missing)?;
            Ok::<_, EntriesFull>(batch.or_else(|| entries.flush()))
        });
        let batch = given.unwrap_or_else(|error| {
            tracing::error!(slot = self.slot, "they cannot be: {error}");
            None
        });
        if let Some(batch) = batch {
            let written = self.store.commit_blocking(&self.slot, batch.changes);
            // Reported there; then they stay aside until the next start.
            if self.life.written(batch.ticket, written).is_err() {
                return;
            }
        }
        self.clear_aside();
    }

    fn clear_aside(&mut self) {
        let keys = self.aside.iter().map(|entry| Change::Forget(entry.key));
        let changes = keys.collect();
        self.change_aside(changes);
    }

    /// In the database's queue before whatever comes after.
    fn change_aside(&mut self, changes: Vec<Change>) {
        // There is no bound that it could exceed.
        let applied = self.aside.apply(self.clock.monotonic_ms(), changes);
        let batch = applied.ok().flatten().or_else(|| self.aside.flush());
        if let Some(batch) = batch {
            drop(self.store.commit(&aside_of(&self.slot), batch.changes));
            self.aside.confirm(batch.ticket);
        }
    }

    fn show(&self) {
        let Self {
            running, record, ..
        } = self;
        let place = |place: &Place| match place {
            Place::Base => "base".to_owned(),
            Place::Installed(version) => version.to_string(),
        };
        self.board.component(&self.slot, |it| {
            it.name = running.name.clone().unwrap_or_default();
            it.version = running.version.clone().unwrap_or_default();
            it.build.clone_from(&running.build);
            it.hash.clone_from(&running.hash);
            it.signed_by.clone_from(&running.signed_by);
            it.source = match record.running() {
                Place::Base => it.base.clone(),
                Place::Installed(_) => "installed".into(),
            };
            it.active = place(&record.active);
            it.last_good = record.last_good.as_ref().map(place);
            it.candidate = record.candidate.as_ref().map(|it| place(&it.place));
            it.entry_schema = record.schema;
            if self.probation.is_none() {
                it.probation = None;
            }
        });
    }
}

fn aside_of(slot: &str) -> String {
    format!("{slot}/aside")
}
