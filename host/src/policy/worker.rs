//! One policy on a thread of its own: its instance, its entries, its timers.
//!
//! It decides nothing about what a failure means; that is the chain's business.

use std::collections::VecDeque;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::oneshot;

use super::convert;
use crate::board::Board;
use crate::clock::Clock;
use crate::guest::{Policy, Slot};
use crate::health::Health;
use crate::journal::Journal;
use crate::store::{Batch, Store};
use crate::timers::Timers;
use crate::wit::authorization::{
    Action, Boot, BootReason, Decision, DecisionRequest, Dropped, Event, Question, Response,
    ServiceFailure, Setting,
};
use crate::wit::protocol::Observed;

/// Lazy entries are looked after this often while nothing else happens.
const IDLE: Duration = Duration::from_secs(5);

/// What a policy thread is made of.
pub struct PolicySettings {
    /// Its name in the chain.
    pub name: String,
    /// Its component, loaded, with the entries it has kept.
    pub slot: Slot<Policy>,
    /// Handed to it as configured.
    pub settings: Vec<Setting>,
    /// Throw the instance away after every event.
    pub amnesia: bool,
}

/// The thread could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start a thread for the policy `{name}`: {source}")]
pub struct WorkerError {
    name: String,
    source: std::io::Error,
}

/// A running policy.
#[derive(Debug)]
pub struct Worker {
    sender: mpsc::Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
pub(super) enum Message {
    Decide {
        request: DecisionRequest,
        reply: oneshot::Sender<Answer>,
    },
    Observed(Observed),
    ClockStepped(i64),
    Restart,
    Stop,
}

#[derive(Debug)]
pub(super) enum Answer {
    Decided(Decision),
    /// It returned no verdict: the same as `pass`.
    Silent,
    Failed(String),
}

impl Worker {
    /// Starts the thread; the guest itself starts on it.
    pub fn spawn(
        settings: PolicySettings,
        store: Store,
        clock: Clock,
        board: Board,
        journal: Journal,
    ) -> Result<Self, WorkerError> {
        let (sender, receiver) = mpsc::channel();
        let name = settings.name.clone();
        let it = Running {
            slot_name: format!("policy/{name}"),
            settings,
            store,
            clock,
            board,
            journal,
            timers: Timers::default(),
            health: Health::default(),
            reason: BootReason::PowerUp,
            dropped: None,
            failed_at: None,
            questions: 0,
        };
        let thread = std::thread::Builder::new()
            .name(format!("policy-{name}"))
            .spawn(move || it.run(&receiver))
            .map_err(|source| WorkerError { name, source })?;
        Ok(Self {
            sender,
            thread: Some(thread),
        })
    }

    pub(super) fn sender(&self) -> mpsc::Sender<Message> {
        self.sender.clone()
    }

    /// Begin anew, as after a power cycle.
    pub fn restart(&self) {
        let _ = self.sender.send(Message::Restart);
    }

    /// Ends the thread, with everything kept on disk.
    pub fn stop(mut self) {
        let _ = self.sender.send(Message::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a policy's thread has panicked");
        }
    }
}

struct Running {
    slot_name: String,
    settings: PolicySettings,
    store: Store,
    clock: Clock,
    board: Board,
    journal: Journal,
    timers: Timers,
    health: Health,
    reason: BootReason,
    dropped: Option<Dropped>,
    failed_at: Option<Instant>,
    questions: u32,
}

impl Running {
    fn run(mut self, receiver: &mpsc::Receiver<Message>) {
        let _ = self.ensure();
        loop {
            let wait = self
                .timers
                .next_ms(&self.clock.now())
                .map_or(IDLE, |due| self.clock.until(due).min(IDLE));
            match receiver.recv_timeout(wait) {
                Ok(Message::Decide { request, reply }) => {
                    // A chain that no longer waits is none of our business.
                    let _ = reply.send(self.decide(request));
                }
                Ok(Message::Observed(observed)) => {
                    let _ = self.deliver(Event::Observed(convert::observed(observed)));
                }
                Ok(Message::ClockStepped(by)) => {
                    let _ = self.deliver(Event::ClockStepped(by));
                }
                Ok(Message::Restart) => self.begin_anew(),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            while let Some(fired) = self.timers.take_due(&self.clock.now()) {
                let _ = self.deliver(Event::Timer(convert::timer_fired(fired)));
            }
            self.write_lazy();
        }
        let last = self.settings.slot.entries_mut().flush();
        // Reported by `write`.
        let _ = self.write(last);
    }

    fn decide(&mut self, request: DecisionRequest) -> Answer {
        self.questions = self.questions.wrapping_add(1);
        let id = self.questions;
        match self.deliver(Event::Decide(Question { id, request })) {
            Ok(decisions) => decisions
                .into_iter()
                .find(|decision| decision.id == id)
                .map_or(Answer::Silent, Answer::Decided),
            Err(failure) => Answer::Failed(failure),
        }
    }

    /// Gives the guest one event, commits what it kept, runs the other actions.
    fn deliver(&mut self, event: Event) -> Result<Vec<Decision>, String> {
        let mut decisions = self.ensure()?;
        let mut next = VecDeque::from([event]);
        while let Some(event) = next.pop_front() {
            let name = event_name(&event);
            let id = match &event {
                Event::Decide(question) => question.id,
                Event::Response(response) => response.id,
                _ => 0,
            };
            let now = convert::now(&self.clock.now());
            let outcome = match self.settings.slot.handle(now, &event) {
                Ok(outcome) => outcome,
                Err(failure) => {
                    let text = failure.to_string();
                    self.failed(
                        &text,
                        Dropped {
                            event: name.into(),
                            id,
                            head: String::new(),
                            failure: failure.kind.word().into(),
                        },
                    );
                    let _ = self.ensure();
                    return Err(text);
                }
            };
            self.health.good();
            self.board.component(&self.slot_name, |it| {
                it.events += 1;
                it.busy_us += outcome.micros;
                it.worst_us = it.worst_us.max(outcome.micros);
                it.memory_bytes = outcome.memory_bytes as u64;
            });
            self.write(outcome.commit)?;
            next.extend(self.run_actions(outcome.actions, &mut decisions));
            if self.settings.amnesia {
                self.settings.slot.discard_instance();
                self.reason = BootReason::Recovery;
            }
        }
        Ok(decisions)
    }

    /// Makes an instance if there is none and it is not too soon.
    fn ensure(&mut self) -> Result<Vec<Decision>, String> {
        let mut decisions = Vec::new();
        if self.settings.slot.has_instance() {
            return Ok(decisions);
        }
        let present = self.clock.monotonic_ms();
        if present < self.health.not_before_ms() {
            return Err("it has failed repeatedly and is given a rest".into());
        }
        let boot = self.boot();
        match self.settings.slot.start(&boot) {
            Ok(outcome) => {
                let recovery = self
                    .failed_at
                    .take()
                    .map(|at| at.elapsed().as_micros() as u64);
                self.board.component(&self.slot_name, |it| {
                    it.state = "running";
                    it.in_service = true;
                    it.memory_bytes = outcome.memory_bytes as u64;
                    it.last_recovery_us = recovery.or(it.last_recovery_us);
                });
                self.dropped = None;
                self.reason = BootReason::Recovery;
                self.write(outcome.commit)?;
                // A response to a request made in `start` waits for the next event.
                let _ = self.run_actions(outcome.actions, &mut decisions);
                Ok(decisions)
            }
            Err(failure) => {
                let text = failure.to_string();
                self.failed(
                    &text,
                    Dropped {
                        event: "start".into(),
                        id: 0,
                        head: String::new(),
                        failure: failure.kind.word().into(),
                    },
                );
                Err(text)
            }
        }
    }

    fn boot(&self) -> Boot {
        Boot {
            now: convert::now(&self.clock.now()),
            reason: self.reason,
            entry_schema: 1,
            random: crate::random::bytes::<16>().to_vec(),
            name: self.settings.name.clone(),
            settings: self.settings.settings.clone(),
            services: Vec::new(),
            timers: self
                .timers
                .pending()
                .into_iter()
                .map(convert::timer_back)
                .collect(),
            unanswered_requests: Vec::new(),
            dropped: self.dropped.clone(),
        }
    }

    /// The events that the actions cause at once.
    fn run_actions(&mut self, actions: Vec<Action>, decisions: &mut Vec<Decision>) -> Vec<Event> {
        let mut answers = Vec::new();
        for action in actions {
            match action {
                // Split off by the slot and committed.
                Action::Keep(_) | Action::Forget(_) => {}
                Action::Decided(decision) => decisions.push(decision),
                Action::SetTimer(timer) => self.timers.set(convert::timer(timer)),
                Action::CancelTimer(name) => self.timers.cancel(&name),
                Action::Request(request) => {
                    answers.push(Event::Response(Response {
                        id: request.id,
                        outcome: Err(ServiceFailure {
                            code: "unsupported".into(),
                            text: format!("policies have no service `{}`", request.service),
                        }),
                    }));
                }
            }
        }
        answers
    }

    fn failed(&mut self, text: &str, dropped: Dropped) {
        tracing::warn!(
            slot = self.slot_name,
            event = dropped.event,
            "policy failed: {text}"
        );
        self.health.failed(self.clock.monotonic_ms());
        self.failed_at = Some(Instant::now());
        self.dropped = Some(dropped);
        self.board.component(&self.slot_name, |it| {
            it.state = "waiting";
            it.in_service = false;
            it.restarts += 1;
            it.last_failure = Some(text.to_owned());
        });
        let slot = self.slot_name.clone();
        self.journal.note(
            "component",
            || json!({ "slot": slot, "what": "failed", "why": text }),
        );
    }

    fn write_lazy(&mut self) {
        let present = self.clock.monotonic_ms();
        let batch = self.settings.slot.entries_mut().due(present);
        // Reported by `write`; what is lazy waits again.
        let _ = self.write(batch);
    }

    /// Waits until a batch is on flash. If that fails, the entries are again as
    /// they were, and the instance, which has gone ahead of them, is gone.
    fn write(&mut self, batch: Option<Batch>) -> Result<(), String> {
        let Some(batch) = batch else {
            return Ok(());
        };
        match self.store.commit_blocking(&self.slot_name, batch.changes) {
            Ok(()) => {
                self.settings.slot.entries_mut().confirm(batch.ticket);
                Ok(())
            }
            Err(error) => {
                tracing::error!(slot = self.slot_name, %error, "a policy's entries could not be kept");
                let present = self.clock.monotonic_ms();
                self.settings.slot.entries_mut().revert(present);
                self.settings.slot.discard_instance();
                Err(error.to_string())
            }
        }
    }

    fn begin_anew(&mut self) {
        self.settings.slot.discard_instance();
        self.settings.slot.entries_mut().drop_session();
        self.timers.clear();
        self.reason = BootReason::Restart;
        let _ = self.ensure();
    }
}

fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Decide(_) => "decide",
        Event::Observed(_) => "observed",
        Event::Timer(_) => "timer",
        Event::Response(_) => "response",
        Event::ClockStepped(_) => "clock-stepped",
        Event::Committed => "committed",
    }
}
