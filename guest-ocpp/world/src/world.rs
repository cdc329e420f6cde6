//! The world: it owns the time, carries out actions and delivers events.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::central::CentralSystem;
use super::depot::{self, Depot, Effect};
use super::flash::Flash;
use super::outlet::SimOutlet;
use super::settings::Settings;
use super::tamper::Tamper;
use super::watch::Watch;
use plugpoint_guest::protocol::{
    Boot, BootReason, ClockTrust, Connect, Deadline, Dropped, Event, Frame, Level, LinkFailure,
    LinkState, Log, Now, Observed, OutletState, Request, Response, SessionEnd, Setting, Stamp,
    Station, Timer,
};
use plugpoint_ocpp_v16::Charger;

/// 2026-11-22T12:00:00Z, when the first boot is 100 s old.
const NOON_MS: i64 = 1_795_348_800_000;

/// A call of the charger, as the central system got it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// Virtual time since the world began.
    pub at_ms: u64,
    /// Unix time by the central system's own clock.
    pub unix_ms: i64,
    /// Message id.
    pub id: String,
    /// Which message.
    pub action: String,
    /// Its payload.
    pub payload: Value,
    /// How many calls of the central system the charger had answered before.
    pub behind_answers: usize,
    /// When the charger got an answer.
    pub answered_ms: Option<u64>,
    /// The payload of the answer, unless that was an error.
    pub answer: Option<Value>,
}

#[derive(Debug, Default)]
pub(super) struct Journal(pub(super) RefCell<Vec<String>>);

impl Log for Journal {
    fn write(&self, level: Level, message: &str) {
        self.0.borrow_mut().push(format!("{level:?}: {message}"));
    }
}

/// Everything around a charger.
#[derive(Debug)]
pub struct World {
    /// Virtual milliseconds.
    pub ms: u64,
    /// The central system.
    pub central: CentralSystem,
    /// The outlets, in the order of their numbers.
    pub outlets: Vec<SimOutlet>,
    /// The entries.
    pub flash: Flash,
    /// Every call of the charger.
    pub sent: Vec<Sent>,
    /// The descriptions of the charger's CALLERRORs.
    pub errors: Vec<String>,
    /// Every answer of the charger, by message id.
    pub answers: BTreeMap<String, Value>,
    /// What the control API would show.
    pub shown: BTreeMap<(u32, String), String>,
    /// What policies would observe.
    pub observed: Vec<Observed>,
    /// Sessions that the host has ended, and that are not concluded.
    pub session_ends: Vec<SessionEnd>,
    /// How each outlet is lit, and how brightly.
    pub looks: BTreeMap<u32, (plugpoint_guest::protocol::Look, u8, u32)>,
    /// What was shown for a moment: which outlet, and whether a card was
    /// accepted or refused.
    pub blinked: Vec<(u32, plugpoint_guest::protocol::Look)>,
    /// How often the charger asked for a restart.
    pub restarts: u32,
    /// The host does not carry them out.
    pub ignores_restarts: bool,
    /// The network is there.
    pub online: bool,
    /// Events handled so far.
    pub events: u64,
    /// The power fails behind this many events, before (false) or behind
    /// (true) the actions of the last one.
    pub cut_at: Option<(u64, bool)>,
    /// A mistake that the charger makes on purpose.
    pub tamper: Option<Tamper>,
    /// The last stop that was told, for mistakes with it.
    pub(super) told_stop: Option<String>,
    /// Grants of outlets that were kept last, for mistakes with them.
    pub(super) old_grants: BTreeMap<String, String>,
    /// The rules that hold at every moment.
    pub watch: Watch,
    /// How the link was last asked for.
    pub connect: Option<Connect>,
    /// The passwords of its targets, as they were then.
    pub passwords: Vec<Option<Vec<u8>>>,
    /// Targets of it that the central system turns away.
    pub turned_away: Vec<u32>,
    pub(super) target: u32,
    /// Frames vanish, and nobody knows of it until then.
    pub(super) deaf_until: Option<u64>,
    /// The host's services for files.
    pub depot: Depot,
    /// Services that answer when a test lets them, beside the clock.
    pub services: Vec<String>,
    /// Requests to those services that are not answered yet, by id.
    pub requests: BTreeMap<u32, Request>,
    /// Decisions for tokens, before the standard's rules.
    pub verdicts: BTreeMap<String, plugpoint_guest::protocol::Verdict>,
    pub(super) settings: Settings,
    pub(super) charger: Option<Charger>,
    pub(super) boot_id: u64,
    pub(super) wall_offset: i64,
    pub(super) trust: ClockTrust,
    pub(super) timers: BTreeMap<String, Deadline>,
    pub(super) inbox: VecDeque<Event>,
    /// Outlets as they were when a car left of which no instance has heard.
    pub(super) unheard: BTreeMap<u32, OutletState>,
    /// Nothing is delivered: what happens waits, in its order.
    pub held: bool,
    /// Each permit that came into force: session, outlet, how many cars had left it.
    pub permits: Vec<(u64, u32, u64)>,
    /// Session of the permit that a call took back which could not be stored.
    pub(super) taken_back: BTreeMap<u32, u64>,
    pub(super) to_central: VecDeque<(u64, u32, String)>,
    pub(super) to_charger: VecDeque<(u64, u32, String)>,
    pub(super) link: Option<u32>,
    pub(super) links: u32,
    pub(super) dial_at: Option<u64>,
    /// When what is kept lazily reaches the flash.
    pub(super) sync_at: Option<u64>,
    pub(super) calls: u64,
    pub(super) seen: usize,
    pub(super) starts: u64,
    pub(super) failed_starts: u32,
    pub(super) journal: Journal,
}

impl World {
    /// Powers a charger up.
    pub fn new(settings: Settings) -> Self {
        let outlets = (1..)
            .zip(&settings.cables)
            .map(|(number, cable)| SimOutlet::new(number, *cable))
            .collect();
        let wall_offset = NOON_MS - 100_000 + settings.clock_off_ms;
        let mut world = Self {
            ms: 100_000,
            central: CentralSystem::default(),
            outlets,
            flash: Flash::default(),
            sent: Vec::new(),
            errors: Vec::new(),
            answers: BTreeMap::new(),
            shown: BTreeMap::new(),
            observed: Vec::new(),
            session_ends: Vec::new(),
            looks: BTreeMap::new(),
            blinked: Vec::new(),
            restarts: 0,
            ignores_restarts: false,
            online: true,
            events: 0,
            cut_at: None,
            tamper: None,
            told_stop: None,
            old_grants: BTreeMap::new(),
            watch: Watch::default(),
            connect: None,
            passwords: Vec::new(),
            turned_away: Vec::new(),
            target: 0,
            deaf_until: None,
            depot: Depot::default(),
            services: Vec::new(),
            requests: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            trust: if settings.has_clock {
                ClockTrust::Board
            } else {
                ClockTrust::Unset
            },
            settings,
            charger: None,
            boot_id: 7,
            wall_offset,
            timers: BTreeMap::new(),
            inbox: VecDeque::new(),
            unheard: BTreeMap::new(),
            held: false,
            permits: Vec::new(),
            taken_back: BTreeMap::new(),
            to_central: VecDeque::new(),
            to_charger: VecDeque::new(),
            link: None,
            links: 0,
            dial_at: None,
            sync_at: None,
            calls: 0,
            seen: 0,
            starts: 0,
            failed_starts: 0,
            journal: Journal::default(),
        };
        world.start(BootReason::PowerUp, None);
        world
    }

    /// A world with one tethered outlet, booted and idle.
    pub fn booted() -> Self {
        let mut world = Self::new(Settings::default());
        world.run(1_000);
        world
    }

    pub(super) fn stamp(&self) -> Stamp {
        Stamp {
            boot_id: self.boot_id,
            monotonic_ms: self.ms,
        }
    }

    pub(super) fn now(&self) -> Now {
        let wall_ms = (self.trust != ClockTrust::Unset).then(|| self.ms as i64 + self.wall_offset);
        Now {
            at: self.stamp(),
            wall_ms,
            trust: self.trust,
        }
    }

    /// The true time, Unix ms.
    pub fn unix_ms(&self) -> i64 {
        NOON_MS - 100_000 + self.ms as i64
    }

    pub(super) fn start(&mut self, reason: BootReason, dropped: Option<Dropped>) {
        self.starts += 1;
        let (outlets, follow) = self.outlets_for_boot();
        let random = self.starts.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let boot = Boot {
            now: self.now(),
            reason,
            entry_schema: 1,
            random: [random.to_le_bytes(), (random ^ self.boot_id).to_le_bytes()].concat(),
            station: Station {
                id: "CP001".to_owned(),
                vendor: "Plugpoint".to_owned(),
                model: "Test".to_owned(),
                central_system_url: "ws://127.0.0.1:9000/ocpp".to_owned(),
                ..Station::default()
            },
            settings: self
                .settings
                .ocpp
                .iter()
                .map(|(name, value)| Setting {
                    name: name.clone(),
                    value: value.clone(),
                })
                .collect(),
            services: self.all_services(),
            link: match (self.link, &self.connect) {
                (Some(link), _) => LinkState::Up(self.link_up(link)),
                (None, Some(_)) => LinkState::Down,
                (None, None) => LinkState::Idle,
            },
            outlets,
            timers: self
                .timers
                .iter()
                .map(|(name, deadline)| Timer {
                    name: name.clone(),
                    deadline: *deadline,
                })
                .collect(),
            unanswered_requests: self.pending_requests(),
            unanswered_decisions: self.pending_decisions(),
            session_ends: self.session_ends.clone(),
            dropped,
        };
        let (charger, actions) =
            Charger::start(self.settings.build, &boot, &self.flash, &self.journal);
        self.charger = Some(charger);
        let before = self.starts;
        if !self.commit_and_run(actions) {
            self.failed_starts += 1;
            assert!(
                self.failed_starts < 5,
                "it does not start without keeping anything"
            );
            return self.start(reason, Some(unkept("start", "")));
        }
        self.failed_starts = 0;
        // Unless the power was cut in the middle of it.
        if self.starts == before {
            self.unheard.clear();
            for event in follow.into_iter().rev() {
                self.inbox.push_front(event);
            }
        }
    }

    fn pending_requests(&self) -> Vec<u32> {
        let answered = self.inbox.iter().filter_map(|event| match event {
            Event::Response(response) => Some(response.id),
            _ => None,
        });
        let open = self.requests.keys().copied().chain(self.depot.open());
        answered.chain(open).collect()
    }

    fn all_services(&self) -> Vec<String> {
        let of_files = depot::SERVICES.iter().filter(|_| self.settings.has_files);
        let all = std::iter::once(&"clock@1").chain(of_files);
        let all = all.map(|name| (*name).to_owned());
        all.chain(self.services.iter().cloned()).collect()
    }

    fn pending_decisions(&self) -> Vec<u32> {
        let decided = self.inbox.iter().filter_map(|event| match event {
            Event::Decided(decision) => Some(decision.id),
            _ => None,
        });
        decided.collect()
    }

    /// The power fails and comes back 2 s later.
    pub fn power_cycle(&mut self) {
        self.power_off();
        self.power_on();
    }

    /// The power fails.
    pub fn power_off(&mut self) {
        self.charger = None;
        self.catch_up();
        self.sync_at = None;
        self.flash.fail();
        self.watch.power_gone(self.ms);
        self.timers.clear();
        self.inbox.clear();
        self.requests.clear();
        self.depot.power_off();
        self.unheard.clear();
        self.taken_back.clear();
        self.drop_link();
        self.connect = None;
        self.dial_at = None;
        self.shown.clear();
        for outlet in &mut self.outlets {
            outlet.power_off(self.ms);
        }
        if !self.settings.has_clock {
            self.trust = ClockTrust::Unset;
        }
    }

    /// The power comes back.
    pub fn power_on(&mut self) {
        self.ms += 2_000;
        self.boot_id += 1;
        self.start(BootReason::PowerUp, None);
    }

    /// Another instance takes over, as after a swap or a failure.
    pub fn replace_instance(&mut self, reason: BootReason, dropped: Option<Dropped>) {
        self.charger = None;
        self.start(reason, dropped);
    }

    /// Lets the time pass.
    pub fn run(&mut self, ms: u64) {
        if self.held {
            return;
        }
        let end = self.ms + ms;
        let (mut at, mut here) = (self.ms, 0);
        loop {
            while !self.inbox.is_empty() {
                // Nobody starts in the dark.
                if self.settings.amnesia && self.charger.is_some() {
                    self.replace_instance(BootReason::Recovery, None);
                }
                let Some(event) = self.inbox.pop_front() else {
                    break;
                };
                // A charger that keeps itself busy without any time passing.
                here = if at == self.ms { here + 1 } else { 0 };
                at = self.ms;
                assert!(
                    here < 2_000,
                    "{event:?} again and again at {at}; {:?}",
                    self.timers
                );
                self.handle(event);
                self.look_at_contactors();
            }
            let next = self.next_due().filter(|next| *next <= end);
            let Some(next) = next else { break };
            self.ms = self.ms.max(next);
            self.deliver_due();
            self.look_at_contactors();
        }
        self.ms = self.ms.max(end);
        self.catch_up();
    }

    /// When something happens by itself next.
    pub fn next_due(&self) -> Option<u64> {
        let timers = self
            .timers
            .values()
            .filter_map(|deadline| self.due_of(*deadline));
        let outlets = self.outlets.iter().filter_map(SimOutlet::next_due);
        let frames = self
            .to_central
            .front()
            .into_iter()
            .chain(self.to_charger.front())
            .map(|(at, ..)| *at);
        timers
            .chain(outlets)
            .chain(frames)
            .chain(self.dial_at)
            .chain(self.deaf_until)
            .chain(self.depot.next_due())
            .min()
    }

    pub(super) fn due_of(&self, deadline: Deadline) -> Option<u64> {
        match deadline {
            Deadline::Monotonic(at) => Some(at),
            Deadline::Wall(at) => (self.trust != ClockTrust::Unset)
                .then(|| u64::try_from(at - self.wall_offset).unwrap_or(0)),
        }
    }

    fn deliver_due(&mut self) {
        let at = self.stamp();
        let ms = self.ms;
        self.watch.look(ms, &self.outlets);
        if self.deaf_until.is_some_and(|at| at <= ms) {
            self.cut_link(LinkFailure::Silent);
        }
        for outlet in &mut self.outlets {
            self.inbox
                .extend(outlet.tick(at).into_iter().map(Event::Outlet));
            self.inbox
                .extend(outlet.lock_moved(ms).map(Event::LockMoved));
        }
        if self.to_central.front().is_some_and(|(at, ..)| *at <= ms)
            && let Some((_, link, text)) = self.to_central.pop_front()
        {
            self.central_got(link, &text);
        }
        if self.to_charger.front().is_some_and(|(at, ..)| *at <= ms)
            && let Some((_, link, text)) = self.to_charger.pop_front()
        {
            if let Ok(Value::Array(frame)) = serde_json::from_str(&text) {
                let id = frame.get(1).and_then(Value::as_str).unwrap_or_default();
                let answer = frame.get(2).unwrap_or(&Value::Null);
                // Nobody listens to an answer that comes too late.
                if self.watch.is_awaited(ms, id) {
                    self.note_refusal(id, answer);
                }
                self.watch.answered(ms, id, answer);
                self.note_answer(&frame);
            }
            self.inbox.push_back(Event::Frame(Frame { link, text }));
        }
        if self.dial_at.is_some_and(|at| at <= ms) {
            self.dial_at = None;
            if self.online && self.link.is_none() {
                self.dial();
            }
        }
        let due: Vec<String> = self
            .timers
            .iter()
            .filter(|(_, deadline)| self.due_of(**deadline).is_some_and(|at| at <= ms))
            .map(|(name, _)| name.clone())
            .collect();
        for name in due {
            if let Some(deadline) = self.timers.remove(&name) {
                self.inbox.push_back(Event::Timer(Timer { name, deadline }));
            }
        }
        for effect in self.depot.tick(ms) {
            self.undergo(effect);
        }
    }

    fn undergo(&mut self, effect: Effect) {
        match effect {
            Effect::Respond(id, outcome) => {
                let response = Response { id, outcome };
                self.inbox.push_back(Event::Response(response));
            }
            Effect::Swap => self.replace_instance(BootReason::Swap, None),
            Effect::Rollback => self.replace_instance(BootReason::Rollback, None),
            Effect::Reboot => self.power_cycle(),
        }
    }

    fn handle(&mut self, event: Event) {
        let now = self.now();
        let (event_name, head) = match &event {
            Event::Frame(frame) => ("frame", frame.text.chars().take(100).collect()),
            Event::Token(_) => ("token", String::new()),
            Event::Decided(_) => ("decided", String::new()),
            Event::Outlet(_) => ("outlet", String::new()),
            _ => ("other", String::new()),
        };
        let Some(charger) = self.charger.as_mut() else {
            return;
        };
        let outlet = match &event {
            Event::Outlet(event) => Some(event.clone()),
            _ => None,
        };
        let actions = charger.handle(now, event, &self.flash, &self.journal);
        self.events += 1;
        if !self.commit_and_run(actions) {
            if event_name == "frame" {
                self.watch.answer_lost();
            }
            // As if it had never been delivered: `boot` shows what came of it.
            self.inbox.extend(outlet.map(Event::Outlet));
            self.replace_instance(BootReason::Recovery, Some(unkept(event_name, &head)));
        }
    }
}

fn unkept(event: &str, head: &str) -> Dropped {
    Dropped {
        event: event.to_owned(),
        id: 1,
        head: head.to_owned(),
        failure: "storage".to_owned(),
    }
}
