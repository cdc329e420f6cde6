//! `plugpoint events`: the live journal of a charger, a line for each event.

use std::time::Duration;

use plugpoint_terminal::{complain, is_heard, say};
use serde_json::Value;

use super::{ClientError, Control, plain};

/// Between two attempts to reach a charger that has gone.
const AGAIN: Duration = Duration::from_secs(1);

/// What is printed, and for how long.
#[derive(Clone, Debug)]
pub struct Events {
    /// Beyond the end of the charger.
    pub follow: bool,
    /// Only these kinds; empty: all.
    pub kind: Vec<String>,
    /// Only of this slot.
    pub slot: Option<String>,
    /// As JSON.
    pub json: bool,
}

/// Prints them until the charger ends or nobody reads them any more.
pub async fn events(control: &Control, what: &Events) -> Result<(), ClientError> {
    let mut stream = control.stream("/v1/events").await?;
    while is_heard() {
        match stream.next().await {
            Ok(Some(event)) => what.print(&event),
            Ok(None) if what.follow => {
                complain!("plugpoint: the charger has ended the stream; waiting for it");
                stream = again(control).await?;
                complain!("plugpoint: the charger is back");
            }
            Ok(None) => return Ok(()),
            Err(error) if !what.follow => return Err(error),
            Err(error) => {
                complain!("plugpoint: {error}; waiting for it");
                stream = again(control).await?;
            }
        }
    }
    Ok(())
}

/// Waits for a charger that can be reached. One that refuses the request would refuse
/// it for ever.
async fn again(control: &Control) -> Result<super::Stream, ClientError> {
    loop {
        tokio::time::sleep(AGAIN).await;
        match control.stream("/v1/events").await {
            Err(ClientError::Unreachable { .. }) => {}
            done => return done,
        }
    }
}

impl Events {
    fn print(&self, event: &Value) {
        let kind = event["kind"].as_str().unwrap_or_default();
        // What was lost is part of any answer.
        if !self.kind.is_empty() && kind != "lost" && !self.kind.iter().any(|it| it == kind) {
            return;
        }
        let is_other = |slot: &String| event["detail"]["slot"] != **slot;
        if kind != "lost" && self.slot.as_ref().is_some_and(is_other) {
            return;
        }
        if self.json {
            say!("{event}");
        } else {
            say!("{}", line(event));
        }
    }
}

/// One event in a line.
fn line(event: &Value) -> String {
    let kind = event["kind"].as_str().unwrap_or("?");
    let detail = &event["detail"];
    let text = |name: &str| detail[name].as_str().unwrap_or_default();
    let what = match kind {
        "lost" => format!(
            "{} events, because this reader is too slow",
            event["lost"].as_u64().unwrap_or_default()
        ),
        "frame" if text("direction") == "in" => format!("<- {}", text("text")),
        "frame" => format!("-> {}", text("text")),
        "permit" if detail["limit_ma"].is_null() => format!("{} taken back", fields(detail)),
        "log" => format!("{} {}: {}", text("slot"), text("level"), text("text")),
        _ => fields(detail),
    };
    let time = event["time"].as_str().unwrap_or_default();
    plain(&format!("{time:<24}  {kind:<9}  {what}"))
}

/// `name=value`, without what there is not.
fn fields(detail: &Value) -> String {
    let Some(fields) = detail.as_object() else {
        return detail.to_string();
    };
    let told: Vec<String> = fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value.as_str() {
            Some(text) if !text.contains(' ') && !text.is_empty() => format!("{name}={text}"),
            _ => format!("{name}={value}"),
        })
        .collect();
    told.join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::line;

    #[test]
    fn an_event_is_a_line() {
        let time = "2026-11-22T09:30:00.123Z";
        for (event, words) in [
            (
                json!({"kind": "frame", "time": time, "detail": {"direction": "in", "text": "[3,\"1\",{}]"}}),
                "2026-11-22T09:30:00.123Z  frame      <- [3,\"1\",{}]",
            ),
            (
                json!({"kind": "permit", "time": time, "detail": {"outlet": 1, "limit_ma": null}}),
                "2026-11-22T09:30:00.123Z  permit     outlet=1 taken back",
            ),
            (
                json!({"kind": "component", "time": time, "detail": {"slot": "ocpp", "why": "it failed\nbadly"}}),
                "2026-11-22T09:30:00.123Z  component  slot=ocpp why=\"it failed\\nbadly\"",
            ),
            (
                json!({"kind": "lost", "lost": 3}),
                "                          lost       3 events, because this reader is too slow",
            ),
        ] {
            assert_eq!(line(&event), words);
        }
    }
}
