//! LocalAuthListManagement: the list of tokens that the central system keeps at the
//! station.

use serde_json::{Value, json};

use crate::expected::status;
use crate::outcome::{Failure, Outcome};
use crate::session::Session;
use crate::tags::{OTHER, OWNER};

/// Longer lists than this are not sent only to be refused.
const MAX_ENTRIES: usize = 2_000;

/// A card that is on the list starts a transaction without Authorize.
pub fn tc_008_1(s: &mut Session<'_>) -> Outcome {
    owner_is_listed(s)?;
    s.only_here()?;
    let connector = s.connector();
    s.card(OWNER)?;
    s.expect(status(connector, "Preparing"))?;
    s.plug(connector)?;
    s.begun(connector, OWNER)?;
    Ok(())
}

/// A remote start with a tag that is on the list needs no Authorize.
pub fn tc_008_2(s: &mut Session<'_>) -> Outcome {
    s.configure("AuthorizeRemoteTxRequests", "true")?;
    owner_is_listed(s)?;
    let connector = s.connector();
    s.ask_to_start(connector, OWNER)?;
    s.expect(status(connector, "Preparing"))?;
    s.plug(connector)?;
    s.begun(connector, OWNER)?;
    Ok(())
}

/// An empty list has version 0, whatever it was called.
pub fn tc_042_2(s: &mut Session<'_>) -> Outcome {
    enabled(s)?;
    let request = json!({"listVersion": 1, "updateType": "Full"});
    s.call_for("SendLocalList", request, &["Accepted"])?;
    version_is(s, 0)
}

/// A list, and a change of it; both count.
pub fn tc_043(s: &mut Session<'_>) -> Outcome {
    enabled(s)?;
    s.configure("LocalPreAuthorize", "true")?;
    update(s, 1, "Full", json!([good(OTHER)]), "Accepted")?;
    update(s, 2, "Differential", json!([good(OWNER)]), "Accepted")?;
    let connector = s.connector();
    for tag in [OWNER, OTHER] {
        s.plug(connector)?;
        s.expect(status(connector, "Preparing"))?;
        s.card(tag)?;
        let begun = s.begun(connector, tag)?;
        s.stop_by_card(&begun)?;
        s.leave(connector)?;
    }
    Ok(())
}

/// A change that is older than the list changes nothing.
pub fn tc_043_2(s: &mut Session<'_>) -> Outcome {
    enabled(s)?;
    update(s, 2, "Full", json!([good(OWNER)]), "Accepted")?;
    version_is(s, 2)?;
    update(s, 5, "Differential", json!([good(OTHER)]), "Accepted")?;
    version_is(s, 5)?;
    update(
        s,
        4,
        "Differential",
        json!([good(OWNER)]),
        "VersionMismatch",
    )?;
    version_is(s, 5)
}

/// A list that the station cannot take, since it is longer than the station says that it
/// may be, changes nothing.
pub fn tc_043_3(s: &mut Session<'_>) -> Outcome {
    enabled(s)?;
    update(s, 1, "Full", json!([good(OWNER)]), "Accepted")?;
    let key = s.key("SendLocalListMaxLength")?;
    let most = key.and_then(|key| key.value?.parse::<usize>().ok());
    let Some(most) = most.filter(|most| *most <= MAX_ENTRIES) else {
        return Err(Failure::NotApplicable(format!(
            "SendLocalListMaxLength is no number up to {MAX_ENTRIES}"
        )));
    };
    let list: Value = (0..=most)
        .map(|number| good(&format!("PP{number}")))
        .collect();
    let request = json!({"listVersion": 2, "updateType": "Full", "localAuthorizationList": list});
    let answers = [
        "OccurenceConstraintViolation",
        "OccurrenceConstraintViolation",
    ];
    s.call_for_or_error("SendLocalList", request, &["Failed"], &answers)?;
    version_is(s, 1)
}

/// The list is in use, and has nobody but the owner on it.
fn owner_is_listed(s: &mut Session<'_>) -> Result<(), Failure> {
    enabled(s)?;
    s.configure("LocalPreAuthorize", "true")?;
    if s.is_on("AuthorizationCacheEnabled", false)? {
        s.configure("AuthorizationCacheEnabled", "false")?;
    }
    s.call("GetLocalListVersion", json!({}))?;
    update(s, 1, "Full", json!([good(OWNER)]), "Accepted")
}

fn enabled(s: &mut Session<'_>) -> Result<(), Failure> {
    if !s.offers("LocalAuthListManagement")? {
        return Err(Failure::NotApplicable(
            "the station does not offer LocalAuthListManagement".to_owned(),
        ));
    }
    s.configure("LocalAuthListEnabled", "true")
}

fn update(
    s: &mut Session<'_>,
    version: i64,
    kind: &str,
    list: Value,
    status: &'static str,
) -> Result<(), Failure> {
    let request =
        json!({"listVersion": version, "updateType": kind, "localAuthorizationList": list});
    s.call_for("SendLocalList", request, &[status]).map(drop)
}

fn version_is(s: &mut Session<'_>, version: i64) -> Outcome {
    let answer = s.call("GetLocalListVersion", json!({}))?;
    if answer["listVersion"] == version {
        return Ok(());
    }
    Err(s.failure(format!(
        "listVersion must be {version}, and the answer was {answer}"
    )))
}

fn good(tag: &str) -> Value {
    json!({"idTag": tag, "idTagInfo": {"status": "Accepted"}})
}
