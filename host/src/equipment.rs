//! What is known of the devices beside the outlets, meters and readers, for the
//! control API: whether each works, and if not, why. Their own threads write,
//! the API reads; neither waits for the other longer than a copy takes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// All devices; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Equipment {
    devices: Arc<Mutex<Vec<Device>>>,
}

/// One device.
#[derive(Clone, Debug, Serialize)]
pub struct Device {
    /// Which it is.
    #[serde(skip)]
    pub role: Role,
    /// Its driver, as in the configuration.
    pub driver: &'static str,
    /// Where it is, and what it is taken for.
    pub at: String,
    /// Whether it works.
    pub state: State,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// How often it has answered.
    pub answers: u64,
    /// How often it has not.
    pub failures: u64,
}

/// What a device is there for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The meter of an outlet.
    Meter(u32),
    /// A reader of cards, by its name.
    Reader(String),
}

/// Whether a device works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing is known yet.
    Starting,
    /// It works.
    Well,
    /// It does not.
    Failing,
}

/// The entry of one device, for its own thread.
#[derive(Clone, Debug)]
pub struct DeviceState {
    equipment: Equipment,
    place: usize,
}

impl Equipment {
    /// Enters a device.
    #[must_use]
    pub fn enter(&self, role: Role, driver: &'static str, at: String) -> DeviceState {
        let mut devices = self.lock();
        devices.push(Device {
            role,
            driver,
            at,
            state: State::Starting,
            problem: None,
            answers: 0,
            failures: 0,
        });
        DeviceState {
            equipment: self.clone(),
            place: devices.len() - 1,
        }
    }

    /// A copy of everything.
    #[must_use]
    pub fn devices(&self) -> Vec<Device> {
        self.lock().clone()
    }

    /// Nobody panics while holding the lock, and if somebody did, an old state is
    /// better than none.
    fn lock(&self) -> MutexGuard<'_, Vec<Device>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DeviceState {
    /// It has answered.
    pub fn well(&self) {
        self.change(|device| {
            device.state = State::Well;
            device.problem = None;
            device.answers += 1;
        });
    }

    /// It has not.
    pub fn failed(&self, problem: &str) {
        self.change(|device| {
            device.state = State::Failing;
            device.problem = Some(problem.to_owned());
            device.failures += 1;
        });
    }

    fn change(&self, change: impl FnOnce(&mut Device)) {
        if let Some(device) = self.equipment.lock().get_mut(self.place) {
            change(device);
        }
    }
}
