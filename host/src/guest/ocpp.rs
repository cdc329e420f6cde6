//! The world `ocpp`: how it is called, and what its actions must look like.

use wasmtime::Store;
use wasmtime::component::{Component, HasSelf, Linker};

use super::checks::Checks;
use super::imports::State;
use super::{BuiltFor, Failure, Kind, Vocabulary, World, earlier};
use crate::store::Change;
use crate::wit::ocpp as wit;
use crate::wit::protocol::{
    Action, Boot, Connect, DecisionRequest, Dropped, Event, Now, Permit, SettingsAnswer,
};

/// No charger gives more per phase; a negative number in disguise would.
const MOST_MILLIAMPERE: u32 = 1_000_000;
/// How much of a dropped frame the next instance sees.
const HEAD_BYTES: usize = 128;
/// Later limits of one permit.
const MAX_STEPS: usize = 64;
/// Described in one answer.
const MAX_SETTINGS: usize = 1024;
const MOST_TARGETS: usize = 16;
const MOST_SUBPROTOCOLS: usize = 16;
const MOST_TRUST_SETS: usize = 16;

/// The kind of guest that says what the charger says.
#[derive(Debug)]
pub enum Ocpp {}

impl Vocabulary for Ocpp {
    type Boot = Boot;
    type Now = Now;
    type Event = Event;
    type Action = Action;
}

impl Kind for Ocpp {
    type Earlier = earlier::Ocpp0_1;
    type Guest = wit::Ocpp;
    type Linked = wit::OcppPre<State>;

    const WORLD: World = World::Ocpp;
    const SETTINGS_ARE_PRIVATE: bool = false;

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

    fn address(boot: &Boot) -> Option<&str> {
        Some(&boot.station.central_system_url)
    }

    fn dropped(event: &Event, failure: &str) -> Dropped {
        let (name, id, head) = match event {
            Event::LinkUp(it) => ("link-up", it.link, ""),
            Event::LinkDown(it) => ("link-down", it.link, ""),
            Event::Frame(it) => ("frame", it.link, it.text.as_str()),
            Event::Timer(it) => ("timer", 0, it.name.as_str()),
            Event::Outlet(it) => ("outlet", it.state.outlet, ""),
            Event::Token(_) => ("token", 0, ""),
            Event::Meter(it) => ("meter", it.id, ""),
            Event::LockMoved(it) => ("lock-moved", it.id, ""),
            Event::Decided(it) => ("decided", it.id, ""),
            Event::Response(it) => ("response", it.id, ""),
            Event::ClockStepped(_) => ("clock-stepped", 0, ""),
            Event::Committed => ("committed", 0, ""),
            Event::PowerFailing(_) => ("power-failing", 0, ""),
            Event::SessionEnds(it) => ("session-ends", it.outlet, ""),
            Event::SettingsQuery(it) => ("settings-query", it.id, ""),
            Event::SetSetting(it) => ("set-setting", it.id, ""),
            Event::Security(_) => ("security", 0, ""),
        };
        Dropped {
            event: name.into(),
            id,
            head: head_of(head).to_owned(),
            failure: failure.to_owned(),
        }
    }

    fn is_own_doing(event: &Event) -> bool {
        matches!(
            event,
            Event::Timer(_)
                | Event::Meter(_)
                | Event::LockMoved(_)
                | Event::Decided(_)
                | Event::Response(_)
        )
    }

    fn link(component: &Component, _: BuiltFor) -> wasmtime::Result<Self::Linked> {
        let mut linker = Linker::new(component.engine());
        wit::Ocpp::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        wit::OcppPre::new(linker.instantiate_pre(component)?)
    }

    fn instantiate(linked: &Self::Linked, store: &mut Store<State>) -> wasmtime::Result<wit::Ocpp> {
        linked.instantiate(store)
    }

    fn start(
        guest: &wit::Ocpp,
        store: &mut Store<State>,
        boot: &Boot,
    ) -> wasmtime::Result<Vec<Action>> {
        guest.plugpoint_charger_protocol().call_start(store, boot)
    }

    fn handle(
        guest: &wit::Ocpp,
        store: &mut Store<State>,
        now: Now,
        event: &Event,
    ) -> wasmtime::Result<Vec<Action>> {
        guest
            .plugpoint_charger_protocol()
            .call_handle(store, now, event)
    }

    fn check(action: &Action, checks: &mut Checks<'_>) -> Result<(), Failure> {
        match action {
            Action::Keep(entry) => {
                checks.key(&entry.key)?;
                checks.value(&entry.value)
            }
            Action::Forget(key) => checks.key(key),
            Action::Connect(connect) => check_connect(connect, checks),
            Action::Disconnect(disconnect) => checks.text(&disconnect.text),
            Action::Send(frame) => checks.frame(&frame.text),
            Action::SetTimer(timer) => checks.timer(&timer.name),
            Action::CancelTimer(name) => checks.name("the name of a timer", name),
            Action::Permit(permit) => check_permit(permit, checks),
            Action::Revoke(outlet) => checks.outlet(*outlet),
            Action::MoveLock(lock) => checks.order(lock.outlet),
            Action::Indicate(indication) => {
                checks.outlet_or_zero(indication.outlet)?;
                if indication.intensity_percent > 100 {
                    return Err(Failure::invalid("an intensity is over 100 percent"));
                }
                Ok(())
            }
            Action::Show(shown) => checks.shown(shown.outlet, &shown.name, &shown.value),
            Action::ReadMeter(request) => checks.order(request.outlet),
            Action::Decide(decide) => {
                checks.question()?;
                check_decision(&decide.request, checks)
            }
            Action::Observe(observed) => {
                checks.outlet(observed.outlet)?;
                checks.token(&observed.token.id)
            }
            Action::Request(request) => {
                checks.question()?;
                checks.name("the name of a service", &request.service)?;
                checks.name("the name of an operation", &request.operation)?;
                checks.body(&request.body)
            }
            Action::InService(_) => Ok(()),
            Action::Restart(restart) => checks.text(&restart.why),
            Action::Settings(answer) => check_settings(answer, checks),
            Action::SettingSet(answer) => checks.text(&answer.text),
        }
    }

    fn without_why(action: Action) -> Action {
        action
    }

    fn change(action: Action) -> Result<Change, Action> {
        match action {
            Action::Keep(entry) => Ok(Change::Keep(entry.into())),
            Action::Forget(key) => Ok(Change::Forget(key)),
            other => Err(other),
        }
    }
}

fn check_connect(connect: &Connect, checks: &mut Checks<'_>) -> Result<(), Failure> {
    if connect.targets.is_empty() {
        return Err(Failure::invalid("`connect` names no target"));
    }
    checks.count("targets", connect.targets.len(), MOST_TARGETS)?;
    checks.count(
        "sub-protocols",
        connect.subprotocols.len(),
        MOST_SUBPROTOCOLS,
    )?;
    for target in &connect.targets {
        let url = &target.url;
        let rest = url.strip_prefix("ws://").or(url.strip_prefix("wss://"));
        if rest.is_none_or(|rest| rest.is_empty() || !rest.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(Failure::invalid("`connect` with what is no ws or wss URL"));
        }
        checks.text(url)?;
        if let Some(credential) = &target.credential {
            checks.text(&credential.user)?;
            checks.key(&credential.password_entry)?;
        }
        if let Some(identity) = &target.client_identity {
            checks.name("the name of a client identity", identity)?;
        }
        checks.count("sets of certificates", target.trust.len(), MOST_TRUST_SETS)?;
        for set in &target.trust {
            checks.name("the name of a set of certificates", set)?;
        }
    }
    for subprotocol in &connect.subprotocols {
        // What HTTP allows there; anything else could forge a header.
        let token = |b: u8| b.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&b);
        if !subprotocol.bytes().all(token) {
            return Err(Failure::invalid("the name of a sub-protocol is not one"));
        }
        checks.name("the name of a sub-protocol", subprotocol)?;
    }
    Ok(())
}

fn check_permit(permit: &Permit, checks: &mut Checks<'_>) -> Result<(), Failure> {
    checks.outlet(permit.outlet)?;
    if !matches!(permit.phases, 1 | 3) {
        return Err(Failure::invalid(format!(
            "a permit for {} phases; 1 or 3 are possible",
            permit.phases
        )));
    }
    checks.text(&permit.reason)?;
    checks.count("steps of a permit", permit.steps.len(), MAX_STEPS)?;
    let limits = permit.steps.iter().map(|step| step.limit_ma);
    for limit_ma in limits.chain([permit.limit_ma]) {
        if limit_ma > MOST_MILLIAMPERE {
            return Err(Failure::invalid(format!(
                "a permit for {limit_ma} mA, which no outlet has"
            )));
        }
    }
    if !permit.steps.is_sorted_by(|a, b| a.at_ms < b.at_ms) {
        return Err(Failure::invalid(
            "the steps of a permit are not in ascending order of time",
        ));
    }
    Ok(())
}

fn check_settings(answer: &SettingsAnswer, checks: &mut Checks<'_>) -> Result<(), Failure> {
    checks.count("settings", answer.settings.len(), MAX_SETTINGS)?;
    for setting in &answer.settings {
        checks.name("the name of a setting", &setting.name)?;
        let value = setting.value.as_deref().unwrap_or_default();
        let default = setting.default.as_deref().unwrap_or_default();
        for text in [value, default, &setting.meaning, &setting.unit] {
            checks.text(text)?;
        }
    }
    Ok(())
}

fn check_decision(request: &DecisionRequest, checks: &mut Checks<'_>) -> Result<(), Failure> {
    checks.outlet_or_zero(request.outlet)?;
    checks.token(&request.token.id)?;
    if let Some(reader) = &request.reader {
        checks.text(reader)?;
    }
    let entries = [&request.listed, &request.cached, &request.central];
    for parent in entries
        .into_iter()
        .flatten()
        .filter_map(|e| e.parent.as_ref())
    {
        checks.token(parent)?;
    }
    Ok(())
}

fn head_of(text: &str) -> &str {
    let mut end = text.len().min(HEAD_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::head_of;

    #[test]
    fn the_head_is_cut_at_a_character() {
        assert_eq!(head_of("short"), "short");
        let long = format!("{}äöü", "x".repeat(127));
        assert_eq!(head_of(&long), "x".repeat(127));
    }
}
