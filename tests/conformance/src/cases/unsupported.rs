//! Profiles that a station does not offer, each refused in its own way; data of
//! strangers.

use serde_json::json;

use crate::outcome::{Failure, Outcome};
use crate::session::Session;
use crate::station::Answer;
use crate::tags::OWNER;

/// Without local lists, or with lists switched off, the version is -1, or the CALL is
/// refused.
pub fn tc_042_1(s: &mut Session<'_>) -> Outcome {
    if s.offers("LocalAuthListManagement")? {
        s.configure("LocalAuthListEnabled", "false")?;
    }
    match s.call_any("GetLocalListVersion", json!({}))? {
        Answer::Result(result) if result["listVersion"] == -1 => Ok(()),
        Answer::Error(code) if code == "NotSupported" => Ok(()),
        other => Err(s.failure(format!(
            "GetLocalListVersion must be answered with listVersion -1 or the CALLERROR \
             NotSupported, and was with {other}"
        ))),
    }
}

/// Without local lists none is taken.
pub fn tc_043_1(s: &mut Session<'_>) -> Outcome {
    not_offered(s, "LocalAuthListManagement")?;
    let request = json!({"listVersion": 1, "updateType": "Full", "localAuthorizationList": []});
    s.call_for_or_error(
        "SendLocalList",
        request,
        &["NotSupported"],
        &["NotSupported"],
    )
}

/// Without reservations one is rejected, by a CALLRESULT.
pub fn tc_048_4(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    reserve(s, connector)
}

/// Without reservations one of connector 0 is rejected, by a CALLRESULT.
pub fn tc_050_4(s: &mut Session<'_>) -> Outcome {
    reserve(s, 0)
}

fn reserve(s: &mut Session<'_>, connector: u32) -> Outcome {
    not_offered(s, "Reservation")?;
    let request = json!({
        "connectorId": connector,
        "expiryDate": s.time_in(std::time::Duration::from_secs(3600)),
        "idTag": OWNER,
        "reservationId": 1,
    });
    s.call_for("ReserveNow", request, &["Rejected"])?;
    s.expect_nothing()
}

/// Data for a vendor that the station does not know.
pub fn tc_062(s: &mut Session<'_>) -> Outcome {
    let request = json!({"vendorId": "com.example.conformance", "messageId": "x", "data": "y"});
    let refusals = ["UnknownVendorId", "Rejected", "UnknownMessageId"];
    s.call_for("DataTransfer", request, &refusals)?;
    Ok(())
}

fn not_offered(s: &mut Session<'_>, profile: &str) -> Result<(), Failure> {
    if s.offers(profile)? {
        return Err(Failure::NotApplicable(format!(
            "the station offers {profile}"
        )));
    }
    Ok(())
}
