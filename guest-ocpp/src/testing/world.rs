//! The world: it owns the time, carries out actions and delivers events.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::central::{CentralSystem, Reply};
use super::flash::Flash;
use super::outlet::SimOutlet;
use super::policy;
use crate::Charger;
use crate::host::{
    Action, Boot, BootReason, Cable, ClockTrust, Connect, Deadline, Decision, Dropped, Event,
    Fault, FaultKind, Frame, Level, LinkDown, LinkFailure, LinkState, LinkUp, LockMoved, Log,
    MeterRead, Now, Observed, OutletEvent, Response, Setting, Stamp, Station, Timer, TokenRead,
};

/// 2026-11-22T12:00:00Z, when the first boot is 100 s old.
const NOON_MS: i64 = 1_795_348_800_000;

/// How a world begins.
#[derive(Debug, Clone)]
pub struct Settings {
    /// One per outlet.
    pub cables: Vec<Cable>,
    /// The `[ocpp]` section.
    pub ocpp: Vec<(String, String)>,
    /// The instance is thrown away after every event.
    pub amnesia: bool,
    /// The board has a clock that knows the time.
    pub has_clock: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cables: vec![Cable::Fixed],
            ocpp: Vec::new(),
            amnesia: false,
            has_clock: true,
        }
    }
}

/// A call of the charger, as the central system got it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// Virtual time since the world began.
    pub at_ms: u64,
    /// Message id.
    pub id: String,
    /// Which message.
    pub action: String,
    /// Its payload.
    pub payload: Value,
}

#[derive(Debug, Default)]
struct Journal(RefCell<Vec<String>>);

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
    /// Every answer of the charger, by message id.
    pub answers: BTreeMap<String, Value>,
    /// What the control API would show.
    pub shown: BTreeMap<(u32, String), String>,
    /// What policies would observe.
    pub observed: Vec<Observed>,
    /// How often the charger asked for a restart.
    pub restarts: u32,
    /// The network is there.
    pub online: bool,
    /// Events handled so far.
    pub events: u64,
    /// The power fails behind this many events, before (false) or behind
    /// (true) the actions of the last one.
    pub cut_at: Option<(u64, bool)>,
    /// How the link was last asked for.
    pub connect: Option<Connect>,
    /// Decisions for tokens, before the standard's rules.
    pub verdicts: BTreeMap<String, crate::host::Verdict>,
    settings: Settings,
    charger: Option<Charger>,
    boot_id: u64,
    wall_offset: i64,
    trust: ClockTrust,
    timers: BTreeMap<String, Deadline>,
    inbox: VecDeque<Event>,
    to_central: VecDeque<(u64, u32, String)>,
    to_charger: VecDeque<(u64, u32, String)>,
    link: Option<u32>,
    links: u32,
    dial_at: Option<u64>,
    calls: u64,
    seen: usize,
    journal: Journal,
}

impl World {
    /// Powers a charger up.
    pub fn new(settings: Settings) -> Self {
        let outlets = (1..)
            .zip(&settings.cables)
            .map(|(number, cable)| SimOutlet::new(number, *cable))
            .collect();
        let mut world = Self {
            ms: 100_000,
            central: CentralSystem::default(),
            outlets,
            flash: Flash::default(),
            sent: Vec::new(),
            answers: BTreeMap::new(),
            shown: BTreeMap::new(),
            observed: Vec::new(),
            restarts: 0,
            online: true,
            events: 0,
            cut_at: None,
            connect: None,
            verdicts: BTreeMap::new(),
            trust: if settings.has_clock {
                ClockTrust::Board
            } else {
                ClockTrust::Unset
            },
            settings,
            charger: None,
            boot_id: 7,
            wall_offset: NOON_MS - 100_000,
            timers: BTreeMap::new(),
            inbox: VecDeque::new(),
            to_central: VecDeque::new(),
            to_charger: VecDeque::new(),
            link: None,
            links: 0,
            dial_at: None,
            calls: 0,
            seen: 0,
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

    fn stamp(&self) -> Stamp {
        Stamp {
            boot_id: self.boot_id,
            monotonic_ms: self.ms,
        }
    }

    fn now(&self) -> Now {
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

    fn start(&mut self, reason: BootReason, dropped: Option<Dropped>) {
        let random = (self.ms << 20 | self.events).wrapping_mul(0x9e37_79b9_7f4a_7c15);
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
            services: vec!["clock@1".to_owned()],
            link: match (self.link, &self.connect) {
                (Some(link), _) => LinkState::Up(link_up(link)),
                (None, Some(_)) => LinkState::Down,
                (None, None) => LinkState::Idle,
            },
            outlets: self
                .outlets
                .iter()
                .map(|outlet| outlet.snapshot(self.stamp()))
                .collect(),
            timers: self
                .timers
                .iter()
                .map(|(name, deadline)| Timer {
                    name: name.clone(),
                    deadline: *deadline,
                })
                .collect(),
            unanswered_requests: Vec::new(),
            unanswered_decisions: self.pending_decisions(),
            dropped,
        };
        let (charger, actions) = Charger::start(&boot, &self.flash, &self.journal);
        self.charger = Some(charger);
        self.commit_and_run(actions);
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
        self.flash.fail();
        self.timers.clear();
        self.inbox.clear();
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

    /// Number of the link that is up.
    pub fn link(&self) -> Option<u32> {
        self.link
    }

    fn drop_link(&mut self) {
        self.link = None;
        self.to_central.clear();
        self.to_charger.clear();
    }

    /// The network goes or comes.
    pub fn set_online(&mut self, online: bool) {
        self.online = online;
        if online {
            self.dial_at = self.connect.as_ref().map(|_| self.ms);
        } else {
            self.cut_link(LinkFailure::Closed);
            self.dial_at = None;
        }
        self.run(0);
    }

    /// The link drops, and is dialled again after a second.
    pub fn cut_link(&mut self, failure: LinkFailure) {
        if let Some(link) = self.link {
            self.drop_link();
            self.dial_at = Some(self.ms + 1_000);
            self.inbox.push_back(Event::LinkDown(LinkDown {
                link,
                target: 0,
                failure,
                http_status: None,
                text: "cut".to_owned(),
                again_in_ms: Some(1_000),
            }));
        }
    }

    /// A car comes.
    pub fn plug(&mut self, outlet: u32) {
        let at = self.stamp();
        let events = self.outlet(outlet).plug(at);
        self.tell(events);
    }

    /// The car goes, with the cable.
    pub fn unplug(&mut self, outlet: u32) {
        let at = self.stamp();
        let events = self.outlet(outlet).unplug(at, true);
        self.tell(events);
    }

    /// The cable is taken out of the car, and stays in the socket.
    pub fn unplug_car(&mut self, outlet: u32) {
        let at = self.stamp();
        let events = self.outlet(outlet).unplug(at, false);
        self.tell(events);
    }

    /// The car pauses or goes on.
    pub fn set_wants(&mut self, outlet: u32, wants: bool) {
        let at = self.stamp();
        let events = self.outlet(outlet).set_wants(at, wants);
        self.tell(events);
    }

    /// Something breaks, or is repaired.
    pub fn set_fault(&mut self, outlet: u32, kind: Option<FaultKind>) {
        let at = self.stamp();
        let fault = kind.map(|kind| Fault {
            kind,
            text: String::new(),
        });
        let events = self.outlet(outlet).set_fault(at, fault);
        self.tell(events);
    }

    /// A card at the one reader, which serves all outlets.
    pub fn card(&mut self, tag: &str) {
        let outlets = self
            .outlets
            .iter()
            .map(|outlet| outlet.state.outlet)
            .collect();
        let at = self.stamp();
        self.inbox.push_back(Event::Token(TokenRead {
            reader: "reader".to_owned(),
            token: tag.to_owned(),
            outlets,
            at,
        }));
        self.run(0);
    }

    /// Any event.
    pub fn push(&mut self, event: Event) {
        self.inbox.push_back(event);
        self.run(0);
    }

    /// A frame of the central system, as it stands.
    pub fn frame(&mut self, text: &str) {
        if let Some(link) = self.link {
            self.to_charger.push_back((self.ms, link, text.to_owned()));
        }
        self.run(0);
    }

    fn tell(&mut self, events: Vec<OutletEvent>) {
        self.inbox.extend(events.into_iter().map(Event::Outlet));
        self.run(0);
    }

    /// One outlet, by its number.
    pub fn outlet(&mut self, number: u32) -> &mut SimOutlet {
        &mut self.outlets[number as usize - 1]
    }

    /// A call of the central system, and the answer to it within 30 s: its
    /// payload, or the code of the error.
    pub fn call(&mut self, action: &str, payload: Value) -> Value {
        self.calls += 1;
        let id = format!("cs-{}", self.calls);
        self.frame(&json!([2, id, action, payload]).to_string());
        for _ in 0..300 {
            if let Some(answer) = self.answers.get(&id) {
                return answer.clone();
            }
            self.run(100);
        }
        Value::Null
    }

    /// Lets the time pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.ms + ms;
        let (mut at, mut here) = (self.ms, 0);
        loop {
            while let Some(event) = self.inbox.pop_front() {
                // A charger that keeps itself busy without any time passing.
                here = if at == self.ms { here + 1 } else { 0 };
                at = self.ms;
                assert!(
                    here < 2_000,
                    "{event:?} again and again at {at}; {:?}",
                    self.timers
                );
                self.handle(event);
            }
            let next = self.next_due().filter(|next| *next <= end);
            let Some(next) = next else { break };
            self.ms = self.ms.max(next);
            self.deliver_due();
        }
        self.ms = self.ms.max(end);
    }

    fn next_due(&self) -> Option<u64> {
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
            .min()
    }

    fn due_of(&self, deadline: Deadline) -> Option<u64> {
        match deadline {
            Deadline::Monotonic(at) => Some(at),
            Deadline::Wall(at) => (self.trust != ClockTrust::Unset)
                .then(|| u64::try_from(at - self.wall_offset).unwrap_or(0)),
        }
    }

    fn deliver_due(&mut self) {
        let at = self.stamp();
        let ms = self.ms;
        for outlet in &mut self.outlets {
            self.inbox
                .extend(outlet.tick(at).into_iter().map(Event::Outlet));
        }
        if self.to_central.front().is_some_and(|(at, ..)| *at <= ms)
            && let Some((_, link, text)) = self.to_central.pop_front()
        {
            self.central_got(link, &text);
        }
        if self.to_charger.front().is_some_and(|(at, ..)| *at <= ms)
            && let Some((_, link, text)) = self.to_charger.pop_front()
        {
            self.inbox.push_back(Event::Frame(Frame { link, text }));
        }
        if self.dial_at.is_some_and(|at| at <= ms) {
            self.dial_at = None;
            if self.online && self.connect.is_some() && self.link.is_none() {
                self.links += 1;
                self.link = Some(self.links);
                self.inbox.push_back(Event::LinkUp(link_up(self.links)));
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
    }

    fn central_got(&mut self, link: u32, text: &str) {
        let frame: Value = serde_json::from_str(text).expect("the charger sends JSON");
        let id = frame[1].as_str().expect("a message id").to_owned();
        match frame[0].as_i64() {
            Some(2) => {
                let action = frame[2].as_str().expect("an action").to_owned();
                let payload = frame[3].clone();
                let reply = self.central.answer(&id, &action, &payload, self.unix_ms());
                self.sent.push(Sent {
                    at_ms: self.ms,
                    id: id.clone(),
                    action,
                    payload,
                });
                let text = match reply {
                    Reply::Result(result) => json!([3, id, result]).to_string(),
                    Reply::Error(code) => json!([4, id, code, "", {}]).to_string(),
                    Reply::Silence => return,
                };
                self.to_charger
                    .push_back((self.ms + self.central.latency_ms, link, text));
            }
            Some(3) => {
                self.answers.insert(id, frame[2].clone());
            }
            Some(4) => {
                self.answers.insert(id, frame[2].clone());
            }
            other => panic!("message type {other:?}"),
        }
    }

    fn handle(&mut self, event: Event) {
        if self.settings.amnesia {
            self.replace_instance(BootReason::Recovery, None);
        }
        let now = self.now();
        let Some(charger) = self.charger.as_mut() else {
            return;
        };
        let actions = charger.handle(now, event, &self.flash, &self.journal);
        self.events += 1;
        self.commit_and_run(actions);
    }

    fn commit_and_run(&mut self, actions: Vec<Action>) {
        let mut kept = Vec::new();
        let mut forgotten = Vec::new();
        let mut others = Vec::new();
        for action in actions {
            match action {
                Action::Keep(entry) => kept.push(entry),
                Action::Forget(key) => forgotten.push(key),
                other => others.push(other),
            }
        }
        self.flash.apply(kept, forgotten);
        let cut = self.cut_at.filter(|(events, _)| *events <= self.events);
        if let Some((_, false)) = cut {
            self.cut_at = None;
            return self.power_cycle();
        }
        for action in others {
            self.act(action);
        }
        if let Some((_, true)) = cut {
            self.cut_at = None;
            self.power_cycle();
        }
    }

    fn act(&mut self, action: Action) {
        let at = self.stamp();
        match action {
            Action::Keep(_) | Action::Forget(_) | Action::Indicate(_) | Action::InService(_) => {}
            Action::Connect(connect) => {
                if self.connect.as_ref() != Some(&connect) {
                    if self.link.is_some() {
                        self.flush_link();
                        self.cut_link(LinkFailure::Ours);
                    }
                    self.connect = Some(connect);
                    self.dial_at = self.online.then_some(self.ms);
                }
            }
            Action::Disconnect(_) => {
                self.flush_link();
                self.cut_link(LinkFailure::Ours);
            }
            Action::Send(frame) => {
                if self.link == Some(frame.link) {
                    self.to_central
                        .push_back((self.ms + 1, frame.link, frame.text));
                }
            }
            Action::SetTimer(timer) => {
                self.timers.insert(timer.name, timer.deadline);
            }
            Action::CancelTimer(name) => {
                self.timers.remove(&name);
            }
            Action::Permit(permit) => {
                let outlet = permit.outlet;
                self.outlet(outlet).permit(at, permit);
            }
            Action::Revoke(outlet) => self.outlet(outlet).revoke(at),
            Action::MoveLock(lock) => {
                let state = self.outlet(lock.outlet).move_lock(lock.locked);
                self.inbox.push_back(Event::LockMoved(LockMoved {
                    id: lock.id,
                    outlet: lock.outlet,
                    state,
                }));
            }
            Action::Show(shown) => {
                self.shown.insert((shown.outlet, shown.name), shown.value);
            }
            Action::ReadMeter(request) => {
                self.outlet(request.outlet).tick(at);
                let reading = Some(self.outlet(request.outlet).reading(at));
                self.inbox.push_back(Event::Meter(MeterRead {
                    id: request.id,
                    outlet: request.outlet,
                    reading,
                }));
            }
            Action::Decide(decide) => {
                let verdict = self.verdicts.get(&decide.request.token).cloned();
                let verdict = verdict.unwrap_or_else(|| policy::decide(&decide.request));
                self.inbox.push_back(Event::Decided(Decision {
                    id: decide.id,
                    verdict,
                    by: "standard".to_owned(),
                    why: "the rules".to_owned(),
                }));
            }
            Action::Observe(observed) => self.observed.push(observed),
            Action::Request(request) => {
                if let Ok(body) = serde_json::from_str::<Value>(&request.body)
                    && let Some(unix_ms) = body["unix_ms"].as_i64()
                {
                    let before = self.wall_offset;
                    self.wall_offset = unix_ms - self.ms as i64;
                    self.trust = ClockTrust::Set;
                    self.inbox
                        .push_back(Event::ClockStepped(self.wall_offset - before));
                }
                self.inbox.push_back(Event::Response(Response {
                    id: request.id,
                    outcome: Ok("{}".to_owned()),
                }));
            }
            Action::Restart(_) => self.restart(),
        }
    }

    /// What was sent is out before the link is closed.
    fn flush_link(&mut self) {
        let out: Vec<_> = self.to_central.drain(..).collect();
        for (_, link, text) in out {
            self.central_got(link, &text);
        }
    }

    fn restart(&mut self) {
        self.restarts += 1;
        self.flush_link();
        self.charger = None;
        self.flash.drop_session();
        self.timers.clear();
        self.inbox.clear();
        self.drop_link();
        self.connect = None;
        let at = self.stamp();
        for outlet in &mut self.outlets {
            outlet.revoke(at);
            outlet.power_off(at.monotonic_ms);
        }
        self.start(BootReason::Restart, None);
    }

    /// The clock is set wrong, as a board without one would have it.
    pub fn shift_clock(&mut self, by_ms: i64) {
        self.wall_offset += by_ms;
        self.push(Event::ClockStepped(by_ms));
    }

    // ------------------------------------------------------------- questions

    /// Calls since the last time this was asked: `Action` or `Action(word)`,
    /// where the word is the status of a report or the reason of a stop.
    pub fn news(&mut self) -> Vec<String> {
        let news = self.sent[self.seen..].iter().map(Sent::short).collect();
        self.seen = self.sent.len();
        news
    }

    /// All calls of one kind.
    pub fn all(&self, action: &str) -> Vec<&Sent> {
        self.sent
            .iter()
            .filter(|sent| sent.action == action)
            .collect()
    }

    /// The last call of one kind.
    pub fn last(&self, action: &str) -> &Sent {
        self.all(action)
            .last()
            .copied()
            .unwrap_or_else(|| panic!("no {action} was sent"))
    }

    /// What the control API shows.
    pub fn shows(&self, outlet: u32, name: &str) -> &str {
        self.shown
            .get(&(outlet, name.to_owned()))
            .map_or("", String::as_str)
    }

    /// What a technician could read so far.
    pub fn log(&self) -> Vec<String> {
        self.journal.0.borrow().clone()
    }
}

impl Sent {
    fn short(&self) -> String {
        let action = &self.action;
        match action.as_str() {
            "StatusNotification" => format!(
                "Status({},{})",
                self.payload["connectorId"],
                word(&self.payload["status"])
            ),
            "StopTransaction" => format!("Stop({})", word(&self.payload["reason"])),
            "StartTransaction" => format!("Start({})", word(&self.payload["idTag"])),
            "Authorize" => format!("Authorize({})", word(&self.payload["idTag"])),
            "BootNotification" => "Boot".to_owned(),
            _ => action.clone(),
        }
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

fn link_up(link: u32) -> LinkUp {
    LinkUp {
        link,
        target: 0,
        subprotocol: "ocpp1.6".to_owned(),
    }
}
