//! The charge point: all its parts, and the two functions that the host calls.
//! What each part does is in its own file, as further methods.

use std::mem;

use plugpoint_guest::schema::Form;
use plugpoint_ocpp_core::authorization::AuthorizationRequest;
use plugpoint_ocpp_core::availability::Availability;
use plugpoint_ocpp_core::clock::Clock;
use plugpoint_ocpp_core::reservation::Reserved;

use crate::build::Build;
use crate::cache::TokenCache;
use crate::config::Config;
use crate::exchange::Happening;
use crate::heartbeat::Heartbeat;
use crate::host::{Action, Boot, Connect, Entries, Event, Log, Now, Station, Timer};
use crate::kept::Cell;
use crate::late_answers::LateAnswers;
use crate::loaded::Loaded;
use crate::message_id::MessageIds;
use crate::outbox::Outbox;
use crate::outlet::Outlet;
use crate::password;
use crate::points::ToldPoints;
use crate::queue::Queue;
use crate::registration::Registration;
use crate::requests::Asked;
use crate::shift::Shift;
use crate::silence::Silence;
use crate::state::ChargerState;
use crate::timers::Timers;
use crate::trial::Trial;
use crate::turn::Turn;

/// How often the parts may set each other off within one call.
const MAX_ROUNDS: u32 = 8;

/// A charge point that speaks OCPP 1.6. It is a function of its entries and
/// one event; everything it wants done is in the actions it returns.
#[derive(Debug)]
pub struct Charger {
    pub(crate) build: &'static Build,
    pub(crate) form: Form,
    pub(crate) station: Station,
    pub(crate) ids: MessageIds,
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) timers: Timers,
    pub(crate) password: password::Which,
    pub(crate) trial: Cell<Trial>,
    /// What the host was last told; none: it is to be told again.
    pub(crate) plan: Option<Connect>,
    /// The link is to be set up in another way since then, once nobody waits for
    /// anything on it.
    pub(crate) relink: Cell<Option<u64>>,
    pub(crate) registration: Cell<Registration>,
    pub(crate) outbox: Cell<Outbox>,
    pub(crate) queue: Queue,
    pub(crate) silence: Cell<Silence>,
    /// What was not sent yet when the clock was corrected.
    pub(crate) shifts: Cell<Vec<Shift>>,
    /// The last point of the clock-aligned grid that was measured.
    pub(crate) last_aligned: Cell<Option<i64>>,
    pub(crate) told_points: Cell<ToldPoints>,
    pub(crate) outlets: Vec<Outlet>,
    pub(crate) state: Cell<ChargerState>,
    pub(crate) availability: Cell<Availability>,
    /// Our number of the next transaction.
    pub(crate) next_session: Cell<u64>,
    /// Whoever wants to charge or to stop, in the order in which they came.
    pub(crate) authorizations: Cell<Vec<AuthorizationRequest>>,
    pub(crate) cache: TokenCache,
    /// Calls of the central system that are answered later.
    pub(crate) late: Cell<LateAnswers>,
    /// Requests to services that are not answered yet.
    pub(crate) requests: Cell<Vec<Asked>>,
    pub(crate) profiles: Vec<Loaded>,
    /// What the profiles have not heard of yet.
    pub(crate) happenings: Vec<Happening>,
    /// What profiles keep for somebody, with the names of the profiles.
    pub(crate) reserved: Vec<(&'static str, Reserved)>,
    /// Something may follow from this call beyond its answer.
    pub(crate) needs_settling: bool,
    pub(crate) heartbeat: Heartbeat,
    pub(crate) shown: [String; 2],
}

impl Charger {
    /// A new instance, from the kept entries and the state of the world.
    pub fn start(
        build: &'static Build,
        boot: &Boot,
        entries: &dyn Entries,
        log: &dyn Log,
    ) -> (Self, Vec<Action>) {
        let form = Self::form_of(build, boot, entries);
        let mut turn = Turn::new(boot.now, entries, form, log);
        let mut charger = Self::load(&mut turn, build, boot);
        charger.load_profiles(&mut turn, boot);
        charger.take_up(&mut turn, boot);
        charger.needs_settling = true;
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
        self.needs_settling = !matches!(event, Event::Frame(_));
        self.note_clock(&mut turn, false);
        match event {
            Event::Frame(frame) => self.on_frame(&mut turn, frame.link, &frame.text),
            Event::LinkUp(up) => self.link_up(&mut turn, up.link, Some(up.target)),
            Event::LinkDown(down) => self.link_down(&mut turn, &down),
            Event::Timer(timer) => self.on_timer(&timer),
            Event::Outlet(event) => self.on_outlet(event),
            Event::Token(token) => self.on_token(&mut turn, token),
            Event::Meter(read) => self.on_meter(&mut turn, read),
            Event::LockMoved(moved) => self.on_lock_moved(&mut turn, &moved),
            Event::Decided(decision) => self.on_decided(&mut turn, decision),
            Event::Response(response) => self.on_response(&mut turn, &response),
            Event::ClockStepped(_) => self.clock_stepped(),
            Event::Committed => self.migrate(&mut turn),
            Event::PowerFailing(left_ms) => self.power_failing(&mut turn, left_ms),
            Event::SessionEnds(end) => self.session_ends(&mut turn, &end),
            other => self.told(&mut turn, other),
        }
        self.settle(&mut turn);
        turn.finish()
    }

    /// Lets every part draw its conclusions, then writes out what has changed.
    fn settle(&mut self, turn: &mut Turn<'_>) {
        let mut rounds = 0;
        while mem::take(&mut self.needs_settling) && rounds < MAX_ROUNDS {
            rounds += 1;
            self.apply_link(turn);
            self.try_storage(turn);
            if self.can_keep() {
                self.conclude_unkept(turn);
                for place in 0..self.outlets.len() {
                    self.advance(turn, place);
                }
                self.advance_charger(turn);
            } else {
                self.advance_unkept(turn);
            }
            self.drop_requests_of_departed_cars(turn);
            self.ask_policies(turn);
            self.advance_profiles(turn);
            self.report(turn);
            self.pump(turn);
            self.arrange_timers(turn);
            self.show(turn);
        }
        self.advance_reset(turn);
        self.flush(turn);
        self.move_entries(turn);
    }

    /// A number for a request, not used before.
    pub(crate) fn ticket(&mut self) -> u32 {
        self.ids.ticket()
    }

    pub(crate) fn place_of(&self, outlet: u32) -> Option<usize> {
        self.outlets.iter().position(|known| known.number == outlet)
    }

    /// The central system can be asked.
    pub(crate) fn is_online(&self) -> bool {
        self.registration.is_accepted() && self.outbox.link().is_some()
    }

    /// What is due is found by comparing deadlines with the time, so that it
    /// does not matter which timer rang.
    fn on_timer(&mut self, timer: &Timer) {
        self.timers.rang(&timer.name);
    }
}
