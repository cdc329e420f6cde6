//! The world `policy`: how it is called, and what its actions must look like.

use wasmtime::Store;
use wasmtime::component::{Component, HasSelf, Linker};

use super::checks::Checks;
use super::imports::State;
use super::{Failure, Kind, World};
use crate::store::Change;
use crate::wit::authorization::{Action, Boot, Event, Now, Verdict};
use crate::wit::policy as wit;
use crate::wit::protocol::Dropped;

/// The kind of guest that decides whom the charger serves.
#[derive(Debug)]
pub enum Policy {}

impl Kind for Policy {
    type Boot = Boot;
    type Now = Now;
    type Event = Event;
    type Action = Action;
    type Guest = wit::Policy;
    type Linked = wit::PolicyPre<State>;

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

    fn link(component: &Component) -> wasmtime::Result<Self::Linked> {
        let mut linker = Linker::new(component.engine());
        wit::Policy::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        wit::PolicyPre::new(linker.instantiate_pre(component)?)
    }

    fn instantiate(
        linked: &Self::Linked,
        store: &mut Store<State>,
    ) -> wasmtime::Result<wit::Policy> {
        linked.instantiate(store)
    }

    fn start(
        guest: &wit::Policy,
        store: &mut Store<State>,
        boot: &Boot,
    ) -> wasmtime::Result<Vec<Action>> {
        guest
            .plugpoint_charger_authorization()
            .call_start(store, boot)
    }

    fn handle(
        guest: &wit::Policy,
        store: &mut Store<State>,
        now: Now,
        event: &Event,
    ) -> wasmtime::Result<Vec<Action>> {
        guest
            .plugpoint_charger_authorization()
            .call_handle(store, now, event)
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
            Action::SetTimer(timer) => checks.name("the name of a timer", &timer.name),
            Action::CancelTimer(name) => checks.name("the name of a timer", name),
            Action::Request(request) => {
                checks.name("the name of a service", &request.service)?;
                checks.name("the name of an operation", &request.operation)?;
                checks.body(&request.body)
            }
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
