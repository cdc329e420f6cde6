//! From the configuration to tenants: which component goes into which slot, with
//! which limits, and what it has kept. A version that was installed in the field
//! goes before what the configuration names or the program carries, unless it
//! can no longer be used, which is said.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{SLOT, StartError, last_end};
use crate::board::{Board, ComponentFacts, EngineFacts};
use crate::carried::{self, Packed};
use crate::clock::Clock;
use crate::config::{Config, GuestLimits, OnFailure, Policy as PolicyConfig, Setting as Raw};
use crate::guest::{
    Engine, EngineSettings, ImageCache, Kind, Life, Limits, Prepared, Slot, SlotSettings,
};
use crate::journal::Journal;
use crate::recorder::{Recorder, RecorderSettings};
use crate::secrets::live;
use crate::slots::{
    Base, Floors, Found, Loader, Place, ProbationRules, Records, Refusal, Shelf, Tenant,
    TenantSettings, Trust, Version,
};
use crate::store::{Entries, Store};
use crate::wit::protocol::BootReason;

/// The name of the standard policy in the chain.
const STANDARD: &str = "standard";

/// What it takes to make tenants.
pub(super) struct Guests {
    pub(super) loader: Loader,
    pub(super) records: Records,
    rules: ProbationRules,
    amnesia: bool,
    store: Store,
    clock: Clock,
    board: Board,
    journal: Journal,
    recorder: Option<Recorder>,
    /// Why the first instances are made.
    first_reason: BootReason,
}

impl Guests {
    pub(super) fn new(
        config: &Config,
        settings: EngineSettings,
        store: &Store,
        clock: &Clock,
        board: &Board,
        journal: &Journal,
    ) -> Result<Self, StartError> {
        let state_dir = &config.charge_point.state_dir;
        let engine = engine(config, settings)?;
        show_engine(&engine, board);
        // Slower without, but it works.
        let cache = ImageCache::open(state_dir)
            .inspect_err(|error| tracing::warn!(%error, "compiled components cannot be kept"))
            .ok();
        // Checked with the configuration; a key that is none is no key.
        let trust = Trust::configured(&config.trust, &config.charge_point.model);
        let trust = trust.unwrap_or_default();
        if trust.allows_unsigned() {
            tracing::warn!("components without signature are taken: trust.allow_unsigned is true");
        }
        let mut slots = vec![SLOT.to_owned()];
        slots.extend(policies(config).iter().map(|it| policy_slot(&it.name)));
        Ok(Self {
            loader: Loader {
                engine,
                cache,
                shelf: Shelf::under(state_dir),
                trust,
                floors: Floors::load(store, config.trust.floor.clone())?,
            },
            records: Records::load(store, &slots)?,
            rules: probation_rules(config),
            amnesia: config.debug.amnesia,
            store: store.clone(),
            clock: clock.clone(),
            board: board.clone(),
            journal: journal.clone(),
            recorder: recorder(config, slots, board),
            first_reason: last_end::reason(store)?,
        })
    }

    /// None: nothing is recorded.
    pub(super) fn recorder(&self) -> Option<Recorder> {
        self.recorder.clone()
    }

    pub(super) fn store(&self) -> Store {
        self.store.clone()
    }

    pub(super) fn board(&self) -> Board {
        self.board.clone()
    }

    /// A tenant for a slot, with the version that is to run.
    pub(super) fn tenant<K: Kind>(
        &self,
        name: &str,
        base: &Base,
        limits: Limits,
        outlets: Vec<u32>,
    ) -> Result<Tenant<K>, StartError> {
        let mut notes = Vec::new();
        let (found, previous) = self.choose::<K>(name, base, &mut notes)?;
        let kept = self.store.load_entries(name)?;
        for secret in kept.iter().filter(|it| it.secret) {
            live::learn(&secret.value, true);
        }
        let entries = Entries::new(kept, limits.entries_bytes);
        let settings = SlotSettings {
            name: name.into(),
            limits,
            outlets,
        };
        tracing::info!(slot = name, source = found.source, "runs {}", found.version);
        self.announce(name, base, notes);
        let mut slot = Slot::with(&self.loader.engine, found.prepared, entries, settings);
        let (journal, it) = (self.journal.clone(), name.to_owned());
        slot.log_read_by(Arc::new(move |level, text| {
            journal.note(
                "log",
                || json!({ "slot": it, "level": level.word(), "text": text }),
            );
        }));
        if let Some(recorder) = &self.recorder {
            slot.witnessed_by(Box::new(recorder.tape::<K>(name)));
        }
        let life = Life::new(
            slot,
            self.amnesia,
            self.clock.clone(),
            self.board.clone(),
            self.journal.clone(),
        )
        .first_started_by(self.first_reason);
        Ok(Tenant::new(TenantSettings {
            life,
            running: found.version,
            previous,
            records: self.records.clone(),
            rules: self.rules,
            floors: self.loader.floors.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            board: self.board.clone(),
            journal: self.journal.clone(),
        })?)
    }

    /// The version that is to run, and, if it is on probation, the one to go
    /// back to.
    fn choose<K: Kind>(&self, slot: &str, base: &Base, notes: &mut Vec<String>) -> Chosen<K> {
        let mut record = self.records.get(slot);
        if let Some(mut candidate) = record.candidate.take() {
            let what = name_of(&candidate.place);
            candidate.starts += 1;
            if candidate.starts > self.rules.starts {
                let times = self.rules.starts;
                let why = format!("it has begun {times} times and not proved itself");
                self.give_up(slot, &what, &why, notes);
            } else {
                match self.usable::<K>(slot, &candidate.place, base, record.schema) {
                    Ok(found) => {
                        let previous = self.first_usable(slot, base, &record, notes)?;
                        record.candidate = Some(candidate);
                        self.records.put(slot, &record);
                        return Ok((found, Some((previous.prepared, previous.version))));
                    }
                    Err(refusal) => self.give_up(slot, &what, &refusal.to_string(), notes),
                }
            }
            record.spare(&candidate.place);
            self.records.put(slot, &record);
        }
        let found = self.first_usable::<K>(slot, base, &record, notes)?;
        if found.place != record.active {
            let before = std::mem::replace(&mut record.active, found.place.clone());
            record.last_good = None;
            record.spare(&before);
            self.records.put(slot, &record);
        }
        if found.place != Place::Base {
            tracing::info!(
                slot,
                "an installed component goes before the {} one",
                base.source()
            );
        }
        Ok((found, None))
    }

    /// The active version, or the one before, or the base.
    fn first_usable<K: Kind>(
        &self,
        slot: &str,
        base: &Base,
        record: &crate::slots::Record,
        notes: &mut Vec<String>,
    ) -> Result<Found<K>, StartError> {
        let places = [Some(&record.active), record.last_good.as_ref()];
        for place in places.into_iter().flatten() {
            if *place == Place::Base {
                break;
            }
            match self.usable(slot, place, base, record.schema) {
                Ok(found) => return Ok(found),
                Err(refusal) => {
                    let note = format!("{} cannot be used: {refusal}", name_of(place));
                    tracing::error!(slot, "{note}");
                    self.board.count("components_unusable");
                    notes.push(note);
                }
            }
        }
        // Whatever it can read: there is nothing else.
        let found = self.loader.load(slot, &Place::Base, base, false);
        found.map_err(|source| StartError::Component {
            slot: slot.into(),
            from: base.source(),
            source: Box::new(source),
        })
    }

    fn usable<K: Kind>(
        &self,
        slot: &str,
        place: &Place,
        base: &Base,
        schema: u32,
    ) -> Result<Found<K>, Refusal> {
        let found = self.loader.load::<K>(slot, place, base, false)?;
        if schema != 0 {
            found.version.check_schema(schema, true)?;
        }
        Ok(found)
    }

    /// A version on probation that did not get through a start of the process.
    fn give_up(&self, slot: &str, what: &str, why: &str, notes: &mut Vec<String>) {
        tracing::warn!(slot, "{what} is rolled back: {why}");
        self.board.count("rollbacks");
        notes.push(format!("{what} is rolled back: {why}"));
    }

    fn announce(&self, slot: &str, base: &Base, notes: Vec<String>) {
        let facts = ComponentFacts {
            slot: slot.to_owned(),
            base: base.source(),
            state: "waiting",
            notes,
            ..ComponentFacts::default()
        };
        self.board.write(|board| {
            // The protocol guest first, the policies in their order.
            if slot == SLOT {
                board.components.insert(0, facts);
            } else {
                board.components.push(facts);
            }
        });
    }
}

type Chosen<K> = Result<(Found<K>, Option<(Prepared<K>, Version)>), StartError>;

/// What the protocol guest's slot begins with.
pub(super) fn protocol_base(config: &Config) -> Result<Base, StartError> {
    base(config.components.ocpp.as_ref(), carried::protocol())
}

/// The same for a policy's.
pub(super) fn policy_base(config: &Config, policy: &PolicyConfig) -> Result<Base, StartError> {
    let file = policy.file.as_ref().or(config.components.policy.as_ref());
    base(file, carried::policy())
}

fn base(file: Option<&PathBuf>, carried: Option<Packed>) -> Result<Base, StartError> {
    match file {
        Some(path) => Ok(Base::File(path.clone())),
        None => carried.map(Base::Carried).ok_or(StartError::NoComponent),
    }
}

/// The chain: as configured, or the standard policy alone.
pub(super) fn policies(config: &Config) -> Vec<PolicyConfig> {
    if !config.policy.is_empty() {
        return config.policy.clone();
    }
    vec![PolicyConfig {
        name: STANDARD.into(),
        file: None,
        on_failure: OnFailure::default(),
        limits: GuestLimits::default(),
        settings: BTreeMap::new(),
    }]
}

/// The slot of a policy.
pub(super) fn policy_slot(name: &str) -> String {
    format!("policy/{name}")
}

pub(super) fn protocol_limits(config: &Config) -> Limits {
    let factor = config.limits.time_factor;
    let own = Limits::ocpp().on(config.guests.backend());
    limits(own, &config.limits.ocpp, factor)
}

pub(super) fn policy_limits(config: &Config, policy: &PolicyConfig) -> Limits {
    let factor = config.limits.time_factor;
    let own = Limits::policy().on(config.guests.backend());
    let own = limits(own, &config.limits.policy, factor);
    limits(own, &policy.limits, 1)
}

fn engine(config: &Config, settings: EngineSettings) -> Result<Engine, StartError> {
    let settings = EngineSettings {
        backend: config.guests.backend(),
        ..settings
    };
    Engine::new(&settings).map_err(StartError::Engine)
}

fn show_engine(engine: &Engine, board: &Board) {
    let facts = EngineFacts {
        backend: engine.backend().to_string(),
        target: engine.target().to_string(),
        compiler: cfg!(feature = "compiler"),
    };
    tracing::info!("guests run on {} ({})", facts.backend, facts.target);
    board.write(|board| board.engine = facts);
}

fn recorder(config: &Config, slots: Vec<String>, board: &Board) -> Option<Recorder> {
    if !config.recorder.enabled {
        return None;
    }
    let settings = RecorderSettings {
        state_dir: config.charge_point.state_dir.clone(),
        slots,
        most_bytes: u64::from(config.recorder.max_kib) * 1024,
    };
    match Recorder::start(settings, board.clone()) {
        Ok(recorder) => Some(recorder),
        Err(error) => {
            tracing::warn!(%error, "nothing is recorded");
            None
        }
    }
}

fn probation_rules(config: &Config) -> ProbationRules {
    let it = &config.probation;
    let ms = |seconds: u32| u64::from(seconds) * 1000;
    ProbationRules {
        events: it.events.into(),
        time_ms: ms(it.time_s),
        at_most_ms: u64::MAX,
        in_service_ms: ms(it.in_service_s),
        answer_ms: ms(it.answer_s),
        starts: it.starts,
    }
}

fn name_of(place: &Place) -> String {
    match place {
        Place::Base => "the base".into(),
        Place::Installed(version) => version.to_string(),
    }
}

/// What a section of the configuration makes of a kind's limits.
pub(crate) fn limits(mut limits: Limits, own: &GuestLimits, time_factor: u32) -> Limits {
    let ms = |ms: u32| Duration::from_millis(ms.into());
    if let Some(it) = own.event_ms {
        limits.handle = ms(it);
    }
    if let Some(it) = own.start_ms {
        limits.start = ms(it);
    }
    if let Some(it) = own.memory_kib {
        limits.memory_bytes = it as usize * 1024;
    }
    if let Some(it) = own.actions {
        limits.actions = it as usize;
    }
    if let Some(it) = own.entries_kib {
        limits.entries_bytes = it as usize * 1024;
    }
    if let Some(it) = own.log_lines {
        limits.log_lines = it as usize;
    }
    limits.time_factor *= f64::from(time_factor);
    limits
}

/// Settings, handed over as they stand.
pub(super) fn named<T>(raw: &BTreeMap<String, Raw>, make: impl Fn(String, String) -> T) -> Vec<T> {
    raw.iter()
        .map(|(name, value)| make(name.clone(), value.to_string()))
        .collect()
}
