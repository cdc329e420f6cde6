//! One reading of each meter.

use super::{Finding, Verdict};
use crate::config::{Config, Connector, MeterDriver};
use crate::meter::modbus::{MeterFailure, MeterSettings, probe};
use crate::station::devices;
use crate::words;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    config.connector.iter().map(one).collect()
}

fn one(connector: &Connector) -> Finding {
    let what = format!(
        "connector {}, meter ({})",
        connector.id,
        connector.meter.driver.word()
    );
    if devices::has_no_meter(connector) {
        return Finding::new(what, Verdict::Doubtful, devices::NO_METER);
    }
    if connector.meter.driver == MeterDriver::Sim {
        return Finding::new(what, Verdict::Good, "simulated");
    }
    let settings = match devices::meter(connector) {
        Ok(Some(settings)) => settings,
        Ok(None) => return Finding::new(what, Verdict::Good, "simulated"),
        Err(error) => return Finding::new(what, Verdict::Bad, error.to_string()),
    };
    let place = format!("unit {} on {}", settings.unit, settings.connection);
    match probe::probe(&settings) {
        Ok((values, took)) => {
            let text = format!(
                "{place} answers as {} does, in {} ms",
                settings.map.name,
                took.as_millis()
            );
            let mut finding = Finding::new(what, Verdict::Good, text);
            let others = values.measurements.iter();
            finding.values = others
                .map(|it| {
                    let name = words::measurand(it.quantity, it.phase);
                    (name, it.milli as f64 / 1000.0)
                })
                .collect();
            let energy = values.register_mwh as f64 / 1000.0;
            finding.values.insert("energy-active-import".into(), energy);
            finding
        }
        Err(failure) => {
            let hint = hint(&failure, &settings);
            Finding::new(what, Verdict::Bad, format!("{place}: {failure}. {hint}"))
        }
    }
}

/// What an installer can do about it.
fn hint(failure: &MeterFailure, settings: &MeterSettings) -> &'static str {
    use crate::meter::modbus::Connection;
    match (failure, &settings.connection) {
        (MeterFailure::Unreachable(_), Connection::Rtu { .. }) => {
            "Is the adapter plugged in, and is its path right?"
        }
        (MeterFailure::Unreachable(_), Connection::Tcp { .. }) => {
            "Is the address right, and is the meter on the network?"
        }
        (MeterFailure::Silent(_), Connection::Rtu { .. }) => {
            "Look at A and B (swapped?), the unit number, baud, parity and stop bits."
        }
        (MeterFailure::Silent(_), Connection::Tcp { .. }) => "Is the unit number right?",
        (MeterFailure::Garbled(_), _) => {
            "Look at baud, parity and stop bits, the termination, and whether two meters have one number."
        }
        (MeterFailure::Exception { .. } | MeterFailure::Impossible(_), _) => {
            "The register map does not fit this meter."
        }
        (MeterFailure::NoEnergy, _) => "The meter has no energy register where the map says.",
        (
            MeterFailure::Closed(_) | MeterFailure::Mismatch(_) | MeterFailure::WentBack { .. },
            _,
        ) => "Try again; if it stays so, something else uses the bus or the meter is broken.",
    }
}
