//! `plugpoint status`: what a charger is doing, on one screen.

use std::time::Duration;

use plugpoint_terminal::{Style, is_heard, is_terminal, painted, say, say_part};
use serde_json::Value;

use super::words::duration;
use super::{ClientError, Control, plain};

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(1);
/// Cursor to the upper left, and everything below it erased.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";
/// How many decisions are shown: the latest.
const DECISIONS: usize = 3;

/// How it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Show {
    /// As the control API gives it.
    pub json: bool,
    /// Again and again.
    pub watch: bool,
}

/// Shows it. Of a charger that is watched and goes away this says so, and goes on.
pub async fn status(control: &Control, how: Show) -> Result<(), ClientError> {
    let first = control.get("/v1/status").await?;
    if !how.watch {
        if how.json {
            say!("{first:#}");
        } else {
            say_part!("{}{}", heading(&first), body(&first));
        }
        return Ok(());
    }
    let mut shown = None;
    let mut seen: Result<Value, ClientError> = Ok(first);
    while is_heard() {
        let now = match &seen {
            Ok(status) => body(status),
            Err(error) => format!("{}\n", painted(Style::Bad, &format!("{error}"))),
        };
        // The heading says how long the charger has been up, so it always changes.
        if how.json || !is_terminal() {
            if shown.as_ref() != Some(&now) {
                match &seen {
                    Ok(status) if how.json => say!("{status}"),
                    Ok(status) => say!("{}{now}", heading(status)),
                    Err(error) if how.json => {
                        say!("{}", serde_json::json!({ "error": error.to_string() }))
                    }
                    Err(_) => say!("{now}"),
                }
            }
        } else {
            let heading = seen.as_ref().map(heading).unwrap_or_default();
            say_part!("{CLEAR}{heading}{now}");
        }
        shown = Some(now);
        tokio::time::sleep(PERIOD).await;
        seen = control.get("/v1/status").await;
    }
    Ok(())
}

/// Who this is, and since when.
fn heading(status: &Value) -> String {
    let it = &status["charge_point"];
    let text = |name: &str| plain(it[name].as_str().unwrap_or_default());
    let clock = &status["clock"];
    let time = clock["time"].as_str().unwrap_or("no time");
    format!(
        "{}  {} {}, firmware {}\nplugpoint {}, up {}, {} (clock {})\n",
        painted(Style::Strong, &text("id")),
        text("vendor"),
        text("model"),
        text("firmware_version"),
        status["version"].as_str().unwrap_or("?"),
        duration(status["uptime_ms"].as_u64().unwrap_or_default()),
        plain(time),
        plain(clock["trust"].as_str().unwrap_or("?")),
    )
}

/// Everything else.
fn body(status: &Value) -> String {
    let mut lines = vec![String::new(), link(status)];
    if let Some(words) = shown(&status["shows"]) {
        lines.push(format!("           {words}"));
    }
    for connector in list(&status["connectors"]) {
        lines.push(String::new());
        lines.extend(connector_lines(connector));
    }
    lines.push(String::new());
    for reader in list(&status["readers"]) {
        lines.push(format!(
            "reader     {}: {}",
            words(&reader["name"]),
            device(reader)
        ));
    }
    for component in list(&status["components"]) {
        lines.extend(component_lines(component));
    }
    if let Some(failing) = status["storage"]["failing"].as_str() {
        let text = format!("the disk takes nothing: {}", plain(failing));
        lines.push(format!("storage    {}", painted(Style::Bad, &text)));
    }
    let decisions = list(&status["decisions"]);
    for it in &decisions[decisions.len().saturating_sub(DECISIONS)..] {
        lines.push(format!(
            "decision   {} at {}: {} by {}: {}",
            words(&it["token"]),
            it["outlet"],
            words(&it["verdict"]),
            words(&it["by"]),
            words(&it["why"]),
        ));
    }
    lines.join("\n") + "\n"
}

fn link(status: &Value) -> String {
    let link = &status["link"];
    let state = words(&link["state"]);
    let style = match state.as_str() {
        "up" => Style::Good,
        "down" => Style::Bad,
        _ => Style::Plain,
    };
    let mut line = format!("link       {}", painted(style, &state));
    for (name, before) in [("url", ", "), ("reason", ": ")] {
        if let Some(text) = link[name].as_str() {
            line += &format!("{before}{}", plain(text));
        }
    }
    match status["queue"].as_u64() {
        None | Some(0) => {}
        Some(waiting) => line += &format!("; {waiting} messages wait"),
    }
    line
}

fn connector_lines(it: &Value) -> Vec<String> {
    let contactor = words(&it["contactor"]);
    let style = match contactor.as_str() {
        "closed" => Style::Good,
        _ => Style::Plain,
    };
    let mut facts = vec![format!("contactor {}", painted(style, &contactor))];
    facts.push(match it["plugged"].as_bool() {
        Some(true) => format!("plugged in (pilot {})", words(&it["pilot"])),
        _ => "nothing plugged in".to_owned(),
    });
    if it["lock"].as_str().is_some_and(|lock| lock != "none") {
        facts.push(format!("lock {}", words(&it["lock"])));
    }
    if let Some(watts) = it["measurements"]["power-active-import"].as_f64() {
        facts.push(format!("{:.1} kW", watts / 1000.0));
    }
    if let Some(wh) = it["register_wh"].as_f64() {
        facts.push(format!("register {:.3} kWh", wh / 1000.0));
    }
    let mut lines = vec![format!("connector  {}: {}", it["id"], facts.join(", "))];
    let more = |text: String| format!("           {text}");
    if let Some(words) = shown(&it["shows"]) {
        lines.push(more(words));
    }
    let permit = &it["permit"];
    if let Some(limit) = permit["limit_ma"].as_u64() {
        let mut text = format!("may charge with {} A", limit as f64 / 1000.0);
        if let Some(energy) = permit["energy_limit_wh"].as_u64() {
            text += &format!(", at most {:.3} kWh", energy as f64 / 1000.0);
        }
        lines.push(more(text));
    }
    for fault in list(&it["faults"]) {
        let text = format!("fault: {} {}", words(&fault["kind"]), words(&fault["text"]));
        lines.push(more(painted(Style::Bad, text.trim())));
    }
    if it["meter"]["state"] == "failing" {
        lines.push(more(format!("meter: {}", device(&it["meter"]))));
    }
    lines
}

/// A meter or a reader.
fn device(it: &Value) -> String {
    let state = words(&it["state"]);
    let at = match it["at"].as_str() {
        Some(at) if !at.is_empty() => format!(" at {}", plain(at)),
        _ => String::new(),
    };
    let told = match it["problem"].as_str() {
        Some(problem) => painted(Style::Bad, &format!("{state}: {}", plain(problem))),
        None => state,
    };
    format!("{}{at}, {told}", words(&it["driver"]))
}

fn component_lines(it: &Value) -> Vec<String> {
    let state = words(&it["state"]);
    let style = match state.as_str() {
        "running" => Style::Good,
        _ => Style::Bad,
    };
    let mut lines = vec![format!(
        "component  {}: {} {}, {}, {}",
        words(&it["slot"]),
        words(&it["name"]),
        words(&it["version"]),
        words(&it["source"]),
        painted(style, &state)
    )];
    let more = |text: String| format!("           {text}");
    if let Some(probation) = it["probation"].as_object() {
        let number = |name: &str| probation.get(name).and_then(Value::as_u64).unwrap_or(0);
        lines.push(more(format!(
            "on probation: {} of {} events, {} of {} s",
            number("events"),
            number("of_events"),
            number("seconds"),
            number("of_seconds")
        )));
    }
    for (name, words) in [("last_failure", "last failure"), ("safe_mode", "safe mode")] {
        if let Some(text) = it[name].as_str() {
            lines.push(more(painted(
                Style::Bad,
                &format!("{words}: {}", plain(text)),
            )));
        }
    }
    lines
}

/// What the protocol component wants a technician to see.
fn shown(it: &Value) -> Option<String> {
    let fields = it.as_object().filter(|fields| !fields.is_empty())?;
    let told = fields
        .iter()
        .map(|(name, value)| format!("{}: {}", plain(name), words(value)));
    Some(told.collect::<Vec<_>>().join(", "))
}

fn list(it: &Value) -> &[Value] {
    it.as_array().map_or(&[], Vec::as_slice)
}

fn words(it: &Value) -> String {
    match it {
        Value::Null => "-".to_owned(),
        Value::String(text) => plain(text),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{body, heading};

    #[test]
    fn a_status_is_a_screen() {
        let status = json!({
            "charge_point": {"id": "CP001", "vendor": "Plugpoint", "model": "M", "firmware_version": "1.0"},
            "version": "0.1.0", "uptime_ms": 48_211, "clock": {"time": "2026-11-22T09:30:00.123Z", "trust": "set"},
            "link": {"state": "down", "url": "ws://x/CP001", "reason": "refused"}, "queue": 2,
            "shows": {"registration": "Accepted"},
            "connectors": [{
                "id": 1, "pilot": "C", "plugged": true, "lock": "none", "contactor": "closed",
                "permit": {"limit_ma": 16000, "energy_limit_wh": 5000},
                "register_wh": 1234.567, "measurements": {"power-active-import": 11040.0},
                "faults": [{"kind": "other", "text": "\u{1b}[31mred"}],
                "meter": {"driver": "modbus-tcp", "at": "unit 1", "state": "failing", "problem": "silent"},
                "shows": {"status": "Charging"}
            }],
            "readers": [{"name": "reader-1", "driver": "sim", "at": "", "state": "well"}],
            "components": [{
                "slot": "ocpp", "name": "guest", "version": "0.1.0", "source": "carried", "state": "running",
                "probation": {"events": 3, "of_events": 50, "seconds": 1, "of_seconds": 600}
            }],
            "storage": {"failing": "full"},
            "decisions": [{"token": "A", "outlet": 1, "verdict": "ask", "by": "standard", "why": "unknown"}]
        });
        assert_eq!(
            heading(&status) + &body(&status),
            "\
CP001  Plugpoint M, firmware 1.0
plugpoint 0.1.0, up 48 s, 2026-11-22T09:30:00.123Z (clock set)

link       down, ws://x/CP001: refused; 2 messages wait
           registration: Accepted

connector  1: contactor closed, plugged in (pilot C), 11.0 kW, register 1.235 kWh
           status: Charging
           may charge with 16 A, at most 5.000 kWh
           fault: other \u{fffd}[31mred
           meter: modbus-tcp at unit 1, failing: silent

reader     reader-1: sim, well
component  ocpp: guest 0.1.0, carried, running
           on probation: 3 of 50 events, 1 of 600 s
storage    the disk takes nothing: full
decision   A at 1: ask by standard: unknown
"
        );
    }
}
