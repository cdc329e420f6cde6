//! A whole session at a charger that may die at any moment.

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, connector_of};
use serde_json::json;

use crate::hands::{Ending, Step, alive, begin, clear, transaction, wait};

/// A short session, from whatever state an earlier one was left in.
pub fn session(central: &CentralSystem, charger: &Charger, card: &str, ending: Ending) -> Step {
    // Longer than a second, so that there is a meter value on the way.
    begin(charger, card, 8.0)?;
    let control = charger.control();
    match ending {
        Ending::Card => {
            alive(control.card(card))?;
        }
        Ending::Cable => {
            alive(control.unplug(1))?;
        }
        Ending::Remote => {
            wait(charger, |s| transaction(s).is_some())?;
            let id = transaction(&alive(control.status())?);
            // No answer if it dies; and refused if it has ended by itself.
            let _ = central.call("RemoteStopTransaction", json!({"transactionId": id}));
        }
        Ending::Offline => {
            alive(control.network(false))?;
            alive(control.card(card))?;
            wait(charger, |s| connector_of(s, 1)["contactor"] == "open")?;
            alive(control.network(true))?;
        }
        Ending::Reset => {
            let _ = central.call("Reset", json!({"type": "Hard"}));
        }
    }
    wait(charger, |s| connector_of(s, 1)["contactor"] == "open")?;
    clear(charger)?;
    wait(charger, |s| s["queue"] == 0)
}
