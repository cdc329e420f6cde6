//! Whether a verdict is what a script expects, and how both are told.

use super::script::{Expect, Status, VerdictWord, unix_ms};
use crate::rfc3339;
use crate::wit::authorization::{Attributes, Decision, TokenStatus, Verdict};

/// In one line, without the reason.
pub(super) fn told(decision: Option<&Decision>) -> String {
    match decision.map(|decision| &decision.verdict) {
        None => "pass (no verdict)".into(),
        Some(Verdict::Pass) => "pass".into(),
        Some(Verdict::Ask) => "ask".into(),
        Some(Verdict::Reject(rejection)) => {
            format!("reject ({})", crate::words::of(&rejection.status))
        }
        Some(Verdict::Accept(attributes)) => {
            let attributes = attributes_told(attributes);
            if attributes.is_empty() {
                "accept".into()
            } else {
                format!("accept ({})", attributes.join(", "))
            }
        }
    }
}

fn attributes_told(it: &Attributes) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(limit) = it.limit_ma {
        told.push(format!("at most {limit} mA"));
    }
    if let Some(limit) = it.energy_limit_wh {
        told.push(format!("at most {limit} Wh"));
    }
    if let Some(expires) = it.expires_ms {
        told.push(format!("until {}", rfc3339::format(expires)));
    }
    if let Some(parent) = &it.parent {
        told.push(format!("group {parent}"));
    }
    told
}

/// What is not as expected; none if all is.
pub(super) fn complaint(expect: &Expect, decision: Option<&Decision>) -> Option<String> {
    let word = match decision.map(|decision| &decision.verdict) {
        None | Some(Verdict::Pass) => VerdictWord::Pass,
        Some(Verdict::Accept(_)) => VerdictWord::Accept,
        Some(Verdict::Reject(_)) => VerdictWord::Reject,
        Some(Verdict::Ask) => VerdictWord::Ask,
    };
    if word != expect.verdict {
        return Some(format!("expected {}", crate::words::of(&expect.verdict)));
    }
    let verdict = decision.map(|decision| &decision.verdict);
    let attributes = match verdict {
        Some(Verdict::Accept(attributes)) => Some(attributes),
        _ => None,
    };
    if let Some(status) = expect.status {
        let is = match verdict {
            Some(Verdict::Reject(rejection)) => Some(rejection.status),
            _ => None,
        };
        if is != Some(wit_status(status)) {
            return Some(format!("expected status {}", crate::words::of(&status)));
        }
    }
    let limit = attributes.and_then(|it| it.limit_ma);
    if expect.limit_ma.is_some() && limit != expect.limit_ma {
        return Some(format!(
            "expected limit_ma {:?}",
            expect.limit_ma.unwrap_or_default()
        ));
    }
    let limit = attributes.and_then(|it| it.energy_limit_wh);
    if expect.energy_limit_wh.is_some() && limit != expect.energy_limit_wh {
        return Some(format!(
            "expected energy_limit_wh {:?}",
            expect.energy_limit_wh.unwrap_or_default()
        ));
    }
    let parent = attributes.and_then(|it| it.parent.as_ref());
    if expect.parent.is_some() && parent != expect.parent.as_ref() {
        return Some(format!(
            "expected parent {:?}",
            expect.parent.as_deref().unwrap_or_default()
        ));
    }
    if let Some(expires) = &expect.expires
        && attributes.and_then(|it| it.expires_ms) != unix_ms(expires)
    {
        return Some(format!("expected expires {expires}"));
    }
    let why = decision.map_or("", |decision| decision.why.as_str());
    match &expect.why {
        Some(words) if !why.contains(words.as_str()) => {
            Some(format!("expected {words:?} in the reason"))
        }
        _ => None,
    }
}

fn wit_status(status: Status) -> TokenStatus {
    match status {
        Status::Accepted => TokenStatus::Accepted,
        Status::Blocked => TokenStatus::Blocked,
        Status::Expired => TokenStatus::Expired,
        Status::Invalid => TokenStatus::Invalid,
        Status::Concurrent => TokenStatus::Concurrent,
    }
}
