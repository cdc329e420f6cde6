//! RemoteStopTransaction.
//!
//! A transaction whose start was given up cannot be ended by it. The central
//! system never gave it a number, and the -1 that stands in its messages (errata
//! 3.18, 3.54) is none: several transactions may have it at the same time, and a
//! central system may give out -1 itself. To take -1 for one of them would be to
//! guess whose charging is ended. What ends it from afar names the connector or
//! the charger: UnlockConnector (where there is a socket) and Reset; both are
//! told with a StopTransaction for -1.

use super::{Answer, status};
use crate::charger::Charger;
use crate::fields::Fields;
use crate::record::StopReason;
use crate::turn::Turn;

impl Charger {
    pub(super) fn remote_stop(
        &mut self,
        turn: &mut Turn<'_>,
        id: &str,
        fields: Fields<'_, '_>,
    ) -> Answer {
        let transaction = fields.int("transactionId")?;
        let place = (0..self.outlets.len()).find(|place| {
            self.outlets[*place]
                .running()
                .is_some_and(|session| session.id == Some(transaction))
        });
        let Some(place) = place.filter(|_| self.registration.is_accepted()) else {
            return status(id, "Rejected");
        };
        self.stop(turn, place, StopReason::Remote, None);
        status(id, "Accepted")
    }
}
