//! The service manager that started this process, such as systemd: it is told
//! when the charger is ready, how it is, and that it lives (sd_notify(3)).
//!
//! **It is told of life only by the loop, and only while the safety thread turns
//! too**: each beat asks that thread for a turn, and the next beat looks whether
//! there was one. So a process whose loop or safety thread hangs is ended and
//! started anew.
//!
//! What it is *not*: what keeps people safe. The guard opens the contactors long
//! before, and a hardware watchdog looks after the guard.

mod socket;

use std::time::Duration;

use tokio::time::Instant;

use crate::board::Facts;
use crate::wit::protocol::{ContactorState, OutletState};
use socket::Socket;

/// Without a watchdog: how often the state is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Until all components have started.
const SOON: Duration = Duration::from_millis(50);

/// The way to the service manager; says nothing if there is none.
pub struct Manager {
    socket: Option<Socket>,
    /// How often it wants to hear that we live.
    pace: Option<Duration>,
    beat_at: Instant,
    look_at: Instant,
    /// The safety thread's turns at the last beat.
    turns: Option<u32>,
    hangs: bool,
    ready: bool,
    status: String,
}

impl Manager {
    /// As the environment says.
    #[must_use]
    pub fn from_environment() -> Self {
        let socket = Socket::from_environment();
        let pace = socket.as_ref().and_then(|_| socket::watchdog());
        // Two beats may be lost or late.
        let pace = pace.map(|bound| (bound / 3).max(Duration::from_millis(1)));
        let now = Instant::now();
        Self {
            socket,
            pace,
            beat_at: now,
            look_at: now,
            turns: None,
            hangs: false,
            ready: false,
            status: String::new(),
        }
    }

    /// When [`look`](Self::look) is to be called next; never without a service
    /// manager.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.socket.as_ref()?;
        let beat = self.pace.map_or(self.look_at, |_| self.beat_at);
        Some(beat.min(self.look_at))
    }

    /// Whether a beat is due, for which `safety_turns` is the safety thread's
    /// count. True if that thread is to be asked for a turn.
    pub fn beat(&mut self, now: Instant, safety_turns: u32) -> bool {
        let Some(pace) = self.pace.filter(|_| self.beat_at <= now) else {
            return false;
        };
        self.beat_at = now + pace;
        let hangs = self.turns == Some(safety_turns);
        self.turns = Some(safety_turns);
        if hangs && !self.hangs {
            tracing::error!(
                "the safety thread hangs: the service manager is not told any more that this process lives"
            );
        }
        if self.hangs && !hangs {
            tracing::warn!("the safety thread turns again");
        }
        self.hangs = hangs;
        if !hangs {
            self.say("WATCHDOG=1");
        }
        true
    }

    /// Tells what has changed: that all is ready, and the state in one line.
    pub fn look(&mut self, now: Instant, facts: &Facts, outlets: &[OutletState]) {
        if self.socket.is_none() || now < self.look_at {
            return;
        }
        self.look_at = now + if self.ready { LOOK } else { SOON };
        let status = status(facts, outlets);
        if !self.ready && started(facts) {
            self.ready = self.say("READY=1");
        }
        if status != self.status && self.say(&format!("STATUS={status}")) {
            self.status = status;
        }
    }

    /// The process ends in good order.
    pub fn stopping(&mut self) {
        self.say("STOPPING=1\nSTATUS=ends in good order");
    }

    /// Whether it got through.
    fn say(&mut self, text: &str) -> bool {
        self.socket.as_mut().is_some_and(|it| it.say(text))
    }
}

/// Each component runs, or has failed once: one that cannot start must not keep
/// the charger from being ready, since that can say what is wrong.
fn started(facts: &Facts) -> bool {
    facts
        .components
        .iter()
        .all(|it| it.state == "running" || it.last_failure.is_some() || it.safe_mode.is_some())
}

/// For `systemctl status`.
fn status(facts: &Facts, outlets: &[OutletState]) -> String {
    let running = facts.components.iter().filter(|it| it.state == "running");
    let closed = outlets
        .iter()
        .filter(|it| it.contactor == ContactorState::Closed);
    let link = match facts.link.state {
        "" => "idle",
        state => state,
    };
    let faulty = outlets.iter().filter(|it| !it.faults.is_empty()).count();
    let mut text = format!(
        "link {link}; {} of {} components run; {} of {} contactors closed",
        running.count(),
        facts.components.len(),
        closed.count(),
        outlets.len(),
    );
    if faulty > 0 {
        text.push_str(&format!("; faults at {faulty}"));
    }
    if facts.storage.failing.is_some() {
        text.push_str("; the storage fails");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::board::ComponentFacts;

    /// A manager, and the service manager's end.
    fn pair(pace: Duration) -> (Manager, UnixDatagram) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("plugpoint-manager-{}-{count}", std::process::id());
        let address = SocketAddr::from_abstract_name(name).expect("an address");
        let theirs = UnixDatagram::bind_addr(&address).expect("a socket");
        theirs.set_nonblocking(true).expect("non-blocking");
        let manager = Manager {
            socket: Some(Socket::to(address).expect("a socket")),
            pace: Some(pace),
            ..Manager::from_environment()
        };
        (manager, theirs)
    }

    fn said(socket: &UnixDatagram) -> Vec<String> {
        let mut bytes = [0; 256];
        std::iter::from_fn(|| {
            socket
                .recv(&mut bytes)
                .ok()
                .map(|count| bytes[..count].to_vec())
        })
        .map(|it| String::from_utf8(it).expect("text"))
        .collect()
    }

    #[test]
    fn it_beats_only_while_the_safety_thread_turns() {
        let (mut manager, socket) = pair(Duration::from_secs(10));
        let begin = manager.beat_at;
        let beats = [
            (0, 5, 1),
            (5, 6, 0),
            (10, 6, 1),
            (20, 6, 0),
            (30, 6, 0),
            (40, 7, 1),
        ];
        for (second, turns, expected) in beats {
            let at = begin + Duration::from_secs(second);
            let asked = manager.beat(at, turns);
            assert_eq!(said(&socket).len(), expected, "at {second} s");
            assert_eq!(asked, second != 5, "at {second} s");
        }
    }

    #[test]
    fn it_is_ready_when_each_component_has_started_or_failed() {
        let (mut manager, socket) = pair(Duration::from_secs(10));
        let mut now = manager.look_at;
        let mut facts = Facts::default();
        for _ in 0..2 {
            facts.components.push(ComponentFacts {
                state: "waiting",
                ..ComponentFacts::default()
            });
        }
        facts.components[0].state = "running";
        manager.look(now, &facts, &[]);
        assert_eq!(
            said(&socket),
            ["STATUS=link idle; 1 of 2 components run; 0 of 0 contactors closed"]
        );
        facts.components[1].last_failure = Some("trap".into());
        manager.look(now, &facts, &[]);
        assert!(said(&socket).is_empty(), "too soon");
        now += SOON;
        manager.look(now, &facts, &[]);
        assert_eq!(said(&socket), ["READY=1"]);
        now += LOOK;
        manager.look(now, &facts, &[]);
        assert!(said(&socket).is_empty(), "said once");
        manager.stopping();
        assert!(said(&socket)[0].starts_with("STOPPING=1\n"));
    }
}
