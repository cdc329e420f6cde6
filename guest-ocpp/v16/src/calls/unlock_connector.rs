//! UnlockConnector: answered once the lock has moved.

use super::{Answer, status};
use crate::charger::Charger;
use crate::fields::Fields;
use crate::late_answers::Wait;
use crate::record::StopReason;
use crate::turn::Turn;

/// Ending a transaction and moving the lock take no longer.
const WAIT_MS: u64 = 20_000;
const UNLOCKED: &str = r#"{"status":"Unlocked"}"#;
const FAILED: &str = r#"{"status":"UnlockFailed"}"#;

impl Charger {
    pub(super) fn unlock_connector(
        &mut self,
        turn: &mut Turn<'_>,
        link: u32,
        id: &str,
        fields: Fields<'_, '_>,
    ) -> Answer {
        let connector = fields.int("connectorId")?;
        let place = u32::try_from(connector)
            .ok()
            .and_then(|number| self.place_of(number));
        let Some(place) = place.filter(|place| self.outlets[*place].facts.is_socket()) else {
            return status(id, "NotSupported");
        };
        let wait = Wait {
            key: key_of(self.outlets[place].number),
            ms: WAIT_MS,
            otherwise: FAILED.to_owned(),
        };
        self.late.edit().add(turn, link, id, wait);
        self.stop(turn, place, StopReason::UnlockCommand, None);
        let state = self.outlets[place].state.edit();
        state.lock.want_unlocked();
        state.release_cable();
        state.authorization = None;
        self.needs_settling = true;
        Ok(None)
    }

    /// The lock of an outlet was sent open, and is or is not.
    pub(crate) fn answer_unlock(&mut self, turn: &mut Turn<'_>, outlet: u32, open: bool) {
        let payload = if open { UNLOCKED } else { FAILED };
        self.late.edit().finish(turn, &key_of(outlet), payload);
    }
}

fn key_of(outlet: u32) -> String {
    format!("unlock-{outlet}")
}
