//! The parts of the charge point: made out of the entries and the state of the world, and
//! written out at the end of each call. Not here: what they do.

use plugpoint_ocpp_core::clock::Clock;

use crate::build::Build;
use crate::cache::TokenCache;
use crate::charger::Charger;
use crate::config::{Config, Offer};
use crate::heartbeat::Heartbeat;
use crate::host::{Action, Boot, BootReason, Durability, LinkState};
use crate::kept::Cell;
use crate::message_id::MessageIds;
use crate::outlet::Outlet;
use crate::password;
use crate::queue::Queue;
use crate::timers::Timers;
use crate::turn::Turn;

impl Charger {
    pub(crate) fn load(turn: &mut Turn<'_>, build: &'static Build, boot: &Boot) -> Self {
        let log = turn.log;
        let form = Self::note_schema(turn, boot);
        let offers = build.manifests(&boot.services).map(|manifest| Offer {
            feature: manifest.feature,
            keys: manifest.keys,
        });
        let config = Config::load(turn, offers.collect(), &boot.settings, &boot.outlets);
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
            build,
            form,
            station: boot.station.clone(),
            ids: MessageIds::new(&boot.random),
            clock,
            password,
            trial: Cell::load(store, log, "trial", Durability::Durable),
            plan: None,
            relink: Cell::load(store, log, "relink", Durability::Session),
            registration: Cell::load(store, log, "registration", Durability::Session),
            outbox: Cell::load(store, log, "outbox", Durability::Session),
            silence: Cell::load(store, log, "silence", Durability::Session),
            shifts: Cell::load(store, log, "clock-shifts", Durability::Durable),
            last_aligned: Cell::load(store, log, "aligned-last", Durability::Durable),
            told_points: Cell::load(store, log, "aligned-told", Durability::Durable),
            state: Cell::load(store, log, "desk", Durability::Session),
            availability: Cell::load(store, log, "availability", Durability::Durable),
            next_session: Cell::load(store, log, "next-session", Durability::Durable),
            authorizations: Cell::load(store, log, "wishes", Durability::Session),
            cache: TokenCache::load(store, log),
            late: Cell::load(store, log, "late-answers", Durability::Session),
            requests: Cell::load(store, log, "requests", Durability::Session),
            profiles: Vec::new(),
            happenings: Vec::new(),
            reserved: Vec::new(),
            queue,
            outlets,
            timers,
            needs_settling: true,
            heartbeat,
            config,
            shown: Default::default(),
        }
    }

    /// Reconciles what is kept with what is the case.
    pub(crate) fn take_up(&mut self, turn: &mut Turn<'_>, boot: &Boot) {
        self.note_storage(turn, boot);
        self.clear_cache_if_off(turn);
        let starting = matches!(
            boot.reason,
            BootReason::PowerUp | BootReason::CleanShutdown | BootReason::Restart
        );
        self.note_clock(turn, starting);
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
        self.reconcile_authorization(&boot.unanswered_decisions);
        self.take_up_ends(turn, boot);
        if let (Some(dropped), Some(up)) = (&boot.dropped, up)
            && dropped.event == "frame"
            && dropped.id == up.link
        {
            self.answer_dropped(turn, up.link, dropped);
        }
    }

    pub(crate) fn flush(&mut self, turn: &mut Turn<'_>) {
        self.flush_profiles(turn);
        self.clock.flush(turn);
        self.config.flush(turn);
        self.queue.flush(turn);
        for outlet in &mut self.outlets {
            outlet.flush(turn);
        }
        let store = &mut turn.store;
        self.heartbeat.flush(store);
        self.trial.flush(store);
        self.registration.flush(store);
        self.outbox.flush(store);
        self.silence.flush(store);
        self.shifts.flush(store);
        self.relink.flush(store);
        self.last_aligned.flush(store);
        self.told_points.flush(store);
        self.state.flush(store);
        self.availability.flush(store);
        self.next_session.flush(store);
        self.authorizations.flush(store);
        self.cache.flush(store);
        self.late.flush(store);
        self.requests.flush(store);
    }
}
