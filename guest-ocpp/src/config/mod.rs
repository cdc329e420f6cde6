//! The configuration keys: what the standard calls them, what they may be set
//! to, and their present values. Not here: what a change sets off (see
//! `calls::change_configuration`), nor the password itself (see `password`).

mod keys;
mod measurand;
mod value;

use crate::host::{Durability, OutletState, Quantity, Setting};
use crate::json::Writer;
use crate::turn::Turn;

pub(crate) use keys::{Access, Key};
use keys::{COUNT, Kind, TABLE};
pub(crate) use measurand::{Measurand, Selector, phase_name};
use value::Value;

const PREFIX: &str = "config/";

/// All keys and their values.
#[derive(Debug)]
pub(crate) struct Config {
    values: Vec<Value>,
    outlets: u32,
    /// Every connector has a tethered cable.
    all_fixed: bool,
    /// What the meters offer, as far as they have been read; none: not known.
    offered: Option<Vec<Quantity>>,
    /// The answer to a request for all keys, until something changes.
    all: Option<String>,
}

/// Why a value was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadValue;

impl Config {
    /// Defaults, over them the factory's settings, over them what was changed.
    pub(crate) fn load(turn: &mut Turn<'_>, settings: &[Setting], outlets: &[OutletState]) -> Self {
        let offered = offered_by(outlets);
        let count = outlets.len() as u32;
        let all_fixed = outlets
            .iter()
            .all(|outlet| outlet.cable == crate::host::Cable::Fixed);
        let mut config = Self {
            values: Vec::with_capacity(COUNT),
            outlets: count,
            all_fixed,
            offered,
            all: None,
        };
        for info in &TABLE {
            config
                .values
                .push(Value::new(&info.kind, &config.default_of(info.key)));
        }
        // Limits first: what they limit is checked against them.
        let is_limit = |setting: &&Setting| {
            Key::find(&setting.name).is_some_and(|key| key.info().access == Access::Read)
        };
        let (limits, others): (Vec<_>, Vec<_>) = settings.iter().partition(is_limit);
        for Setting { name, value } in limits.into_iter().chain(others) {
            match Key::find(name) {
                Some(Key::NumberOfConnectors | Key::AuthorizationKey) => {}
                Some(key) if config.check(key, value, true).is_ok() => config.put(key, value),
                Some(_) => turn.warn(format!(
                    "setting {name} has a value that does not fit and is left out"
                )),
                None => turn.warn(format!("setting {name} is not known and is left out")),
            }
        }
        for (entry, value) in turn.store.scan(PREFIX, PREFIX, 256) {
            let name = &entry[PREFIX.len()..];
            match (Key::find(name), String::from_utf8(value)) {
                (Some(key), Ok(value)) if config.check(key, &value, true).is_ok() => {
                    config.put(key, &value)
                }
                _ => {
                    turn.warn(format!(
                        "kept configuration key {name} does not fit and is dropped"
                    ));
                    turn.store.forget(&entry);
                }
            }
        }
        if !config.notices_in_time(None) {
            turn.warn(
                "WebSocketPingInterval is not below TransactionMessageAttempts x \
                 TransactionMessageRetryInterval: messages may be given up on a link that is \
                 long dead",
            );
        }
        config
    }

    fn default_of(&self, key: Key) -> String {
        match key {
            Key::NumberOfConnectors => self.outlets.to_string(),
            Key::ConnectorPhaseRotationMaxLength => (self.outlets + 1).to_string(),
            Key::ConnectorPhaseRotation => {
                let items: Vec<_> = (1..=self.outlets)
                    .map(|outlet| format!("{outlet}.Unknown"))
                    .collect();
                items.join(",")
            }
            Key::UnlockConnectorOnEVSideDisconnect => (!self.all_fixed).to_string(),
            _ => key.info().default.to_owned(),
        }
    }

    pub(crate) fn access(&self, key: Key) -> Access {
        match key {
            Key::UnlockConnectorOnEVSideDisconnect if self.all_fixed => Access::Read,
            _ => key.info().access,
        }
    }

    pub(crate) fn int(&self, key: Key) -> i64 {
        self.values[key as usize].number
    }

    /// A number of seconds, in ms.
    pub(crate) fn ms(&self, key: Key) -> u64 {
        u64::try_from(self.int(key))
            .unwrap_or(0)
            .saturating_mul(1000)
    }

    pub(crate) fn is_on(&self, key: Key) -> bool {
        self.values[key as usize].number != 0
    }

    pub(crate) fn text(&self, key: Key) -> &str {
        &self.values[key as usize].text
    }

    pub(crate) fn measurands(&self, key: Key) -> &[Selector] {
        &self.values[key as usize].selectors
    }

    /// Meters may turn out to offer more once they have been read.
    pub(crate) fn note_meters<'o>(&mut self, outlets: impl Iterator<Item = &'o OutletState>) {
        if self.offered.is_none() {
            self.offered = offered_by(outlets);
        }
    }

    /// Takes a new value, and keeps it.
    pub(crate) fn change(
        &mut self,
        turn: &mut Turn<'_>,
        key: Key,
        value: &str,
    ) -> Result<(), BadValue> {
        self.change_kept(turn, key, value, Durability::Durable)
    }

    /// As `change`, for what will be told anew anyway.
    pub(crate) fn change_lazily(
        &mut self,
        turn: &mut Turn<'_>,
        key: Key,
        value: &str,
    ) -> Result<(), BadValue> {
        self.change_kept(turn, key, value, Durability::Lazy)
    }

    fn change_kept(
        &mut self,
        turn: &mut Turn<'_>,
        key: Key,
        value: &str,
        durability: Durability,
    ) -> Result<(), BadValue> {
        self.check(key, value, false)?;
        if key.is_of_retries() && !self.notices_in_time(value::integer(value).map(|n| (key, n))) {
            return Err(BadValue);
        }
        self.put(key, value);
        let text = self.values[key as usize].text.clone();
        turn.store.keep(
            format!("{PREFIX}{}", key.info().name),
            text.into_bytes(),
            durability,
        );
        Ok(())
    }

    fn put(&mut self, key: Key, value: &str) {
        self.values[key as usize] = Value::new(&key.info().kind, value);
        self.all = None;
    }

    fn check(&self, key: Key, value: &str, kept: bool) -> Result<(), BadValue> {
        let good = match &key.info().kind {
            Kind::Bool => value::boolean(value).is_some(),
            Kind::Int { least, most } => {
                value::integer(value).is_some_and(|n| n >= *least && n <= *most)
            }
            Kind::Text { longest } => value.chars().count() <= *longest,
            // A manufacturer may leave one out, and cannot add one.
            Kind::Profiles => value::items(value).all(|item| {
                value::items(Key::SupportedFeatureProfiles.info().default)
                    .any(|built| built.eq_ignore_ascii_case(item))
            }),
            Kind::Rotation { most } => {
                let limit = self.int(*most);
                value::items(value).all(|item| value::is_rotation(item, self.outlets))
                    && value::items(value).count() as i64 <= limit
            }
            // What was right when it was kept may not be offered by the meter
            // at the moment of the start: it has perhaps not been read yet.
            Kind::Measurands { most } => {
                value::items(value).all(|item| self.can_measure(item, kept))
                    && value::items(value).count() as i64 <= self.int(*most)
            }
            Kind::Password => false,
        };
        if good { Ok(()) } else { Err(BadValue) }
    }

    /// A dead link is noticed before the attempts at a message can be used up
    /// on it (errata of OCPP-J, 3.11), with one value changed. Pings that are
    /// switched off are somebody's decision.
    fn notices_in_time(&self, changed: Option<(Key, i64)>) -> bool {
        let value = |key: Key| match changed {
            Some((one, value)) if one == key => value,
            _ => self.int(key),
        };
        let ping = value(Key::WebSocketPingInterval);
        let attempts = value(Key::TransactionMessageAttempts);
        let lasts = attempts.saturating_mul(value(Key::TransactionMessageRetryInterval));
        ping == 0 || ping < lasts
    }

    fn can_measure(&self, item: &str, kept: bool) -> bool {
        let Some(selector) = Selector::parse(item) else {
            return false;
        };
        match (selector.measurand.quantity(), &self.offered) {
            (None, _) | (_, None) => true,
            (Some(quantity), Some(offered)) => kept || offered.contains(&quantity),
        }
    }

    /// Writes the answer to a request for all keys.
    pub(crate) fn write_all(&mut self, w: &mut Writer) {
        if self.all.is_none() {
            let mut all = Writer::with_capacity(4096);
            for info in &TABLE {
                if info.access != Access::Write && !info.hidden {
                    self.write_key(&mut all, info.key);
                }
            }
            self.all = Some(all.finish());
        }
        w.item_raw(self.all.as_deref().unwrap_or_default());
    }

    /// Writes one item of a list of keys; without its value if it is not to be
    /// read.
    pub(crate) fn write_key(&self, w: &mut Writer, key: Key) {
        w.begin_object();
        w.text("key", key.info().name);
        let access = self.access(key);
        w.bool("readonly", access == Access::Read);
        if access != Access::Write {
            w.text("value", self.text(key));
        }
        w.end_object();
    }
}

fn offered_by<'o>(outlets: impl IntoIterator<Item = &'o OutletState>) -> Option<Vec<Quantity>> {
    let mut offered: Option<Vec<Quantity>> = None;
    for reading in outlets
        .into_iter()
        .filter_map(|outlet| outlet.reading.as_ref())
    {
        let list = offered.get_or_insert_with(Vec::new);
        for measurement in &reading.measurements {
            if !list.contains(&measurement.quantity) {
                list.push(measurement.quantity);
            }
        }
    }
    offered
}
