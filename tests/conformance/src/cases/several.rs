//! Ours: stations with several connectors.

use serde_json::json;

use crate::expected::{Expected, authorize, status, status_of};
use crate::outcome::{Failure, Outcome};
use crate::session::Session;
use crate::tags::{OTHER, OWNER};

/// One reader for two connectors: a card is for the connector at which a car
/// plugs in next.
pub fn pp_2c_1(s: &mut Session<'_>) -> Outcome {
    let reader = s.traits().reader.clone();
    for connector in reader {
        s.card(OWNER)?;
        s.expect_among(authorize(OWNER), &undecided(s))?;
        s.expect_only(&undecided(s))?;
        s.plug(connector)?;
        let transaction = s.begun_after(connector, OWNER, &undecided(s))?;
        s.stop_by_card(&transaction)?;
        s.leave(connector)?;
    }
    Ok(())
}

/// Until a car plugs in, a station may say of any connector that it prepares.
fn undecided(s: &Session<'_>) -> Vec<Expected> {
    s.connectors()
        .map(|connector| status_of(connector, &["Preparing", "Available"]))
        .collect()
}

/// Transactions at two connectors overlap, and each ends by itself.
pub fn pp_2c_2(s: &mut Session<'_>) -> Outcome {
    let first = s.charge(OWNER)?;
    let asks = s.is_on("AuthorizeRemoteTxRequests", false)?;
    let other = other(s)?;
    s.plug(other)?;
    s.expect(status(other, "Preparing"))?;
    s.ask_to_start(other, OTHER)?;
    if asks {
        s.expect(authorize(OTHER))?;
    }
    let second = s.begun(other, OTHER)?;
    if first.id == second.id {
        return Err(Failure::Surroundings(
            "the central system gave two transactions one number".to_owned(),
        ));
    }
    s.stop_by_card(&first)?;
    s.leave(first.connector)?;
    s.expect_nothing()?;
    s.stop_remotely(&second)?;
    s.leave(second.connector)
}

/// A remote start that names no connector is for the one where a car waits, or
/// is rejected.
pub fn pp_2c_3(s: &mut Session<'_>) -> Outcome {
    let asks = s.is_on("AuthorizeRemoteTxRequests", false)?;
    let waits = other(s)?;
    s.plug(waits)?;
    s.expect(status(waits, "Preparing"))?;
    let request = json!({"idTag": OWNER});
    let answer = s.call_for("RemoteStartTransaction", request, &["Accepted", "Rejected"])?;
    if answer == "Rejected" {
        return s.expect_nothing();
    }
    if asks {
        s.expect(authorize(OWNER))?;
    }
    let transaction = s.begun(waits, OWNER)?;
    s.stop_remotely(&transaction)?;
    s.leave(waits)
}

/// ChangeAvailability of connector 0 concerns all connectors; where somebody
/// charges, it waits for the end of the transaction.
pub fn pp_2c_4(s: &mut Session<'_>) -> Outcome {
    let transaction = s.charge(OWNER)?;
    let request = |kind: &str| json!({"connectorId": 0, "type": kind});
    s.call_for("ChangeAvailability", request("Inoperative"), &["Scheduled"])?;
    // The free ones need not wait; the charger as a whole may.
    let whole = status(0, "Unavailable");
    let mut free: Vec<Expected> = s
        .others()
        .into_iter()
        .map(|connector| status(connector, "Unavailable"))
        .collect();
    s.expect_all(&free, std::slice::from_ref(&whole))?;
    s.expect_only(std::slice::from_ref(&whole))?;
    s.ask_to_stop(&transaction)?;
    let stop = crate::expected::stop(transaction.id, "Remote");
    let own = status(transaction.connector, "Unavailable");
    let finishing = status(transaction.connector, "Finishing");
    s.ended_with(stop, &transaction, &[own], &[finishing, whole])?;
    s.unplug(transaction.connector)?;
    s.expect_nothing()?;
    s.call_for("ChangeAvailability", request("Operative"), &["Accepted"])?;
    free.clear();
    s.tells_all(&[])
}

/// A connector that is out of service does not keep another from charging.
pub fn pp_2c_5(s: &mut Session<'_>) -> Outcome {
    let other = other(s)?;
    let request = |kind: &str| json!({"connectorId": other, "type": kind});
    s.call_for("ChangeAvailability", request("Inoperative"), &["Accepted"])?;
    s.expect(status(other, "Unavailable"))?;
    let start = json!({"connectorId": other, "idTag": OWNER});
    s.call_for("RemoteStartTransaction", start, &["Rejected"])?;
    s.plug(other)?;
    s.expect_nothing()?;
    s.unplug(other)?;
    let transaction = s.charge(OWNER)?;
    s.stop_by_card(&transaction)?;
    s.leave(transaction.connector)?;
    s.call_for("ChangeAvailability", request("Operative"), &["Accepted"])?;
    s.expect(status(other, "Available"))?;
    Ok(())
}

fn other(s: &Session<'_>) -> Result<u32, Failure> {
    s.others().first().copied().ok_or_else(|| {
        Failure::NotApplicable("it needs two connectors, and the station has one".to_owned())
    })
}
