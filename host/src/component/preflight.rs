//! `plugpoint component preflight`: asks the charger what a component would have
//! done in its last hours, and prints the answer.

use serde_json::Value;

use super::install::follow_to;
use super::{Candidate, Control, InstallError};

/// Tries a component; true if it does the same as what was recorded.
pub async fn preflight(control: &Control, candidate: &Candidate) -> Result<bool, InstallError> {
    let answer = candidate.offer(control, "/preflight").await?;
    let job = follow_to(control, &answer, true).await?;
    let report = &job["report"];
    print!("{}", in_words(report));
    Ok(report["differences"] == 0)
}

/// As a technician reads it.
fn in_words(report: &Value) -> String {
    let number = |field: &str| report[field].as_u64().unwrap_or_default();
    let mut text = format!(
        "{} events of the charger's own record replayed, {} left out\n",
        number("events"),
        number("left_out")
    );
    for note in report["notes"].as_array().into_iter().flatten() {
        text += &format!("note: {}\n", note.as_str().unwrap_or_default());
    }
    text += &format!(
        "worst time of a call {:.3} ms, most memory {:.1} MiB\n",
        number("worst_us") as f64 / 1000.0,
        number("peak_memory_bytes") as f64 / f64::from(1 << 20),
    );
    match report["first"].get(0) {
        None => text += "no difference: it would have done the same\n",
        Some(first) => {
            let difference = serde_json::from_value::<crate::recorder::Difference>(first.clone());
            match difference {
                Ok(it) => text += &format!("first difference: {it}"),
                // A charger of another version.
                Err(_) => text += &format!("first difference: {first:#}\n"),
            }
        }
    }
    text
}
