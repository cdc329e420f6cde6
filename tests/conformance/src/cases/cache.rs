//! The authorization cache.

use serde_json::json;

use crate::expected::{authorize, status};
use crate::outcome::{Failure, Outcome};
use crate::session::Session;
use crate::tags::OWNER;

/// A card that was accepted before starts a transaction without Authorize.
pub fn tc_007_1(s: &mut Session<'_>) -> Outcome {
    accepted_before(s)?;
    let connector = s.connector();
    s.plug(connector)?;
    s.expect(status(connector, "Preparing"))?;
    s.card(OWNER)?;
    s.begun(connector, OWNER)?;
    Ok(())
}

/// A remote start with a tag that was accepted before needs no Authorize.
pub fn tc_007_2(s: &mut Session<'_>) -> Outcome {
    s.configure("AuthorizeRemoteTxRequests", "true")?;
    accepted_before(s)?;
    let connector = s.connector();
    s.plug(connector)?;
    s.expect(status(connector, "Preparing"))?;
    s.ask_to_start(connector, OWNER)?;
    s.begun(connector, OWNER)?;
    Ok(())
}

/// After ClearCache a card is asked for again.
pub fn tc_061_1(s: &mut Session<'_>) -> Outcome {
    accepted_before(s)?;
    s.call_for("ClearCache", json!({}), &["Accepted"])?;
    s.charge(OWNER)?;
    Ok(())
}

/// After ClearCache the tag of a remote start is asked for again.
pub fn tc_061_2(s: &mut Session<'_>) -> Outcome {
    s.configure("AuthorizeRemoteTxRequests", "true")?;
    accepted_before(s)?;
    s.call_for("ClearCache", json!({}), &["Accepted"])?;
    let connector = s.connector();
    s.plug(connector)?;
    s.expect(status(connector, "Preparing"))?;
    s.ask_to_start(connector, OWNER)?;
    s.expect(authorize(OWNER))?;
    s.begun(connector, OWNER)?;
    Ok(())
}

/// The cache is in use, and knows the tag.
fn accepted_before(s: &mut Session<'_>) -> Result<(), Failure> {
    s.need_cache()?;
    s.configure("LocalPreAuthorize", "true")?;
    s.visit(OWNER)
}
