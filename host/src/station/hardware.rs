//! From the configuration to outlets and readers, and the documents in which
//! parts of the host keep what is theirs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::outlet::{
    DriverSettings, HardwareEvent, OutletError, OutletSettings, Outlets, Pace, SafetySettings,
    SimOptions, SimSettings, SimStorage, sim::StorageError,
};
use crate::reader::{ReaderDriver, ReaderSettings};
use crate::store::Store;
use crate::wit::protocol::Cable;

/// The document that keeps the simulation.
const SIMULATION: &str = "simulation";

pub(super) fn start(
    config: &Config,
    store: &Store,
    clock: &Clock,
    events: UnboundedSender<HardwareEvent>,
) -> Result<Outlets, OutletError> {
    let outlets = config
        .connector
        .iter()
        .map(|it| OutletSettings {
            number: it.id,
            cable: match it.cable {
                config::Cable::Fixed => Cable::Fixed,
                config::Cable::Socket => Cable::Socket,
            },
            max_current_ma: it.max_current_a * 1000,
            phases: it.phases,
            ventilated: false,
            driver: DriverSettings::Sim(SimSettings {
                pace: Pace {
                    reaction: Duration::from_millis(config.sim.car_delay_ms.into()),
                    ..Pace::default()
                },
            }),
        })
        .collect();
    let readers: Vec<ReaderSettings> = config
        .reader
        .iter()
        .enumerate()
        .map(|(index, it)| ReaderSettings {
            name: format!("reader-{}", index + 1),
            outlets: it.connectors.clone(),
            driver: ReaderDriver::Sim,
        })
        .collect();
    let safety = SafetySettings {
        zero_current_bound: Duration::from_millis(config.permit.zero_current_bound_ms.into()),
        orphan_permit_life: Duration::from_secs(config.permit.orphan_life_s.into()),
        ..SafetySettings::default()
    };
    let sim = SimOptions {
        meter_starts_at_zero: config.sim.meter_starts_at_zero,
        persistent: config.sim.persistent,
        registers: Some(config.charge_point.state_dir.join("registers")),
        storage: config
            .sim
            .persistent
            .then(|| Arc::new(Document::new(store, SIMULATION)) as Arc<dyn SimStorage>),
        hold_up: Duration::from_millis(config.sim.hold_up_ms.into()),
    };
    Outlets::start(outlets, &readers, &safety, &sim, clock.clone(), events)
}

/// One document in the store.
pub(super) struct Document {
    store: Store,
    name: &'static str,
}

impl Document {
    pub(super) fn new(store: &Store, name: &'static str) -> Self {
        Self {
            store: store.clone(),
            name,
        }
    }
}

impl SimStorage for Document {
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.store.document_get(self.name)?)
    }

    fn save(&self, document: &[u8]) -> Result<(), StorageError> {
        Ok(self.store.document_put(self.name, document.to_vec())?)
    }
}
