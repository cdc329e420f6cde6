//! `plugpoint check`: looks at everything that the configuration names and says
//! in plain words what it found. It moves nothing: no contactor, no lock.
//!
//! Not here: whether the configuration is sound (see [`crate::config`]); it is,
//! when this is called.

mod central;
mod components;
mod lines;
mod meters;
mod readers;

use std::collections::BTreeMap;

use plugpoint_terminal::{Style, painted};
use serde::Serialize;

use crate::config::Config;

/// What was found of one device or line.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was looked at, as an installer would call it.
    pub what: String,
    /// Whether it is well.
    pub verdict: Verdict,
    /// What was found, and what to do about it.
    pub text: String,
    /// What it measures now, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, f64>,
}

/// Whether something is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It works.
    Good,
    /// It is there, but something about it should be looked at.
    Doubtful,
    /// It does not work.
    Bad,
}

impl Finding {
    /// A finding without values.
    #[must_use]
    pub fn new(what: impl Into<String>, verdict: Verdict, text: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            verdict,
            text: text.into(),
            values: BTreeMap::new(),
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = match self.verdict {
            Verdict::Good => painted(Style::Good, "ok "),
            Verdict::Doubtful => painted(Style::Doubtful, "?  "),
            Verdict::Bad => painted(Style::Bad, "BAD"),
        };
        write!(f, "{verdict} {}: {}", self.what, self.text)?;
        for (name, value) in &self.values {
            write!(f, "\n      {name}: {value}")?;
        }
        Ok(())
    }
}

/// Looks at everything, one after another. `online`: also whether the central system
/// can be reached.
#[must_use]
pub fn run(config: &Config, online: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(lines::look(config));
    findings.extend(meters::look(config));
    findings.extend(readers::look(config));
    findings.extend(components::look(config));
    findings.extend(central::look(config, online));
    findings
}
