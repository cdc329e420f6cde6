//! What is remembered of a meter's register: noted during a transaction, and what the meter
//! is asked for beside samples. Not here: when it is noted and read (see `last_reading`).

use plugpoint_guest::kept::{Cell, Store};
use plugpoint_guest::packed::packed;
use plugpoint_guest::protocol::{Durability, Log, OutletState, Stamp};

use crate::Protocol;
use crate::clock::Moment;
use crate::session::Session;

/// How long the end of a transaction waits for the meter.
const LAST_READING_WAIT_MS: u64 = 5_000;
/// After a power-up a meter may take a while until it answers.
const POWER_UP_WAIT_MS: u64 = 30_000;

/// The register of a running transaction, noted now and then in case that the
/// power fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// The charge point's own number of the transaction.
    pub session: u64,
    /// The register, thousandths of a Wh.
    pub mwh: u64,
    /// When it was read.
    pub at: Moment,
    /// Samples that are taken within this time, ms, are reported without being noted.
    pub sampled_ms: Option<u64>,
}

impl Noted {
    /// A sample of this moment may be reported, and be lost with the power.
    pub(crate) fn allows(&self, at: Stamp) -> bool {
        let noted = self.at.at;
        self.sampled_ms.is_some_and(|ms| {
            noted.boot_id == at.boot_id && at.monotonic_ms <= noted.monotonic_ms + ms
        })
    }
}

/// What the meter is asked for beside samples, until the next power-up or
/// restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RegisterWatch {
    /// The meter is not asked again before, and may be due then.
    ask_at: Option<u64>,
    /// No energy has flowed since, and the last reading may be taken.
    ended_at: Option<u64>,
    /// The last reading is waited for no longer than this.
    last_until: Option<u64>,
    /// What is noted has another time since the clock was set.
    note_again: bool,
    /// Something broke the transaction off before this power-up or restart.
    interrupted: bool,
}

impl RegisterWatch {
    /// Something broke the transaction off before this power-up or restart.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted
    }

    /// The transaction was broken off.
    fn interrupt(&mut self) {
        self.interrupted = true;
    }

    /// The last reading is waited for no longer than this.
    fn hurry(&mut self, until: u64) {
        self.last_until = Some(until);
    }

    /// When something may be due.
    pub(crate) fn deadlines(&self) -> [Option<u64>; 2] {
        [self.ask_at, self.last_until]
    }

    /// What is noted has another time since the clock was set.
    pub(crate) fn must_note_again(&self) -> bool {
        self.note_again
    }

    /// It was noted.
    pub(crate) fn noted(&mut self) {
        self.note_again = false;
    }

    /// When the meter may be asked again.
    pub(crate) fn ask_at(&self) -> Option<u64> {
        self.ask_at
    }

    /// The meter is not asked again before.
    pub(crate) fn ask_again_at(&mut self, at: u64) {
        self.ask_at = Some(at);
    }

    /// Since when no energy has flowed.
    pub(crate) fn ended_at(&self) -> Option<u64> {
        self.ended_at
    }

    /// The last reading is waited for no longer.
    pub(crate) fn is_late(&self, ms: u64) -> bool {
        self.last_until.is_none_or(|until| until <= ms)
    }

    /// The energy has ended: from when the last reading counts.
    pub(crate) fn end(&mut self, ms: u64) {
        let wait = if self.interrupted {
            POWER_UP_WAIT_MS
        } else {
            LAST_READING_WAIT_MS
        };
        self.ended_at = Some(ms);
        self.last_until = Some(self.last_until.unwrap_or(ms + wait));
        // Whatever was asked before is about the time before.
        self.ask_at = None;
    }
}

/// The register of the transaction at one outlet.
#[derive(Debug)]
pub struct Register {
    pub(crate) noted: Cell<Option<Noted>>,
    pub(crate) watch: Cell<RegisterWatch>,
    /// What is noted is to reach flash with this call.
    pub(crate) is_urgent: bool,
}

impl Register {
    pub(crate) fn load(store: &mut Store<'_>, log: &dyn Log, outlet: u32) -> Self {
        let (noted, watch) = (format!("register/{outlet}"), format!("meter/{outlet}"));
        Self {
            noted: Cell::load(store, log, noted, Durability::Lazy),
            watch: Cell::load(store, log, watch, Durability::Session),
            is_urgent: false,
        }
    }

    pub(crate) fn flush(&mut self, store: &mut Store<'_>) {
        let durability = match std::mem::take(&mut self.is_urgent) {
            true => Durability::Durable,
            false => Durability::Lazy,
        };
        self.noted.flush_as(store, durability);
        self.watch.flush(store);
    }

    /// What was noted of this transaction.
    pub(crate) fn noted_of<P: Protocol>(&self, session: &Session<P>) -> Option<Noted> {
        self.noted.filter(|noted| noted.session == session.number)
    }

    /// The highest register that is known of a transaction: one that went back
    /// belongs to another meter, or to a driver that was started again.
    pub fn known_mwh<P: Protocol>(&self, session: &Session<P>, facts: &OutletState) -> u64 {
        let noted = self.noted_of(session).map_or(0, |noted| noted.mwh);
        let read = facts
            .reading
            .as_ref()
            .map_or(0, |reading| reading.energy_mwh);
        read.max(session.last_mwh).max(noted)
    }

    /// The clock proved wrong by which it was noted.
    pub fn correct(&mut self, right: impl Fn(Moment) -> Moment) {
        if let Some(noted) = self.noted.edit() {
            noted.at = right(noted.at);
        }
    }

    /// The clock was set: what is noted is noted again before the next sample is
    /// reported.
    pub fn clock_set(&mut self) {
        if self.noted.is_some() {
            self.watch.edit().note_again = true;
        }
    }

    /// Something broke the transaction off before this power-up or restart.
    pub fn is_interrupted(&self) -> bool {
        self.watch.is_interrupted()
    }

    /// The transaction was broken off.
    pub(crate) fn interrupt(&mut self) {
        self.watch.edit().interrupt();
    }

    /// The last reading is waited for no longer than this.
    pub(crate) fn hurry(&mut self, until: u64) {
        self.watch.edit().hurry(until);
    }
}

packed!(Noted {
    session,
    mwh,
    at,
    sampled_ms
});
packed!(RegisterWatch {
    ask_at,
    ended_at,
    last_until,
    note_again,
    interrupted
});
