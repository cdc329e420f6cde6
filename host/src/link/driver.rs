//! The task behind a [`super::Link`]: takes commands, dials, waits, and reads and
//! writes the open socket; one step at a time, and each step is short.
//!
//! It decides nothing by itself that `redial`, `keepalive` or the guest's plan
//! could decide, and it never waits for the loop: what cannot be told yet is
//! kept, and meanwhile nothing is read or dialled.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::address::without_password;
use super::counters::failure_name;
use super::dial::{Attempt, Dialler, Opened};
use super::failure::Failure;
use super::farewell::{Farewell, USUAL_BOUND, close_frame};
use super::handle::Shared;
use super::keepalive::KeepAlive;
use super::plan::{LinkEvent, LinkMaterial, LinkPlan, LinkSettings};
use super::redial::Redial;
use super::resolve::Resolver;
use super::session::{Incoming, Session};
use crate::clock::Clock;
use crate::wit::protocol::{BackOff, Disconnect, Frame, LinkDown, LinkFailure, LinkState, LinkUp};

/// Pings and the like, one right after the other, before others get their turn.
const NOISE_AT_A_TIME: u32 = 32;

/// The number of the last link that came up in this process.
static LAST_LINK: AtomicU32 = AtomicU32::new(0);

#[derive(Debug)]
pub(super) enum Command {
    Connect(Box<LinkPlan>),
    Send(Frame),
    Disconnect(Disconnect),
    Online(bool),
    Close(Closing, oneshot::Sender<()>),
}

/// How a link ends for good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    /// The link stays open this long after the last frame was sent, so that the
    /// far end has taken it in before the close frame comes.
    pub linger: Duration,
    /// When to give up, counted from the end of `linger`.
    pub bound: Duration,
}

pub(super) struct Driver {
    dialler: Arc<Dialler>,
    shared: Arc<Shared>,
    commands: mpsc::UnboundedReceiver<Command>,
    events: mpsc::Sender<LinkEvent>,
    /// What the loop had no room for yet.
    untold: VecDeque<LinkEvent>,
    plan: Option<LinkPlan>,
    redial: Redial,
    online: bool,
    /// Told to stay away until the next `connect`.
    away: bool,
    phase: Phase,
    /// Held while a link that is over says farewell: no dialling meanwhile.
    parting: Arc<Mutex<()>>,
    farewell: Option<AbortHandle>,
    noise: u32,
}

enum Phase {
    /// No plan, no network, or told to stay away.
    Resting,
    Waiting(Pin<Box<Sleep>>),
    Dialling(Pin<Box<dyn Future<Output = Result<Opened, Failure>> + Send>>),
    Up(Box<Session>),
}

enum Step {
    Command(Command),
    /// Something kept was told.
    Told,
    TimeToDial,
    Dialled(Box<Result<Opened, Failure>>),
    Incoming(Incoming),
    /// All handles are gone, or nobody listens any more.
    Over,
}

impl Driver {
    pub fn new(
        settings: LinkSettings,
        material: Arc<dyn LinkMaterial>,
        clock: Clock,
        shared: Arc<Shared>,
        commands: mpsc::UnboundedReceiver<Command>,
        events: mpsc::Sender<LinkEvent>,
    ) -> Self {
        let no_plan = BackOff {
            first_ms: 0,
            most_ms: 0,
            jitter_ms: 0,
        };
        Self {
            redial: Redial::new(1, 1, no_plan, settings.jitter_seed),
            dialler: Arc::new(Dialler {
                settings,
                material,
                clock,
                tally: Arc::clone(&shared.tally),
                resolver: Resolver::default(),
            }),
            shared,
            commands,
            events,
            untold: VecDeque::new(),
            plan: None,
            online: true,
            away: false,
            phase: Phase::Resting,
            parting: Arc::default(),
            farewell: None,
            noise: 0,
        }
    }

    pub async fn run(mut self) {
        loop {
            match self.step().await {
                Step::Command(command) => self.obey(command),
                Step::Told => {}
                Step::TimeToDial => self.dial(),
                Step::Dialled(result) => match *result {
                    Ok(opened) => self.opened(opened),
                    Err(failure) => self.retry(0, failure),
                },
                Step::Incoming(Incoming::Text(text)) => self.frame(text),
                Step::Incoming(Incoming::Noise) => {
                    self.noise = self.noise.wrapping_add(1);
                    if self.noise.is_multiple_of(NOISE_AT_A_TIME) {
                        tokio::task::yield_now().await;
                    }
                }
                Step::Incoming(Incoming::Closed(why)) => self.closed(why.as_ref()),
                Step::Incoming(Incoming::Failed(failure)) => self.failed(failure),
                Step::Over => return,
            }
        }
    }

    async fn step(&mut self) -> Step {
        let all_told = self.untold.is_empty();
        tokio::select! {
            biased;
            command = self.commands.recv() => command.map_or(Step::Over, Step::Command),
            room = self.events.reserve(), if !all_told => match room {
                Ok(room) => {
                    if let Some(event) = self.untold.pop_front() {
                        room.send(event);
                    }
                    Step::Told
                }
                Err(_) => Step::Over,
            },
            step = self.phase.next(all_told) => step,
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Send(frame) => match &mut self.phase {
                Phase::Up(session) if session.up.link == frame.link => session.push(frame.text),
                _ => self.shared.tally.frames_dropped.add(1),
            },
            Command::Connect(plan) => self.connect(*plan),
            Command::Disconnect(disconnect) => self.disconnect(&disconnect),
            Command::Online(online) => self.network(online),
            Command::Close(closing, done) => self.close(closing, done),
        }
    }

    fn connect(&mut self, plan: LinkPlan) {
        if !self.away && self.plan.as_ref() == Some(&plan) {
            return;
        }
        if !self.away && self.adopt(&plan) {
            self.plan = Some(plan);
            return;
        }
        self.end_ours("the connection is set up anew", Some(0));
        let connect = &plan.connect;
        let seed = self.dialler.settings.jitter_seed;
        self.redial = Redial::new(
            connect.targets.len(),
            connect.attempts_per_target,
            connect.back_off,
            seed.wrapping_add(self.shared.tally.dials.get()),
        );
        self.plan = Some(plan);
        self.away = false;
        self.dial();
    }

    /// Whether the open link does for this plan too: it leads to the same central
    /// system in the same way, and only the pings differ, which change on the spot.
    fn adopt(&mut self, plan: &LinkPlan) -> bool {
        let Phase::Up(session) = &mut self.phase else {
            return false;
        };
        if !self
            .plan
            .as_ref()
            .is_some_and(|now| now.differs_in_pings_only(plan))
        {
            return false;
        }
        let connect = &plan.connect;
        tracing::info!(
            link = session.up.link,
            ping_interval_ms = connect.ping_interval_ms,
            pong_deadline_ms = connect.pong_deadline_ms,
            "ping interval changed; the link stays open"
        );
        session.keep_alive(KeepAlive::new(
            connect.ping_interval_ms,
            connect.pong_deadline_ms,
            Instant::now().into_std(),
        ));
        true
    }

    fn disconnect(&mut self, disconnect: &Disconnect) {
        if self.plan.is_none() {
            return;
        }
        self.end_ours(&disconnect.text, disconnect.again.then_some(0));
        self.away = !disconnect.again;
        if disconnect.again {
            self.redial.proven();
        }
        self.dial();
    }

    fn network(&mut self, online: bool) {
        let was = std::mem::replace(&mut self.online, online);
        if online {
            if !was || matches!(self.phase, Phase::Waiting(_)) {
                self.redial.proven();
                self.dial();
            }
            return;
        }
        if let Some(farewell) = self.farewell.take() {
            farewell.abort();
        }
        let link = match std::mem::replace(&mut self.phase, Phase::Resting) {
            Phase::Up(session) => session.up.link,
            Phase::Dialling(_) => 0,
            Phase::Waiting(_) | Phase::Resting => return,
        };
        let failure = Failure::new(LinkFailure::Unreachable, "the network is off");
        self.tell_down(link, self.redial.target(), failure, None);
    }

    fn close(&mut self, closing: Closing, done: oneshot::Sender<()>) {
        let mut bound = closing.bound;
        self.plan = None;
        self.away = false;
        self.untold.clear();
        if let Phase::Up(session) = std::mem::replace(&mut self.phase, Phase::Resting) {
            tracing::info!(link = session.up.link, "link closed");
            let linger = closing.linger.saturating_sub(session.quiet_for());
            bound += linger;
            let close = Some(close_frame(1001, "going away"));
            self.part_after(linger, *session, close, bound);
        }
        self.shared.set_state(LinkState::Idle);
        let parting = Arc::clone(&self.parting);
        tokio::spawn(async move {
            let _ = tokio::time::timeout(bound, parting.lock_owned()).await;
            let _ = done.send(());
        });
    }

    /// Begins an attempt, unless there is nothing to dial.
    fn dial(&mut self) {
        self.phase = Phase::Resting;
        let Some(plan) = self.plan.as_ref() else {
            return;
        };
        self.shared.set_state(LinkState::Down);
        if self.away || !self.online {
            return;
        }
        let at = self.redial.target();
        let Some(target) = plan.connect.targets.get(at) else {
            let failure = Failure::new(LinkFailure::Unreachable, "no target was named");
            self.tell_down(0, at, failure, None);
            return;
        };
        let attempt = Attempt {
            target: target.clone(),
            password: plan.passwords.get(at).cloned().flatten(),
            subprotocols: plan.connect.subprotocols.clone(),
            open_deadline_ms: plan.connect.open_deadline_ms,
            max_frame_bytes: plan.connect.max_frame_bytes,
        };
        let dialler = Arc::clone(&self.dialler);
        let parting = Arc::clone(&self.parting);
        self.shared.tally.dials.add(1);
        self.phase = Phase::Dialling(Box::pin(async move {
            drop(parting.lock().await);
            dialler.dial(attempt).await
        }));
    }

    fn opened(&mut self, opened: Opened) {
        let Some(plan) = self.plan.as_ref() else {
            return; // no plan, no dialling: does not happen
        };
        let target = self.redial.target();
        let up = LinkUp {
            link: LAST_LINK.fetch_add(1, Ordering::Relaxed) + 1,
            target: u32::try_from(target).unwrap_or(u32::MAX),
            subprotocol: opened.subprotocol,
        };
        tracing::info!(
            link = up.link,
            url = without_password(&plan.connect.targets[target].url),
            subprotocol = up.subprotocol,
            "link up"
        );
        self.shared.tally.links.add(1);
        self.shared.set_state(LinkState::Up(up.clone()));
        let keepalive = KeepAlive::new(
            plan.connect.ping_interval_ms,
            plan.connect.pong_deadline_ms,
            Instant::now().into_std(),
        );
        self.phase = Phase::Up(Box::new(Session::new(
            up.clone(),
            opened.socket,
            keepalive,
            self.dialler.settings.send_queue,
            Arc::clone(&self.shared.tally),
        )));
        self.tell(LinkEvent::Up(up));
    }

    fn frame(&mut self, text: String) {
        if let Phase::Up(session) = &self.phase {
            let link = session.up.link;
            self.tell(LinkEvent::Frame(Frame { link, text }));
        }
    }

    /// The far end said that it closes.
    fn closed(&mut self, why: Option<&CloseFrame>) {
        let text = match why {
            Some(why) if why.reason.is_empty() => {
                format!("the far end closed, code {}", u16::from(why.code))
            }
            Some(why) => format!(
                "the far end closed, code {}: {}",
                u16::from(why.code),
                why.reason
            ),
            None => "the far end closed".to_owned(),
        };
        self.failed_with(Failure::new(LinkFailure::Closed, text), true);
    }

    /// The link broke.
    fn failed(&mut self, failure: Failure) {
        self.failed_with(failure, false);
    }

    fn failed_with(&mut self, failure: Failure, answer_close: bool) {
        let Phase::Up(session) = std::mem::replace(&mut self.phase, Phase::Resting) else {
            return;
        };
        if session.is_proven() {
            self.redial.proven();
        }
        let link = session.up.link;
        match failure.close_code {
            _ if answer_close => self.part(*session, None, USUAL_BOUND),
            Some(code) => {
                let close = close_frame(code, &failure.text);
                self.part(*session, Some(close), USUAL_BOUND);
            }
            None => drop(session), // nobody there to be told
        }
        self.retry(link, failure);
    }

    /// An attempt failed, or the link with this number did.
    fn retry(&mut self, link: u32, failure: Failure) {
        let target = self.redial.target();
        let wait = self.redial.failed();
        self.phase = Phase::Waiting(Box::pin(tokio::time::sleep(wait)));
        self.tell_down(link, target, failure, Some(wait));
    }

    /// Ends what there is, because the guest wants it so.
    fn end_ours(&mut self, text: &str, again_in_ms: Option<u32>) {
        if let Phase::Up(session) = std::mem::replace(&mut self.phase, Phase::Resting) {
            let link = session.up.link;
            self.part(*session, Some(close_frame(1000, text)), USUAL_BOUND);
            let again = again_in_ms.map(|ms| Duration::from_millis(u64::from(ms)));
            let failure = Failure::new(LinkFailure::Ours, text);
            self.tell_down(link, self.redial.target(), failure, again);
        }
    }

    fn part(&mut self, session: Session, close: Option<CloseFrame>, bound: Duration) {
        self.part_after(Duration::ZERO, session, close, bound);
    }

    fn part_after(
        &mut self,
        linger: Duration,
        session: Session,
        close: Option<CloseFrame>,
        bound: Duration,
    ) {
        let Ok(parting) = Arc::clone(&self.parting).try_lock_owned() else {
            return; // the one before is not through: two at a time are too many
        };
        let (socket, outbox) = session.into_parts();
        let farewell = Farewell {
            socket,
            outbox,
            linger,
            close,
            bound,
        };
        let task = tokio::spawn(async move {
            farewell.say().await;
            drop(parting);
        });
        self.farewell = Some(task.abort_handle());
    }

    fn tell_down(&mut self, link: u32, target: usize, failure: Failure, again: Option<Duration>) {
        let again_in_ms = again.map(|wait| u32::try_from(wait.as_millis()).unwrap_or(u32::MAX));
        tracing::warn!(
            link,
            target,
            failure = failure_name(failure.kind),
            again_in_ms,
            "{}: {}",
            if link == 0 { "no link" } else { "link down" },
            failure.text
        );
        self.shared.tally.failed(failure.kind);
        self.shared.set_state(LinkState::Down);
        self.tell(LinkEvent::Down(LinkDown {
            link,
            target: u32::try_from(target).unwrap_or(u32::MAX),
            failure: failure.kind,
            http_status: failure.http_status,
            text: failure.text,
            again_in_ms,
        }));
    }

    fn tell(&mut self, event: LinkEvent) {
        if !self.untold.is_empty() {
            self.untold.push_back(event);
            return;
        }
        match self.events.try_send(event) {
            // A closed channel is noticed by `step`, with the event kept here.
            Err(
                mpsc::error::TrySendError::Full(event) | mpsc::error::TrySendError::Closed(event),
            ) => {
                self.untold.push_back(event);
            }
            Ok(()) => {}
        }
    }
}

impl Phase {
    /// What happens next in this phase. With `go_on` off nothing that would have
    /// to be told may happen, save that a broken link is noticed.
    async fn next(&mut self, go_on: bool) -> Step {
        match self {
            Self::Waiting(wait) if go_on => {
                wait.await;
                Step::TimeToDial
            }
            Self::Dialling(attempt) => Step::Dialled(Box::new(attempt.await)),
            Self::Up(session) => Step::Incoming(session.next(go_on).await),
            Self::Waiting(_) | Self::Resting => std::future::pending().await,
        }
    }
}
