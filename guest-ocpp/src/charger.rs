//! The charge point: all its parts, and the two functions that the host calls.
//! What each part does is in its own file, as further methods.

use std::mem;

use crate::authorization::Wishes;
use crate::availability::Availability;
use crate::clock::Clock;
use crate::config::Config;
use crate::heartbeat::Heartbeat;
use crate::host::{
    Action, Boot, Connect, Durability, Entries, Event, LinkState, Log, Now, Shown, Stamp, Station,
    Timer,
};
use crate::kept::{Cell, unpack};
use crate::link;
use crate::message_id::MessageIds;
use crate::outbox::Outbox;
use crate::outlet::{Grant, Outlet};
use crate::packed::packed;
use crate::password;
use crate::queue::{Queue, StopReason};
use crate::registration::Registration;
use crate::schema::{self, Form};
use crate::status::Report;
use crate::storage::Unkept;
use crate::timers::{self, Timers};
use crate::trial::Trial;
use crate::turn::Turn;

/// How often the parts may set each other off within one call.
const MOST_ROUNDS: u32 = 8;

/// Remembered of the charger as a whole until the next power-up or restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Desk {
    /// A card that was accepted before it was clear for which outlet.
    pub(crate) grant: Option<(Grant, Vec<u32>)>,
    pub(crate) reset: Option<PendingReset>,
    /// The next point of the clock-aligned grid, Unix ms.
    pub(crate) next_aligned: Option<i64>,
    /// What was told of connector 0.
    pub(crate) said: Option<Report>,
    /// Transactions were broken off for this reason, and are still to be ended.
    pub(crate) interrupted: Option<StopReason>,
    pub(crate) unkept: Option<Unkept>,
    /// Calls that are answered once a lock has moved.
    pub(crate) unlocks: Vec<PendingUnlock>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingReset {
    pub(crate) hard: bool,
    /// Not waiting any longer for messages to get through.
    pub(crate) until: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingUnlock {
    pub(crate) message: String,
    pub(crate) link: u32,
    pub(crate) outlet: u32,
    pub(crate) until: u64,
}

/// A charge point that speaks OCPP 1.6. It is a function of its entries and
/// one event; everything it wants done is in the actions it returns.
#[derive(Debug)]
pub struct Charger {
    form: Form,
    pub(crate) station: Station,
    pub(crate) ids: MessageIds,
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) timers: Timers,
    pub(crate) password: password::Which,
    pub(crate) trial: Cell<Trial>,
    /// What the host was last told; none: it is to be told again.
    pub(crate) plan: Option<Connect>,
    pub(crate) registration: Cell<Registration>,
    pub(crate) outbox: Cell<Outbox>,
    pub(crate) queue: Queue,
    pub(crate) outlets: Vec<Outlet>,
    pub(crate) desk: Cell<Desk>,
    pub(crate) availability: Cell<Availability>,
    /// Our number of the next transaction.
    pub(crate) next_session: Cell<u64>,
    pub(crate) wishes: Cell<Wishes>,
    pub(crate) cached: Cell<u32>,
    /// Something may follow from this call beyond its answer.
    pub(crate) stirred: bool,
    /// When this instance began; what is older, `boot` has shown.
    pub(crate) since: Stamp,
    pub(crate) heartbeat: Heartbeat,
    shown: [String; 2],
}

impl Charger {
    /// A new instance, from the kept entries and the state of the world.
    pub fn start(boot: &Boot, entries: &dyn Entries, log: &dyn Log) -> (Self, Vec<Action>) {
        let mut turn = Turn::new(boot.now, entries, form_of(boot, entries), log);
        let mut charger = Self::load(&mut turn, boot);
        charger.take_up(&mut turn, boot);
        charger.stirred = true;
        charger.settle(&mut turn);
        (charger, turn.finish())
    }

    /// One event.
    pub fn handle(
        &mut self,
        now: Now,
        event: Event,
        entries: &dyn Entries,
        log: &dyn Log,
    ) -> Vec<Action> {
        let mut turn = Turn::new(now, entries, self.form, log);
        // Whatever is not a frame from the far end may set off anything.
        self.stirred = !matches!(event, Event::Frame(_));
        match event {
            Event::Frame(frame) => self.on_frame(&mut turn, frame.link, &frame.text),
            Event::LinkUp(up) => self.link_up(&mut turn, up.link, Some(up.target)),
            Event::LinkDown(down) => self.link_down(&mut turn, &down),
            Event::Timer(timer) => self.on_timer(&timer),
            Event::Outlet(event) => self.on_outlet(&mut turn, event),
            Event::Token(token) => self.on_token(&mut turn, token),
            Event::Meter(read) => self.on_meter(&mut turn, read),
            Event::LockMoved(moved) => self.on_lock_moved(&mut turn, &moved),
            Event::Decided(decision) => self.on_decided(&mut turn, decision),
            Event::Response(response) => {
                if response.outcome.is_ok() {
                    self.clock.was_set(&turn.now);
                }
            }
            Event::ClockStepped(_) => self.clock_stepped(),
            Event::Committed => self.migrate(&mut turn),
            Event::PowerFailing(left_ms) => self.power_failing(&mut turn, left_ms),
        }
        self.settle(&mut turn);
        turn.finish()
    }

    fn load(turn: &mut Turn<'_>, boot: &Boot) -> Self {
        let log = turn.log;
        let form = note_schema(turn, boot);
        let config = Config::load(turn, &boot.settings, &boot.outlets);
        let clock = Clock::load(turn, &boot.services);
        let password = password::Which::load(turn, &boot.settings);
        let timers = Timers::new(&boot.timers, boot.outlets.len());
        let queue = Queue::load(turn);
        let outlets = boot
            .outlets
            .iter()
            .map(|facts| Outlet::load(turn, facts, boot))
            .collect();
        let store = &mut turn.store;
        let heartbeat = Heartbeat::load(store, log, boot.now.at.monotonic_ms);
        Self {
            form,
            station: boot.station.clone(),
            ids: MessageIds::new(&boot.random),
            clock,
            password,
            trial: Cell::load(store, log, "trial", Durability::Durable),
            plan: None,
            registration: Cell::load(store, log, "registration", Durability::Session),
            outbox: Cell::load(store, log, "outbox", Durability::Session),
            desk: Cell::load(store, log, "desk", Durability::Session),
            availability: Cell::load(store, log, "availability", Durability::Durable),
            next_session: Cell::load(store, log, "next-session", Durability::Durable),
            wishes: Cell::load(store, log, "wishes", Durability::Session),
            cached: Cell::load(store, log, "cache-count", Durability::Lazy),
            queue,
            outlets,
            timers,
            stirred: true,
            since: boot.now.at,
            heartbeat,
            config,
            shown: Default::default(),
        }
    }

    /// Reconciles what is kept with what is the case.
    fn take_up(&mut self, turn: &mut Turn<'_>, boot: &Boot) {
        self.note_storage(turn, boot);
        if self.registration.is_accepted() {
            turn.act(Action::InService(true));
        }
        let up = match &boot.link {
            LinkState::Up(up) => Some(up),
            LinkState::Idle | LinkState::Down => {
                self.end_passed_trial(turn);
                None
            }
        };
        if self.outbox.link() != up.map(|up| up.link) {
            self.link_lost(turn);
            if let Some(up) = up {
                self.link_up(turn, up.link, Some(up.target));
            }
        }
        self.reconcile_wishes(&boot.unanswered_decisions);
        if let (Some(dropped), Some(up)) = (&boot.dropped, up)
            && dropped.event == "frame"
            && dropped.id == up.link
        {
            self.answer_dropped(turn, up.link, dropped);
        }
    }

    fn on_frame(&mut self, turn: &mut Turn<'_>, link: u32, text: &str) {
        if self.outbox.link().is_some_and(|current| link < current) {
            return;
        }
        if self.outbox.link() != Some(link) {
            // It came up while no instance could take the news.
            self.link_lost(turn);
            self.link_up(turn, link, None);
        }
        self.received(turn, link, text);
    }

    /// Lets every part draw its conclusions, then writes out what has changed.
    fn settle(&mut self, turn: &mut Turn<'_>) {
        let mut rounds = 0;
        while mem::take(&mut self.stirred) && rounds < MOST_ROUNDS {
            rounds += 1;
            self.apply_link(turn);
            if self.can_keep(turn) {
                self.try_storage(turn);
                for place in 0..self.outlets.len() {
                    self.advance(turn, place);
                }
                self.advance_charger(turn);
            }
            self.pump_wishes(turn);
            self.report(turn);
            self.pump(turn);
            self.arrange_timers(turn);
            self.show(turn);
        }
        self.advance_reset(turn);
        self.flush(turn);
        self.move_entries(turn);
    }

    /// Nobody before this build need read what it keeps any more.
    fn migrate(&mut self, turn: &mut Turn<'_>) {
        self.form = Form {
            writes: schema::NEWEST,
            moving: self.form.moving || self.form.writes < schema::NEWEST,
        };
        turn.store.set_form(self.form);
    }

    /// One slice per call, until nothing of the schema before is left.
    fn move_entries(&mut self, turn: &mut Turn<'_>) {
        if !self.form.moving {
            return;
        }
        if turn.store.move_slice() {
            self.timers
                .want(turn, timers::MIGRATION, Some(turn.ms() + 1));
            return;
        }
        let schema = self.form.writes;
        turn.store
            .write("schema".to_owned(), &schema, Durability::Durable);
        self.form.moving = false;
    }

    fn flush(&mut self, turn: &mut Turn<'_>) {
        self.clock.flush(turn);
        self.queue.flush(turn);
        for outlet in &mut self.outlets {
            outlet.flush(turn);
        }
        let store = &mut turn.store;
        self.heartbeat.flush(store);
        self.trial.flush(store);
        self.registration.flush(store);
        self.outbox.flush(store);
        self.desk.flush(store);
        self.availability.flush(store);
        self.next_session.flush(store);
        self.wishes.flush(store);
        self.cached.flush(store);
    }

    /// A number for a request, not used before.
    pub(crate) fn ticket(&mut self) -> u32 {
        (self.ids.draw() >> 32) as u32 | 1
    }

    pub(crate) fn place_of(&self, outlet: u32) -> Option<usize> {
        self.outlets.iter().position(|known| known.number == outlet)
    }

    /// The central system can be asked.
    pub(crate) fn is_online(&self) -> bool {
        self.registration.is_accepted() && self.outbox.link().is_some()
    }

    /// Connects as the configuration says now; the host sees to the rest.
    fn apply_link(&mut self, turn: &mut Turn<'_>) {
        let plan = link::plan(&self.station, &self.config, self.password, *self.trial);
        if self.plan.as_ref() != Some(&plan) {
            turn.act(Action::Connect(plan.clone()));
            self.plan = Some(plan);
        }
    }

    /// What is due is found by comparing deadlines with the time, so that it
    /// does not matter which timer rang.
    fn on_timer(&mut self, timer: &Timer) {
        self.timers.rang(&timer.name);
    }

    fn clock_stepped(&mut self) {
        self.desk.edit().next_aligned = None;
    }

    fn arrange_timers(&mut self, turn: &mut Turn<'_>) {
        let online = self.outbox.link().is_some();
        let registration = self
            .registration
            .again_at
            .filter(|_| online && !self.registration.is_accepted() && self.outbox.is_idle());
        self.timers.want(turn, timers::REGISTRATION, registration);
        let heartbeat = (online && self.registration.is_accepted()).then(|| self.heartbeat_at());
        self.timers.want(turn, timers::HEARTBEAT, heartbeat);
        self.timers.want(turn, timers::CALL, self.outbox.deadline());
        let held = self.queue.held_until(turn).filter(|_| online);
        self.timers.want(turn, timers::QUEUE, held);
        let aligned = self.aligned_deadline(turn);
        self.timers.want(turn, timers::ALIGNED, aligned);
        let desk = &*self.desk;
        let charger = [
            desk.grant.as_ref().map(|(grant, _)| grant.until),
            desk.reset.as_ref().map(|reset| reset.until),
            desk.unkept.map(|unkept| unkept.until),
            desk.unlocks.iter().map(|unlock| unlock.until).min(),
        ];
        self.timers
            .want(turn, timers::CHARGER, charger.into_iter().flatten().min());
        for place in 0..self.outlets.len() {
            let deadline = self.outlet_deadline(place);
            self.timers.want(turn, Timers::outlet(place), deadline);
        }
    }

    /// For the control API: only what has changed since this instance began.
    fn show(&mut self, turn: &mut Turn<'_>) {
        let values = [
            self.registration.name().to_owned(),
            self.queue.waiting().to_string(),
        ];
        for ((name, before), value) in ["registration", "queue"]
            .iter()
            .zip(&mut self.shown)
            .zip(values)
        {
            show_one(turn, 0, name, before, value);
        }
        for outlet in &mut self.outlets {
            let (status, error) = match &outlet.book.now {
                Some((report, _)) => (report.status.name().to_owned(), report.error.clone()),
                None => (String::new(), String::new()),
            };
            let (transaction, tag) = match &*outlet.session {
                Some(session) => {
                    let number = session
                        .id
                        .map_or_else(|| format!("local {}", session.number), |id| id.to_string());
                    (number, session.tag.clone())
                }
                None => (
                    String::new(),
                    outlet
                        .book
                        .grant
                        .as_ref()
                        .map_or(String::new(), |grant| grant.tag.clone()),
                ),
            };
            let values = [status, error, transaction, tag];
            for ((name, before), value) in ["status", "error", "transaction", "id_tag"]
                .iter()
                .zip(&mut outlet.shown)
                .zip(values)
            {
                show_one(turn, outlet.number, name, before, value);
            }
        }
    }
}

/// How entries are read and written: as they are kept, and as `boot` wants them.
fn form_of(boot: &Boot, entries: &dyn Entries) -> Form {
    let kept = entries
        .get("schema")
        .and_then(|bytes| unpack::<u32>(&bytes))
        .unwrap_or(boot.entry_schema);
    Form::new(kept, boot.entry_schema)
}

/// Notes in which schema the entries are.
fn note_schema(turn: &mut Turn<'_>, boot: &Boot) -> Form {
    let log = turn.log;
    if turn.store.read::<u32>("schema", log).is_none() {
        let schema = boot.entry_schema;
        turn.store
            .write("schema".to_owned(), &schema, Durability::Lazy);
    }
    turn.store.form()
}

fn show_one(turn: &mut Turn<'_>, outlet: u32, name: &str, before: &mut String, value: String) {
    if *before != value {
        before.clone_from(&value);
        turn.act(Action::Show(Shown {
            outlet,
            name: name.to_owned(),
            value,
        }));
    }
}

packed!(Desk {
    grant,
    reset,
    next_aligned,
    said,
    interrupted,
    unkept,
    unlocks
});
packed!(PendingReset { hard, until });
packed!(PendingUnlock {
    message,
    link,
    outlet,
    until
});
