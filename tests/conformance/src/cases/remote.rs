//! Remote start and stop.

use serde_json::json;

use super::secs;
use crate::expected::{authorize, status};
use crate::outcome::{Failure, Outcome};
use crate::session::{Session, Transaction};
use crate::tags::{OTHER, OWNER};

const ASK: &str = "AuthorizeRemoteTxRequests";

/// The cable first, then a remote start: Authorize if, and only if, it is so
/// configured; StartTransaction and Charging.
pub fn tc_010(s: &mut Session<'_>) -> Outcome {
    let asks = s.is_on(ASK, false)?;
    let transaction = cable_first(s, asks)?;
    s.stop_remotely(&transaction)?;
    s.leave(transaction.connector)?;
    // The other value, where the station has it.
    match s.configure(ASK, if asks { "false" } else { "true" }) {
        Ok(()) => cable_first(s, !asks).map(|_| ()),
        Err(Failure::NotApplicable(_)) => Ok(()),
        Err(other) => Err(other),
    }
}

fn cable_first(s: &mut Session<'_>, asks: bool) -> Result<Transaction, Failure> {
    let connector = s.connector();
    s.plug(connector)?;
    s.expect(status(connector, "Preparing"))?;
    s.ask_to_start(connector, OWNER)?;
    if asks {
        s.expect(authorize(OWNER))?;
    }
    s.begun(connector, OWNER)
}

/// The remote start first, then the cable.
pub fn tc_011_1(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    wanted(s)?;
    s.expect_nothing()?;
    s.plug(connector)?;
    s.begun(connector, OWNER)?;
    Ok(())
}

/// A remote start without a car: after ConnectionTimeOut the connector is
/// available again.
pub fn tc_011_2(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    s.configure("ConnectionTimeOut", &secs(s.short()))?;
    let since = wanted(s)?;
    let available = s.expect(status(connector, "Available"))?;
    s.check_gap("ConnectionTimeOut", available.at - since, s.short())?;
    s.expect_nothing()
}

/// A remote start at a free connector, up to Preparing, and when that came.
fn wanted(s: &mut Session<'_>) -> Result<std::time::Duration, Failure> {
    let connector = s.connector();
    let asks = s.is_on(ASK, false)?;
    s.ask_to_start(connector, OWNER)?;
    let mut required = vec![status(connector, "Preparing")];
    if asks {
        required.push(authorize(OWNER));
    }
    let messages = s.expect_all(&required, &[])?;
    Ok(messages[0].at)
}

/// A remote stop ends the transaction.
pub fn tc_012(s: &mut Session<'_>) -> Outcome {
    let transaction = s.charge(OWNER)?;
    s.stop_remotely(&transaction)?;
    s.leave(transaction.connector)
}

/// Where somebody is charging, a remote start is rejected.
pub fn tc_026(s: &mut Session<'_>) -> Outcome {
    let transaction = s.charge(OWNER)?;
    let request = json!({"connectorId": transaction.connector, "idTag": OTHER});
    s.call_for("RemoteStartTransaction", request, &["Rejected"])?;
    s.expect_nothing()?;
    s.stop_by_card(&transaction)?;
    Ok(())
}

/// A connector that there cannot be is no place to start.
pub fn tc_027(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    s.plug(connector)?;
    s.expect(status(connector, "Preparing"))?;
    let beyond = i64::from(*s.connectors().end()) + 1;
    for nowhere in [0, -1, beyond] {
        let request = json!({"connectorId": nowhere, "idTag": OWNER});
        s.call_for_or_error("RemoteStartTransaction", request, &["Rejected"], &[])?;
    }
    s.expect_nothing()
}

/// A transaction that there is not cannot be stopped.
pub fn tc_028(s: &mut Session<'_>) -> Outcome {
    let transaction = s.charge(OWNER)?;
    let request = json!({"transactionId": transaction.id + 1});
    s.call_for("RemoteStopTransaction", request, &["Rejected"])?;
    s.expect_nothing()?;
    s.stop_by_card(&transaction)?;
    Ok(())
}
