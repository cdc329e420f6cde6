//! The station: the loop that owns the protocol guest and ties link, timers,
//! outlets, policies and services to it.
//!
//! One event at a time: the guest handles it, what it kept is committed, then
//! the other actions run in their order. Anything that goes wrong with the
//! guest or with the commit ends in the same place: nothing of that event is
//! committed, the instance is gone, the next one finds the world in `boot`.
//!
//! Not here: safety. Contactors obey the safety thread, whether this loop lives
//! or not.

mod assemble;
mod boot;
mod budget;
mod chain;
mod deliver;
pub(crate) mod devices;
mod effects;
mod error;
mod guests;
mod hardware;
pub mod knowledge;
mod last_end;
mod lines;
mod restart;
mod security;
mod settings;
mod swap;
mod writing;

pub use assemble::Station;
pub use error::StartError;
#[cfg(feature = "kit")]
pub(crate) use guests::limits;

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::board::Board;
use crate::clock::Clock;
use crate::config::WithoutGuest;
use crate::control::Command;
use crate::crash::CrashPoints;
use crate::guest::Ocpp;
use crate::journal::Journal;
use crate::link::{Link, LinkEvent};
use crate::manager::Manager;
use crate::outlet::{HardwareEvent, Outlets};
use crate::policy::{Chain, Worker};
use crate::services::Services;
use crate::sessions::Sessions;
use crate::slots::{Installer, Tenant};
use crate::store::{Store, StoreError};
use crate::timers::Timers;
use crate::wit::protocol::{
    Connect, Decision, Event, Group, Response, Restart, RestartKind, SecurityKind, Setting,
    Station as StationInfo,
};
use budget::WriteBudget;
use knowledge::Knowledge;
use writing::Late;

/// The name of the protocol guest's slot.
pub const SLOT: &str = "ocpp";

/// Housekeeping (lazy entries, the board's clock) happens at least this often.
const HOUSEKEEPING: Duration = Duration::from_secs(2);

/// How long the link stays open after its last frame when a reset ends it: a central
/// system that reads the answer and the end of the connection at once takes the reset
/// for failed.
const RESET_LINGER: Duration = Duration::from_millis(500);

/// Then it is everybody else's turn.
const TIMERS_AT_A_TIME: usize = 64;

/// Whatever the hardware has not answered by then does not count as outstanding.
const ORDER_FORGOTTEN_MS: u64 = 60_000;

/// How long the link may take to get rid of what was sent before it closes.
const CLOSE_BOUND: Duration = Duration::from_millis(700);

/// The same at the end of the process, which has 2 s for everything.
const END_BOUND: Duration = Duration::from_millis(400);

/// How long the end of the process waits for the database.
const STORE_BOUND: Duration = Duration::from_millis(300);

/// What the loop owns.
struct Loop {
    info: StationInfo,
    settings: Vec<Setting>,
    groups: Vec<Group>,
    crash: CrashPoints,

    tenant: Tenant<Ocpp>,
    installer: Installer,
    /// To ourselves, from a rehearsal.
    commands: mpsc::UnboundedSender<Command>,
    /// Another version is looked for, since the one in the slot cannot start.
    falls_back: bool,
    /// Hashes of those that could not.
    unfit: Vec<String>,
    /// There is none.
    safe_mode: bool,
    without_guest: WithoutGuest,
    store: Store,
    timers: Timers,
    /// What the guest knows of the outlets.
    knowledge: Knowledge,
    /// Outlets of which a departure was written down, since no guest took it.
    inbox: BTreeSet<u32>,
    /// A commit that was given up, and that the store still has to answer.
    late: Option<Late>,
    /// What the link was last told to do.
    connect: Option<Connect>,
    /// The far end is there and does not take us.
    is_turned_away: bool,
    unanswered_requests: Vec<u32>,
    unanswered_decisions: Vec<u32>,
    /// When the guest asked something of the hardware that has not answered yet,
    /// in monotonic ms.
    unanswered_orders: VecDeque<u64>,
    /// The guest asked to begin anew, and why.
    restart: Option<Restart>,
    restarts: restart::Restarts,
    /// A restart ends the process.
    has_ended: bool,
    epoch: Epoch,
    /// What was told of security.
    security: security::Told,
    /// What was asked of settings.
    asked: settings::Asked,
    /// For what frames make the guest keep.
    budget: WriteBudget,
    /// Frames wait for it.
    frames_wait: bool,
    housekeeping_at: Instant,
    /// When mains are gone for good.
    dark_at: Option<Instant>,
    manager: Manager,

    link: Link,
    outlets: Outlets,
    sessions: Sessions,
    services: Services,
    chain: Chain,
    workers: Vec<Worker>,
    clock: Clock,
    board: Board,
    journal: Journal,

    inputs: Inputs,
    decided: mpsc::UnboundedSender<Decision>,
    responded: mpsc::UnboundedSender<Response>,
}

/// Turns monotonic milliseconds into the runtime's instants, the same one each
/// time, so that an unchanged deadline needs no new timer.
#[derive(Clone, Copy)]
struct Epoch {
    at: Instant,
    monotonic_ms: u64,
}

impl Epoch {
    fn instant(self, monotonic_ms: u64) -> Instant {
        self.at + Duration::from_millis(monotonic_ms.saturating_sub(self.monotonic_ms))
    }
}

/// Where events come from.
struct Inputs {
    link: mpsc::Receiver<LinkEvent>,
    hardware: mpsc::UnboundedReceiver<HardwareEvent>,
    commands: mpsc::UnboundedReceiver<Command>,
    decisions: mpsc::UnboundedReceiver<Decision>,
    responses: mpsc::UnboundedReceiver<Response>,
    clock_steps: mpsc::UnboundedReceiver<i64>,
    /// Something is said of a session.
    session_ends: mpsc::UnboundedReceiver<()>,
}

#[allow(clippy::large_enum_variant)] // one at a time, and never kept
enum Input {
    Link(LinkEvent),
    Hardware(HardwareEvent),
    Command(Command),
    Decision(Decision),
    Response(Response),
    ClockStep(i64),
    /// A policy has said something of a session.
    Sessions,
    /// The store has answered a commit that was given up.
    Written(Result<(), StoreError>),
    Time,
    Stop,
}

impl Loop {
    async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        self.ensure().await;
        let sleep = sleep_until(Instant::now());
        tokio::pin!(sleep);
        loop {
            if self.has_ended {
                break;
            }
            // Here, so that no flood of events can keep it from being said.
            self.tell_manager();
            let wake = self.wake_at();
            if sleep.deadline() != wake {
                sleep.as_mut().reset(wake);
            }
            // While there is no guest, what can wait stays where it is: the
            // central system's frames in the socket, answers in their channels.
            let able = self.able();
            let takes_frames = able && self.takes_frames();
            let inputs = &mut self.inputs;
            let late = &mut self.late;
            let input = tokio::select! {
                biased;
                () = &mut stop => Input::Stop,
                Some(it) = inputs.commands.recv() => Input::Command(it),
                Some(it) = inputs.hardware.recv() => Input::Hardware(it),
                it = writing::answer(late) => Input::Written(it),
                Some(it) = inputs.clock_steps.recv() => Input::ClockStep(it),
                Some(()) = inputs.session_ends.recv() => Input::Sessions,
                Some(it) = inputs.decisions.recv(), if able => Input::Decision(it),
                Some(it) = inputs.responses.recv(), if able => Input::Response(it),
                // Before the link, so that a flood of frames cannot starve timers.
                () = &mut sleep => Input::Time,
                Some(it) = inputs.link.recv(), if takes_frames => Input::Link(it),
            };
            match input {
                Input::Stop => break,
                Input::Time => {
                    if self.dark_at.is_some_and(|at| at <= Instant::now()) {
                        tracing::warn!("mains are gone: the process ends");
                        self.manager.stopping();
                        return;
                    }
                    self.on_time().await;
                }
                Input::Command(Command::Network(online)) => self.link.set_online(online),
                Input::Command(Command::Component(it)) => self.on_handover(it).await,
                Input::Command(Command::Settings(ask)) => self.ask_settings(ask).await,
                Input::Command(Command::WrongToken(peer)) => {
                    let text = format!("a wrong token came from {peer}");
                    self.tell_security(SecurityKind::FailedLogin, text).await;
                }
                Input::Command(Command::Restart(why)) => {
                    self.restart = Some(Restart {
                        kind: RestartKind::Soft,
                        why: why.to_owned(),
                    });
                    self.ensure().await;
                }
                Input::Hardware(it) => self.on_hardware(it).await,
                Input::Written(it) => self.on_store_answered(it).await,
                Input::Link(it) => self.on_link(it).await,
                Input::Decision(it) => self.on_decision(it).await,
                Input::Response(it) => {
                    let asked = self.unanswered_requests.len();
                    self.unanswered_requests.retain(|id| *id != it.id);
                    // Else it was asked for before the guest began again.
                    if self.unanswered_requests.len() < asked {
                        self.deliver(Event::Response(it)).await;
                    }
                }
                Input::Sessions => self.tell_session_ends().await,
                Input::ClockStep(by) => {
                    self.chain.clock_stepped(by);
                    self.clock_stepped(by).await;
                }
            }
        }
        self.end().await;
    }

    /// Everything in good order: contactors open, what was sent is out, lazy
    /// entries are on disk. A running transaction stays open there.
    async fn end(mut self) {
        self.manager.stopping();
        self.outlets.revoke_all();
        let linger = match self.has_ended {
            true => RESET_LINGER,
            false => Duration::ZERO,
        };
        self.link.close(linger, linger + END_BOUND).await;
        for worker in self.workers.drain(..) {
            worker.stop();
        }
        // A disk that does not answer must not hold up the end, which has 2 s.
        if tokio::time::timeout(STORE_BOUND, self.flush())
            .await
            .is_err()
        {
            tracing::warn!("the database does not answer; the last lazy entries are lost");
        }
        last_end::note(&self.store);
        self.outlets.shutdown();
        if !self.store.close_within(STORE_BOUND) {
            tracing::warn!("the database does not answer; the process ends without it");
        }
    }

    /// The board's clock may have been set.
    async fn follow_board(&mut self) {
        if let Some(step) = self.clock.follow_board() {
            self.chain.clock_stepped(step);
            self.clock_stepped(step).await;
        }
    }

    /// A guest plans anew, at once or in its next `start`. Where none is at work, the
    /// plans that permits carry no longer mean what they did.
    async fn clock_stepped(&mut self, by_ms: i64) {
        self.sessions.clock_stepped();
        self.deliver(Event::ClockStepped(by_ms)).await;
        if !self.tenant.life().slot().has_instance() {
            self.outlets.clock_stepped();
        }
    }

    /// There is an instance, or one can be made.
    fn able(&self) -> bool {
        self.tenant.life().able()
    }

    /// What frames may write is not used up.
    fn takes_frames(&mut self) -> bool {
        let takes = self.budget.has_some(self.clock.monotonic_ms());
        if !takes && !std::mem::replace(&mut self.frames_wait, true) {
            self.board.count("frames_delayed");
            tracing::debug!("frames wait: they have led to more writes than flash is to bear");
        }
        self.frames_wait &= !takes;
        takes
    }

    fn wake_at(&self) -> Instant {
        let due = if self.able() {
            self.timers.next_ms(&self.clock.now())
        } else {
            Some(self.tenant.life().not_before_ms())
        };
        let due = [
            due,
            self.tenant.wake_ms(),
            self.budget.next_ms(),
            self.sessions.next_due(),
        ];
        let due = due.into_iter().flatten().min();
        let due = due.map_or(self.housekeeping_at, |ms| {
            self.epoch.instant(ms).min(self.housekeeping_at)
        });
        [self.dark_at, self.manager.due()]
            .into_iter()
            .flatten()
            .fold(due, Instant::min)
    }

    /// That we are ready, how we are, and that we live.
    fn tell_manager(&mut self) {
        let now = Instant::now();
        if self.manager.due().is_none_or(|due| due > now) {
            return;
        }
        if self.manager.beat(now, self.outlets.turns()) {
            self.outlets.want_turn();
        }
        self.manager
            .look(now, &self.board.facts(), &self.outlets.snapshot());
    }

    async fn on_time(&mut self) {
        self.housekeeping_at = Instant::now() + HOUSEKEEPING;
        self.sessions.note_due();
        if !self.ensure().await {
            return self.follow_board().await;
        }
        // A guest that fails on one keeps the others for its successor.
        for _ in 0..TIMERS_AT_A_TIME {
            if !self.able() {
                break;
            }
            let Some(fired) = self.timers.take_due(&self.clock.now()) else {
                break;
            };
            self.deliver(Event::Timer(fired)).await;
        }
        self.tell_session_ends().await;
        self.follow_board().await;
        let now_ms = self.clock.monotonic_ms();
        if let Some(batch) = self.entries_mut().due(now_ms) {
            // Lazy entries: nothing waits for them, and they wait again if this
            // fails.
            let _ = self.commit(batch).await;
        }
        self.look_at_probation().await;
    }
}
