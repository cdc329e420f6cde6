//! `plugpoint component preflight`: asks the charger what a component would have
//! done in its last hours, and prints the answer.

use plugpoint_terminal::say_part;
use serde_json::Value;

use super::install::follow_to;
use super::{Candidate, InstallError};
use crate::operator::Control;
use crate::recorder::{Comparison, Difference, Recorded};

/// Tries a component; true if it does the same as what was recorded.
pub async fn preflight(
    control: &Control,
    candidate: &Candidate,
    comparison: &Comparison,
) -> Result<bool, InstallError> {
    candidate.check_signature(control).await?;
    let query = serde_urlencoded::to_string(comparison)?;
    let path = format!("/preflight?{query}");
    let answer = candidate.offer(control, &path).await?;
    let job = follow_to(control, &answer, true).await?;
    let report = &job["report"];
    say_part!("{}", in_words(report));
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
    for recorded in report["by_build"].as_array().into_iter().flatten() {
        if let Ok(recorded) = serde_json::from_value::<Recorded>(recorded.clone()) {
            text += &format!("{recorded}\n");
        }
    }
    for note in report["notes"].as_array().into_iter().flatten() {
        text += &format!("note: {}\n", note.as_str().unwrap_or_default());
    }
    text += &format!(
        "worst time of a call {:.3} ms, most memory {:.1} MiB\n",
        number("worst_us") as f64 / 1000.0,
        number("peak_memory_bytes") as f64 / f64::from(1 << 20),
    );
    let first = report["first"].as_array().map_or(&[][..], Vec::as_slice);
    text += &match (number("differences"), first) {
        (_, []) => "no difference: it would have done the same\n".to_owned(),
        (1, [one]) => format!("first difference: {}", difference(one)),
        (all, first) => {
            let first: String = first.iter().map(difference).collect();
            format!("{all} differences, the first ones:\n{first}")
        }
    };
    text
}

fn difference(it: &Value) -> String {
    match serde_json::from_value::<Difference>(it.clone()) {
        Ok(it) => it.to_string(),
        // A charger of another version.
        Err(_) => format!("{it:#}\n"),
    }
}
