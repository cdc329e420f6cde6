//! RemoteTrigger: the station says something because it is asked to.

use serde_json::{Value, json};

use super::meter_values::{check_values, measurands};
use crate::expected::{Expected, any, heartbeat};
use crate::outcome::{Failure, Outcome};
use crate::session::Session;
use crate::station::Message;

/// What is asked for comes.
pub fn tc_054(s: &mut Session<'_>) -> Outcome {
    offered(s)?;
    let connector = s.connector();
    let measurands = measurands(s, "MeterValuesSampledData")?;
    let wanted = any("MeterValues").with("connectorId", connector);
    let message = triggered(s, "MeterValues", Some(connector), wanted)?;
    check_values(s, &message, "Trigger", &measurands)?;
    if let Some(transaction) = message.payload.get("transactionId") {
        return Err(s.failure(format!(
            "MeterValues must name no transaction while there is none, and name {transaction}"
        )));
    }
    triggered(s, "Heartbeat", None, heartbeat())?;
    let wanted = any("StatusNotification").with("connectorId", connector);
    triggered(s, "StatusNotification", Some(connector), wanted)?;
    for message in [
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
    ] {
        idle(s, message)?;
    }
    Ok(())
}

/// Of a connector that there is not, nothing comes.
pub fn tc_055(s: &mut Session<'_>) -> Outcome {
    offered(s)?;
    let mark = s.mark();
    let beyond = s.connectors().end() + 1;
    let request = request("MeterValues", Some(beyond));
    s.call_for_or_error("TriggerMessage", request, &["Rejected"], &[])?;
    s.expect_nothing()?;
    match s.since(mark, "MeterValues").first() {
        None => Ok(()),
        Some(message) => Err(s.failure(format!(
            "no MeterValues of connector {beyond} should have come, but {} did",
            message.payload
        ))),
    }
}

/// It says that nothing is going on, or that it never says anything of the kind.
fn idle(s: &mut Session<'_>, message: &'static str) -> Outcome {
    let answers = ["Accepted", "NotImplemented"];
    if s.call_for("TriggerMessage", request(message, None), &answers)? == "NotImplemented" {
        return Ok(());
    }
    s.expect(any(message).with("status", "Idle")).map(drop)
}

fn triggered(
    s: &mut Session<'_>,
    message: &str,
    connector: Option<u32>,
    wanted: Expected,
) -> Result<Message, Failure> {
    s.call_for("TriggerMessage", request(message, connector), &["Accepted"])?;
    s.expect(wanted)
}

fn request(message: &str, connector: Option<u32>) -> Value {
    match connector {
        Some(connector) => json!({"requestedMessage": message, "connectorId": connector}),
        None => json!({"requestedMessage": message}),
    }
}

fn offered(s: &mut Session<'_>) -> Outcome {
    if s.offers("RemoteTrigger")? {
        return Ok(());
    }
    Err(Failure::NotApplicable(
        "the station does not offer RemoteTrigger".to_owned(),
    ))
}
