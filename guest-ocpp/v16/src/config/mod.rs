//! The configuration keys: what the standard calls them, what they may be set
//! to, and their present values. Not here: what a change sets off (see
//! `calls::change_configuration`), nor the password itself (see `password`).

mod check;
mod keys;
mod meaning;
mod measurand;
mod of_profiles;
#[cfg(feature = "reference")]
pub(crate) mod reference;
mod value;

use crate::host::{Durability, OutletState, Setting};
use crate::json::Writer;
use crate::kept::Cell;
use crate::turn::Turn;

pub(crate) use keys::{Access, Key};
use keys::{COUNT, TABLE};
pub(crate) use measurand::{Measurand, Selector, phase_name};
use of_profiles::OfProfiles;
pub use of_profiles::{KeyInfo, Values};
use value::Value;

const PREFIX: &str = "config/";

/// All keys and their values.
#[derive(Debug)]
pub(crate) struct Config {
    values: Vec<Value>,
    outlets: u32,
    /// Every connector has a tethered cable.
    all_fixed: bool,
    /// What the meters offer beside the register, in the standard's words.
    offered: Cell<Option<Vec<String>>>,
    /// What the build has beside the core.
    offers: Vec<Offer>,
    of_profiles: OfProfiles,
    /// The answer to a request for all keys, until something changes.
    all: Option<String>,
}

/// What a profile brings along.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer {
    /// In SupportedFeatureProfiles. None: it is always there.
    pub(crate) feature: Option<&'static str>,
    pub(crate) keys: &'static [KeyInfo],
}

/// A key that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    Own(Key),
    /// Its place among those of the profiles.
    OfProfile(usize),
}

/// Why a value was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadValue;

impl Config {
    /// Defaults, over them the factory's settings, over them what was changed.
    pub(crate) fn load(
        turn: &mut Turn<'_>,
        offers: Vec<Offer>,
        settings: &[Setting],
        outlets: &[OutletState],
    ) -> Self {
        let offered = Cell::load(&mut turn.store, turn.log, "meter-offers", Durability::Lazy);
        let count = outlets.len() as u32;
        let all_fixed = outlets
            .iter()
            .all(|outlet| outlet.cable == crate::host::Cable::Fixed);
        let mut config = Self {
            values: Vec::with_capacity(COUNT),
            outlets: count,
            all_fixed,
            offered,
            offers,
            of_profiles: OfProfiles::default(),
            all: None,
        };
        config.note_meters(outlets.iter());
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
        for setting in limits {
            config.take_setting(turn, setting);
        }
        let offers = config.offers.iter();
        let there = offers.filter(|offer| config.offers(offer.feature));
        config.of_profiles = OfProfiles::new(there);
        for setting in others {
            config.take_setting(turn, setting);
        }
        for (entry, value) in turn.store.scan(PREFIX, PREFIX, 256) {
            config.take_kept(turn, &entry, value);
        }
        config.warn_of_retries(turn);
        config
    }

    /// A value of the factory's.
    fn take_setting(&mut self, turn: &Turn<'_>, Setting { name, value }: &Setting) {
        let good = match self.find(name) {
            Some(Known::Own(Key::NumberOfConnectors | Key::AuthorizationKey)) => true,
            Some(Known::Own(key)) => {
                let good = self.check(key, value, true).is_ok();
                if good {
                    self.put(key, value);
                }
                good
            }
            Some(Known::OfProfile(place)) => self.put_checked(place, value).is_ok(),
            None => {
                return turn.warn(format!("setting {name} ignored: no such key"));
            }
        };
        if !good {
            turn.warn(format!("setting {name} ignored: invalid value"));
        }
    }

    /// A value that was changed. That of a profile that is not there now stays, for the
    /// profile may come back.
    fn take_kept(&mut self, turn: &mut Turn<'_>, entry: &str, value: Vec<u8>) {
        let name = &entry[PREFIX.len()..];
        let Ok(value) = String::from_utf8(value) else {
            return drop_kept(turn, entry);
        };
        match self.find(name) {
            Some(Known::Own(key)) if self.check(key, &value, true).is_ok() => self.put(key, &value),
            Some(Known::OfProfile(place)) if self.put_checked(place, &value).is_ok() => {}
            None if self.is_of_absent_profile(name) => {}
            _ => drop_kept(turn, entry),
        }
    }

    fn is_of_absent_profile(&self, name: &str) -> bool {
        let mut keys = self.offers.iter().flat_map(|offer| offer.keys);
        keys.any(|info| info.name.eq_ignore_ascii_case(name))
    }

    fn put_checked(&mut self, place: usize, value: &str) -> Result<(), BadValue> {
        self.of_profiles.info(place).check(value)?;
        self.of_profiles.put(place, value);
        self.all = None;
        Ok(())
    }

    /// The factory has not left this profile out.
    pub(crate) fn offers(&self, feature: Option<&str>) -> bool {
        feature.is_none_or(|feature| {
            value::items(self.text(Key::SupportedFeatureProfiles))
                .any(|item| item.eq_ignore_ascii_case(feature))
        })
    }

    /// What SupportedFeatureProfiles names, unless the factory leaves something out.
    fn features(&self) -> impl Iterator<Item = &'static str> {
        let others = self.offers.iter().filter_map(|offer| offer.feature);
        std::iter::once(Key::SupportedFeatureProfiles.info().default).chain(others)
    }

    /// The key of this name, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<Known> {
        let own = Key::find(name).map(Known::Own);
        own.or_else(|| self.of_profiles.find(name).map(Known::OfProfile))
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
            Key::SupportedFeatureProfiles => self.features().collect::<Vec<_>>().join(","),
            Key::UnlockConnectorOnEVSideDisconnect => (!self.all_fixed).to_string(),
            _ => key.info().default.to_owned(),
        }
    }

    pub(crate) fn access(&self, known: Known) -> Access {
        match known {
            Known::Own(Key::UnlockConnectorOnEVSideDisconnect) if self.all_fixed => Access::Read,
            Known::Own(key) => key.info().access,
            Known::OfProfile(place) => self.of_profiles.info(place).access(),
        }
    }

    pub(crate) fn name_of(&self, known: Known) -> &'static str {
        match known {
            Known::Own(key) => key.info().name,
            Known::OfProfile(place) => self.of_profiles.info(place).name,
        }
    }

    /// The value of a key that may be read.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        match self.find(name)? {
            Known::Own(key) => Some(self.text(key)).filter(|_| key.info().access != Access::Write),
            Known::OfProfile(place) => Some(self.of_profiles.text(place)),
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
        let selectors = &self.values[key as usize].selectors;
        match key {
            Key::MeterValuesSampledData | Key::MeterValuesAlignedData if selectors.is_empty() => {
                &measurand::REGISTER
            }
            _ => selectors,
        }
    }

    pub(crate) fn flush(&mut self, turn: &mut Turn<'_>) {
        self.offered.flush(&mut turn.store);
    }

    /// Meters may turn out to offer more once they have been read. It is kept, so
    /// that a charger knows before the first reading of the day.
    pub(crate) fn note_meters<'o>(&mut self, outlets: impl Iterator<Item = &'o OutletState>) {
        for reading in outlets.filter_map(|outlet| outlet.reading.as_ref()) {
            for measurement in &reading.measurements {
                let offer = Selector::offered(measurement.quantity, measurement.phase);
                let Some(offer) = offer else { continue };
                let is_known = self
                    .offered
                    .as_ref()
                    .is_some_and(|known| known.iter().any(|one| offer.is_called(one)));
                if !is_known {
                    let known = self.offered.edit().get_or_insert_default();
                    known.push(offer.name());
                }
            }
            if self.offered.is_none() {
                *self.offered.edit() = Some(Vec::new());
            }
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

    /// As `change`, of a key of a profile.
    pub(crate) fn change_of_profile(
        &mut self,
        turn: &mut Turn<'_>,
        place: usize,
        value: &str,
    ) -> Result<(), BadValue> {
        self.put_checked(place, value)?;
        let name = self.of_profiles.info(place).name;
        let text = self.of_profiles.text(place).as_bytes().to_vec();
        turn.store
            .keep(format!("{PREFIX}{name}"), text, Durability::Durable);
        Ok(())
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
        self.put(key, value);
        if key.is_of_retries() {
            self.warn_of_retries(turn);
        }
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

    /// Writes the answer to a request for all keys.
    pub(crate) fn write_all(&mut self, w: &mut Writer) {
        if self.all.is_none() {
            let mut all = Writer::with_capacity(4096);
            let own = TABLE.iter().filter(|info| info.access != Access::Write);
            for info in own {
                self.write_key(&mut all, Known::Own(info.key));
            }
            for place in 0..self.of_profiles.len() {
                self.write_key(&mut all, Known::OfProfile(place));
            }
            self.all = Some(all.finish());
        }
        w.item_raw(self.all.as_deref().unwrap_or_default());
    }

    /// Writes one item of a list of keys; without its value if it is not to be
    /// read.
    pub(crate) fn write_key(&self, w: &mut Writer, known: Known) {
        w.begin_object();
        w.text("key", self.name_of(known));
        let access = self.access(known);
        w.bool("readonly", access == Access::Read);
        if access != Access::Write {
            w.text(
                "value",
                match known {
                    Known::Own(key) => self.text(key),
                    Known::OfProfile(place) => self.of_profiles.text(place),
                },
            );
        }
        w.end_object();
    }
}

fn drop_kept(turn: &mut Turn<'_>, entry: &str) {
    let name = &entry[PREFIX.len()..];
    turn.warn(format!(
        "kept value of configuration key {name} is invalid and was dropped"
    ));
    turn.store.forget(entry);
}
