//! Start and stop, with cards and plugs.

use serde_json::json;

use super::secs;
use crate::expected::{authorize, status, status_of, stop};
use crate::outcome::Outcome;
use crate::session::Session;
use crate::station::Cable;
use crate::tags::{OTHER, OWNER, SAME_GROUP};

/// Plug first, then card: Preparing, Authorize, StartTransaction and Charging.
pub fn tc_003(s: &mut Session<'_>) -> Outcome {
    let transaction = s.charge(OWNER)?;
    s.expect_nothing()?;
    s.stop_by_card(&transaction)?;
    s.leave(transaction.connector)
}

/// Card first, then plug: Authorize and Preparing, then StartTransaction and
/// Charging.
pub fn tc_004_1(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    s.card(OWNER)?;
    let preparing = status(connector, "Preparing");
    if s.reader_is_shared() {
        // Which connector it will be, nobody knows yet.
        s.expect_among(authorize(OWNER), std::slice::from_ref(&preparing))?;
        s.expect_only(std::slice::from_ref(&preparing))?;
        s.plug(connector)?;
        return s.begun_after(connector, OWNER, &[preparing]).map(|_| ());
    }
    s.expect_all(&[authorize(OWNER), preparing], &[])?;
    s.expect_nothing()?;
    s.plug(connector)?;
    s.begun(connector, OWNER)?;
    Ok(())
}

/// A card without a car: after ConnectionTimeOut the connector is available
/// again, and the card is forgotten.
pub fn tc_004_2(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    s.configure("ConnectionTimeOut", &secs(s.short()))?;
    s.card(OWNER)?;
    if s.reader_is_shared() {
        let talk = [status_of(connector, &["Preparing", "Available"])];
        s.expect_among(authorize(OWNER), &talk)?;
        s.perhaps(&[], &talk, s.short() + s.tolerance() * 2)?;
    } else {
        let preparing = status(connector, "Preparing");
        let messages = s.expect_all(&[authorize(OWNER), preparing], &[])?;
        let since = messages[0].at.max(messages[1].at);
        let available = s.expect(status(connector, "Available"))?;
        s.check_gap("ConnectionTimeOut", available.at - since, s.short())?;
    }
    s.plug(connector)?;
    s.expect(status(connector, "Preparing"))?;
    // The time-out counts for a car without a card, too.
    let finishing = [status(connector, "Finishing")];
    s.expect_only(&finishing)?;
    s.unplug(connector)?;
    s.expect_among(status(connector, "Available"), &finishing)?;
    Ok(())
}

/// A stranger's card does nothing to a transaction; the own card ends it.
pub fn tc_068(s: &mut Session<'_>) -> Outcome {
    s.only_here()?;
    let transaction = s.charge(OWNER)?;
    s.card(OTHER)?;
    s.expect_nothing()?;
    s.card(OWNER)?;
    let stop = stop(transaction.id, "Local").tag(OWNER);
    let finishing = status(transaction.connector, "Finishing");
    s.ended_with(stop, &transaction, &[finishing], &[])?;
    s.leave(transaction.connector)
}

/// Another card of the same group ends a transaction, after being authorized.
pub fn tc_069(s: &mut Session<'_>) -> Outcome {
    for tag in [OWNER, SAME_GROUP] {
        s.tag(tag, json!({"status": "Accepted", "parentIdTag": "PPGROUP"}));
    }
    s.tag(
        OTHER,
        json!({"status": "Accepted", "parentIdTag": "PPELSE"}),
    );
    s.only_here()?;
    let transaction = s.charge(OWNER)?;
    s.card(OTHER)?;
    s.expect(authorize(OTHER))?;
    s.expect_nothing()?;
    s.card(SAME_GROUP)?;
    s.expect(authorize(SAME_GROUP))?;
    let stop = stop(transaction.id, "Local").tag(SAME_GROUP);
    let finishing = status(transaction.connector, "Finishing");
    s.ended_with(stop, &transaction, &[finishing], &[])?;
    s.leave(transaction.connector)
}

/// The cable is pulled out of the car, and the socket lets go of it: the
/// transaction ends, and when the cable is out the connector is available.
pub fn tc_005_1(s: &mut Session<'_>) -> Outcome {
    s.configure("StopTransactionOnEVSideDisconnect", "true")?;
    s.configure("UnlockConnectorOnEVSideDisconnect", "true")?;
    let transaction = s.charge(OWNER)?;
    s.unplug_at_car(transaction.connector)?;
    s.ended(&transaction, "EVDisconnected")?;
    s.leave(transaction.connector)
}

/// The cable is pulled out of the car, and the socket keeps it: the transaction
/// ends, and UnlockConnector gives the cable free.
pub fn tc_005_2(s: &mut Session<'_>) -> Outcome {
    s.configure("StopTransactionOnEVSideDisconnect", "true")?;
    s.configure("UnlockConnectorOnEVSideDisconnect", "false")?;
    let transaction = s.charge(OWNER)?;
    let connector = transaction.connector;
    s.unplug_at_car(connector)?;
    let after = status_of(connector, s.after_unplug_at_car());
    let finishing = status(connector, "Finishing");
    let stop = stop(transaction.id, "EVDisconnected");
    s.ended_with(stop, &transaction, &[after], &[finishing])?;
    let wanted = match s.cable() {
        Cable::Fixed => "NotSupported",
        Cable::Socket => "Unlocked",
    };
    let request = json!({"connectorId": connector});
    s.call_for("UnlockConnector", request, &[wanted])?;
    if s.cable() == Cable::Socket {
        s.leave(connector)?;
    }
    Ok(())
}

/// The cable is pulled out of the car, and the transaction goes on until the
/// central system ends it.
pub fn tc_005_3(s: &mut Session<'_>) -> Outcome {
    s.configure("StopTransactionOnEVSideDisconnect", "false")?;
    let transaction = s.charge(OWNER)?;
    let connector = transaction.connector;
    s.unplug_at_car(connector)?;
    let suspended = status_of(connector, &["SuspendedEV", "SuspendedEVSE"])
        .with("info", "EV side disconnected");
    s.expect(suspended)?;
    s.expect_nothing()?;
    s.ask_to_stop(&transaction)?;
    let after = status_of(connector, s.after_unplug_at_car());
    let finishing = status(connector, "Finishing");
    let stop = stop(transaction.id, "Remote");
    s.ended_with(stop, &transaction, &[after], &[finishing])?;
    if s.cable() == Cable::Socket {
        s.leave(connector)?;
    }
    Ok(())
}
