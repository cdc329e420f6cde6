//! A pilot that a safety controller of its own handles: Linux sees only whether a
//! plug is in and whether the car asks for energy.

use super::{PilotFacts, PilotInput};
use crate::outlet::gpio::Level;
use crate::wit::protocol::PilotState;

/// States A, B and C out of two lines.
pub struct LinePilot {
    request: Level,
}

impl LinePilot {
    /// `request`: the car asks for energy.
    pub(in crate::outlet) fn new(request: Level) -> Self {
        Self { request }
    }
}

impl PilotInput for LinePilot {
    fn read(&mut self, plug: Option<bool>) -> PilotFacts {
        let plugged = plug.unwrap_or(false);
        let state = match (plugged, self.request.is_active()) {
            (false, _) => PilotState::A,
            (true, false) => PilotState::B,
            (true, true) => PilotState::C,
        };
        PilotFacts {
            state,
            plugged,
            fault: self.request.fault(),
        }
    }
}
