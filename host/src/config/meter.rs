//! `meter = { … }` of a connector, and what must hold in it.

use std::path::PathBuf;

use serde::Deserialize;

use super::check::{Problem, wrong};
use super::file::Config;
use crate::meter::map::RegisterMap;
pub use crate::meter::modbus::settings::Parity;

/// `meter = { … }`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Meter {
    /// Which kind.
    pub driver: MeterDriver,
    /// `HOST:PORT`, for `modbus-tcp`.
    pub address: Option<String>,
    /// The serial device, for `modbus-rtu`.
    pub path: Option<PathBuf>,
    /// Bits per second, for `modbus-rtu`.
    pub baud: Option<u32>,
    /// The parity bit, for `modbus-rtu`.
    pub parity: Option<Parity>,
    /// 1 or 2, for `modbus-rtu`.
    pub stop_bits: Option<u8>,
    /// The meter's number on the bus.
    pub unit: Option<u8>,
    /// A preset's name, or a file.
    pub map: Option<String>,
    /// How often it is asked while nothing presses.
    pub poll_ms: Option<u32>,
    /// How long one answer may take.
    pub timeout_ms: Option<u32>,
    /// How long it may give no answer before that is a fault.
    pub fault_after_ms: Option<u32>,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            driver: MeterDriver::Sim,
            address: None,
            path: None,
            baud: None,
            parity: None,
            stop_bits: None,
            unit: None,
            map: None,
            poll_ms: None,
            timeout_ms: None,
            fault_after_ms: None,
        }
    }
}

/// The drivers for meters.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the names say it
pub enum MeterDriver {
    Sim,
    ModbusTcp,
    ModbusRtu,
}

impl MeterDriver {
    /// As in the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::ModbusTcp => "modbus-tcp",
            Self::ModbusRtu => "modbus-rtu",
        }
    }
}

/// All meters of the file.
pub(super) fn check(config: &Config) -> Result<(), Problem> {
    for (index, connector) in config.connector.iter().enumerate() {
        let it = &connector.meter;
        let key = |name: &str| format!("connector[{index}].meter.{name}");
        check_keys(it, &key)?;
        if it.driver == MeterDriver::Sim {
            continue;
        }
        check_values(it, &key)?;
        for (other, before) in config.connector[..index].iter().enumerate() {
            check_pair(it, &before.meter, other, &key)?;
        }
    }
    Ok(())
}

/// Keys that belong to another driver, and keys that are missing.
fn check_keys(it: &Meter, key: &dyn Fn(&str) -> String) -> Result<(), Problem> {
    use MeterDriver::{ModbusRtu, ModbusTcp};
    let modbus: &[MeterDriver] = &[ModbusTcp, ModbusRtu];
    let serial: &[MeterDriver] = &[ModbusRtu];
    for (name, is_there, drivers) in [
        ("address", it.address.is_some(), &[ModbusTcp][..]),
        ("path", it.path.is_some(), serial),
        ("baud", it.baud.is_some(), serial),
        ("parity", it.parity.is_some(), serial),
        ("stop_bits", it.stop_bits.is_some(), serial),
        ("unit", it.unit.is_some(), modbus),
        ("map", it.map.is_some(), modbus),
        ("poll_ms", it.poll_ms.is_some(), modbus),
        ("timeout_ms", it.timeout_ms.is_some(), modbus),
        ("fault_after_ms", it.fault_after_ms.is_some(), modbus),
    ] {
        if is_there && !drivers.contains(&it.driver) {
            let word = it.driver.word();
            return wrong(key(name), format!("does not go with driver = \"{word}\""));
        }
        let needed = matches!(name, "address" | "path" | "map") && drivers.contains(&it.driver);
        if needed && !is_there {
            let expected = match name {
                "address" => "expected HOST:PORT",
                "path" => "expected a serial device such as /dev/ttyUSB0",
                _ => "expected the name of a preset or a file ending in .toml",
            };
            return wrong(key(name), format!("{expected}, found nothing"));
        }
    }
    Ok(())
}

fn check_values(it: &Meter, key: &dyn Fn(&str) -> String) -> Result<(), Problem> {
    if let Some(address) = &it.address {
        let port = address
            .rsplit_once(':')
            .filter(|(host, _)| !host.is_empty());
        if port.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
            return wrong(
                key("address"),
                format!("expected HOST:PORT, found `{address}`"),
            );
        }
    }
    for (name, value, least, most) in [
        ("unit", it.unit.map(u32::from), 1, 247),
        ("baud", it.baud, 300, 1_000_000),
        ("stop_bits", it.stop_bits.map(u32::from), 1, 2),
        ("poll_ms", it.poll_ms, 50, 60_000),
        ("timeout_ms", it.timeout_ms, 20, 10_000),
        ("fault_after_ms", it.fault_after_ms, 0, 600_000),
    ] {
        if let Some(value) = value.filter(|value| !(least..=most).contains(value)) {
            return wrong(
                key(name),
                format!("expected {least} to {most}, found {value}"),
            );
        }
    }
    let map = it.map.as_deref().unwrap_or_default();
    match RegisterMap::find(map) {
        Ok(_) => Ok(()),
        Err(error) => wrong(key("map"), error.to_string()),
    }
}

/// Two meters on one bus.
fn check_pair(
    it: &Meter,
    other: &Meter,
    place: usize,
    key: &dyn Fn(&str) -> String,
) -> Result<(), Problem> {
    let same_bus = it.driver == other.driver
        && (it.path.as_ref(), it.address.as_ref()) == (other.path.as_ref(), other.address.as_ref());
    if !same_bus {
        return Ok(());
    }
    if it.unit.unwrap_or(1) == other.unit.unwrap_or(1) {
        return wrong(
            key("unit"),
            format!("connector[{place}] has a meter with this number on the same bus"),
        );
    }
    let line = |meter: &Meter| {
        (
            meter.baud.unwrap_or(DEFAULT_BAUD),
            meter.parity.unwrap_or_default(),
            meter.stop_bits.unwrap_or(1),
        )
    };
    if line(it) != line(other) {
        return wrong(
            key("path"),
            format!(
                "connector[{place}] uses this bus with another baud, parity or stop_bits; \
                 all meters on a bus have the same"
            ),
        );
    }
    Ok(())
}

/// What most meters are delivered with.
pub(crate) const DEFAULT_BAUD: u32 = 9600;
