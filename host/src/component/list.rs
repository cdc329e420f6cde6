//! `plugpoint component list`: what is in which slot.

use serde_json::Value;

use plugpoint_terminal::{Style, painted, say};

use super::words::version;
use crate::operator::{ClientError, Control, plain};

/// How many of a shadow's differences are shown: the latest.
const DIFFERENCES: usize = 3;

/// Prints one paragraph per slot, or the charger's answer as it is.
pub async fn list(control: &Control, json: bool) -> Result<(), ClientError> {
    let all = control.get("/v1/components").await?;
    if json {
        say!("{all:#}");
        return Ok(());
    }
    for slot in all["components"].as_array().into_iter().flatten() {
        say!("{}", paragraph(slot));
    }
    Ok(())
}

fn paragraph(slot: &Value) -> String {
    let text = |field: &str| plain(slot[field].as_str().unwrap_or("-"));
    let mut lines = vec![format!(
        "{}: {}, {}, {}",
        painted(Style::Strong, &text("slot")),
        version(slot),
        text("source"),
        match text("state").as_str() {
            "running" => painted(Style::Good, "running"),
            other => painted(Style::Bad, other),
        },
    )];
    if let Some(probation) = slot["probation"].as_object() {
        let number = |field: &str| probation[field].as_u64().unwrap_or_default();
        lines.push(format!(
            "  on probation: {} of {} events, {} of {} s; would go back to {}",
            number("events"),
            number("of_events"),
            number("seconds"),
            number("of_seconds"),
            text("active"),
        ));
    }
    for (field, words) in [
        ("candidate_before", "on probation before"),
        ("last_good", "before"),
        ("last_rollback", "rolled back"),
        ("safe_mode", "safe mode"),
        ("last_failure", "last failure"),
    ] {
        if let Some(value) = slot[field].as_str() {
            lines.push(format!("  {words}: {}", plain(value)));
        }
    }
    lines.extend(shadow(&slot["shadow"]));
    for note in slot["notes"].as_array().into_iter().flatten() {
        lines.push(format!(
            "  note: {}",
            plain(note.as_str().unwrap_or_default())
        ));
    }
    lines.join("\n")
}

/// Who looks on, and where that last differed: as in a preflight, `-` is what counted
/// and `+` what the shadow would have said.
fn shadow(it: &Value) -> Vec<String> {
    if it.is_null() {
        return Vec::new();
    }
    let mut lines = vec![format!(
        "  a shadow looks on: {}; {} of {} requests differ, {} failures",
        version(&it["component"]),
        it["differences"],
        it["requests"],
        it["failures"]
    )];
    let last = it["last"].as_array().map_or(&[][..], Vec::as_slice);
    for it in &last[last.len().saturating_sub(DIFFERENCES)..] {
        let text = |field: &str| plain(it[field].as_str().unwrap_or_default());
        let time = it["time_ms"].as_i64().map(crate::rfc3339::format);
        lines.push(format!(
            "    token {}, {}",
            text("token"),
            time.unwrap_or_default()
        ));
        lines.push(format!("      - {}", text("active")));
        lines.push(format!("      + {}", text("shadow")));
    }
    lines
}
