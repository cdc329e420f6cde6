//! The standard's rules, as the chain of policies answers with `guest-policy` as its
//! only policy. Not here: the rules themselves; they are that crate's.

use guest_policy::facts;
use plugpoint_guest::protocol::{
    Attributes, ClockTrust, DecisionRequest, DecisionStage, Now, Purpose, Rejection, TokenEntry,
    TokenOrigin, TokenStatus, Verdict,
};

/// The verdict, and the policy's reason for it.
pub(super) fn decide(now: &Now, request: &DecisionRequest) -> (Verdict, String) {
    let facts::Decision { verdict, why } = guest_policy::decide(&question(now, request));
    let verdict = match verdict {
        facts::Verdict::Accept { parent, expires_ms } => Verdict::Accept(Attributes {
            parent,
            expires_ms,
            ..Attributes::default()
        }),
        facts::Verdict::Reject(status) => reject(status),
        facts::Verdict::Ask => Verdict::Ask,
        // Nobody else is in the chain, and a token that nobody accepts is refused.
        facts::Verdict::Pass => reject(facts::Status::Invalid),
    };
    (verdict, why)
}

fn reject(status: facts::Status) -> Verdict {
    Verdict::Reject(Rejection {
        status: match status {
            facts::Status::Accepted => TokenStatus::Accepted,
            facts::Status::Blocked => TokenStatus::Blocked,
            facts::Status::Expired => TokenStatus::Expired,
            facts::Status::Invalid => TokenStatus::Invalid,
            facts::Status::Concurrent => TokenStatus::Concurrent,
        },
        text: status.word().to_owned(),
    })
}

fn question(now: &Now, request: &DecisionRequest) -> facts::Question {
    let rules = &request.rules;
    facts::Question {
        stage: match request.stage {
            DecisionStage::First => facts::Stage::First,
            DecisionStage::AfterCentralSystem => facts::Stage::AfterCentralSystem,
        },
        purpose: match request.purpose {
            Purpose::Start => facts::Purpose::Start,
            Purpose::Stop => facts::Purpose::Stop,
        },
        origin: match request.origin {
            TokenOrigin::Card => facts::Origin::Card,
            TokenOrigin::Remote => facts::Origin::Remote,
            TokenOrigin::RemoteUnchecked => facts::Origin::RemoteUnchecked,
            TokenOrigin::Plugged => facts::Origin::Plugged,
        },
        token: request.token.clone(),
        online: request.online,
        listed: request.listed.as_ref().map(entry),
        cached: request.cached.as_ref().map(entry),
        central: request.central.as_ref().map(entry),
        rules: facts::Rules {
            local_pre_authorize: rules.local_pre_authorize,
            local_authorize_offline: rules.local_authorize_offline,
            unknown_offline: rules.unknown_offline,
            cache: rules.cache,
            listing: rules.listing,
        },
        wall_ms: match now.trust {
            ClockTrust::Unset => None,
            ClockTrust::Board | ClockTrust::Set => now.wall_ms,
        },
    }
}

fn entry(known: &TokenEntry) -> facts::Entry {
    facts::Entry {
        status: match known.status {
            TokenStatus::Accepted => facts::Status::Accepted,
            TokenStatus::Blocked => facts::Status::Blocked,
            TokenStatus::Expired => facts::Status::Expired,
            TokenStatus::Invalid => facts::Status::Invalid,
            TokenStatus::Concurrent => facts::Status::Concurrent,
        },
        parent: known.parent.clone(),
        expires_ms: known.expires_ms,
    }
}
