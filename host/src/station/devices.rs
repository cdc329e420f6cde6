//! From the configuration to the settings of meters and readers on real hardware.

use std::time::Duration;

use crate::config::{self, MeterDriver, ReaderDriver};
use crate::meter::map::{MapError, RegisterMap};
use crate::meter::modbus::{Connection, MeterSettings, StopBits};
use crate::reader::uid::Writing;
use crate::reader::{DeviceDriver, DeviceSettings};

const POLL_MS: u32 = 1000;
const TIMEOUT_MS: u32 = 500;
const FAULT_AFTER_MS: u32 = 5000;
const SERIAL_READER_BAUD: u32 = 9600;
/// What a PN532 is delivered with.
const PN532_BAUD: u32 = 115_200;
const DEBOUNCE_MS: u32 = 2000;

/// What is said of an outlet on real lines whose meter is only simulated.
pub(crate) const NO_METER: &str =
    "there is no meter: a simulated one counts only on a simulated connector";

/// Whether nothing counts the energy of this connector.
pub(crate) fn has_no_meter(connector: &config::Connector) -> bool {
    connector.driver != config::OutletDriver::Sim && connector.meter.driver == MeterDriver::Sim
}

/// The meter of a connector; none if it is simulated.
pub(crate) fn meter(connector: &config::Connector) -> Result<Option<MeterSettings>, MapError> {
    let it = &connector.meter;
    let connection = match it.driver {
        MeterDriver::Sim => return Ok(None),
        MeterDriver::ModbusTcp => Connection::Tcp {
            address: it.address.clone().unwrap_or_default(),
        },
        MeterDriver::ModbusRtu => Connection::Rtu {
            path: it.path.clone().unwrap_or_default(),
            baud: it.baud.unwrap_or(config::DEFAULT_BAUD),
            parity: it.parity.unwrap_or_default(),
            stop_bits: stop_bits(it.stop_bits),
        },
    };
    Ok(Some(MeterSettings {
        outlet: connector.id,
        connection,
        unit: it.unit.unwrap_or(1),
        map: RegisterMap::find(it.map.as_deref().unwrap_or_default())?,
        poll: ms(it.poll_ms, POLL_MS),
        timeout: ms(it.timeout_ms, TIMEOUT_MS),
        fault_after: ms(it.fault_after_ms, FAULT_AFTER_MS),
    }))
}

/// A reader; none if it is simulated. `index` is its place in the file.
pub(crate) fn reader(index: usize, it: &config::Reader) -> Option<DeviceSettings> {
    let driver = match it.driver {
        ReaderDriver::Sim => return None,
        ReaderDriver::Serial => DeviceDriver::Serial {
            baud: it.baud.unwrap_or(SERIAL_READER_BAUD),
            parity: it.parity.unwrap_or_default(),
            stop_bits: stop_bits(it.stop_bits),
        },
        ReaderDriver::Pn532 => DeviceDriver::Pn532 {
            baud: it.baud.unwrap_or(PN532_BAUD),
        },
        ReaderDriver::Evdev => DeviceDriver::Evdev,
    };
    Some(DeviceSettings {
        name: config::reader_name(index, it),
        outlets: it.connectors.clone(),
        path: it.path.clone().unwrap_or_default(),
        driver,
        writing: Writing {
            reads: it.reads.unwrap_or_default(),
            form: it.uid.unwrap_or_default(),
            reversed: it.reversed.unwrap_or_default(),
        },
        kind: it.token.unwrap_or_default().kind(),
        debounce: ms(it.debounce_ms, DEBOUNCE_MS),
    })
}

fn stop_bits(count: Option<u8>) -> StopBits {
    match count {
        Some(2) => StopBits::Two,
        _ => StopBits::One,
    }
}

fn ms(given: Option<u32>, usual: u32) -> Duration {
    Duration::from_millis(given.unwrap_or(usual).into())
}
