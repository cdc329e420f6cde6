//! The standard's rules, as the chain of policies would answer.

use crate::host::{
    Attributes, DecisionRequest, DecisionStage, Rejection, TokenEntry, TokenOrigin, TokenStatus,
    Verdict,
};

pub(super) fn decide(request: &DecisionRequest) -> Verdict {
    match request.origin {
        TokenOrigin::Plugged => return reject(TokenStatus::Invalid),
        TokenOrigin::RemoteUnchecked => return accept(None),
        TokenOrigin::Card | TokenOrigin::Remote => {}
    }
    if request.stage == DecisionStage::AfterCentralSystem {
        return request
            .central
            .as_ref()
            .map_or(reject(TokenStatus::Invalid), judge);
    }
    let rules = &request.rules;
    let known = request
        .listed
        .as_ref()
        .or(request.cached.as_ref().filter(|_| rules.cache));
    if request.online {
        return match known
            .filter(|entry| rules.local_pre_authorize && entry.status == TokenStatus::Accepted)
        {
            Some(entry) => judge(entry),
            None => Verdict::Ask,
        };
    }
    match known.filter(|_| rules.local_authorize_offline) {
        Some(entry) => judge(entry),
        None if rules.unknown_offline => accept(None),
        None => reject(TokenStatus::Invalid),
    }
}

fn judge(entry: &TokenEntry) -> Verdict {
    match entry.status {
        TokenStatus::Accepted => accept(entry.parent.clone()),
        status => reject(status),
    }
}

fn accept(parent: Option<String>) -> Verdict {
    Verdict::Accept(Attributes {
        parent,
        ..Attributes::default()
    })
}

fn reject(status: TokenStatus) -> Verdict {
    Verdict::Reject(Rejection {
        status,
        text: String::new(),
    })
}
