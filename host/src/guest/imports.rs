//! The two interfaces that a guest imports, `log` and `entries`: all that it
//! can reach while it runs.

use std::sync::{Arc, Mutex};

use super::Limits;
use super::limiter::Limiter;
use super::log::{Level, Log, LogReader, Rate};
use crate::store::Entries;
use crate::wit::{ocpp, policy, policy_0_1};

/// What belongs to one instance. The entries are only lent to it, for the length
/// of a call.
pub struct State {
    pub(super) entries: Entries,
    pub(super) log: Log,
    pub(super) limiter: Limiter,
}

impl State {
    pub(super) fn new(
        slot: Arc<str>,
        limits: &Limits,
        reader: Option<LogReader>,
        rate: Arc<Mutex<Rate>>,
    ) -> Self {
        Self {
            entries: Entries::default(),
            log: Log::new(slot, limits.log_lines, limits.log_bytes, reader, rate),
            limiter: Limiter::new(limits),
        }
    }

    pub(super) fn begin_call(&mut self) {
        self.log.begin_call();
        self.limiter.begin_call();
    }

    fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.entries.get(key).map(|value| value.to_vec())
    }
}

/// All worlds import the same two interfaces, but each has its own Rust types.
macro_rules! imports {
    ($world:ident) => {
        impl $world::plugpoint::charger::log::Host for State {
            fn write(&mut self, level: $world::plugpoint::charger::log::Level, message: String) {
                use $world::plugpoint::charger::log::Level as Wit;
                let level = match level {
                    Wit::Error => Level::Error,
                    Wit::Warn => Level::Warn,
                    Wit::Info => Level::Info,
                    Wit::Debug => Level::Debug,
                };
                self.log.write(level, &message);
            }
        }

        impl $world::plugpoint::charger::entries::Host for State {
            fn get(&mut self, key: String) -> Option<Vec<u8>> {
                State::get(self, &key)
            }

            fn scan(
                &mut self,
                prefix: String,
                start_at: String,
                most: u32,
            ) -> Vec<$world::plugpoint::charger::entries::Item> {
                self.entries
                    .scan(&prefix, &start_at, most)
                    .into_iter()
                    .map(|(key, value)| $world::plugpoint::charger::entries::Item {
                        key: key.to_string(),
                        value: value.to_vec(),
                    })
                    .collect()
            }
        }
    };
}

imports!(ocpp);
imports!(policy);
imports!(policy_0_1);
