//! `[[reader]]`, and what must hold in it.

use std::path::PathBuf;

use serde::Deserialize;

use super::check::{Problem, wrong};
use super::file::Config;
pub use super::meter::Parity;
pub use crate::reader::uid::{Reads, UidForm};
use crate::wit::protocol as wit;

/// `[[reader]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    /// Which kind.
    pub driver: ReaderDriver,
    /// The connectors that it serves.
    pub connectors: Vec<u32>,
    /// Shown in the log and to policies; absent: `reader-N`.
    pub name: Option<String>,
    /// The device, for all but `sim`.
    pub path: Option<PathBuf>,
    /// Bits per second, for `serial` and `pn532`.
    pub baud: Option<u32>,
    /// The parity bit, for `serial`.
    pub parity: Option<Parity>,
    /// 1 or 2, for `serial`.
    pub stop_bits: Option<u8>,
    /// What the reader writes, for `serial` and `evdev`.
    pub reads: Option<Reads>,
    /// How a token is made of a card's UID.
    pub uid: Option<UidForm>,
    /// The UID's bytes the other way round.
    pub reversed: Option<bool>,
    /// The kind of token that it reads; absent: [`TokenKind::Iso14443`].
    pub token: Option<TokenKind>,
    /// A card is read anew only after it has been away for so long.
    pub debounce_ms: Option<u32>,
}

impl Reader {
    /// A simulated one.
    #[must_use]
    pub fn sim(connectors: Vec<u32>) -> Self {
        Self {
            driver: ReaderDriver::Sim,
            connectors,
            name: None,
            path: None,
            baud: None,
            parity: None,
            stop_bits: None,
            reads: None,
            uid: None,
            reversed: None,
            token: None,
            debounce_ms: None,
        }
    }
}

/// Kinds of tokens that a reader can read, as in `wit/`.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // documented in wit/protocol.wit
pub enum TokenKind {
    #[default]
    Iso14443,
    Iso15693,
    KeyCode,
    MacAddress,
    Emaid,
    Unknown,
}

impl TokenKind {
    /// In the terms of the interface.
    #[must_use]
    pub fn kind(self) -> wit::TokenKind {
        match self {
            Self::Iso14443 => wit::TokenKind::Iso14443,
            Self::Iso15693 => wit::TokenKind::Iso15693,
            Self::KeyCode => wit::TokenKind::KeyCode,
            Self::MacAddress => wit::TokenKind::MacAddress,
            Self::Emaid => wit::TokenKind::Emaid,
            Self::Unknown => wit::TokenKind::Unknown,
        }
    }
}

/// The drivers for readers.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the names say it
pub enum ReaderDriver {
    Sim,
    Serial,
    Pn532,
    Evdev,
}

impl ReaderDriver {
    /// As in the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Serial => "serial",
            Self::Pn532 => "pn532",
            Self::Evdev => "evdev",
        }
    }
}

/// All readers of the file.
pub(super) fn check(config: &Config) -> Result<(), Problem> {
    for (index, it) in config.reader.iter().enumerate() {
        let key = |name: &str| format!("reader[{index}].{name}");
        for connector in &it.connectors {
            if !config.connector.iter().any(|c| c.id == *connector) {
                return wrong(
                    key("connectors"),
                    format!("there is no connector {connector}"),
                );
            }
        }
        if it.connectors.is_empty() {
            return wrong(key("connectors"), "expected at least one connector");
        }
        check_keys(it, &key)?;
        check_values(it, &key)?;
        for (place, other) in config.reader[..index].iter().enumerate() {
            if it.path.is_some() && it.path == other.path {
                return wrong(key("path"), format!("reader[{place}] is the same device"));
            }
            if name_of(index, it) == name_of(place, other) {
                return wrong(key("name"), format!("reader[{place}] has the same name"));
            }
        }
    }
    Ok(())
}

/// The name of a reader, given or by its place.
pub(crate) fn name_of(index: usize, reader: &Reader) -> String {
    match &reader.name {
        Some(name) => name.clone(),
        None => format!("reader-{}", index + 1),
    }
}

/// Keys that belong to another driver, and keys that are missing.
fn check_keys(it: &Reader, key: &dyn Fn(&str) -> String) -> Result<(), Problem> {
    use ReaderDriver::{Evdev, Pn532, Serial};
    let real: &[ReaderDriver] = &[Serial, Pn532, Evdev];
    for (name, is_there, drivers) in [
        ("path", it.path.is_some(), real),
        ("baud", it.baud.is_some(), &[Serial, Pn532][..]),
        ("parity", it.parity.is_some(), &[Serial][..]),
        ("stop_bits", it.stop_bits.is_some(), &[Serial][..]),
        ("reads", it.reads.is_some(), &[Serial, Evdev][..]),
        ("uid", it.uid.is_some(), real),
        ("reversed", it.reversed.is_some(), real),
        ("token", it.token.is_some(), &[Serial, Evdev]),
        ("debounce_ms", it.debounce_ms.is_some(), real),
    ] {
        if is_there && !drivers.contains(&it.driver) {
            let word = it.driver.word();
            return wrong(key(name), format!("does not go with driver = \"{word}\""));
        }
        if name == "path" && !is_there && drivers.contains(&it.driver) {
            let example = match it.driver {
                Evdev => "/dev/input/by-id/…-event-kbd",
                _ => "/dev/ttyUSB0",
            };
            return wrong(
                key(name),
                format!("expected the reader's device, such as {example}, found nothing"),
            );
        }
    }
    Ok(())
}

fn check_values(it: &Reader, key: &dyn Fn(&str) -> String) -> Result<(), Problem> {
    if it
        .name
        .as_ref()
        .is_some_and(|name| name.is_empty() || name.len() > 64)
    {
        return wrong(key("name"), "expected 1 to 64 characters");
    }
    for (name, value, least, most) in [
        ("baud", it.baud, 300, 4_000_000),
        ("stop_bits", it.stop_bits.map(u32::from), 1, 2),
        ("debounce_ms", it.debounce_ms, 0, 60_000),
    ] {
        if let Some(value) = value.filter(|value| !(least..=most).contains(value)) {
            return wrong(
                key(name),
                format!("expected {least} to {most}, found {value}"),
            );
        }
    }
    // A text has no bytes that could be turned round or written otherwise.
    let is_text = matches!(it.driver, ReaderDriver::Serial | ReaderDriver::Evdev)
        && it.reads.unwrap_or_default() == Reads::Text;
    for (name, is_there) in [
        ("uid", it.uid.is_some()),
        ("reversed", it.reversed.is_some()),
    ] {
        if is_text && is_there {
            return wrong(
                key(name),
                "needs reads = \"hex\" or \"decimal\": what the reader writes is passed on as it is",
            );
        }
    }
    Ok(())
}
