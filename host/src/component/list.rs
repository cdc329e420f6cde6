//! `plugpoint component list`: what is in which slot.

use serde_json::Value;

use super::{ClientError, Control};

/// One paragraph per slot.
pub async fn list(control: &Control) -> Result<String, ClientError> {
    let all = control.get("/v1/components").await?;
    let slots = all["components"].as_array().map_or(&[][..], Vec::as_slice);
    Ok(slots.iter().map(paragraph).collect::<Vec<_>>().join("\n"))
}

fn paragraph(slot: &Value) -> String {
    let text = |field: &str| slot[field].as_str().unwrap_or("-");
    let hash = text("hash");
    let mut lines = vec![format!(
        "{}: {} {} (build {}, {}), {}, {}",
        text("slot"),
        text("name"),
        text("version"),
        text("build"),
        hash.get(..8).unwrap_or(hash),
        text("source"),
        text("state"),
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
        ("last_good", "before"),
        ("last_rollback", "rolled back"),
        ("safe_mode", "safe mode"),
        ("last_failure", "last failure"),
    ] {
        if let Some(value) = slot[field].as_str() {
            lines.push(format!("  {words}: {value}"));
        }
    }
    if let Some(shadow) = slot["shadow"].as_object() {
        lines.push(format!(
            "  a shadow looks on: {} differences in {} requests",
            shadow["differences"], shadow["requests"]
        ));
    }
    for note in slot["notes"].as_array().into_iter().flatten() {
        lines.push(format!("  note: {}", note.as_str().unwrap_or_default()));
    }
    lines.join("\n")
}
