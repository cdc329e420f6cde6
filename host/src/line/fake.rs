//! Lines in memory, for tests of logic in virtual time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{LineError, Output};

/// A board without any hardware: levels by name.
#[derive(Clone, Default)]
pub(crate) struct Levels(Arc<Mutex<BTreeMap<String, bool>>>);

impl Levels {
    /// An output of that name; inactive.
    pub(crate) fn output(&self, name: &str) -> Box<dyn Output> {
        self.set(name, false);
        Box::new(Out(self.clone(), name.to_owned()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<bool> {
        let levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        levels.get(name).copied()
    }

    fn set(&self, name: &str, active: bool) {
        let mut levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        levels.insert(name.to_owned(), active);
    }
}

struct Out(Levels, String);

impl Output for Out {
    fn set(&mut self, active: bool) -> Result<(), LineError> {
        self.0.set(&self.1, active);
        Ok(())
    }
}
