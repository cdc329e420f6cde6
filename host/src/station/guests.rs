//! From the configuration to slots: which component goes where, with which
//! limits, and what it has kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{SLOT, StartError};
use crate::board::{Board, ComponentFacts};
use crate::carried;
use crate::clock::Clock;
use crate::config::{Config, GuestLimits, OnFailure, Policy as PolicyConfig, Setting as Raw};
use crate::guest::{
    Component, Engine, EngineSettings, ImageCache, Kind, Limits, Ocpp, Policy, Slot, SlotSettings,
    World,
};
use crate::journal::Journal;
use crate::policy::{Chain, PolicySettings, Worker};
use crate::store::{Entries, Store};
use crate::wit::authorization;

/// The name of the standard policy in the chain.
const STANDARD: &str = "standard";

/// What it takes to make slots.
pub(super) struct Guests<'a> {
    engine: Engine,
    cache: Option<ImageCache>,
    store: &'a Store,
    board: &'a Board,
}

impl<'a> Guests<'a> {
    pub(super) fn new(
        config: &Config,
        store: &'a Store,
        board: &'a Board,
    ) -> Result<Self, StartError> {
        let engine = Engine::new(&EngineSettings::default()).map_err(StartError::Engine)?;
        let cache = match ImageCache::open(&config.charge_point.state_dir) {
            Ok(cache) => Some(cache),
            Err(error) => {
                // Slower, but it works.
                tracing::warn!(%error, "compiled components cannot be kept");
                None
            }
        };
        Ok(Self {
            engine,
            cache,
            store,
            board,
        })
    }

    pub(super) fn protocol(&self, config: &Config) -> Result<Slot<Ocpp>, StartError> {
        let limits = limits(
            Limits::ocpp(),
            &config.limits.ocpp,
            config.limits.time_factor,
        );
        let file = config.components.ocpp.as_deref();
        let outlets = config.connector.iter().map(|c| c.id).collect();
        self.slot(
            SLOT,
            file,
            carried::protocol(),
            World::Ocpp,
            limits,
            outlets,
        )
    }

    pub(super) fn chain(
        &self,
        config: &Config,
        clock: &Clock,
        journal: &Journal,
    ) -> Result<(Chain, Vec<Worker>), StartError> {
        let standard = [PolicyConfig {
            name: STANDARD.into(),
            file: None,
            on_failure: OnFailure::Pass,
            limits: GuestLimits::default(),
            settings: BTreeMap::new(),
        }];
        let policies = if config.policy.is_empty() {
            &standard[..]
        } else {
            &config.policy
        };
        let mut chain = Chain::default();
        let mut workers = Vec::new();
        for it in policies {
            let name = format!("policy/{}", it.name);
            let own = limits(
                Limits::policy(),
                &config.limits.policy,
                config.limits.time_factor,
            );
            let file = it.file.as_ref().or(config.components.policy.as_ref());
            let slot: Slot<Policy> = self.slot(
                &name,
                file.map(PathBuf::as_path),
                carried::policy(),
                World::Policy,
                limits(own, &it.limits, 1),
                Vec::new(),
            )?;
            let worker = Worker::spawn(
                PolicySettings {
                    name: it.name.clone(),
                    slot,
                    settings: named(&it.settings, |name, value| authorization::Setting {
                        name,
                        value,
                    }),
                    amnesia: config.debug.amnesia,
                },
                self.store.clone(),
                clock.clone(),
                self.board.clone(),
                journal.clone(),
            )?;
            chain.push(&it.name, it.on_failure, &worker);
            workers.push(worker);
        }
        Ok((chain, workers))
    }

    fn slot<K: Kind>(
        &self,
        name: &str,
        file: Option<&Path>,
        carried: Option<&'static [u8]>,
        world: World,
        limits: Limits,
        outlets: Vec<u32>,
    ) -> Result<Slot<K>, StartError> {
        let read;
        let (wasm, source) = match file {
            Some(path) => {
                read = std::fs::read(path).map_err(|source| StartError::ComponentFile {
                    slot: name.into(),
                    path: path.into(),
                    source,
                })?;
                (&read[..], path.display().to_string())
            }
            None => (
                carried.ok_or(StartError::NoComponent)?,
                "carried".to_owned(),
            ),
        };
        let refused = |error| StartError::Component {
            slot: name.into(),
            from: source.clone(),
            source: error,
        };
        let component = self
            .engine
            .load(wasm, world, self.cache.as_ref())
            .map_err(refused)?;
        let entries = Entries::new(self.store.load_entries(name)?, limits.entries_bytes);
        self.announce(name, &component, source.clone());
        Slot::new(
            &self.engine,
            &component,
            entries,
            SlotSettings {
                name: name.into(),
                limits,
                outlets,
            },
        )
        .map_err(refused)
    }

    fn announce(&self, slot: &str, component: &Component, source: String) {
        let info = component.info();
        let facts = ComponentFacts {
            slot: slot.to_owned(),
            name: info.name.clone().unwrap_or_default(),
            version: info.version.clone().unwrap_or_default(),
            hash: info.hash.clone(),
            source,
            state: "waiting",
            ..ComponentFacts::default()
        };
        tracing::info!(
            slot,
            name = facts.name,
            version = facts.version,
            source = facts.source,
            "component loaded"
        );
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

fn limits(mut limits: Limits, own: &GuestLimits, time_factor: u32) -> Limits {
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
