//! From the configuration to outlets, readers and initial keys.

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
use crate::services::keystore::InitialMaterial;
use crate::store::Store;
use crate::wit::protocol::Cable;

/// Its name.
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
            meter: None,
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
            .then(|| Arc::new(Simulation(store.clone())) as Arc<dyn SimStorage>),
        hold_up: Duration::from_millis(config.sim.hold_up_ms.into()),
    };
    Outlets::start(outlets, &readers, &safety, &sim, clock.clone(), events)
}

/// The document in the store that keeps the simulation.
struct Simulation(Store);

impl SimStorage for Simulation {
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.0.document_get(SIMULATION)?)
    }

    fn save(&self, document: &[u8]) -> Result<(), StorageError> {
        Ok(self.0.document_put(SIMULATION, document.to_vec())?)
    }
}

/// What is copied into the store at the first start.
pub(super) fn initial_material(tls: &config::Tls) -> InitialMaterial {
    InitialMaterial {
        csms_root_ca: tls.csms_root_ca.clone(),
        manufacturer_root_ca: tls.manufacturer_root_ca.clone(),
        client_cert: tls.client_cert.clone(),
        client_key: tls.client_key.clone(),
    }
}
