//! UnlockConnector.

use serde_json::json;

use crate::outcome::{Failure, Outcome};
use crate::session::Session;
use crate::tags::OWNER;

/// A socket where nobody charges is unlocked.
pub fn tc_017_1(s: &mut Session<'_>) -> Outcome {
    unlock(s, "Unlocked")?;
    s.expect_nothing()
}

/// A fixed cable cannot be unlocked.
pub fn tc_017_2(s: &mut Session<'_>) -> Outcome {
    unlock(s, "NotSupported")?;
    s.expect_nothing()
}

/// Unlocking a socket ends the transaction there.
pub fn tc_018_1(s: &mut Session<'_>) -> Outcome {
    let transaction = s.charge(OWNER)?;
    unlock(s, "Unlocked")?;
    s.ended(&transaction, "UnlockCommand")?;
    s.leave(transaction.connector)
}

/// A fixed cable cannot be unlocked, and the transaction goes on.
pub fn tc_018_2(s: &mut Session<'_>) -> Outcome {
    let transaction = s.charge(OWNER)?;
    unlock(s, "NotSupported")?;
    s.expect_nothing()?;
    s.stop_by_card(&transaction)?;
    s.leave(transaction.connector)
}

/// A lock that does not move is told.
pub fn tc_030(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    s.charge(OWNER)?;
    s.jam_lock(connector, true)?;
    unlock(s, "UnlockFailed")
}

/// A connector that there is not cannot be unlocked.
pub fn tc_031(s: &mut Session<'_>) -> Outcome {
    let beyond = i64::from(*s.connectors().end()) + 1;
    let request = json!({"connectorId": beyond});
    s.call_for("UnlockConnector", request, &["NotSupported"])?;
    // The standard has no such numbers at all.
    for nowhere in [0, -1] {
        let request = json!({"connectorId": nowhere});
        s.call_for_or_error("UnlockConnector", request, &["NotSupported"], &[])?;
    }
    s.expect_nothing()
}

fn unlock(s: &mut Session<'_>, wanted: &str) -> Result<(), Failure> {
    let request = json!({"connectorId": s.connector()});
    s.call_for("UnlockConnector", request, &[wanted])?;
    Ok(())
}
