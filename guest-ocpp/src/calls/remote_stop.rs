//! RemoteStopTransaction.

use super::{Answer, status};
use crate::charger::Charger;
use crate::fields::Fields;
use crate::queue::StopReason;
use crate::turn::Turn;

/// The answer where there is nothing to stop.
#[cfg(not(feature = "changed-answer"))]
const UNKNOWN: &str = "Rejected";
/// The answer where there is nothing to stop; wrong, to be found.
#[cfg(feature = "changed-answer")]
const UNKNOWN: &str = "Accepted";

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
            return status(id, UNKNOWN);
        };
        self.stop(turn, place, StopReason::Remote, None);
        status(id, "Accepted")
    }
}
