//! Who is refused, and what is broken.

use serde_json::json;

use crate::expected::{authorize, status, status_of};
use crate::outcome::Outcome;
use crate::session::Session;
use crate::tags::{OWNER, UNWELCOME};

/// A card that the central system does not accept starts nothing.
pub fn tc_023_4(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    for refusal in ["Invalid", "Blocked", "Expired", "ConcurrentTx"] {
        s.tag(UNWELCOME, json!({"status": refusal}));
        s.plug(connector)?;
        s.expect(status(connector, "Preparing"))?;
        s.card(UNWELCOME)?;
        s.expect(authorize(UNWELCOME))?;
        s.expect_nothing()?;
        s.leave(connector)?;
    }
    Ok(())
}

/// A remote start with a tag that the central system does not accept starts
/// nothing.
pub fn tc_023_5(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    s.configure("AuthorizeRemoteTxRequests", "true")?;
    s.tag(UNWELCOME, json!({"status": "Invalid"}));
    s.plug(connector)?;
    s.expect(status(connector, "Preparing"))?;
    s.ask_to_start(connector, UNWELCOME)?;
    s.expect(authorize(UNWELCOME))?;
    s.expect_nothing()?;
    s.leave(connector)
}

/// A plug that cannot be locked is not charged; once it can, all is well again.
pub fn tc_024(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    s.jam_lock(connector, true)?;
    s.plug(connector)?;
    s.expect(status(connector, "Preparing"))?;
    s.ask_to_start(connector, OWNER)?;
    let faulted = status(connector, "Faulted").with("errorCode", "ConnectorLockFailure");
    s.expect_among(faulted, &[authorize(OWNER)])?;
    s.expect_nothing()?;
    s.jam_lock(connector, false)?;
    s.unplug(connector)?;
    let preparing = status(connector, "Preparing");
    s.expect_among(status(connector, "Available"), &[preparing])?;
    s.charge(OWNER)?;
    Ok(())
}

/// While something is broken nothing is started, neither by card nor remotely.
pub fn tc_041(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    s.only_here()?;
    s.fault(connector, Some("GroundFailure"))?;
    s.expect(status(connector, "Faulted").with("errorCode", "GroundFailure"))?;
    s.plug(connector)?;
    s.card(OWNER)?;
    let request = json!({"connectorId": connector, "idTag": OWNER});
    s.call_for("RemoteStartTransaction", request, &["Rejected"])?;
    s.expect_only(&[authorize(OWNER)])?;
    s.fault(connector, None)?;
    s.expect(status_of(connector, &["Preparing", "Available"]))?;
    s.expect_only(&[status(connector, "Preparing")])
}
