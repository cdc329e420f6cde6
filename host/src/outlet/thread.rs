//! The safety thread: an ordinary OS thread that blocks on one channel, at most
//! until the next deadline of its outlets, and waits for nothing else. No lock
//! that others hold, no disk, no guest, no async worker.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::HardwareEvent;
use super::attention::Attention;
use super::command::Command;
use super::group::{Group, Member};
use super::latency::{Latencies, Latency};
use super::moment::{Moment, earliest};
use super::sim::{BenchAnswer, BenchError, BenchOrder, OutletOrder, Saved, Worked};
use super::teller::{Report, View};
use super::unit::{Present, Told, Unit};
use crate::clock::Clock;
use crate::priority::{self, Granted};
use crate::wit::protocol::{Indication, OutletChange};

/// Commands that are handled before something is told.
const BATCH: usize = 64;
/// Reports that the teller may be behind before plain views are left out.
const MOST_BEHIND: usize = 16;
/// How often the shares of a group are looked at in one turn; more comes with the
/// next one.
const MAX_ROUNDS: usize = 3;
/// Without any deadline.
const IDLE: Duration = Duration::from_secs(1);

/// Everything that the thread owns.
pub(super) struct Safety {
    pub(super) units: Vec<Unit>,
    pub(super) groups: Vec<Group>,
    pub(super) clock: Clock,
    /// [`Moment::ZERO`].
    pub(super) origin: Instant,
    pub(super) inbox: Receiver<Command>,
    pub(super) reports: Sender<Report>,
    /// How many reports the teller has not done with.
    pub(super) behind: Arc<AtomicUsize>,
    pub(super) latencies: Latencies,
    /// Counts turns of the loop, for whoever wants to know that it turns.
    pub(super) turns: Arc<AtomicU32>,
    pub(super) shutdown_bound: Duration,
    /// Keep the simulation's state.
    pub(super) persistent: bool,
    /// Keep the simulated registers.
    pub(super) keep_registers: bool,
    pub(super) hold_up: Duration,
}

/// What has come up since the last report.
#[derive(Default)]
struct News {
    events: Vec<HardwareEvent>,
    answers: Vec<(Sender<BenchAnswer>, Result<Worked, BenchError>)>,
    waiting: Vec<oneshot::Sender<()>>,
    opened: bool,
    worked: bool,
}

impl Safety {
    /// Runs until it is told to end, or nobody can tell it anything any more.
    pub(super) fn run(mut self) {
        match priority::raise() {
            Granted::RealTime => tracing::debug!("safety runs with real-time priority"),
            Granted::Nice => tracing::debug!("safety runs with raised priority"),
            Granted::Nothing => {
                tracing::info!("safety runs with ordinary priority; the system allows no other");
            }
        }
        let mut news = News::default();
        let mut indications = BTreeMap::new();
        let mut fresh = Vec::new();
        let mut ends_at: Option<Moment> = None;
        let mut attention = Attention::new(self.present().moment);
        self.settle_all(&mut news);
        self.report(&mut news, &indications);
        loop {
            // Behind the work, and behind the wait: before any command that is of the
            // time before the lapse.
            self.look_for_lapse(&mut attention, Duration::ZERO);
            let wait = self.wait(ends_at);
            let received = self.inbox.recv_timeout(wait);
            self.look_for_lapse(&mut attention, wait);
            let command = match received {
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(Command::Shutdown),
            };
            let mut room = BATCH;
            let mut next = command;
            while let Some(command) = next {
                if let Command::Indicate(indication) = &command {
                    indications.insert(indication.outlet, *indication);
                }
                if matches!(command, Command::Shutdown) {
                    let until = self.present().moment.after(self.shutdown_bound);
                    ends_at.get_or_insert(until);
                }
                self.obey(command, &mut news, &mut fresh);
                room -= 1;
                // A channel without senders is noticed again above.
                next = if room > 0 && ends_at.is_none() {
                    self.inbox.try_recv().ok()
                } else {
                    None
                };
            }
            self.settle_all(&mut news);
            self.latencies.put(&mut fresh);
            self.report(&mut news, &indications);
            self.turns.fetch_add(1, Ordering::Relaxed);
            if let Some(at) = ends_at
                && (self.present().moment >= at || !self.units.iter().any(Unit::is_closed))
            {
                break;
            }
        }
        self.each(Unit::open_now);
        self.settle_all(&mut news);
        self.report(&mut news, &indications);
    }

    /// Cars that nobody has watched count as other ones.
    fn look_for_lapse(&mut self, attention: &mut Attention, planned: Duration) {
        let now = self.present();
        let Some(lapse) = attention.lapse(now.moment, planned) else {
            return;
        };
        tracing::error!(
            lapse_ms = lapse.as_millis(),
            "the safety thread did not run; connected cars need a new authorization"
        );
        for unit in &mut self.units {
            unit.unwatched(now);
        }
    }

    /// Until when nothing is to be done.
    fn wait(&self, ends_at: Option<Moment>) -> Duration {
        let now = self.present().moment;
        self.units
            .iter()
            .map(|unit| unit.wake_at(now))
            .chain(self.groups.iter().map(Group::wake_at))
            .fold(ends_at, earliest)
            .map_or(IDLE, |at| at.since(now))
    }

    fn present(&self) -> Present {
        let nanos = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Present {
            moment: Moment::from_nanos(nanos),
            stamp: self.clock.stamp(),
        }
    }

    fn obey(&mut self, command: Command, news: &mut News, fresh: &mut Vec<Latency>) {
        let now = self.present();
        let moment = now.moment;
        match command {
            Command::Permit(permit, connection) => {
                self.one(now, permit.outlet, news, |unit| {
                    unit.permit(now, &permit, connection);
                });
            }
            Command::Lower(to) => self.one(now, to.outlet, news, |unit| unit.lower(now, &to)),
            Command::Clamp(outlet, session, clamps) => {
                self.one(now, outlet, news, |unit| unit.clamp(now, session, clamps));
            }
            Command::Known(outlet, connection) => {
                self.one(now, outlet, news, |unit| unit.known(connection));
            }
            Command::Revoke(outlet) => self.one(now, outlet, news, |unit| unit.revoke(now)),
            Command::MoveLock(order) => {
                self.one(now, order.outlet, news, |unit| {
                    unit.move_lock(moment, &order)
                });
            }
            Command::ReadMeter(request) => self.one(now, request.outlet, news, |unit| {
                unit.read_meter(moment, request.id);
            }),
            Command::Indicate(indication) => self.indicate(&indication),
            Command::GuestHealthy(healthy) => {
                self.each(|unit| unit.guest_healthy(moment, healthy));
            }
            Command::ClockStepped => self.each(Unit::clock_stepped),
            Command::RevokeAll => self.each(|unit| unit.revoke(now)),
            // To be here is all.
            Command::Turn => {}
            Command::Sync(waiting) => news.waiting.push(waiting),
            Command::Shutdown => self.each(Unit::close_down),
            Command::Sample(outlet, sample) => {
                self.one(now, outlet, news, |unit| unit.sample(moment, sample));
            }
            Command::Trouble(outlet, source, fault) => {
                self.one(now, outlet, news, |unit| unit.trouble(source, fault));
            }
            Command::Edge(outlet, at) => self.edge(now, outlet, at, news, fresh),
            Command::Bench { order, at, answer } => {
                let result = self.bench(now, &order, at, news, fresh);
                news.answers.push((answer, result));
                news.worked = true;
            }
        }
    }

    /// An order to one outlet; one that does not exist is left out.
    fn one(&mut self, now: Present, outlet: u32, news: &mut News, act: impl FnOnce(&mut Unit)) {
        match self.units.iter_mut().find(|unit| unit.number == outlet) {
            Some(unit) => {
                act(unit);
                unit.settle(now);
                collect(unit, news);
            }
            None => tracing::warn!(outlet, "an order for an outlet that does not exist"),
        }
    }

    fn each(&mut self, act: impl Fn(&mut Unit)) {
        self.units.iter_mut().for_each(act);
    }

    fn indicate(&mut self, indication: &Indication) {
        for unit in &mut self.units {
            if indication.outlet == 0 || indication.outlet == unit.number {
                unit.indicate(indication);
            }
        }
    }

    /// Settles an outlet whose input changed at `at`, and notes how long it took
    /// if that opened the contactor.
    fn edge(
        &mut self,
        now: Present,
        outlet: u32,
        at: Instant,
        news: &mut News,
        fresh: &mut Vec<Latency>,
    ) {
        let Some(unit) = self.units.iter_mut().find(|unit| unit.number == outlet) else {
            return;
        };
        let was_closed = unit.is_closed();
        unit.settle(now);
        if was_closed && !unit.is_closed() {
            let nanos = u64::try_from(at.elapsed().as_nanos()).unwrap_or(u64::MAX);
            fresh.push(Latency { outlet, nanos });
        }
        collect(unit, news);
    }

    fn bench(
        &mut self,
        now: Present,
        order: &BenchOrder,
        at: Instant,
        news: &mut News,
        fresh: &mut Vec<Latency>,
    ) -> Result<Worked, BenchError> {
        let (chosen, order) = match order {
            BenchOrder::One(number, order) => (Some(*number), order),
            BenchOrder::All(order) => (None, order),
        };
        if let OutletOrder::Mains(present) = order {
            if !present {
                let hold_up = u32::try_from(self.hold_up.as_millis()).unwrap_or(u32::MAX);
                news.events.push(HardwareEvent::PowerFailing(hold_up));
            }
            self.each(|unit| unit.mains(*present));
        }
        let mut touched = Vec::new();
        for unit in &mut self.units {
            if chosen.is_none_or(|number| number == unit.number)
                && let Some(sim) = unit.driver().sim()
            {
                sim.work(now.moment, order)?;
                touched.push(unit.number);
            }
        }
        if let (true, Some(number)) = (touched.is_empty(), chosen) {
            return Err(BenchError::UnknownConnector(number));
        }
        for number in touched {
            self.edge(now, number, at, news, fresh);
        }
        Ok(Worked)
    }

    fn settle_all(&mut self, news: &mut News) {
        for index in 0..self.units.len() {
            let now = self.present();
            let unit = &mut self.units[index];
            unit.settle(now);
            collect(unit, news);
        }
        for index in 0..self.groups.len() {
            self.settle_group(index, news);
        }
    }

    /// Shares are lowered before others are raised, and a contactor that opens for it
    /// leaves more for the others.
    fn settle_group(&mut self, index: usize, news: &mut News) {
        for _ in 0..MAX_ROUNDS {
            let now = self.present();
            let group = &mut self.groups[index];
            let place_of = |number: &u32| self.units.iter().position(|it| it.number == *number);
            let places: Vec<usize> = group.outlets.iter().filter_map(place_of).collect();
            let members: Vec<Member> = places.iter().map(|it| self.units[*it].member()).collect();
            let shares = group.share(now.moment, &members);
            let mut shares: Vec<(u32, usize)> = shares.into_iter().zip(places).collect();
            shares.sort_by_key(|(share_ma, place)| *share_ma > self.units[*place].share_ma());
            let mut is_changed = false;
            for (share_ma, place) in shares {
                let unit = &mut self.units[place];
                if unit.share(share_ma) {
                    is_changed = true;
                    unit.settle(now);
                    collect(unit, news);
                }
            }
            if !is_changed {
                return;
            }
        }
    }

    fn report(&mut self, news: &mut News, indications: &BTreeMap<u32, Indication>) {
        let plain = news.events.is_empty() && news.answers.is_empty() && news.waiting.is_empty();
        if plain && self.behind.load(Ordering::Relaxed) > MOST_BEHIND {
            return;
        }
        let News {
            events,
            answers,
            waiting,
            opened,
            worked,
        } = std::mem::take(news);
        let now = self.present();
        if !answers.is_empty() || !waiting.is_empty() {
            // Who waits wants to see the present register.
            self.each(|unit| unit.look(now.moment));
        }
        let outlets = self.units.iter().map(|unit| unit.view(now)).collect();
        let saved = (self.persistent && (worked || !events.is_empty())).then(|| self.saved());
        let registers = if self.keep_registers {
            self.registers()
        } else {
            Vec::new()
        };
        self.behind.fetch_add(1, Ordering::Relaxed);
        let _ = self.reports.send(Report {
            events,
            view: View {
                outlets,
                indications: indications.values().copied().collect(),
            },
            registers,
            opened,
            saved,
            answers,
            waiting,
        });
    }

    fn registers(&mut self) -> Vec<(u32, u64)> {
        self.units
            .iter_mut()
            .filter_map(|unit| {
                let number = unit.number;
                Some((number, unit.driver().sim()?.register_mwh()))
            })
            .collect()
    }

    fn saved(&mut self) -> Saved {
        let outlets = self
            .units
            .iter_mut()
            .filter_map(|unit| {
                let number = unit.number;
                Some((number, unit.driver().sim()?.save()))
            })
            .collect();
        Saved { outlets }
    }
}

fn collect(unit: &mut Unit, news: &mut News) {
    for told in unit.take_told() {
        news.events.push(match told {
            Told::Outlet(it) => {
                news.opened |= it.event.change == OutletChange::Contactor && !unit.is_closed();
                HardwareEvent::Outlet(it)
            }
            Told::Permit(it) => HardwareEvent::Permit(it),
            Told::Meter(read) => HardwareEvent::Meter(read),
            Told::Lock(moved) => HardwareEvent::LockMoved(moved),
        });
    }
}
