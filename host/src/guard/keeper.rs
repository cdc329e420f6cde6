//! The main process's side of the guard: starts it, passes orders on, keeps what
//! it reports, and takes its place when it is gone.
//!
//! Orders and heartbeats come from the safety thread, so that a safety thread
//! that hangs counts as hung. Everything that waits is done by a thread of its
//! own, which never holds the lock while it waits.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};

use super::{Order, Plan, RelayState};
use crate::line::{Lines, Output};
use crate::outlet::Inputs;
use crate::priority;

/// Who the kernel says has the lines while there is no guard.
const USER: &str = "plugpoint";
/// Between the death of a guard and the next one: the first time, and at most.
const FIRST_REST: Duration = Duration::from_millis(100);
const MOST_REST: Duration = Duration::from_secs(5);
/// A guard that lived so long was a good one.
const GOOD_LIFE: Duration = Duration::from_secs(10);
/// How long the start waits for the guard's first words.
const FIRST_WORDS: Duration = Duration::from_secs(5);
/// How long the lines of a dead guard may stay busy.
const RELEASE: Duration = Duration::from_millis(200);

/// The guard cannot be had: the system gives no thread.
#[derive(Debug, thiserror::Error)]
#[error("the guard's keeper cannot be started: {0}")]
pub struct GuardError(#[from] std::io::Error);

/// The guard, as the safety thread sees it. Clones are handles on the same.
#[derive(Clone)]
pub struct Guard {
    shared: Arc<Shared>,
}

struct Shared {
    bound: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// None while there is no guard.
    orders: Option<ChildStdin>,
    /// A guard could not be started, or has ended, at least once.
    failed: bool,
    /// A heartbeat that was not answered yet.
    unanswered: Option<Instant>,
    relays: Vec<Seen>,
    wake: Vec<Inputs>,
}

/// What was seen of one relay since somebody looked last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// There is a guard, and it has reported.
    pub up: bool,
    /// As it is now.
    pub now: RelayState,
    /// Each field, but `plugged`: true at any time since then. So that an edge
    /// that has gone back already is not missed.
    pub since: RelayState,
    /// Without plug at any time since then.
    pub was_unplugged: bool,
}

impl Guard {
    /// Starts the guard and waits for its first report, a bounded time.
    pub fn start(plan: Plan) -> Result<Self, GuardError> {
        let shared = Arc::new(Shared {
            bound: Duration::from_millis(plan.bound_ms.into()),
            state: Mutex::new(State {
                orders: None,
                failed: false,
                unanswered: None,
                relays: vec![Seen::UNHEARD; plan.relays.len()],
                wake: Vec::new(),
            }),
            changed: Condvar::new(),
        });
        let keeper = Keeper {
            lines: plan.source.open(),
            plan,
            shared: shared.clone(),
        };
        std::thread::Builder::new()
            .name("guard-keeper".to_owned())
            .spawn(move || keeper.keep())?;
        let (state, _) = shared
            .changed
            .wait_timeout_while(shared.lock(), FIRST_WORDS, |it| {
                !it.failed && it.relays.iter().any(|seen| !seen.up)
            })
            .unwrap_or_else(PoisonError::into_inner);
        drop(state);
        Ok(Self { shared })
    }

    /// How often the safety thread has to call [`heartbeat`](Self::heartbeat).
    #[must_use]
    pub fn pace(&self) -> Duration {
        self.shared.bound / 4
    }

    /// Whom to call when a relay has changed.
    pub fn wake(&self, inputs: Inputs) {
        self.shared.lock().wake.push(inputs);
    }

    /// The safety thread lives.
    pub fn heartbeat(&self) {
        let mut state = self.shared.lock();
        state.unanswered.get_or_insert_with(Instant::now);
        state.send(Order::Alive);
    }

    /// Permits a contactor, or takes that back.
    pub fn set(&self, relay: u8, closed: bool) {
        let order = if closed {
            Order::Permit(relay)
        } else {
            Order::Revoke(relay)
        };
        self.shared.lock().send(order);
    }

    /// What was seen of a relay since the last call.
    #[must_use]
    pub fn look(&self, relay: u8) -> Seen {
        let mut state = self.shared.lock();
        let Some(seen) = state.relays.get_mut(usize::from(relay)) else {
            return Seen::UNHEARD;
        };
        let answer = *seen;
        seen.since = seen.now;
        seen.was_unplugged = !seen.now.plugged;
        answer
    }
}

impl Shared {
    /// Nobody panics while holding the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call_all(&self) {
        self.changed.notify_all();
        let at = Instant::now();
        for inputs in &self.lock().wake {
            inputs.edge(at);
        }
    }
}

impl State {
    /// Never waits. A pipe that is full or broken is noticed by the keeper.
    fn send(&mut self, order: Order) {
        if let Some(orders) = &mut self.orders {
            let _ = orders.write_all(&order.to_bytes());
        }
    }

    /// Whether that is news.
    fn take(&mut self, relay: u8, is: RelayState) -> bool {
        self.unanswered = None;
        let Some(seen) = self.relays.get_mut(usize::from(relay)) else {
            return false;
        };
        let news = !seen.up || seen.now != is;
        if !seen.up {
            // What was believed until now was not seen.
            seen.up = true;
            seen.was_unplugged = false;
        }
        seen.take(is);
        news
    }
}

impl Seen {
    /// Before the guard's first words.
    const UNHEARD: Self = Self {
        up: false,
        now: RelayState::from_byte(0),
        since: RelayState::from_byte(0),
        was_unplugged: true,
    };

    fn take(&mut self, is: RelayState) {
        self.now = is;
        self.since = RelayState {
            closed: self.since.closed || is.closed,
            emergency_stop: self.since.emergency_stop || is.emergency_stop,
            residual_current: self.since.residual_current || is.residual_current,
            plugged: is.plugged,
            tripped: self.since.tripped || is.tripped,
            broken: self.since.broken || is.broken,
        };
        self.was_unplugged |= !is.plugged;
    }
}

/// What the keeper's thread owns.
struct Keeper {
    plan: Plan,
    lines: Arc<dyn Lines>,
    shared: Arc<Shared>,
}

impl Keeper {
    fn keep(self) {
        // When the guard is gone, this is what opens the contactors.
        priority::raise();
        let mut rest = FIRST_REST;
        loop {
            let begin = Instant::now();
            let why = match self.spawn() {
                Ok((child, reports)) => self.listen(child, reports),
                Err(error) => format!("cannot be started: {error}"),
            };
            let held = self.take_back();
            self.gone(held.len());
            tracing::error!("the guard {why}; its contactors are taken back and opened");
            if begin.elapsed() > GOOD_LIFE {
                rest = FIRST_REST;
            }
            std::thread::sleep(rest);
            rest = (rest * 2).min(MOST_REST);
        }
    }

    /// Starts a guard of the same program. By this thread, which lives as long as
    /// the process: the guard is told when the thread that started it is gone.
    fn spawn(&self) -> std::io::Result<(Child, ChildStdout)> {
        // Not by name: the file may have been replaced since we were started.
        let mut child = Command::new("/proc/self/exe")
            .arg("guard")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C at a terminal is for us; we then end the guard.
            .process_group(0)
            .spawn()?;
        let (Some(mut orders), Some(reports)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("no pipe"));
        };
        let mut plan = serde_json::to_vec(&self.plan)?;
        plan.push(b'\n');
        orders.write_all(&plan)?;
        fcntl_setfl(&orders, OFlags::NONBLOCK)?;
        tracing::info!(pid = child.id(), "guard started");
        let mut state = self.shared.lock();
        state.orders = Some(orders);
        state.unanswered = None;
        drop(state);
        Ok((child, reports))
    }

    /// Takes reports until the guard ends or hangs; how it ended.
    fn listen(&self, mut child: Child, mut reports: ChildStdout) -> String {
        let mut silences = 0;
        let hangs = loop {
            let mut bytes = [0; 256];
            match wait(&reports, self.shared.bound / 2) {
                Ok(true) => silences = 0,
                Ok(false) => {
                    // Only a guard that was asked and does not answer hangs. And
                    // only if it does not answer now either: after a board that
                    // stood still as a whole, the first silence is nobody's fault.
                    let asked = self.shared.lock().unanswered;
                    if asked.is_some_and(|at| at.elapsed() > self.shared.bound) {
                        silences += 1;
                    }
                    if silences == 2 {
                        break true;
                    }
                    continue;
                }
                Err(_) => break true,
            }
            let count = reports.read(&mut bytes).unwrap_or(0);
            if count == 0 {
                break false;
            }
            let mut state = self.shared.lock();
            let mut news = false;
            for report in bytes[..count].chunks_exact(2) {
                news |= state.take(report[0], RelayState::from_byte(report[1]));
            }
            drop(state);
            // The answer to a heartbeat seldom says anything new.
            if news {
                self.shared.call_all();
            }
        };
        // Also one that has only closed its pipe. Once it is waited for, its
        // lines are free.
        let _ = child.kill();
        let ended = child.wait();
        match (hangs, ended) {
            (true, _) => "did not answer and was killed".to_owned(),
            (false, Ok(status)) => format!("has ended ({status})"),
            (false, Err(error)) => format!("has ended ({error})"),
        }
    }

    /// Opens all contactors and holds their lines.
    fn take_back(&self) -> Vec<Box<dyn Output>> {
        let until = Instant::now() + RELEASE;
        let mut held = Vec::new();
        for relay in &self.plan.relays {
            loop {
                match self.lines.output(&relay.contactor, USER) {
                    Ok(line) => held.push(line),
                    Err(_) if Instant::now() < until => {
                        std::thread::sleep(Duration::from_millis(1));
                        continue;
                    }
                    Err(error) => tracing::error!("contactor cannot be taken back: {error}"),
                }
                break;
            }
        }
        held
    }

    /// There is no guard any more.
    fn gone(&self, taken_back: usize) {
        let mut state = self.shared.lock();
        state.orders = None;
        state.failed = true;
        let all_open = taken_back == self.plan.relays.len();
        for seen in &mut state.relays {
            let closed = seen.now.closed && !all_open;
            seen.up = false;
            // That nobody sees the plug does not mean that it was pulled.
            seen.take(RelayState {
                closed,
                plugged: seen.now.plugged,
                ..RelayState::default()
            });
        }
        drop(state);
        self.shared.call_all();
    }
}

/// Whether there is something to read before the time is up.
fn wait(reports: &ChildStdout, most: Duration) -> rustix::io::Result<bool> {
    let mut fds = [PollFd::new(reports, PollFlags::IN)];
    let most = Timespec {
        tv_sec: i64::try_from(most.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: most.subsec_nanos().into(),
    };
    match poll(&mut fds, Some(&most)) {
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error),
    }
}
