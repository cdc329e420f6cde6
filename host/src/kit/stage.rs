//! One policy on a charger that is made up: the real guest runtime and the real
//! entries, but a clock that goes as the script says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::script::{self, Decide, Entry, Observed, Reason, Script, Trust, unix_ms};
use crate::guest::{
    Component, ComponentError, Engine, Failure, Limits, Policy, Slot, SlotSettings,
};
use crate::policy::convert;
use crate::store::Entries;
use crate::timers::Timers;
use crate::wit::authorization as wit;
use crate::wit::protocol;
use crate::zone::Zone;

/// Random bytes of a script are none: two runs must be alike.
const RANDOM: [u8; 16] = *b"a script's dice.";
/// Something must have gone before.
const FIRST_MS: u64 = 1_000_000;
/// A timer that is set again and again in the past would never let go.
const MOST_TIMERS: usize = 1000;

/// A policy at work.
pub(super) struct Stage {
    slot: Slot<Policy>,
    name: String,
    settings: Vec<wit::Setting>,
    timers: Timers,
    clock: Clock,
    reason: wit::BootReason,
    dropped: Option<wit::Dropped>,
    /// Throw the instance away after every event.
    fresh: bool,
    questions: u32,
    zone: Zone,
    sessions: Vec<wit::RunningSession>,
    acted: Vec<String>,
    said: Arc<Mutex<Vec<Said>>>,
    /// What it has cost so far.
    pub(super) usage: Usage,
}

/// What calls have cost.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// Of each `start`, in microseconds, with making the instance.
    pub(super) starts_us: Vec<u64>,
    /// Of each decision.
    pub(super) decisions_us: Vec<u64>,
    /// Of each other event.
    pub(super) others_us: Vec<u64>,
    /// Most linear memory that an instance ever had.
    pub(super) memory_bytes: usize,
    /// Most that all entries ever had, keys and values.
    pub(super) entries_bytes: usize,
    /// Log lines over the bound.
    pub(super) log_dropped: u64,
}

/// A line that the policy has logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// How serious it is, in a word.
    pub(super) level: &'static str,
    pub(super) text: String,
}

struct Clock {
    monotonic_ms: u64,
    wall_ms: i64,
    trust: wit::ClockTrust,
}

impl Stage {
    pub(super) fn new(
        engine: &Engine,
        component: &Component,
        script: &Script,
        limits: &Limits,
        fresh: bool,
    ) -> Result<Self, ComponentError> {
        let name = script
            .name
            .clone()
            .unwrap_or_else(|| component.info().name_or_hash().to_owned());
        let settings = SlotSettings {
            name: format!("policy/{name}").into(),
            limits: limits.clone(),
            outlets: Vec::new(),
        };
        let entries = Entries::new(Vec::new(), limits.entries_bytes);
        let begin = script.time.as_deref().unwrap_or(script::BEGIN);
        let said: Arc<Mutex<Vec<Said>>> = Arc::default();
        let mut slot = Slot::new(engine, component, entries, settings)?;
        let lines = said.clone();
        slot.log_read_by(Arc::new(move |level, text| {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(Said {
                level: level.word(),
                text: text.to_owned(),
            });
        }));
        Ok(Self {
            slot,
            name,
            settings: script
                .settings
                .iter()
                .map(|(name, value)| wit::Setting {
                    name: name.clone(),
                    value: value.to_string(),
                })
                .collect(),
            timers: Timers::default(),
            clock: Clock {
                monotonic_ms: FIRST_MS,
                wall_ms: unix_ms(begin).unwrap_or_default(),
                trust: wit::ClockTrust::Set,
            },
            reason: wit::BootReason::PowerUp,
            dropped: None,
            fresh,
            questions: 0,
            // Checked with the script.
            zone: Zone::named(script.time_zone.as_deref().unwrap_or("UTC")).unwrap_or_default(),
            sessions: Vec::new(),
            acted: Vec::new(),
            said,
            usage: Usage::default(),
        })
    }

    /// What it has logged since this was last asked.
    pub(super) fn take_said(&mut self) -> Vec<Said> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut said)
    }

    /// Makes an instance if there is none.
    pub(super) fn start(&mut self) -> Result<(), Failure> {
        if self.slot.has_instance() {
            return Ok(());
        }
        let boot = wit::Boot {
            now: self.clock.now(),
            reason: self.reason,
            entry_schema: 1,
            random: RANDOM.to_vec(),
            name: self.name.clone(),
            settings: self.settings.clone(),
            services: Vec::new(),
            timers: convert::timers_back(&self.timers),
            unanswered_requests: Vec::new(),
            time_zone: self.zone.told(&self.clock.protocol_now()),
            sessions: self.sessions.clone(),
            dropped: self.dropped.clone(),
        };
        match self.slot.start(&boot) {
            Ok(outcome) => {
                self.usage.starts_us.push(outcome.micros);
                self.dropped = None;
                self.reason = wit::BootReason::Recovery;
                self.done(outcome, &mut Vec::new());
                Ok(())
            }
            Err(failure) => Err(self.failed("start", 0, failure)),
        }
    }

    /// The clock goes forward; timers that become due fire on the way.
    pub(super) fn pass(&mut self, ms: u64) -> Result<(), Failure> {
        let end = self.clock.monotonic_ms.saturating_add(ms);
        for _ in 0..MOST_TIMERS {
            let now = self.clock.protocol_now();
            let due = self.timers.next_ms(&now).filter(|due| *due <= end);
            let Some(due) = due else { break };
            self.clock
                .forward(due.saturating_sub(self.clock.monotonic_ms));
            if let Some(fired) = self.timers.take_due(&self.clock.protocol_now()) {
                self.event(&wit::Event::Timer(convert::timer_fired(fired)))?;
            }
        }
        self.clock
            .forward(end.saturating_sub(self.clock.monotonic_ms));
        Ok(())
    }

    /// How long until the wall clock shows that; 0 if it has.
    pub(super) fn until(&self, time: &str) -> u64 {
        let to = unix_ms(time).unwrap_or(self.clock.wall_ms);
        u64::try_from(to.saturating_sub(self.clock.wall_ms)).unwrap_or(0)
    }

    pub(super) fn trust(&mut self, trust: Trust) {
        self.clock.trust = match trust {
            Trust::Unset => wit::ClockTrust::Unset,
            Trust::Board => wit::ClockTrust::Board,
            Trust::Set => wit::ClockTrust::Set,
        };
    }

    pub(super) fn restart(&mut self, reason: Reason) -> Result<(), Failure> {
        self.slot.discard_instance();
        self.reason = match reason {
            Reason::PowerUp => wit::BootReason::PowerUp,
            Reason::Restart => wit::BootReason::Restart,
            Reason::Swap => wit::BootReason::Swap,
            Reason::Recovery => wit::BootReason::Recovery,
            Reason::Rollback => wit::BootReason::Rollback,
        };
        if matches!(reason, Reason::PowerUp | Reason::Restart) {
            self.slot.entries_mut().drop_session();
            self.timers.clear();
        }
        self.start()
    }

    /// Its decision; none if it gave none, which counts as `pass`.
    pub(super) fn decide(&mut self, asked: &Decide) -> Result<Option<wit::Decision>, Failure> {
        self.questions = self.questions.wrapping_add(1);
        let id = self.questions;
        let request = request(asked);
        let decisions = self.event(&wit::Event::Decide(wit::Question { id, request }))?;
        Ok(decisions.into_iter().find(|decision| decision.id == id))
    }

    pub(super) fn observe(&mut self, told: &Observed) -> Result<(), Failure> {
        let kind = match told.kind {
            script::ObservedKind::Started => wit::ObservedKind::Started,
            script::ObservedKind::Energy => wit::ObservedKind::Energy,
            script::ObservedKind::Ended => wit::ObservedKind::Ended,
        };
        self.note_session(told);
        self.event(&wit::Event::Observed(wit::Observed {
            kind,
            session: told.session,
            outlet: told.outlet,
            token: token(&told.token, told.token_kind),
            energy_wh: told.energy_wh,
            power_w: told.power_w,
            state_of_charge_percent: told.state_of_charge_percent,
        }))?;
        Ok(())
    }

    fn event(&mut self, event: &wit::Event) -> Result<Vec<wit::Decision>, Failure> {
        self.start()?;
        let mut decisions = Vec::new();
        let mut next = VecDeque::from([event.clone()]);
        while let Some(event) = next.pop_front() {
            let (name, id) = match &event {
                wit::Event::Decide(question) => ("decide", question.id),
                wit::Event::Observed(_) => ("observed", 0),
                wit::Event::Timer(_) => ("timer", 0),
                wit::Event::Response(response) => ("response", response.id),
                wit::Event::ClockStepped(_) => ("clock-stepped", 0),
                wit::Event::Committed => ("committed", 0),
            };
            let outcome = match self.slot.handle(self.clock.now(), &event) {
                Ok(outcome) => outcome,
                Err(failure) => return Err(self.failed(name, id, failure)),
            };
            match event {
                wit::Event::Decide(_) => self.usage.decisions_us.push(outcome.micros),
                _ => self.usage.others_us.push(outcome.micros),
            }
            next.extend(self.done(outcome, &mut decisions));
            if self.fresh {
                self.slot.discard_instance();
            }
        }
        Ok(decisions)
    }

    /// Does what the call asked for; the events that this causes at once.
    fn done(
        &mut self,
        outcome: crate::guest::Outcome<wit::Action>,
        decisions: &mut Vec<wit::Decision>,
    ) -> Vec<wit::Event> {
        self.usage.memory_bytes = self.usage.memory_bytes.max(outcome.memory_bytes);
        self.usage.log_dropped += outcome.log_dropped;
        if let Some(batch) = outcome.commit {
            self.slot.entries_mut().confirm(batch.ticket);
        }
        let entries = self.slot.entries().bytes();
        self.usage.entries_bytes = self.usage.entries_bytes.max(entries);
        let mut answers = Vec::new();
        for action in outcome.actions {
            match action {
                wit::Action::Keep(_) | wit::Action::Forget(_) => {}
                wit::Action::Decided(decision) => decisions.push(decision),
                wit::Action::SetTimer(timer) => self.timers.set(convert::timer(timer)),
                wit::Action::CancelTimer(name) => self.timers.cancel(&name),
                wit::Action::Request(request) => {
                    answers.push(wit::Event::Response(wit::Response {
                        id: request.id,
                        outcome: Err(wit::ServiceFailure {
                            code: "unsupported".into(),
                            text: format!("a script has no service `{}`", request.service),
                        }),
                    }));
                }
                wit::Action::LimitSession(it) => self.limit_session(it),
                wit::Action::EndSession(it) => self.end_session(&it),
            }
        }
        answers
    }

    /// What it has said of sessions since this was last asked.
    pub(super) fn take_sessions(&mut self) -> Vec<String> {
        std::mem::take(&mut self.acted)
    }

    /// What stands of what it has said of sessions.
    pub(super) fn standing(&self) -> Vec<wit::RunningSession> {
        self.sessions.clone()
    }

    fn note_session(&mut self, told: &Observed) {
        let known = self
            .sessions
            .iter()
            .position(|it| it.session == told.session);
        match (told.kind, known) {
            (script::ObservedKind::Ended, Some(place)) => drop(self.sessions.remove(place)),
            (script::ObservedKind::Ended, None) | (_, Some(_)) => {}
            (_, None) => self.sessions.push(wit::RunningSession {
                session: told.session,
                outlet: told.outlet,
                token: token(&told.token, told.token_kind),
                said: None,
                ending: false,
            }),
        }
    }

    fn limit_session(&mut self, it: wit::SessionLimit) {
        let why = with_why(&it.why);
        let number = it.session;
        let words = crate::sessions::in_words(&it);
        let Some(known) = self
            .sessions
            .iter_mut()
            .find(|known| known.session == number)
        else {
            return self.acted.push(format!("session {number}: there is none"));
        };
        known.said = (!crate::sessions::is_withdrawal(&it)).then_some(it);
        self.acted.push(format!("session {number}: {words}{why}"));
    }

    fn end_session(&mut self, it: &wit::SessionEnd) {
        let number = it.session;
        let Some(known) = self
            .sessions
            .iter_mut()
            .find(|known| known.session == number)
        else {
            return self.acted.push(format!("session {number}: there is none"));
        };
        known.ending = true;
        let cause = crate::words::of(&it.cause);
        self.acted.push(format!(
            "session {number}: is ended, {cause}{}",
            with_why(&it.why)
        ));
    }

    fn failed(&mut self, event: &str, id: u32, failure: Failure) -> Failure {
        self.reason = wit::BootReason::Recovery;
        self.dropped = Some(wit::Dropped {
            event: event.into(),
            id,
            head: String::new(),
            failure: failure.kind.word().into(),
        });
        failure
    }
}

impl Clock {
    fn forward(&mut self, ms: u64) {
        self.monotonic_ms = self.monotonic_ms.saturating_add(ms);
        let ms = i64::try_from(ms).unwrap_or(i64::MAX);
        self.wall_ms = self.wall_ms.saturating_add(ms);
    }

    fn now(&self) -> wit::Now {
        convert::now(&self.protocol_now())
    }

    fn protocol_now(&self) -> protocol::Now {
        protocol::Now {
            at: protocol::Stamp {
                boot_id: 1,
                monotonic_ms: self.monotonic_ms,
            },
            wall_ms: (self.trust != wit::ClockTrust::Unset).then_some(self.wall_ms),
            trust: match self.trust {
                wit::ClockTrust::Unset => protocol::ClockTrust::Unset,
                wit::ClockTrust::Board => protocol::ClockTrust::Board,
                wit::ClockTrust::Set => protocol::ClockTrust::Set,
            },
        }
    }
}

fn request(it: &Decide) -> wit::DecisionRequest {
    wit::DecisionRequest {
        stage: if it.central.is_some() {
            wit::DecisionStage::AfterCentralSystem
        } else {
            wit::DecisionStage::First
        },
        purpose: match it.purpose {
            script::Purpose::Start => wit::Purpose::Start,
            script::Purpose::Stop => wit::Purpose::Stop,
        },
        origin: match it.origin {
            script::Origin::Card => wit::TokenOrigin::Card,
            script::Origin::Remote => wit::TokenOrigin::Remote,
            script::Origin::RemoteUnchecked => wit::TokenOrigin::RemoteUnchecked,
            script::Origin::Plugged => wit::TokenOrigin::Plugged,
        },
        token: token(&it.token, it.kind),
        outlet: it.outlet,
        reader: it.reader.clone(),
        online: it.online,
        listed: it.listed.as_ref().map(entry),
        cached: it.cached.as_ref().map(entry),
        central: it.central.as_ref().map(entry),
        rules: wit::Rules {
            local_pre_authorize: it.rules.local_pre_authorize,
            local_authorize_offline: it.rules.local_authorize_offline,
            unknown_offline: it.rules.unknown_offline,
            cache: it.rules.cache,
            listing: it.rules.listing,
        },
    }
}

/// Of a card, where the script does not say otherwise and there is one.
fn token(id: &str, kind: Option<script::TokenKind>) -> wit::Token {
    use script::TokenKind as Said;
    wit::Token {
        id: id.to_owned(),
        kind: match kind {
            None if id.is_empty() => wit::TokenKind::None,
            None | Some(Said::Iso14443) => wit::TokenKind::Iso14443,
            Some(Said::Iso15693) => wit::TokenKind::Iso15693,
            Some(Said::KeyCode) => wit::TokenKind::KeyCode,
            Some(Said::MacAddress) => wit::TokenKind::MacAddress,
            Some(Said::Emaid) => wit::TokenKind::Emaid,
            Some(Said::Local) => wit::TokenKind::Local,
            Some(Said::Central) => wit::TokenKind::Central,
            Some(Said::None) => wit::TokenKind::None,
            Some(Said::Unknown) => wit::TokenKind::Unknown,
        },
    }
}

fn with_why(why: &str) -> String {
    if why.is_empty() {
        String::new()
    } else {
        format!(" ({why})")
    }
}

fn entry(it: &Entry) -> wit::TokenEntry {
    wit::TokenEntry {
        status: match it.status {
            script::Status::Accepted => wit::TokenStatus::Accepted,
            script::Status::Blocked => wit::TokenStatus::Blocked,
            script::Status::Expired => wit::TokenStatus::Expired,
            script::Status::Invalid => wit::TokenStatus::Invalid,
            script::Status::Concurrent => wit::TokenStatus::Concurrent,
        },
        parent: it.parent.clone(),
        expires_ms: it.expires.as_deref().and_then(unix_ms),
    }
}
