//! Policies that were built against interface 0.1: each call in their types.
//!
//! Events and `boot` are converted to the interface of 0.1, actions from it. What
//! 0.1 has no word for does not reach such a policy. In records, events and `boot`
//! are converted from it.
//!
//! Not here: policies of the present interface (see `guest::policy`), and which
//! components are taken (see `guest::fit`).

use wasmtime::Store;
use wasmtime::component::{Component, HasSelf, Linker};

use super::{record, token, words};
use crate::guest::Vocabulary;
use crate::guest::imports::State;
use crate::wit::authorization as new;
use crate::wit::policy_0_1::exports::plugpoint::charger::authorization as old;
use crate::wit::policy_0_1::{Policy, PolicyPre};

/// What a policy of 0.1 is handed and returns, as it stands in its records.
#[derive(Debug)]
pub enum Policy0_1 {}

impl Vocabulary for Policy0_1 {
    type Boot = old::Boot;
    type Now = old::Now;
    type Event = old::Event;
    type Action = old::Action;
}

pub(in crate::guest) type Guest = Policy;
pub(in crate::guest) type Linked = PolicyPre<State>;

pub(in crate::guest) fn link(component: &Component) -> wasmtime::Result<Linked> {
    let mut linker = Linker::new(component.engine());
    Policy::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    PolicyPre::new(linker.instantiate_pre(component)?)
}

pub(in crate::guest) fn start(
    guest: &Guest,
    store: &mut Store<State>,
    boot: &new::Boot,
) -> wasmtime::Result<Vec<new::Action>> {
    let actions = guest
        .plugpoint_charger_authorization()
        .call_start(store, &boot.clone().into())?;
    Ok(actions.into_iter().map(Into::into).collect())
}

pub(in crate::guest) fn handle(
    guest: &Guest,
    store: &mut Store<State>,
    now: new::Now,
    event: &new::Event,
) -> wasmtime::Result<Vec<new::Action>> {
    let actions = guest.plugpoint_charger_authorization().call_handle(
        store,
        now.into(),
        &event.clone().into(),
    )?;
    Ok(actions.into_iter().map(Into::into).collect())
}

words!(ClockTrust: Unset Board Set);
words!(TokenOrigin: Card Remote RemoteUnchecked Plugged);
words!(DecisionStage: First AfterCentralSystem);
words!(Purpose: Start Stop);
words!(TokenStatus: Accepted Blocked Expired Invalid Concurrent);
words!(ObservedKind: Started Energy Ended);
words!(old::BootReason => new::BootReason: PowerUp Restart Swap Recovery Rollback);
words!(old::Durability => new::Durability: Durable Lazy Session);

record!(Stamp {
    boot_id,
    monotonic_ms
});
record!(Now {
    at: into,
    wall_ms,
    trust: into
});
record!(TokenEntry {
    status: into,
    parent,
    expires_ms
});
record!(Rules {
    local_pre_authorize,
    local_authorize_offline,
    unknown_offline,
    cache,
    listing,
});
record!(Question { id, request: into });
record!(ServiceFailure { code, text });
record!(Setting { name, value });
record!(Timer {
    name,
    deadline: into
});
record!(TimerFired {
    name,
    deadline: into
});
record!(Dropped {
    event,
    id,
    head,
    failure
});
record!(new::Boot => old::Boot {
    now: into,
    reason: into,
    entry_schema,
    random,
    name,
    settings: list,
    services,
    timers: list,
    unanswered_requests,
    dropped: maybe,
});

record!(new::DecisionRequest => old::DecisionRequest {
    stage: into, purpose: into, origin: into, token: id, outlet, reader, online,
    listed: maybe, cached: maybe, central: maybe, rules: into,
});
record!(new::Observed => old::Observed { kind: into, session, outlet, token: id, energy_wh });
record!(old::Rejection => new::Rejection { status: into, text });
record!(old::Decision => new::Decision { id, verdict: into, why });
record!(old::Request => new::Request { id, service, operation, body });
record!(old::Entry => new::Entry { key, value, durability: into, secret });

/// Policies of 0.1 know neither sessions nor where the charger is.
impl From<old::Boot> for new::Boot {
    fn from(from: old::Boot) -> Self {
        Self {
            now: from.now.into(),
            reason: from.reason.into(),
            entry_schema: from.entry_schema,
            random: from.random,
            name: from.name,
            settings: from.settings.into_iter().map(Into::into).collect(),
            services: from.services,
            timers: from.timers.into_iter().map(Into::into).collect(),
            unanswered_requests: from.unanswered_requests,
            time_zone: new::TimeZone {
                name: "UTC".to_owned(),
                offset_s: 0,
                changes: Vec::new(),
            },
            sessions: Vec::new(),
            dropped: from.dropped.map(Into::into),
        }
    }
}

/// For a policy of 0.1 each start of the process is the same.
impl From<new::BootReason> for old::BootReason {
    fn from(from: new::BootReason) -> Self {
        match from {
            new::BootReason::PowerUp | new::BootReason::CleanShutdown => Self::PowerUp,
            new::BootReason::Restart => Self::Restart,
            new::BootReason::Swap => Self::Swap,
            new::BootReason::Recovery => Self::Recovery,
            new::BootReason::Rollback => Self::Rollback,
        }
    }
}

impl From<new::Deadline> for old::Deadline {
    fn from(from: new::Deadline) -> Self {
        match from {
            new::Deadline::Monotonic(ms) => Self::Monotonic(ms),
            new::Deadline::Wall(ms) => Self::Wall(ms),
        }
    }
}

impl From<old::Deadline> for new::Deadline {
    fn from(from: old::Deadline) -> Self {
        match from {
            old::Deadline::Monotonic(ms) => Self::Monotonic(ms),
            old::Deadline::Wall(ms) => Self::Wall(ms),
        }
    }
}

impl From<new::Response> for old::Response {
    fn from(from: new::Response) -> Self {
        Self {
            id: from.id,
            outcome: from.outcome.map_err(Into::into),
        }
    }
}

impl From<old::Response> for new::Response {
    fn from(from: old::Response) -> Self {
        Self {
            id: from.id,
            outcome: from.outcome.map_err(Into::into),
        }
    }
}

token!(old, new);

impl From<old::Event> for new::Event {
    fn from(from: old::Event) -> Self {
        match from {
            old::Event::Decide(question) => Self::Decide(question.into()),
            old::Event::Observed(observed) => Self::Observed(observed.into()),
            old::Event::Timer(fired) => Self::Timer(fired.into()),
            old::Event::Response(response) => Self::Response(response.into()),
            old::Event::ClockStepped(ms) => Self::ClockStepped(ms),
            old::Event::Committed => Self::Committed,
        }
    }
}

impl From<new::Event> for old::Event {
    fn from(from: new::Event) -> Self {
        match from {
            new::Event::Decide(question) => Self::Decide(question.into()),
            new::Event::Observed(observed) => Self::Observed(observed.into()),
            new::Event::Timer(fired) => Self::Timer(fired.into()),
            new::Event::Response(response) => Self::Response(response.into()),
            new::Event::ClockStepped(ms) => Self::ClockStepped(ms),
            new::Event::Committed => Self::Committed,
        }
    }
}

impl From<old::Verdict> for new::Verdict {
    fn from(from: old::Verdict) -> Self {
        match from {
            old::Verdict::Accept(attributes) => Self::Accept(attributes.into()),
            old::Verdict::Reject(rejection) => Self::Reject(rejection.into()),
            old::Verdict::Ask => Self::Ask,
            old::Verdict::Pass => Self::Pass,
        }
    }
}

impl From<old::Action> for new::Action {
    fn from(from: old::Action) -> Self {
        match from {
            old::Action::Keep(entry) => Self::Keep(entry.into()),
            old::Action::Forget(key) => Self::Forget(key),
            old::Action::Decided(decision) => Self::Decided(decision.into()),
            old::Action::SetTimer(timer) => Self::SetTimer(timer.into()),
            old::Action::CancelTimer(name) => Self::CancelTimer(name),
            old::Action::Request(request) => Self::Request(request.into()),
        }
    }
}
