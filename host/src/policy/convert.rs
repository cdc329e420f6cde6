//! The types that both kinds of guest have, field by field from one to the
//! other. They are spelled out twice in `wit/`, so that a component's imports
//! are exactly `log` and `entries`; this is the price.

use crate::timers::Timers;
use crate::wit::{authorization as a, protocol as p};

pub(crate) fn now(it: &p::Now) -> a::Now {
    a::Now {
        at: a::Stamp {
            boot_id: it.at.boot_id,
            monotonic_ms: it.at.monotonic_ms,
        },
        wall_ms: it.wall_ms,
        trust: match it.trust {
            p::ClockTrust::Unset => a::ClockTrust::Unset,
            p::ClockTrust::Board => a::ClockTrust::Board,
            p::ClockTrust::Set => a::ClockTrust::Set,
        },
    }
}

pub(crate) fn request(it: p::DecisionRequest) -> a::DecisionRequest {
    a::DecisionRequest {
        stage: match it.stage {
            p::DecisionStage::First => a::DecisionStage::First,
            p::DecisionStage::AfterCentralSystem => a::DecisionStage::AfterCentralSystem,
        },
        purpose: match it.purpose {
            p::Purpose::Start => a::Purpose::Start,
            p::Purpose::Stop => a::Purpose::Stop,
        },
        origin: match it.origin {
            p::TokenOrigin::Card => a::TokenOrigin::Card,
            p::TokenOrigin::Remote => a::TokenOrigin::Remote,
            p::TokenOrigin::RemoteUnchecked => a::TokenOrigin::RemoteUnchecked,
            p::TokenOrigin::Plugged => a::TokenOrigin::Plugged,
        },
        token: token(it.token),
        outlet: it.outlet,
        reader: it.reader,
        online: it.online,
        listed: it.listed.map(token_entry),
        cached: it.cached.map(token_entry),
        central: it.central.map(token_entry),
        rules: a::Rules {
            local_pre_authorize: it.rules.local_pre_authorize,
            local_authorize_offline: it.rules.local_authorize_offline,
            unknown_offline: it.rules.unknown_offline,
            cache: it.rules.cache,
            listing: it.rules.listing,
        },
    }
}

pub(crate) fn token(it: p::Token) -> a::Token {
    a::Token {
        id: it.id,
        kind: match it.kind {
            p::TokenKind::Iso14443 => a::TokenKind::Iso14443,
            p::TokenKind::Iso15693 => a::TokenKind::Iso15693,
            p::TokenKind::KeyCode => a::TokenKind::KeyCode,
            p::TokenKind::MacAddress => a::TokenKind::MacAddress,
            p::TokenKind::Emaid => a::TokenKind::Emaid,
            p::TokenKind::Local => a::TokenKind::Local,
            p::TokenKind::Central => a::TokenKind::Central,
            p::TokenKind::None => a::TokenKind::None,
            p::TokenKind::Unknown => a::TokenKind::Unknown,
        },
    }
}

fn token_entry(it: p::TokenEntry) -> a::TokenEntry {
    a::TokenEntry {
        status: match it.status {
            p::TokenStatus::Accepted => a::TokenStatus::Accepted,
            p::TokenStatus::Blocked => a::TokenStatus::Blocked,
            p::TokenStatus::Expired => a::TokenStatus::Expired,
            p::TokenStatus::Invalid => a::TokenStatus::Invalid,
            p::TokenStatus::Concurrent => a::TokenStatus::Concurrent,
        },
        parent: it.parent,
        expires_ms: it.expires_ms,
    }
}

pub(crate) fn observed(it: p::Observed) -> a::Observed {
    a::Observed {
        kind: match it.kind {
            p::ObservedKind::Started => a::ObservedKind::Started,
            p::ObservedKind::Energy => a::ObservedKind::Energy,
            p::ObservedKind::Ended => a::ObservedKind::Ended,
        },
        session: it.session,
        outlet: it.outlet,
        token: token(it.token),
        energy_wh: it.energy_wh,
        power_w: it.power_w,
        state_of_charge_percent: it.state_of_charge_percent,
    }
}

/// None: the policy passes.
pub(crate) fn verdict(it: a::Verdict) -> Option<p::Verdict> {
    Some(match it {
        a::Verdict::Accept(attributes) => p::Verdict::Accept(p::Attributes {
            limit_ma: attributes.limit_ma,
            energy_limit_wh: attributes.energy_limit_wh,
            expires_ms: attributes.expires_ms,
            parent: attributes.parent,
            session_until_ms: attributes.session_until_ms,
        }),
        a::Verdict::Reject(rejection) => p::Verdict::Reject(p::Rejection {
            status: match rejection.status {
                a::TokenStatus::Accepted | a::TokenStatus::Invalid => p::TokenStatus::Invalid,
                a::TokenStatus::Blocked => p::TokenStatus::Blocked,
                a::TokenStatus::Expired => p::TokenStatus::Expired,
                a::TokenStatus::Concurrent => p::TokenStatus::Concurrent,
            },
            text: rejection.text,
        }),
        a::Verdict::Ask => p::Verdict::Ask,
        a::Verdict::Pass => return None,
    })
}

pub(crate) fn timer(it: a::Timer) -> p::Timer {
    p::Timer {
        name: it.name,
        deadline: match it.deadline {
            a::Deadline::Monotonic(ms) => p::Deadline::Monotonic(ms),
            a::Deadline::Wall(ms) => p::Deadline::Wall(ms),
        },
    }
}

pub(crate) fn timers_back(timers: &Timers) -> Vec<a::Timer> {
    let back = |it: p::Timer| a::Timer {
        name: it.name,
        deadline: deadline_back(it.deadline),
    };
    timers.pending().into_iter().map(back).collect()
}

pub(crate) fn timer_fired(it: p::TimerFired) -> a::TimerFired {
    a::TimerFired {
        name: it.name,
        deadline: deadline_back(it.deadline),
    }
}

fn deadline_back(it: p::Deadline) -> a::Deadline {
    match it {
        p::Deadline::Monotonic(ms) => a::Deadline::Monotonic(ms),
        p::Deadline::Wall(ms) => a::Deadline::Wall(ms),
    }
}

pub(crate) fn reason(it: p::BootReason) -> a::BootReason {
    match it {
        p::BootReason::PowerUp => a::BootReason::PowerUp,
        p::BootReason::CleanShutdown => a::BootReason::CleanShutdown,
        p::BootReason::Restart => a::BootReason::Restart,
        p::BootReason::Swap => a::BootReason::Swap,
        p::BootReason::Recovery => a::BootReason::Recovery,
        p::BootReason::Rollback => a::BootReason::Rollback,
    }
}

pub(crate) fn dropped(it: &p::Dropped) -> a::Dropped {
    a::Dropped {
        event: it.event.clone(),
        id: it.id,
        head: it.head.clone(),
        failure: it.failure.clone(),
    }
}
