//! The handle on a link: cheap, synchronous, usable from anywhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::counters::{LinkCounters, Tally};
use super::driver::{Closing, Command, Driver};
use super::plan::{LinkEvent, LinkMaterial, LinkPlan, LinkSettings};
use crate::clock::Clock;
use crate::wit::protocol::{Disconnect, Frame, LinkState};

/// The one link of a charger. The task behind it ends with the last handle, or
/// when nobody takes its events any more.
#[derive(Clone, Debug)]
pub struct Link {
    commands: mpsc::UnboundedSender<Command>,
    shared: Arc<Shared>,
}

/// What the task and its handles share.
#[derive(Debug)]
pub(super) struct Shared {
    pub tally: Arc<Tally>,
    state: Mutex<LinkState>,
}

impl Link {
    /// Starts the link's task on the current runtime; it dials nothing before
    /// the first [`Link::connect`].
    ///
    /// `events` is bounded: while it is full, nothing is read from the socket.
    #[must_use]
    pub fn spawn(
        settings: LinkSettings,
        material: Arc<dyn LinkMaterial>,
        clock: Clock,
        events: mpsc::Sender<LinkEvent>,
    ) -> Self {
        let (commands, received) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            tally: Arc::default(),
            state: Mutex::new(LinkState::Idle),
        });
        let driver = Driver::new(
            settings,
            material,
            clock,
            Arc::clone(&shared),
            received,
            events,
        );
        tokio::spawn(driver.run());
        Self { commands, shared }
    }

    /// Dials as planned, and again whenever that fails or ends. The plan already
    /// followed: nothing happens. One that differs in pings only: an open link stays
    /// open and follows it. Another: an open link is closed, after what was
    /// sent on it, and the new plan begins at its first target.
    pub fn connect(&self, plan: LinkPlan) {
        self.tell(Command::Connect(Box::new(plan)));
    }

    /// Sends a frame on the link of its number; dropped if that is not up.
    pub fn send(&self, frame: Frame) {
        self.tell(Command::Send(frame));
    }

    /// Closes, after what was sent before.
    pub fn disconnect(&self, disconnect: Disconnect) {
        self.tell(Command::Disconnect(disconnect));
    }

    /// A simulated network. False: the connection is dropped at once, without a
    /// word to the far end, and nothing is dialled. True: dialled at once.
    pub fn set_online(&self, online: bool) {
        self.tell(Command::Online(online));
    }

    /// The state at this moment. Events that are still on their way to the loop
    /// may be of an earlier one.
    #[must_use]
    pub fn state(&self) -> LinkState {
        self.shared.locked().clone()
    }

    /// What was counted since [`Link::spawn`].
    #[must_use]
    pub fn counters(&self) -> LinkCounters {
        self.shared.tally.snapshot()
    }

    /// For `restart` and the end of the process: what was sent goes out, the link
    /// is closed, the plan forgotten (`Idle`). Returns when that is done, at the
    /// latest after `bound`. The link tells nothing of it, nor anything further
    /// before the next [`Link::connect`]; what it told before may still wait to
    /// be taken.
    ///
    /// The link stays open for `linger` after its last frame, so that the far end
    /// has read it before the close frame comes; `bound` counts from then.
    pub async fn close(&self, linger: Duration, bound: Duration) {
        let (done, closed) = oneshot::channel();
        self.tell(Command::Close(Closing { linger, bound }, done));
        // An error means that the task has ended: nothing is open then.
        let _ = closed.await;
    }

    fn tell(&self, command: Command) {
        // Fails only if the task has ended, with the receiver of its events.
        let _ = self.commands.send(command);
    }
}

impl Shared {
    pub fn set_state(&self, state: LinkState) {
        *self.locked() = state;
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, LinkState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
