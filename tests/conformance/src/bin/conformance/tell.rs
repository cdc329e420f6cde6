//! What is printed, and the file for other programs.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use plugpoint_conformance::cases::CASES;
use plugpoint_conformance::run::{Verdict, Word};
use plugpoint_terminal::say;
use serde_json::json;

/// The cases, by what they belong to.
pub fn list() {
    let mut group = None;
    for case in CASES {
        if group != Some(case.group) {
            say!("{}", case.group);
            group = Some(case.group);
        }
        say!("  {:<9} {}", case.number, case.name);
    }
}

/// Where a charge point has to dial.
pub fn where_to_dial(listen: SocketAddr) -> String {
    format!("ws://{listen}/ocpp/IDENTITY")
}

/// One line for a verdict, and why below it.
pub fn verdict(verdict: &Verdict, transcript: bool) {
    let seconds = verdict.took.as_secs_f64();
    let mut text = format!(
        "{:<11} {:<9} {:>6.1} s  {} ({})",
        verdict.word.shown(),
        verdict.case.number,
        seconds,
        verdict.case.name,
        verdict.station
    );
    for line in verdict.why.iter().flat_map(|why| why.lines()) {
        text.push_str(&format!("\n    {line}"));
    }
    if let Some(transcript) = verdict.transcript.as_ref().filter(|_| transcript) {
        text.push_str("\n    All that was said:");
        for line in transcript.lines() {
            text.push_str(&format!("\n    {line}"));
        }
    }
    // One write, so that cases that end together do not mix their lines.
    say!("{text}");
}

/// The counts.
pub fn summary(verdicts: &[Verdict]) {
    let count = |word| verdicts.iter().filter(|v| v.word == word).count();
    say!(
        "\n{} cases: {} passed, {} failed, {} could not be tested, {} not applicable",
        verdicts.len(),
        count(Word::Passed),
        count(Word::Failed),
        count(Word::Untested),
        count(Word::NotApplicable),
    );
    for bad in verdicts.iter().filter(|verdict| !verdict.word.is_good()) {
        say!(
            "  {} {} ({})",
            bad.word.shown(),
            bad.case.number,
            bad.station
        );
    }
}

/// All verdicts as JSON.
pub fn json(verdicts: &[Verdict], file: &Path) -> anyhow::Result<()> {
    let value = json!({
        "suite": env!("CARGO_PKG_VERSION"),
        "time": format!("{:.0}", jiff::Timestamp::now()),
        "verdicts": verdicts,
    });
    let text = serde_json::to_string_pretty(&value)?;
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
