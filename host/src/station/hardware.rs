//! From the configuration to outlets, readers and initial keys.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::{StartError, devices, lines};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::equipment::{Equipment, Role};
use crate::meter::modbus::Buses;
use crate::outlet::{
    Cycling, DriverError, DriverSettings, GroupRule, GroupSettings, HardwareEvent, MeterFitter,
    OutletError, OutletSettings, Outlets, Pace, SafetySettings, SimOptions, SimSettings,
    SimStorage, sim::StorageError,
};
use crate::reader::{self, ReaderDriver, ReaderSettings, TokenSink};
use crate::services::keystore::InitialMaterial;
use crate::store::Store;
use crate::wit::protocol::{self as wit, Cable, Group};

/// Its name.
const SIMULATION: &str = "simulation";

pub(super) fn start(
    config: &Config,
    store: &Store,
    clock: &Clock,
    equipment: &Equipment,
    events: UnboundedSender<HardwareEvent>,
) -> Result<Outlets, StartError> {
    let mut buses = Buses::default();
    let mut meters = Vec::new();
    for it in &config.connector {
        meters.push(fit_meter(it, equipment, &mut buses)?);
    }
    let mut on_gpio = lines::fit(config)?;
    let outlets = config
        .connector
        .iter()
        .zip(meters)
        .map(|(it, meter)| OutletSettings {
            number: it.id,
            cable: match it.cable {
                config::Cable::Fixed => Cable::Fixed,
                config::Cable::Socket => Cable::Socket,
            },
            max_current_ma: it.max_current_a * 1000,
            phases: it.phases,
            ventilated: false,
            driver: match on_gpio.remove(&it.id) {
                Some(fitter) => DriverSettings::Other(fitter),
                None => DriverSettings::Sim(SimSettings {
                    pace: Pace {
                        reaction: Duration::from_millis(config.sim.car_delay_ms.into()),
                        ..Pace::default()
                    },
                }),
            },
            meter,
        })
        .collect();
    let readers: Vec<ReaderSettings> = config
        .reader
        .iter()
        .enumerate()
        .map(|(index, it)| ReaderSettings {
            name: config::reader_name(index, it),
            outlets: it.connectors.clone(),
            driver: match it.driver {
                config::ReaderDriver::Sim => ReaderDriver::Sim,
                _ => ReaderDriver::Device,
            },
        })
        .collect();
    let safety = SafetySettings {
        zero_current_bound: Duration::from_millis(config.permit.zero_current_bound_ms.into()),
        orphan_permit_life: Duration::from_secs(config.permit.orphan_life_s.into()),
        groups: groups(config),
        cycling: cycling(config),
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
    let tokens = TokenSink::new(events.clone(), clock.clone());
    let outlets = Outlets::start(outlets, &readers, &safety, &sim, clock.clone(), events)?;
    // Only now: a bus that asks before its outlet is there would ask in vain.
    buses.start().map_err(OutletError::Thread)?;
    start_readers(config, equipment, &outlets, &tokens).map_err(OutletError::Thread)?;
    Ok(outlets)
}

/// As the safety thread wants them.
fn groups(config: &Config) -> Vec<GroupSettings> {
    let groups = config.group.iter().enumerate();
    groups
        .map(|(index, it)| GroupSettings {
            name: config::group_name(index, it),
            outlets: it.connectors.clone(),
            rule: match it.max_current_a {
                Some(amps) => GroupRule::Limit(amps * 1000),
                None => GroupRule::OneAtATime,
            },
        })
        .collect()
}

/// The same for guests.
pub(super) fn groups_of(config: &Config) -> Vec<Group> {
    let told = |it: GroupSettings| Group {
        name: it.name,
        outlets: it.outlets,
        rule: match it.rule {
            GroupRule::OneAtATime => wit::GroupRule::OneAtATime,
            GroupRule::Limit(ma) => wit::GroupRule::LimitMa(ma),
        },
    };
    groups(config).into_iter().map(told).collect()
}

/// How often contactors may close: bounded where there are real ones, or where it is
/// asked for.
fn cycling(config: &Config) -> Option<Cycling> {
    let it = config.contactor;
    let asked = it.interval_s.is_some() || it.closings_per_hour.is_some();
    (asked || config.has_real_hardware()).then(|| Cycling {
        interval: Duration::from_secs(it.interval_s.unwrap_or(10).into()),
        per_hour: it.closings_per_hour.unwrap_or(60),
    })
}

/// A meter apart from the outlet's own hardware, on its bus.
fn fit_meter(
    connector: &config::Connector,
    equipment: &Equipment,
    buses: &mut Buses,
) -> Result<Option<MeterFitter>, OutletError> {
    let number = connector.id;
    let word = connector.meter.driver.word();
    let settings = devices::meter(connector).map_err(|error| OutletError::Driver {
        outlet: number,
        error: DriverError(error.to_string()),
    })?;
    let Some(settings) = settings else {
        let state = equipment.enter(Role::Meter(number), word, "simulated".into());
        if devices::has_no_meter(connector) {
            tracing::warn!(outlet = number, "{}", devices::NO_METER);
            state.failed(devices::NO_METER);
        } else {
            state.well();
        }
        return Ok(None);
    };
    let at = format!(
        "unit {} on {}: {}",
        settings.unit, settings.connection, settings.map.name
    );
    let state = equipment.enter(Role::Meter(number), word, at);
    Ok(Some(buses.add(settings, state)))
}

fn start_readers(
    config: &Config,
    equipment: &Equipment,
    outlets: &Outlets,
    tokens: &TokenSink,
) -> std::io::Result<()> {
    for (index, it) in config.reader.iter().enumerate() {
        let role = Role::Reader(config::reader_name(index, it));
        let word = it.driver.word();
        let Some(settings) = devices::reader(index, it) else {
            equipment.enter(role, word, "simulated".into()).well();
            continue;
        };
        let state = equipment.enter(role, word, settings.path.display().to_string());
        let inputs = it.connectors.iter().map(|n| outlets.inputs(*n)).collect();
        reader::start(settings, index, inputs, tokens.clone(), state)?;
    }
    Ok(())
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
