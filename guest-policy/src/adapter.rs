//! Between the rules and the interface `authorization` of `wit/`: converts, and
//! decides nothing.

use plugpoint_guest::policy::{authorization as wit, report_panics};

use crate::facts;

struct Component;

impl wit::Guest for Component {
    fn start(_boot: wit::Boot) -> Vec<wit::Action> {
        report_panics();
        Vec::new()
    }

    fn handle(now: wit::Now, event: wit::Event) -> Vec<wit::Action> {
        match event {
            wit::Event::Decide(question) => vec![decided(&now, question)],
            // Nothing is kept and nothing was asked for.
            wit::Event::Observed(_)
            | wit::Event::Timer(_)
            | wit::Event::Response(_)
            | wit::Event::ClockStepped(_)
            | wit::Event::Committed => Vec::new(),
        }
    }
}

plugpoint_guest::export_policy!(Component);

fn decided(now: &wit::Now, question: wit::Question) -> wit::Action {
    let asked = facts::Question::from_wit(now, question.request);
    #[cfg(feature = "second-build")]
    let decision = crate::second::decide(&asked).unwrap_or_else(|| crate::decide(&asked));
    #[cfg(not(feature = "second-build"))]
    let decision = crate::decide(&asked);
    wit::Action::Decided(wit::Decision {
        id: question.id,
        verdict: decision.verdict.into(),
        why: decision.why,
    })
}

impl facts::Question {
    fn from_wit(now: &wit::Now, request: wit::DecisionRequest) -> Self {
        Self {
            stage: match request.stage {
                wit::DecisionStage::First => facts::Stage::First,
                wit::DecisionStage::AfterCentralSystem => facts::Stage::AfterCentralSystem,
            },
            purpose: match request.purpose {
                wit::Purpose::Start => facts::Purpose::Start,
                wit::Purpose::Stop => facts::Purpose::Stop,
            },
            origin: match request.origin {
                wit::TokenOrigin::Card => facts::Origin::Card,
                wit::TokenOrigin::Remote => facts::Origin::Remote,
                wit::TokenOrigin::RemoteUnchecked => facts::Origin::RemoteUnchecked,
                wit::TokenOrigin::Plugged => facts::Origin::Plugged,
            },
            token: request.token.id,
            online: request.online,
            listed: request.listed.map(Into::into),
            cached: request.cached.map(Into::into),
            central: request.central.map(Into::into),
            rules: facts::Rules {
                local_pre_authorize: request.rules.local_pre_authorize,
                local_authorize_offline: request.rules.local_authorize_offline,
                unknown_offline: request.rules.unknown_offline,
                cache: request.rules.cache,
                listing: request.rules.listing,
            },
            wall_ms: match now.trust {
                wit::ClockTrust::Unset => None,
                wit::ClockTrust::Board | wit::ClockTrust::Set => now.wall_ms,
            },
        }
    }
}

impl From<wit::TokenEntry> for facts::Entry {
    fn from(entry: wit::TokenEntry) -> Self {
        Self {
            status: match entry.status {
                wit::TokenStatus::Accepted => facts::Status::Accepted,
                wit::TokenStatus::Blocked => facts::Status::Blocked,
                wit::TokenStatus::Expired => facts::Status::Expired,
                wit::TokenStatus::Invalid => facts::Status::Invalid,
                wit::TokenStatus::Concurrent => facts::Status::Concurrent,
            },
            parent: entry.parent,
            expires_ms: entry.expires_ms,
        }
    }
}

impl From<facts::Verdict> for wit::Verdict {
    fn from(verdict: facts::Verdict) -> Self {
        match verdict {
            facts::Verdict::Accept { parent, expires_ms } => Self::Accept(wit::Attributes {
                limit_ma: None,
                energy_limit_wh: None,
                expires_ms,
                parent,
                session_until_ms: None,
            }),
            facts::Verdict::Reject(status) => Self::Reject(wit::Rejection {
                text: status.word().to_owned(),
                status: status.into(),
            }),
            facts::Verdict::Ask => Self::Ask,
            facts::Verdict::Pass => Self::Pass,
        }
    }
}

impl From<facts::Status> for wit::TokenStatus {
    fn from(status: facts::Status) -> Self {
        match status {
            facts::Status::Accepted => Self::Accepted,
            facts::Status::Blocked => Self::Blocked,
            facts::Status::Expired => Self::Expired,
            facts::Status::Invalid => Self::Invalid,
            facts::Status::Concurrent => Self::Concurrent,
        }
    }
}
