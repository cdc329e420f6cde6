//! Reset.

use serde_json::json;

use crate::expected::{Expected, boot, status, status_of, stop};
use crate::outcome::{Failure, Outcome};
use crate::session::Session;
use crate::tags::OWNER;

/// A hard reset of an idle station: it boots, and what was out of service still
/// is.
pub fn tc_013(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    out_of_service(s, connector)?;
    reset(s, "Hard")?;
    s.boots(&[(connector, &["Unavailable"])])?;
    in_service(s, connector)
}

/// A soft reset of an idle station: it may boot, and what was out of service
/// still is.
pub fn tc_014(s: &mut Session<'_>) -> Outcome {
    let connector = s.connector();
    out_of_service(s, connector)?;
    reset(s, "Soft")?;
    let patience = s.traits().patience;
    if s.perhaps(&[boot()], &[], patience)?.is_some() {
        s.tells_all(&[(connector, &["Unavailable"])])?;
    }
    in_service(s, connector)
}

/// A hard reset ends a transaction; the station boots.
pub fn tc_015(s: &mut Session<'_>) -> Outcome {
    reset_while_charging(s, "Hard", "HardReset")
}

/// A soft reset ends a transaction; the station may boot.
pub fn tc_016(s: &mut Session<'_>) -> Outcome {
    reset_while_charging(s, "Soft", "SoftReset")
}

fn reset_while_charging(s: &mut Session<'_>, kind: &str, reason: &str) -> Outcome {
    let transaction = s.charge(OWNER)?;
    let connector = transaction.connector;
    reset(s, kind)?;
    let stop = stop(transaction.id, reason);
    let finishing = status(connector, "Finishing");
    let mut optional = vec![finishing.clone()];
    let mut stops = Vec::new();
    // The end is told before the boot or after it.
    let boots = loop {
        let wanted = [boot(), stop.clone()];
        let patience = s.traits().patience;
        match s.perhaps(&wanted, &optional, patience)? {
            Some(message) if message.action == "BootNotification" => break true,
            Some(message) => stops.push(message),
            None => break false,
        }
    };
    if !boots && kind == "Hard" {
        return Err(s.failure("the station should have booted and did not"));
    }
    if boots {
        let after: &[&str] = &["Finishing", "Preparing"];
        let mut required: Vec<Expected> = s.all_statuses(&[(connector, after)]);
        if stops.is_empty() {
            required.push(stop);
        }
        optional = vec![status_of(connector, after)];
        let messages = s.expect_all(&required, &optional)?;
        stops.extend(
            messages
                .into_iter()
                .filter(|message| message.action == "StopTransaction"),
        );
    }
    match &stops[..] {
        [stop] => s.check_meter(&transaction, stop)?,
        _ => return Err(s.failure(format!("the transaction was not stopped with {reason}"))),
    }
    s.expect_nothing()?;
    s.leave(connector)
}

fn reset(s: &mut Session<'_>, kind: &str) -> Result<(), Failure> {
    s.call_for("Reset", json!({"type": kind}), &["Accepted"])?;
    s.connection_ends();
    Ok(())
}

fn out_of_service(s: &mut Session<'_>, connector: u32) -> Result<(), Failure> {
    let request = json!({"connectorId": connector, "type": "Inoperative"});
    s.call_for("ChangeAvailability", request, &["Accepted"])?;
    s.expect(status(connector, "Unavailable"))?;
    Ok(())
}

fn in_service(s: &mut Session<'_>, connector: u32) -> Result<(), Failure> {
    let request = json!({"connectorId": connector, "type": "Operative"});
    s.call_for("ChangeAvailability", request, &["Accepted"])?;
    s.expect(status(connector, "Available"))?;
    Ok(())
}
