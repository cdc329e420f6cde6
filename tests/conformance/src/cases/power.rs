//! Power failures, and what survives them.

use serde_json::json;

use crate::expected::{boot, status, status_of, stop};
use crate::outcome::Outcome;
use crate::session::Session;
use crate::tags::OWNER;

/// A station that holds up ends its transactions and says so before it is dark.
pub fn tc_032_1(s: &mut Session<'_>) -> Outcome {
    let transaction = s.charge(OWNER)?;
    let connector = transaction.connector;
    s.mains_fail()?;
    let stop = stop(transaction.id, "PowerLoss");
    let finishing = status(connector, "Finishing");
    // Before it, the station may say that it has nothing to give.
    let suspended = status_of(connector, &["SuspendedEVSE", "SuspendedEV"]);
    s.ended_with(stop, &transaction, &[finishing], &[suspended])?;
    s.expect_nothing()?;
    s.power_on()?;
    s.boots(&[(connector, &["Preparing", "Finishing"])])?;
    s.expect_nothing()?;
    s.leave(connector)
}

/// A station that the power left without warning ends the transaction after its
/// next boot, or goes on with it.
pub fn tc_032_2(s: &mut Session<'_>) -> Outcome {
    let transaction = s.charge(OWNER)?;
    let connector = transaction.connector;
    s.pass(s.short())?;
    s.power_off()?;
    s.power_on()?;
    s.expect(boot())?;
    let after = ["Preparing", "Finishing", "Charging"];
    let required = s.all_statuses(&[(connector, &after)]);
    let stopped = stop(transaction.id, "PowerLoss");
    // The end is told before the connectors or after them.
    let mut told = None;
    let mut missing = required;
    while !missing.is_empty() {
        let wanted: Vec<_> = missing.iter().chain([&stopped]).cloned().collect();
        let patience = s.traits().patience;
        let Some(message) = s.perhaps(&wanted, &[], patience)? else {
            return Err(s.failure("not all connectors were told of after the boot"));
        };
        missing.retain(|expected| !expected.matches(&message));
        if message.action == "StopTransaction" {
            told = Some(message);
        }
    }
    if told.is_none() {
        let patience = s.traits().patience + s.traits().car_reacts;
        let charging = status(connector, "Charging");
        told = s.perhaps(&[stopped, charging], &[], patience)?;
    }
    match told {
        Some(stop) if stop.action == "StopTransaction" => s.check_meter(&transaction, &stop)?,
        _ => {
            // It goes on: the card ends it.
            s.stop_by_card(&transaction)?;
        }
    }
    s.unplug(connector)?;
    let finishing = status_of(connector, &["Finishing", "Preparing"]);
    s.expect_among(status(connector, "Available"), &[finishing])?;
    Ok(())
}

/// What was taken out of service stays so when the power fails.
pub fn tc_034(s: &mut Session<'_>) -> Outcome {
    let unavailable: Vec<(u32, &[&str])> = (0..=*s.connectors().end())
        .map(|connector| (connector, &["Unavailable"][..]))
        .collect();
    let request = |kind: &str| json!({"connectorId": 0, "type": kind});
    s.call_for("ChangeAvailability", request("Inoperative"), &["Accepted"])?;
    s.tells_all(&unavailable)?;
    s.power_off()?;
    s.power_on()?;
    s.boots(&unavailable)?;
    s.expect_nothing()?;
    s.call_for("ChangeAvailability", request("Operative"), &["Accepted"])?;
    s.tells_all(&[])
}
