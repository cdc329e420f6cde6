//! The laboratory's hands at a charger that offers the control API: cars, cards,
//! faults and the network. Not its power, which needs more than the API.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::json;

use super::outcome::Failure;
use super::peer::surroundings;
use crate::charger::{Control, ControlFailure, connector_of};

/// Between two looks at a charger that does not tell by itself.
const LOOK: Duration = Duration::from_millis(20);

/// Something that is done to the charger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// A car plugs in.
    Plug(u32),
    /// The car goes, and the cable with it.
    Unplug(u32),
    /// The car goes; the cable stays in the socket.
    UnplugAtCar(u32),
    /// The car asks for energy, or pauses.
    CarAsks(u32, bool),
    /// A fault comes up.
    Fault(u32, String),
    /// All faults are gone.
    Repair(u32),
    /// The lock's motor is stuck, or works.
    Jam(u32, bool),
    /// A card is held to the reader.
    Card(String),
}

impl Deed {
    /// Does it.
    pub(super) fn perform(&self, control: &Control) -> Result<(), ControlFailure> {
        match self {
            Deed::Plug(connector) => control.plug(*connector),
            Deed::Unplug(connector) => control.unplug(*connector),
            Deed::UnplugAtCar(connector) => control.unplug_at_car(*connector),
            Deed::CarAsks(connector, asks) => {
                control.ev_state(*connector, if *asks { "C" } else { "B" })
            }
            Deed::Fault(connector, kind) => control.fault(*connector, kind),
            Deed::Repair(connector) => control.clear_fault(*connector),
            Deed::Jam(connector, jammed) => control.jam_lock(*connector, *jammed),
            Deed::Card(id_tag) => control.card(id_tag),
        }
        .map(|_| ())
    }
}

/// What has been done to a charger, to be undone again.
#[derive(Debug, Default)]
pub(super) struct Traces {
    plugged: BTreeSet<u32>,
    faulty: BTreeSet<u32>,
    jammed: BTreeMap<u32, bool>,
}

impl Traces {
    /// Remembers a deed.
    pub(super) fn note(&mut self, deed: &Deed) {
        match deed {
            Deed::Plug(connector) => drop(self.plugged.insert(*connector)),
            Deed::Unplug(connector) => drop(self.plugged.remove(connector)),
            Deed::Fault(connector, _) => drop(self.faulty.insert(*connector)),
            Deed::Repair(connector) => drop(self.faulty.remove(connector)),
            Deed::Jam(connector, jammed) => drop(self.jammed.insert(*connector, *jammed)),
            Deed::UnplugAtCar(_) | Deed::CarAsks(..) | Deed::Card(_) => {}
        }
    }

    /// Locks that are stuck now.
    pub(super) fn jammed(&self) -> impl Iterator<Item = u32> {
        let stuck = self.jammed.iter().filter(|(_, jammed)| **jammed);
        stuck.map(|(connector, _)| *connector)
    }

    /// What undoes all of it.
    pub(super) fn undo(&self) -> Vec<Deed> {
        let works = self.jammed().map(|connector| Deed::Jam(connector, false));
        let whole = self.faulty.iter().map(|connector| Deed::Repair(*connector));
        let free = self
            .plugged
            .iter()
            .map(|connector| Deed::Unplug(*connector));
        works.chain(whole).chain(free).collect()
    }
}

/// Cuts the way to the central system, or restores it.
pub(super) fn network(control: &Control, online: bool) -> Result<(), Failure> {
    control.network(online).map(|_| ()).map_err(surroundings)
}

/// Waits until the charger itself knows that its link is down; whoever does
/// not tell is believed.
pub(super) fn wait_offline(control: &Control, patience: Duration) -> Result<(), Failure> {
    let what = "a link that is down";
    wait(control, patience, what, |status| {
        status["link"]["state"] != "up"
    })
}

/// Waits until nothing is plugged in any more.
pub(super) fn wait_free(
    control: &Control,
    connector: u32,
    patience: Duration,
) -> Result<(), Failure> {
    let what = format!("nothing plugged into connector {connector}");
    wait(control, patience, &what, |status| {
        connector_of(status, connector)["plugged"] != json!(true)
    })
}

fn wait(
    control: &Control,
    patience: Duration,
    what: &str,
    is: impl Fn(&serde_json::Value) -> bool,
) -> Result<(), Failure> {
    let end = Instant::now() + patience;
    loop {
        let status = control.status().map_err(surroundings)?;
        if is(&status) {
            return Ok(());
        }
        if Instant::now() >= end {
            return Err(Failure::Surroundings(format!(
                "waited {patience:?} in vain for {what}"
            )));
        }
        // The API of a stranger need not have events.
        std::thread::sleep(LOOK);
    }
}
