//! RemoteStartTransaction.

use super::{Answer, status};
use crate::authorization::LONGEST_TAG;
use crate::charger::Charger;
use crate::fields::Fields;

impl Charger {
    pub(super) fn remote_start(&mut self, id: &str, fields: Fields<'_, '_>) -> Answer {
        let tag = fields.text("idTag", LONGEST_TAG)?;
        let connector = fields.optional_int("connectorId")?;
        fields.optional_object("chargingProfile")?;
        if !self.registration.is_accepted() || tag.is_empty() {
            return status(id, "Rejected");
        }
        let place = match connector {
            Some(number) => u32::try_from(number)
                .ok()
                .and_then(|number| self.place_of(number)),
            None => self.best_place(),
        };
        let place = place
            .filter(|place| self.can_begin(*place) && !self.is_wished(self.outlets[*place].number));
        let Some(place) = place else {
            return status(id, "Rejected");
        };
        let number = self.outlets[place].number;
        self.wish_remote(tag, number);
        status(id, "Accepted")
    }

    /// Where the central system leaves the choice: a car that waits, else the
    /// first free connector.
    fn best_place(&self) -> Option<usize> {
        let free = || {
            (0..self.outlets.len()).filter(|place| {
                self.can_begin(*place) && !self.is_wished(self.outlets[*place].number)
            })
        };
        free()
            .find(|place| self.outlets[*place].has_car())
            .or_else(|| free().next())
    }
}
