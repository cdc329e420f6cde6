//! RemoteStartTransaction.

use super::{Answer, status};
use crate::assignment::Target;
use crate::charger::Charger;
use crate::config::Key;
use crate::fields::Fields;
use crate::profile::Attachment;
use crate::tags::MAX_TAG;
use crate::turn::Turn;
use plugpoint_ocpp_core::reservation::Visitor;

impl Charger {
    pub(super) fn remote_start(
        &mut self,
        turn: &mut Turn<'_>,
        id: &str,
        fields: Fields<'_, '_>,
    ) -> Answer {
        let tag = fields.text("idTag", MAX_TAG)?;
        let connector = fields.optional_int("connectorId")?;
        let attached = match fields.optional_object("chargingProfile")? {
            Some(profile) => self.attach(turn, profile),
            None => Attachment::NotMine,
        };
        let attached = match attached {
            Attachment::NotMine => None,
            Attachment::Keep(text) => Some(text),
            Attachment::Rejected => return status(id, "Rejected"),
            Attachment::Wrong(violation) => return Err(violation),
        };
        if !self.registration.is_accepted() || tag.is_empty() {
            return status(id, "Rejected");
        }
        if connector.is_none() && self.config.is_on(Key::RejectRemoteStartWithoutConnectorId) {
            return status(id, "Rejected");
        }
        if !self.can_keep() {
            turn.warn(
                "RemoteStartTransaction rejected: no transaction can be stored (disk full or not responding)",
            );
            return status(id, "Rejected");
        }
        let (outlets, named) = match connector {
            Some(number) => {
                let number = u32::try_from(number).ok();
                (number.into_iter().collect(), true)
            }
            // Where the central system leaves the choice, it is any outlet.
            None => {
                let all = self.outlets.iter().map(|outlet| outlet.number);
                (all.collect::<Vec<u32>>(), self.outlets.len() == 1)
            }
        };
        let is_promised = |number: &u32| self.is_requested(*number);
        let unpromised: Vec<u32> = outlets
            .iter()
            .copied()
            .filter(|number| !is_promised(number))
            .collect();
        let visitor = Visitor::unknown(tag);
        let target = self.target(&visitor, &unpromised, named);
        // Whoever may take any outlet, and has not been answered yet.
        let before = self
            .authorizations
            .iter()
            .filter(|request| request.is_for_any())
            .count();
        let is_full = target.car().is_none()
            && self.free_outlets(&visitor) <= before + self.state.unassigned.iter().count();
        if target == Target::Nothing || is_full {
            return status(id, "Rejected");
        }
        self.request_remotely(tag, outlets, target.car(), attached);
        status(id, "Accepted")
    }
}
