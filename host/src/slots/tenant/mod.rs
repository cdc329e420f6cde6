//! One slot, owned by whoever runs its guest: the guest's life, and which version
//! leads it. On probation a failure puts the version before back, by itself.

mod aside;
mod swap;

pub use swap::{Flip, Swap};

use aside::aside_of;
use serde_json::json;

use super::probation::Judgement;
use super::record::{Place, Record, Records};
use super::{Expected, Floors, Job, Probation, ProbationRules, Traffic, Version};
use crate::board::{Board, ProbationFacts};
use crate::clock::Clock;
use crate::guest::{Kind, Life, Lost, Prepared, Step};
use crate::journal::Journal;
use crate::store::{Entries, Store, StoreError};
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
    /// The installation that is on probation, and whoever asked for the same since.
    jobs: Vec<Job>,
    /// What a version on probation forgot in its first start.
    aside: Entries,
    traffic: Traffic,
    /// It has said that it is in service.
    well: bool,
    rules: ProbationRules,
    floors: Floors,
    store: Store,
    clock: Clock,
    board: Board,
    journal: Journal,
}

/// What a tenant is made of.
pub struct TenantSettings<K: Kind> {
    /// The guest, with the component that [`Found`](super::Found) says.
    pub life: Life<K>,
    /// The component in it.
    pub running: Version,
    /// What to go back to, if it is on probation.
    pub previous: Option<(Prepared<K>, Version)>,
    /// All records.
    pub records: Records,
    /// How probations go.
    pub rules: ProbationRules,
    /// Which versions are too old.
    pub floors: Floors,
    /// The database.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// Where it is shown.
    pub board: Board,
    /// Where it is told.
    pub journal: Journal,
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
            floors,
            store,
            clock,
            board,
            journal,
        } = settings;
        let slot = life.slot().name().to_owned();
        let record = records.get(&slot);
        let loaded = store.load_entries(&aside_of(&slot))?;
        let probation = record.candidate.as_ref().map(|candidate| {
            let rules = rules.of(candidate.brief);
            Probation::new(rules, candidate.expected, clock.monotonic_ms())
        });
        let mut it = Self {
            slot,
            life,
            record,
            records,
            running,
            probation,
            previous,
            jobs: Vec::new(),
            aside: Entries::new(loaded, usize::MAX),
            traffic: Traffic::default(),
            well: false,
            rules,
            floors,
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

    /// The same, if it was installed beside what the program brings along.
    pub fn installed(&self) -> Option<&Version> {
        self.record.running().version()
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

    /// Ends a probation early, because somebody says so; true if there was one, and
    /// the version is to be told.
    pub fn accept(&mut self, job: Job) -> bool {
        if self.probation.is_none() {
            job.refused("nothing is on probation in this slot");
            return false;
        }
        job.version(&self.running);
        self.commit();
        job.committed();
        true
    }

    /// What was asked for runs already. If it is on probation, the job ends as that
    /// does.
    pub fn runs_already(&mut self, job: Job) {
        if self.probation.is_some() {
            job.step("probation");
            self.jobs.push(job);
        } else {
            job.committed();
        }
    }

    /// A probation was ended on request: the job is told which version runs now.
    pub fn runs_again(&self, job: Job) {
        job.version(&self.running);
        job.committed();
    }

    /// It is on probation, and this is what it would go back to.
    pub fn would_go_back_to(&self, hash: &str) -> bool {
        self.previous
            .as_ref()
            .is_some_and(|(_, version)| version.hash == hash)
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
        for job in self.jobs.drain(..) {
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
        self.record.candidate_before = None;
        self.record.schema = self.running.schemas.newest();
        // Before the record: whoever finds this version proved finds its floor, too.
        self.floors.proved(&self.slot, &self.running);
        self.records.put(&self.slot, &self.record);
        tracing::info!(slot = self.slot, "{} has proved itself", self.running);
        for job in self.jobs.drain(..) {
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
            it.candidate_before = record.candidate_before.as_ref().map(place);
            it.entry_schema = record.schema;
            if self.probation.is_none() {
                it.probation = None;
            }
        });
    }
}
