//! One policy on a thread of its own: its guest, its entries, its timers, and
//! perhaps a shadow that looks on.
//!
//! It decides nothing about what a failure means; that is the chain's business.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::convert;
use super::shadow::Shadow;
use crate::board::Board;
use crate::clock::Clock;
use crate::guest::{Kind as _, Lost, Outstanding, Policy, Step, start_dropped};
use crate::sessions::Sessions;
use crate::slots::{self, Handover, Swap, Tenant};
use crate::store::Store;
use crate::timers::Timers;
use crate::wit::authorization::{
    Action, Boot, Decision, DecisionRequest, Event, Question, Response, ServiceFailure, Setting,
};
use crate::wit::protocol::{BootReason as Reason, Dropped, Observed};
use crate::zone::Zone;

/// Lazy entries are looked after this often while nothing else happens.
const IDLE: Duration = Duration::from_secs(5);

/// Then messages are looked at again.
const TIMERS_AT_A_TIME: usize = 16;

/// Observations that may wait for a policy; those over it are lost, as
/// `wit/authorization.wit` says that they may be.
const MAX_OBSERVATIONS: usize = 256;

/// How long a commit may take at most, here and in front of a question.
const COMMIT_BOUND: Duration = Duration::from_secs(2);

/// What a policy thread is made of.
pub struct PolicySettings {
    /// Its name in the chain.
    pub name: String,
    /// Its guest, with the entries it has kept.
    pub tenant: Tenant<Policy>,
    /// Handed to it as configured.
    pub settings: Vec<Setting>,
    /// Where the charger is.
    pub zone: Zone,
    /// What it may act on.
    pub sessions: Sessions,
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
    hand: Hand,
    thread: Option<JoinHandle<()>>,
}

/// Gives a policy something to do.
#[derive(Clone, Debug)]
pub(super) struct Hand {
    sender: mpsc::Sender<Message>,
    /// Observations on their way.
    observations: Arc<AtomicUsize>,
    /// A policy that is well answers within this.
    answers_within: Duration,
}

impl Hand {
    /// Asks; the thread has ended if this fails.
    pub(super) fn ask(
        &self,
        request: DecisionRequest,
        reply: oneshot::Sender<Answer>,
    ) -> Result<(), Ended> {
        self.give(Message::Decide { request, reply })
    }

    /// Tells it of something, unless it lags too far behind.
    pub(super) fn observe(&self, observed: Observed) {
        if self.observations.fetch_add(1, Ordering::Relaxed) >= MAX_OBSERVATIONS {
            self.observations.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        // A policy whose thread is gone has been reported already.
        let _ = self.give(Message::Observed(observed));
    }

    /// Tells it that the wall clock was moved.
    pub(super) fn clock_stepped(&self, by_ms: i64) {
        let _ = self.give(Message::ClockStepped(by_ms));
    }

    pub(super) fn answers_within(&self) -> Duration {
        self.answers_within
    }

    fn give(&self, message: Message) -> Result<(), Ended> {
        self.sender.send(message).map_err(|_| Ended)
    }
}

/// The policy's thread is gone.
#[derive(Debug)]
pub(super) struct Ended;

#[derive(Debug)]
enum Message {
    Decide {
        request: DecisionRequest,
        reply: oneshot::Sender<Answer>,
    },
    Observed(Observed),
    ClockStepped(i64),
    Component(Handover<Policy>),
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
    ) -> Result<Self, WorkerError> {
        let (sender, receiver) = mpsc::channel();
        let PolicySettings {
            name,
            tenant,
            settings,
            zone,
            sessions,
        } = settings;
        let limits = tenant.life().slot().limits();
        let hand = Hand {
            sender: sender.clone(),
            observations: Arc::default(),
            // One that fails is started again, and asked again if that was another
            // version; something else may be at work before.
            answers_within: limits.start_time() + limits.handle_time() * 8 + COMMIT_BOUND,
        };
        let it = Running {
            observations: hand.observations.clone(),
            slot: tenant.life().slot().name().to_owned(),
            name: name.clone(),
            tenant,
            settings,
            zone,
            sessions,
            store,
            clock,
            board,
            timers: Timers::default(),
            questions: 0,
            shadow: None,
            follow_ups: VecDeque::new(),
            hand: sender.clone(),
        };
        let thread = std::thread::Builder::new()
            .name(format!("policy-{name}"))
            .spawn(move || it.run(&receiver))
            .map_err(|source| WorkerError { name, source })?;
        Ok(Self {
            hand,
            thread: Some(thread),
        })
    }

    /// For the installer.
    pub fn hand(&self) -> Box<dyn Fn(Handover<Policy>) + Send> {
        let hand = self.hand.clone();
        Box::new(move |it| {
            // Fails only when the thread has ended.
            let _ = hand.give(Message::Component(it));
        })
    }

    pub(super) fn for_chain(&self) -> Hand {
        self.hand.clone()
    }

    /// Begin anew, as after a power cycle.
    pub fn restart(&self) {
        let _ = self.hand.give(Message::Restart);
    }

    /// Ends the thread, with everything kept on disk.
    pub fn stop(mut self) {
        let _ = self.hand.give(Message::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a policy's thread has panicked");
        }
    }
}

struct Running {
    slot: String,
    name: String,
    tenant: Tenant<Policy>,
    settings: Vec<Setting>,
    zone: Zone,
    sessions: Sessions,
    store: Store,
    clock: Clock,
    board: Board,
    timers: Timers,
    questions: u32,
    shadow: Option<Shadow>,
    /// Events that the guest has brought about, to be handed over next.
    follow_ups: VecDeque<Event>,
    /// To ourselves, from a rehearsal.
    hand: mpsc::Sender<Message>,
    observations: Arc<AtomicUsize>,
}

impl Running {
    fn run(mut self, receiver: &mpsc::Receiver<Message>) {
        let _ = self.ensure();
        loop {
            match receiver.recv_timeout(self.wait()) {
                Ok(Message::Decide { request, reply }) => self.decide(request, reply),
                Ok(Message::Observed(observed)) => {
                    self.observations.fetch_sub(1, Ordering::Relaxed);
                    let _ = self.deliver(Event::Observed(convert::observed(observed)));
                }
                Ok(Message::ClockStepped(by)) => {
                    let _ = self.deliver(Event::ClockStepped(by));
                }
                Ok(Message::Component(it)) => self.on_handover(it),
                Ok(Message::Restart) => self.begin_anew(),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            // After the answer is out.
            if self.tenant.life().is_renewing() {
                let _ = self.ensure();
            }
            for _ in 0..TIMERS_AT_A_TIME {
                // What is due waits while there is nobody to take it.
                if !self.tenant.life().able() {
                    break;
                }
                let Some(fired) = self.timers.take_due(&self.clock.now()) else {
                    break;
                };
                let _ = self.deliver(Event::Timer(convert::timer_fired(fired)));
            }
            // Nothing depends on this event getting through: `boot` says the same.
            if self.tenant.judge(false) {
                let _ = self.deliver(Event::Committed);
            }
            self.write_lazy();
        }
        let last = self.tenant.life_mut().slot_mut().entries_mut().flush();
        if let Some(batch) = last {
            let written = self.store.commit_blocking(&self.slot, batch.changes);
            // Reported there.
            let _ = self.tenant.life_mut().written(batch.ticket, written);
        }
    }

    fn wait(&self) -> Duration {
        let timer = match self.tenant.life().able() {
            true => self.timers.next_ms(&self.clock.now()),
            false => Some(self.tenant.life().not_before_ms()),
        };
        let due = [timer, self.tenant.wake_ms()].into_iter().flatten().min();
        due.map_or(IDLE, |due| self.clock.until(due).min(IDLE))
    }

    /// The answer goes out before anybody looks on.
    fn decide(&mut self, request: DecisionRequest, reply: oneshot::Sender<Answer>) {
        if reply.is_closed() {
            // The chain has given up waiting.
            return;
        }
        self.questions = self.questions.wrapping_add(1);
        let id = self.questions;
        let question = Event::Decide(Question {
            id,
            request: request.clone(),
        });
        let asked = self.tenant.running().clone();
        let mut decided = self.deliver_until_decided(question.clone(), Some(id));
        if let Err(why) = &decided
            && self.tenant.running().hash != asked.hash
        {
            // A version on probation has failed on the question. The version before is
            // back, and has not been asked yet; it has its own time for an answer.
            let before = format!("{asked} failed ({why}) and is rolled back");
            decided = self.deliver_until_decided(question, Some(id));
            for decision in decided.iter_mut().flatten() {
                decision.why = format!("{before}; {}", decision.why);
            }
        }
        let answer = match decided {
            Ok(decisions) => decisions
                .into_iter()
                .find(|decision| decision.id == id)
                .map_or(Answer::Silent, Answer::Decided),
            Err(failure) => Answer::Failed(failure),
        };
        let shown = match (&answer, &self.shadow) {
            (_, None) => None,
            (Answer::Decided(decision), _) => Some(Ok(Some(decision.clone()))),
            (Answer::Silent, _) => Some(Ok(None)),
            (Answer::Failed(failure), _) => Some(Err(failure.clone())),
        };
        // A chain that no longer waits is none of our business.
        let _ = reply.send(answer);
        // Reported there; the question is answered.
        let _ = self.work_off(None);
        if let (Some(shadow), Some(shown)) = (&mut self.shadow, shown) {
            shadow.look_on(request, shown);
            let facts = shadow.facts().clone();
            self.board
                .component(&self.slot, |it| it.shadow = Some(facts));
        }
    }

    /// Gives the guest one event, commits what it kept, runs the other actions.
    fn deliver(&mut self, event: Event) -> Result<Vec<Decision>, String> {
        self.deliver_until_decided(event, None)
    }

    /// The same, but what the event brought about waits once this question has been
    /// answered.
    fn deliver_until_decided(
        &mut self,
        event: Event,
        question: Option<u32>,
    ) -> Result<Vec<Decision>, String> {
        let mut decisions = self.ensure()?;
        self.follow_ups.push_front(event);
        decisions.extend(self.work_off(question)?);
        Ok(decisions)
    }

    /// Hands over what waits. The instance's allowance ends it, where a guest
    /// answers each event with the cause of another.
    fn work_off(&mut self, question: Option<u32>) -> Result<Vec<Decision>, String> {
        let mut decisions = Vec::new();
        let is_answer = |decision: &Decision| Some(decision.id) == question;
        while !decisions.iter().any(is_answer)
            && let Some(event) = self.follow_ups.pop_front()
        {
            let now = convert::now(&self.clock.now());
            let outstanding = Outstanding {
                timers: self.timers.count(),
                questions: self.follow_ups.len(),
                ..Outstanding::default()
            };
            self.tenant.life_mut().slot_mut().outstanding(outstanding);
            let step = self
                .tenant
                .handle(now, &event)
                .and_then(|step| self.keep(step, || Policy::dropped(&event, "storage")));
            let Ok(actions) = step else {
                let why = self.tenant.life().last_failure().to_owned();
                self.follow_ups.clear();
                if self.tenant.life_mut().has_stormed() {
                    self.timers.clear();
                }
                let _ = self.ensure();
                return Err(why);
            };
            self.tenant.handled();
            let follow_ups = self.run_actions(actions, &mut decisions);
            self.follow_ups.extend(follow_ups);
        }
        self.tenant.life_mut().renew();
        Ok(decisions)
    }

    /// What a call takes away of sessions is taken away before its commit, and
    /// whatever becomes of that.
    fn act_on_sessions(&self, actions: &[Action]) {
        for action in actions {
            self.sessions.before_commit(&self.name, action);
        }
    }

    /// Commits what a call has kept; the actions that may run now.
    fn keep(
        &mut self,
        step: Step<Action>,
        dropped: impl FnOnce() -> Dropped,
    ) -> Result<Vec<Action>, Lost> {
        self.act_on_sessions(&step.actions);
        if let Some(batch) = step.commit {
            let written = self.store.commit_blocking(&self.slot, batch.changes);
            self.tenant.settle(batch.ticket, written, dropped)?;
        }
        Ok(step.actions)
    }

    /// Makes an instance if there is none and it is not too soon.
    fn ensure(&mut self) -> Result<Vec<Decision>, String> {
        loop {
            if self.tenant.life().slot().has_instance() {
                return Ok(Vec::new());
            }
            if !self.tenant.life().able() {
                return Err("it has failed repeatedly and is given a rest".into());
            }
            let was_on_probation = self.tenant.wake_ms().is_some();
            let boot = self.boot(self.tenant.life().reason(), self.tenant.entry_schema());
            let step = self
                .tenant
                .start(&boot)
                .and_then(|step| self.keep(step, || start_dropped("storage")));
            match step {
                Ok(actions) => {
                    self.tenant.life_mut().at_work();
                    self.tenant.in_service(true);
                    let mut decisions = Vec::new();
                    // A response to a request made in `start` waits for the next event.
                    let _ = self.run_actions(actions, &mut decisions);
                    return Ok(decisions);
                }
                // The version before is in the slot now.
                Err(Lost) if was_on_probation => {}
                Err(Lost) => return Err(self.tenant.life().last_failure().to_owned()),
            }
        }
    }

    fn boot(&self, reason: Reason, entry_schema: u32) -> Boot {
        let now = self.clock.now();
        Boot {
            now: convert::now(&now),
            reason: convert::reason(reason),
            entry_schema,
            random: crate::random::bytes::<16>().to_vec(),
            name: self.name.clone(),
            settings: self.settings.clone(),
            services: Vec::new(),
            timers: convert::timers_back(&self.timers),
            unanswered_requests: Vec::new(),
            time_zone: self.zone.told(&now),
            sessions: self.sessions.running(&self.name),
            dropped: self.tenant.life().dropped().map(convert::dropped),
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
                // Done before the commit; it counts alone from now on.
                Action::LimitSession(said) => self.sessions.committed(&self.name, &said),
                Action::EndSession(_) => {}
            }
        }
        answers
    }

    fn on_handover(&mut self, it: Handover<Policy>) {
        let begin = Instant::now();
        match it {
            Handover::Swap(swap) if swap.rehearsed => self.swap(*swap, begin),
            Handover::Swap(swap) => self.rehearse(swap, begin),
            Handover::Shadow(swap) => self.begin_shadow(*swap),
            Handover::RollBack(job) => {
                self.tenant.roll_back("it was asked for");
                let _ = self.ensure();
                job.pause(micros(begin));
                self.tenant.runs_again(job);
            }
            Handover::Accept(job) => {
                // Nothing depends on this event getting through: `boot` says the same.
                if self.tenant.accept(job) {
                    let _ = self.deliver(Event::Committed);
                }
            }
            // A policy that cannot run counts as configured (`on_failure`).
            Handover::NothingLeft(job) => job.refused("there is no other version that could run"),
        }
    }

    /// What is there already, or comes back, needs no rehearsal.
    fn rehearse(&mut self, swap: Box<Swap<Policy>>, begin: Instant) {
        let hash = &swap.found.version.hash;
        if *hash == self.tenant.running().hash || self.tenant.would_go_back_to(hash) {
            return self.swap(*swap, begin);
        }
        let boot = self.boot(swap.reason, self.tenant.schema_for(&swap.found.version));
        let hand = self.hand.clone();
        slots::rehearse(swap, self.tenant.life().slot(), boot, move |swap| {
            // Fails only when this thread has ended.
            let _ = hand.send(Message::Component(Handover::Swap(swap)));
        });
    }

    fn swap(&mut self, swap: Swap<Policy>, begin: Instant) {
        let hash = &swap.found.version.hash;
        if *hash == self.tenant.running().hash {
            return self.tenant.runs_already(swap.job);
        }
        if self.tenant.would_go_back_to(hash) {
            self.tenant
                .roll_back("the version before was installed again");
            let _ = self.ensure();
            swap.job.pause(micros(begin));
            return self.tenant.runs_again(swap.job);
        }
        let reason = swap.reason;
        let boot = self.boot(reason, self.tenant.schema_for(&swap.found.version));
        let Some(mut flip) = self.tenant.swap(swap, &boot) else {
            return;
        };
        self.act_on_sessions(&flip.step.actions);
        let written = match flip.step.commit.take() {
            Some(batch) => {
                let written = self.store.commit_blocking(&self.slot, batch.changes);
                self.tenant.life_mut().written(batch.ticket, written)
            }
            // The record is in the database's queue before this: whoever is told
            // of a swap finds it after a power failure.
            None => self.store.commit_blocking(&self.slot, Vec::new()),
        };
        if let Err(error) = written {
            return self.tenant.not_flipped(flip, error);
        }
        let actions = std::mem::take(&mut flip.step.actions);
        self.tenant.flipped(flip, reason, micros(begin));
        self.tenant.in_service(true);
        let _ = self.run_actions(actions, &mut Vec::new());
        // What looked on is most likely what was installed.
        self.shadow = None;
        self.board.component(&self.slot, |it| it.shadow = None);
    }

    /// It begins with a copy of the entries, and with the same settings.
    fn begin_shadow(&mut self, swap: Swap<Policy>) {
        let schema = self.tenant.schema_for(&swap.found.version);
        let boot = self.boot(Reason::Swap, schema);
        let slot = self.tenant.life().slot();
        match Shadow::start(swap.found, slot, &boot, self.clock.clone()) {
            Ok(shadow) => {
                let facts = shadow.facts().clone();
                self.board
                    .component(&self.slot, |it| it.shadow = Some(facts));
                self.shadow = Some(shadow);
                swap.job.committed();
            }
            Err(failure) => swap.job.refused(&format!("its start failed ({failure})")),
        }
    }

    fn write_lazy(&mut self) {
        let present = self.clock.monotonic_ms();
        let batch = self.tenant.life_mut().slot_mut().entries_mut().due(present);
        if let Some(batch) = batch {
            let written = self.store.commit_blocking(&self.slot, batch.changes);
            // Reported there; what is lazy waits again.
            let _ = self.tenant.life_mut().written(batch.ticket, written);
        }
    }

    fn begin_anew(&mut self) {
        self.tenant.life_mut().restart();
        self.timers.clear();
        self.follow_ups.clear();
        let _ = self.ensure();
    }
}

fn micros(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX)
}
