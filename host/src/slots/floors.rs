//! The oldest version of each component that is still taken. A floor rises by the
//! configuration, or by a signed version that says so and has proved itself; never
//! by a mere installation, or there would be no way back; and it never falls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Refusal, Version};
use crate::store::{Store, StoreError};

/// The document in the database.
const DOCUMENT: &str = "floors";

/// The floors by a component's name; clones share them.
#[derive(Clone, Debug)]
pub struct Floors {
    store: Store,
    /// By the configuration.
    configured: Arc<BTreeMap<String, String>>,
    kept: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Floors {
    /// Reads what was kept.
    pub fn load(store: &Store, configured: BTreeMap<String, String>) -> Result<Self, StoreError> {
        let kept = match store.document_get(DOCUMENT)? {
            Some(body) => serde_json::from_slice(&body).unwrap_or_else(|error| {
                tracing::error!(%error, "the floors of versions cannot be understood");
                BTreeMap::new()
            }),
            None => BTreeMap::new(),
        };
        Ok(Self {
            store: store.clone(),
            configured: Arc::new(configured),
            kept: Arc::new(Mutex::new(kept)),
        })
    }

    /// Refuses a version below its component's floor.
    pub fn check(&self, version: &Version) -> Result<(), Refusal> {
        let Some(name) = &version.name else {
            return Ok(());
        };
        let kept = self.lock();
        let floors = [self.configured.get(name), kept.get(name)];
        for floor in floors.into_iter().flatten() {
            let below = match (parse(version.stated()), parse(floor)) {
                (Some(version), Some(floor)) => version < floor,
                // One without a version is older than any.
                (None, Some(_)) => true,
                (_, None) => false,
            };
            if below {
                return Err(Refusal::BelowFloor {
                    new: version.stated().to_owned(),
                    name: name.clone(),
                    floor: floor.clone(),
                });
            }
        }
        Ok(())
    }

    /// A version has proved itself in this slot: what it says of older ones counts.
    pub fn proved(&self, slot: &str, version: &Version) {
        let (Some(name), Some(floor)) = (&version.name, &version.floor) else {
            return;
        };
        let mut kept = self.lock();
        let is_higher = kept
            .get(name)
            .is_none_or(|present| parse(present) < parse(floor));
        if !is_higher {
            return;
        }
        kept.insert(name.clone(), floor.clone());
        tracing::info!(
            name,
            floor,
            "older versions of this component are not taken any more"
        );
        match serde_json::to_vec(&*kept) {
            Ok(body) => self.store.document_put_before(slot, DOCUMENT, body),
            Err(error) => tracing::error!(%error, "the floors of versions cannot be written"),
        }
    }

    /// Of all components.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, String> {
        let mut all = self.lock().clone();
        for (name, floor) in &*self.configured {
            let kept = all.entry(name.clone()).or_insert_with(|| floor.clone());
            if parse(kept) < parse(floor) {
                kept.clone_from(floor);
            }
        }
        all
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(version: &str) -> Option<semver::Version> {
    semver::Version::parse(version).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::Schemas;
    use crate::store::StoreSettings;

    fn version(version: &str, floor: Option<&str>) -> Version {
        Version {
            hash: String::new(),
            name: Some("guest".into()),
            version: Some(version.into()),
            build: None,
            schemas: Schemas::default(),
            signed_by: None,
            floor: floor.map(str::to_owned),
        }
    }

    #[test]
    fn a_floor_rises_by_what_was_proved_and_never_falls() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), StoreSettings::default()).expect("a store");
        let floors = Floors::load(&store, BTreeMap::new()).expect("floors");
        let old = version("1.0.0", None);
        assert!(floors.check(&old).is_ok());
        floors.proved("ocpp", &version("2.0.0", None));
        assert!(floors.check(&old).is_ok(), "there is a way back");
        floors.proved("ocpp", &version("2.0.0", Some("1.5.0")));
        assert!(floors.check(&old).is_err());
        assert!(floors.check(&version("1.5.0", None)).is_ok());
        floors.proved("ocpp", &version("1.5.0", Some("1.0.0")));
        // Also after the power was gone.
        let floors = Floors::load(&store, BTreeMap::new()).expect("floors");
        assert!(floors.check(&old).is_err());
        let configured = BTreeMap::from([("guest".to_owned(), "1.6.0".to_owned())]);
        let floors = Floors::load(&store, configured).expect("floors");
        assert!(floors.check(&version("1.5.0", None)).is_err());
        assert_eq!(floors.all()["guest"], "1.6.0");
        let mut none = version("1.0.0", None);
        none.version = None;
        assert!(floors.check(&none).is_err(), "older than any");
    }
}
