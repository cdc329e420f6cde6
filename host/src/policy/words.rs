//! What a policy said, in words.

use crate::rfc3339;
use crate::wit::authorization::{Attributes, Decision, Verdict};

/// The verdict in one line, with all its limits and without the reason.
pub(crate) fn verdict(verdict: Option<&Verdict>) -> String {
    match verdict {
        None => "pass (no verdict)".into(),
        Some(Verdict::Pass) => "pass".into(),
        Some(Verdict::Ask) => "ask".into(),
        Some(Verdict::Reject(rejection)) => {
            format!("reject ({})", crate::words::of(&rejection.status))
        }
        Some(Verdict::Accept(attributes)) => {
            let attributes = told(attributes);
            if attributes.is_empty() {
                "accept".into()
            } else {
                format!("accept ({})", attributes.join(", "))
            }
        }
    }
}

/// Verdict and reason.
pub(super) fn decision(decision: Option<&Decision>) -> String {
    let told = verdict(decision.map(|it| &it.verdict));
    match decision {
        Some(it) if !it.why.is_empty() => format!("{told}: {}", it.why),
        _ => told,
    }
}

fn told(it: &Attributes) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(limit) = it.limit_ma {
        told.push(format!("at most {limit} mA"));
    }
    if let Some(limit) = it.energy_limit_wh {
        told.push(format!("at most {limit} Wh"));
    }
    if let Some(expires) = it.expires_ms {
        told.push(format!("valid until {}", rfc3339::format(expires)));
    }
    if let Some(until) = it.session_until_ms {
        told.push(format!("the session ends {}", rfc3339::format(until)));
    }
    if let Some(parent) = &it.parent {
        told.push(format!("group {parent}"));
    }
    told
}
