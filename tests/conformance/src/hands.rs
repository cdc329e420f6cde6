//! The laboratory's hands at a charger that offers the control API: cars, cards,
//! faults and the network. Not its power, which needs more than the API.

use std::time::{Duration, Instant};

use super::deed::Deed;
use super::outcome::Failure;
use super::peer::surroundings;
use crate::charger::{Control, ControlFailure};

/// Between two looks at a charger that does not tell by itself.
const LOOK: Duration = Duration::from_millis(20);

/// Does that; what is so already needs no doing.
pub(super) fn perform(deed: &Deed, control: &Control) -> Result<(), ControlFailure> {
    let done = match deed {
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
    };
    match done {
        // The answer of the contract to what cannot be in the present state.
        Err(failure) if is_of_leaving(deed) && failure.status() == Some(409) => Ok(()),
        done => done.map(|_| ()),
    }
}

fn is_of_leaving(deed: &Deed) -> bool {
    matches!(deed, Deed::Unplug(_) | Deed::UnplugAtCar(_))
}

/// Waits until the charger itself knows that its link is down; whoever does
/// not tell is believed.
pub(super) fn wait_offline(control: &Control, patience: Duration) -> Result<(), Failure> {
    let end = Instant::now() + patience;
    loop {
        let status = control.status().map_err(surroundings)?;
        if status["link"]["state"] != "up" {
            return Ok(());
        }
        if Instant::now() >= end {
            return Err(Failure::Surroundings(format!(
                "waited {patience:?} in vain for a link that is down"
            )));
        }
        // The API of a stranger need not have events.
        std::thread::sleep(LOOK);
    }
}
