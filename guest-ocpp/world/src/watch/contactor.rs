//! Whether a closed contactor has a permit for the car that is there, and one open
//! transaction that its energy is counted on. Looked at after every event, whatever
//! disk, network and charger are doing.

use super::rule::Rule;
use crate::SimOutlet;
use crate::world::World;
use plugpoint_guest::protocol::{ContactorState, Entries, FaultKind};

/// From "no current" to an open contactor: a host's bound.
const OPENING_MS: u64 = 3_000;

impl World {
    pub(crate) fn look_at_contactors(&mut self) {
        let broken: Vec<String> = self
            .outlets
            .iter()
            .filter(|outlet| outlet.state.contactor == ContactorState::Closed)
            .filter_map(|outlet| self.wrong_with(outlet))
            .collect();
        for what in broken {
            self.watch.note(Rule::Contactor, what);
        }
    }

    fn wrong_with(&self, outlet: &SimOutlet) -> Option<String> {
        let state = &outlet.state;
        let (number, ms) = (state.outlet, self.ms);
        let welded = |kind| kind == FaultKind::ContactorFailure;
        if state.faults.iter().any(|fault| welded(fault.kind)) {
            return None;
        }
        // A guest keeps at most one open transaction for each outlet.
        if self.flash.get(&format!("session/{number}")).is_none() {
            return Some(format!(
                "connector {number} is closed at {ms} without a transaction"
            ));
        }
        let present = outlet.permit_connection == outlet.connection;
        let opening = ms <= outlet.revoked_at + OPENING_MS;
        match &state.permit {
            Some(_) if present => None,
            Some(permit) => Some(format!(
                "connector {number} is closed at {ms} on a permit for a car that has left: {permit:?}"
            )),
            None if opening && present => None,
            None => Some(format!(
                "connector {number} is closed at {ms} without a permit"
            )),
        }
    }
}
