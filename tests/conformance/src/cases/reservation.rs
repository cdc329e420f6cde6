//! Reservation: a connector that is kept for somebody.

use std::time::Duration;

use serde_json::json;

use crate::expected::{authorize, start, status, status_of};
use crate::outcome::{Failure, Outcome};
use crate::session::{RESERVATION, Session};
use crate::station::Message;
use crate::tags::{OTHER, OWNER, SAME_GROUP};

const PARENT: &str = "PPGROUP";
/// Longer than any case.
const LONG: Duration = Duration::from_secs(3_600);

/// Somebody else's card is refused without Authorize; the holder's starts.
pub fn tc_046_1(s: &mut Session<'_>) -> Outcome {
    offered(s)?;
    let connector = reserved(s)?;
    s.card(OTHER)?;
    s.expect_nothing()?;
    s.card(OWNER)?;
    preparing(s, connector, OWNER)?;
    s.plug(connector)?;
    redeemed(s, connector, OWNER)
}

/// As TC_046_1, by a remote start.
pub fn tc_046_2(s: &mut Session<'_>) -> Outcome {
    offered(s)?;
    let connector = reserved(s)?;
    s.plug(connector)?;
    s.expect_nothing()?;
    s.ask_to_start(connector, OWNER)?;
    preparing(s, connector, OWNER)?;
    redeemed(s, connector, OWNER)
}

/// It expires, and somebody else charges.
pub fn tc_047(s: &mut Session<'_>) -> Outcome {
    offered(s)?;
    s.only_here()?;
    let connector = s.connector();
    let time = s.short();
    let since = s.now();
    reserve(s, connector, OWNER, None, time, "Accepted")?;
    s.expect(status(connector, "Reserved"))?;
    let until = since + time + s.tolerance();
    let free = s.expect_all_until(&[status(connector, "Available")], &[], until)?;
    s.check_gap(
        "the time until the reservation expires",
        free[0].at.saturating_sub(since),
        time,
    )?;
    somebody_else_charges(s, connector)
}

/// A connector that is faulted cannot be reserved.
pub fn tc_048_1(s: &mut Session<'_>) -> Outcome {
    offered(s)?;
    let connector = s.connector();
    s.fault(connector, Some("GroundFailure"))?;
    s.expect(status(connector, "Faulted"))?;
    reserve(s, connector, OWNER, None, LONG, "Faulted")
}

/// A connector with a car cannot be reserved.
pub fn tc_048_2(s: &mut Session<'_>) -> Outcome {
    offered(s)?;
    let connector = s.connector();
    s.plug(connector)?;
    s.expect(status(connector, "Preparing"))?;
    reserve(s, connector, OWNER, None, LONG, "Occupied")
}

/// A connector that is out of service cannot be reserved.
pub fn tc_048_3(s: &mut Session<'_>) -> Outcome {
    offered(s)?;
    let connector = s.connector();
    unavailable(s, connector)?;
    reserve(s, connector, OWNER, None, LONG, "Unavailable")
}

/// One connector is kept, whichever that is.
pub fn tc_049(s: &mut Session<'_>) -> Outcome {
    any_connector(s)?;
    let connector = s.connector();
    for other in s.others() {
        unavailable(s, other)?;
    }
    reserve(s, 0, OWNER, None, LONG, "Accepted")?;
    s.expect(status(connector, "Reserved"))?;
    s.plug(connector)?;
    s.expect_nothing()?;
    s.ask_to_start(connector, OWNER)?;
    preparing(s, connector, OWNER)?;
    redeemed(s, connector, OWNER)
}

/// None can be kept while all are faulted.
pub fn tc_050_1(s: &mut Session<'_>) -> Outcome {
    any_connector(s)?;
    for connector in s.connectors() {
        s.fault(connector, Some("GroundFailure"))?;
        let whole = status(0, "Faulted");
        s.expect_among(status(connector, "Faulted"), &[whole])?;
    }
    reserve(s, 0, OWNER, None, LONG, "Faulted")
}

/// None can be kept while all have cars.
pub fn tc_050_2(s: &mut Session<'_>) -> Outcome {
    any_connector(s)?;
    for connector in s.connectors() {
        s.plug(connector)?;
        s.expect(status(connector, "Preparing"))?;
    }
    reserve(s, 0, OWNER, None, LONG, "Occupied")
}

/// None can be kept while all are out of service.
pub fn tc_050_3(s: &mut Session<'_>) -> Outcome {
    any_connector(s)?;
    let request = json!({"connectorId": 0, "type": "Inoperative"});
    s.call_for("ChangeAvailability", request, &["Accepted"])?;
    let but: Vec<(u32, &[&str])> = (0..=*s.connectors().end())
        .map(|connector| (connector, &["Unavailable"][..]))
        .collect();
    s.tells_all(&but)?;
    reserve(s, 0, OWNER, None, LONG, "Unavailable")
}

/// It is cancelled, and somebody else charges.
pub fn tc_051(s: &mut Session<'_>) -> Outcome {
    offered(s)?;
    let connector = reserved(s)?;
    cancel(s, RESERVATION, "Accepted")?;
    s.expect(status(connector, "Available"))?;
    somebody_else_charges(s, connector)
}

/// One that there is not cannot be cancelled, and the other one stays.
pub fn tc_052(s: &mut Session<'_>) -> Outcome {
    offered(s)?;
    let connector = reserved(s)?;
    cancel(s, RESERVATION + 1, "Rejected")?;
    s.expect_nothing()?;
    s.card(OWNER)?;
    preparing(s, connector, OWNER)?;
    s.plug(connector)?;
    redeemed(s, connector, OWNER)
}

/// A card of the holder's group starts.
pub fn tc_053_1(s: &mut Session<'_>) -> Outcome {
    let connector = reserved_for_group(s)?;
    s.card(SAME_GROUP)?;
    s.expect_all(
        &[authorize(SAME_GROUP), status(connector, "Preparing")],
        &[],
    )?;
    s.plug(connector)?;
    redeemed(s, connector, SAME_GROUP)
}

/// As TC_053_1, by a remote start.
pub fn tc_053_2(s: &mut Session<'_>) -> Outcome {
    let connector = reserved_for_group(s)?;
    s.plug(connector)?;
    s.expect_nothing()?;
    s.ask_to_start(connector, SAME_GROUP)?;
    s.expect_all(
        &[authorize(SAME_GROUP), status(connector, "Preparing")],
        &[],
    )?;
    redeemed(s, connector, SAME_GROUP)
}

/// The connector under test is kept for the owner.
fn reserved(s: &mut Session<'_>) -> Result<u32, Failure> {
    s.only_here()?;
    let connector = s.connector();
    reserve(s, connector, OWNER, None, LONG, "Accepted")?;
    s.expect(status(connector, "Reserved"))?;
    Ok(connector)
}

fn reserved_for_group(s: &mut Session<'_>) -> Result<u32, Failure> {
    offered(s)?;
    s.only_here()?;
    let connector = s.connector();
    s.tag(
        SAME_GROUP,
        json!({"status": "Accepted", "parentIdTag": PARENT}),
    );
    reserve(s, connector, OWNER, Some(PARENT), LONG, "Accepted")?;
    s.expect(status(connector, "Reserved"))?;
    Ok(connector)
}

fn reserve(
    s: &mut Session<'_>,
    connector: u32,
    tag: &str,
    parent: Option<&str>,
    time: Duration,
    answer: &'static str,
) -> Outcome {
    let mut request = json!({
        "connectorId": connector,
        "expiryDate": s.time_in(time),
        "idTag": tag,
        "reservationId": RESERVATION,
    });
    if let Some(parent) = parent {
        request["parentIdTag"] = json!(parent);
    }
    s.call_for("ReserveNow", request, &[answer]).map(drop)
}

fn cancel(s: &mut Session<'_>, id: i64, answer: &'static str) -> Outcome {
    let request = json!({"reservationId": id});
    s.call_for("CancelReservation", request, &[answer])
        .map(drop)
}

fn unavailable(s: &mut Session<'_>, connector: u32) -> Outcome {
    let request = json!({"connectorId": connector, "type": "Inoperative"});
    s.call_for("ChangeAvailability", request, &["Accepted"])?;
    s.expect(status(connector, "Unavailable")).map(drop)
}

/// The holder is known; the central system may be asked for the tag or not.
fn preparing(s: &mut Session<'_>, connector: u32, tag: &str) -> Outcome {
    s.expect_all(&[status(connector, "Preparing")], &[authorize(tag)])
        .map(drop)
}

/// A transaction begins that names the reservation.
fn redeemed(s: &mut Session<'_>, connector: u32, tag: &str) -> Outcome {
    let start = begins(s, connector, tag)?;
    match &start.payload["reservationId"] {
        id if *id == RESERVATION => Ok(()),
        id => Err(s.failure(format!(
            "StartTransaction must name reservation {RESERVATION}, and names {id}"
        ))),
    }
}

/// Who has reserved nothing charges, and no reservation is named.
fn somebody_else_charges(s: &mut Session<'_>, connector: u32) -> Outcome {
    s.plug(connector)?;
    s.expect(status(connector, "Preparing"))?;
    s.ask_to_start(connector, OTHER)?;
    s.expect(authorize(OTHER))?;
    let start = begins(s, connector, OTHER)?;
    match start.payload.get("reservationId") {
        None => Ok(()),
        Some(id) => Err(s.failure(format!(
            "StartTransaction must name no reservation, and names {id}"
        ))),
    }
}

fn begins(s: &mut Session<'_>, connector: u32, tag: &str) -> Result<Message, Failure> {
    let required = [start(connector, tag), status(connector, "Charging")];
    let waiting = status_of(connector, &["SuspendedEV", "SuspendedEVSE"]);
    let mut messages = s.expect_all(&required, &[waiting, authorize(tag)])?;
    Ok(messages.remove(0))
}

fn offered(s: &mut Session<'_>) -> Outcome {
    if s.offers("Reservation")? {
        return Ok(());
    }
    Err(Failure::NotApplicable(
        "the station does not offer Reservation".to_owned(),
    ))
}

fn any_connector(s: &mut Session<'_>) -> Outcome {
    offered(s)?;
    if s.is_on("ReserveConnectorZeroSupported", false)? {
        return Ok(());
    }
    Err(Failure::NotApplicable(
        "connector 0 of the station cannot be reserved".to_owned(),
    ))
}
