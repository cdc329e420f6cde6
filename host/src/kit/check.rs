//! Whether a verdict is what a script expects. Not here: how it is told.

use super::script::{Expect, Status, VerdictWord, unix_ms};
use crate::wit::authorization::{Decision, TokenStatus, Verdict};

/// What is not as expected; none if all is.
pub(super) fn complaint(expect: &Expect, decision: Option<&Decision>) -> Option<String> {
    let word = match decision.map(|decision| &decision.verdict) {
        None | Some(Verdict::Pass) => VerdictWord::Pass,
        Some(Verdict::Accept(_)) => VerdictWord::Accept,
        Some(Verdict::Reject(_)) => VerdictWord::Reject,
        Some(Verdict::Ask) => VerdictWord::Ask,
    };
    if let Some(verdict) = expect.verdict.filter(|it| *it != word) {
        return Some(format!("expected {}", crate::words::of(&verdict)));
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
    if let Some(until) = &expect.session_until
        && attributes.and_then(|it| it.session_until_ms) != unix_ms(until)
    {
        return Some(format!("expected session_until {until}"));
    }
    let why = decision.map_or("", |decision| decision.why.as_str());
    match &expect.why {
        Some(words) if !why.contains(words.as_str()) => {
            Some(format!("expected {words:?} in the reason"))
        }
        _ => None,
    }
}

/// What is not as expected in what it says of sessions.
pub(super) fn complaint_of_sessions(expect: &Expect, said: &[String]) -> Option<String> {
    let words = expect.session.as_deref()?;
    let is_well = match words {
        "" => said.is_empty(),
        words => said.iter().any(|line| line.contains(words)),
    };
    (!is_well).then(|| match words {
        "" => "expected nothing about a session".to_owned(),
        words => format!("expected {words:?} about a session"),
    })
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
