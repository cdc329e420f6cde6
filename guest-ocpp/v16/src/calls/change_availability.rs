//! ChangeAvailability.

use super::{Answer, status};
use crate::charger::Charger;
use crate::fields::Fields;
use plugpoint_ocpp_core::availability::Change;

impl Charger {
    pub(super) fn change_availability(&mut self, id: &str, fields: Fields<'_, '_>) -> Answer {
        let connector = fields.int("connectorId")?;
        let operative = fields.choice("type", &[("Operative", true), ("Inoperative", false)])?;
        let known = u32::try_from(connector)
            .ok()
            .filter(|number| *number == 0 || self.place_of(*number).is_some());
        let Some(number) = known else {
            return status(id, "Rejected");
        };
        match self.change_availability_to(number, operative) {
            Change::Done => status(id, "Accepted"),
            Change::Scheduled => status(id, "Scheduled"),
        }
    }
}
