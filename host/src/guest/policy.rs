//! The world `policy`: how it is called, and what its actions must look like.

use wasmtime::Store;
use wasmtime::component::{Component, HasSelf, Linker};

use super::checks::Checks;
use super::imports::State;
use super::{BuiltFor, Failure, Kind, Vocabulary, World, earlier};
use crate::store::Change;
use crate::wit::authorization::{Action, Boot, Event, Now, Verdict};
use crate::wit::policy as wit;
use crate::wit::protocol::Dropped;

/// The kind of guest that decides whom the charger serves.
#[derive(Debug)]
pub enum Policy {}

/// An instance, by the interface that it was built against.
pub enum Guest {
    /// The present one.
    Present(wit::Policy),
    /// 0.1.
    V0_1(earlier::Guest),
}

/// A component with its imports resolved, likewise.
#[derive(Clone)]
pub enum Linked {
    /// The present interface.
    Present(wit::PolicyPre<State>),
    /// 0.1.
    V0_1(earlier::Linked),
}

impl Vocabulary for Policy {
    type Boot = Boot;
    type Now = Now;
    type Event = Event;
    type Action = Action;
}

impl Kind for Policy {
    type Earlier = earlier::Policy0_1;
    type Guest = Guest;
    type Linked = Linked;

    const WORLD: World = World::Policy;
    const SETTINGS_ARE_PRIVATE: bool = true;

    fn now_ms(now: Now) -> u64 {
        now.at.monotonic_ms
    }

    fn boot_ms(boot: &Boot) -> u64 {
        boot.now.at.monotonic_ms
    }

    fn wall_ms(now: Now) -> Option<i64> {
        now.wall_ms
    }

    fn boot_now(boot: &Boot) -> Now {
        boot.now
    }

    fn reason(boot: &Boot) -> String {
        crate::words::of(&boot.reason)
    }

    fn entry_schema(boot: &Boot) -> u32 {
        boot.entry_schema
    }

    fn settings(boot: &mut Boot) -> Vec<(&str, &mut String)> {
        let each = boot.settings.iter_mut();
        each.map(|it| (it.name.as_str(), &mut it.value)).collect()
    }

    fn address(_boot: &Boot) -> Option<&str> {
        None
    }

    fn dropped(event: &Event, failure: &str) -> Dropped {
        let (name, id) = match event {
            Event::Decide(question) => ("decide", question.id),
            Event::Observed(_) => ("observed", 0),
            Event::Timer(_) => ("timer", 0),
            Event::Response(response) => ("response", response.id),
            Event::ClockStepped(_) => ("clock-stepped", 0),
            Event::Committed => ("committed", 0),
        };
        Dropped {
            event: name.into(),
            id,
            head: String::new(),
            failure: failure.into(),
        }
    }

    fn is_own_doing(event: &Event) -> bool {
        matches!(event, Event::Timer(_) | Event::Response(_))
    }

    fn link(component: &Component, built_for: BuiltFor) -> wasmtime::Result<Linked> {
        if built_for == BuiltFor::V0_1 {
            return earlier::link(component).map(Linked::V0_1);
        }
        let mut linker = Linker::new(component.engine());
        wit::Policy::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        wit::PolicyPre::new(linker.instantiate_pre(component)?).map(Linked::Present)
    }

    fn instantiate(linked: &Linked, store: &mut Store<State>) -> wasmtime::Result<Guest> {
        match linked {
            Linked::Present(linked) => linked.instantiate(store).map(Guest::Present),
            Linked::V0_1(linked) => linked.instantiate(store).map(Guest::V0_1),
        }
    }

    fn start(
        guest: &Guest,
        store: &mut Store<State>,
        boot: &Boot,
    ) -> wasmtime::Result<Vec<Action>> {
        match guest {
            Guest::Present(guest) => guest
                .plugpoint_charger_authorization()
                .call_start(store, boot),
            Guest::V0_1(guest) => earlier::start(guest, store, boot),
        }
    }

    fn handle(
        guest: &Guest,
        store: &mut Store<State>,
        now: Now,
        event: &Event,
    ) -> wasmtime::Result<Vec<Action>> {
        match guest {
            Guest::Present(guest) => guest
                .plugpoint_charger_authorization()
                .call_handle(store, now, event),
            Guest::V0_1(guest) => earlier::handle(guest, store, now, event),
        }
    }

    fn check(action: &Action, checks: &mut Checks<'_>) -> Result<(), Failure> {
        match action {
            Action::Keep(entry) => {
                checks.key(&entry.key)?;
                checks.value(&entry.value)
            }
            Action::Forget(key) => checks.key(key),
            Action::Decided(decision) => {
                match &decision.verdict {
                    Verdict::Accept(attributes) => {
                        if let Some(parent) = &attributes.parent {
                            checks.token(parent)?;
                        }
                    }
                    Verdict::Reject(rejection) => checks.text(&rejection.text)?,
                    Verdict::Ask | Verdict::Pass => {}
                }
                checks.text(&decision.why)
            }
            Action::SetTimer(timer) => checks.timer(&timer.name),
            Action::CancelTimer(name) => checks.name("the name of a timer", name),
            Action::Request(request) => {
                checks.question()?;
                checks.name("the name of a service", &request.service)?;
                checks.name("the name of an operation", &request.operation)?;
                checks.body(&request.body)
            }
            Action::LimitSession(limit) => checks.text(&limit.why),
            Action::EndSession(end) => checks.text(&end.why),
        }
    }

    fn without_why(action: Action) -> Action {
        match action {
            Action::Decided(mut decision) => {
                decision.why.clear();
                Action::Decided(decision)
            }
            Action::LimitSession(mut limit) => {
                limit.why.clear();
                Action::LimitSession(limit)
            }
            Action::EndSession(mut end) => {
                end.why.clear();
                Action::EndSession(end)
            }
            other => other,
        }
    }

    fn change(action: Action) -> Result<Change, Action> {
        match action {
            Action::Keep(entry) => Ok(Change::Keep(entry.into())),
            Action::Forget(key) => Ok(Change::Forget(key)),
            other => Err(other),
        }
    }
}
