//! One outlet: the host's raw facts beside what this guest remembers of it.
//! Not here: what follows from them (see `transaction`).

use crate::clock::Moment;
use crate::host::{
    Boot, BootReason, Cable, ContactorState, Durability, Fault, LockState, Look, OutletState,
    Permit, PilotState,
};
use crate::kept::Cell;
use crate::meter::MeterValue;
use crate::packed::{packed, packed_enum};
use crate::queue::StopReason;
use crate::status::{Report, is_mere_warning};
use crate::turn::Turn;

/// Somebody may charge, and nothing has begun yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) tag: String,
    pub(crate) parent: Option<String>,
    /// Gone if no car has come by then.
    pub(crate) until: u64,
    pub(crate) limit_ma: Option<u32>,
    pub(crate) energy_limit_wh: Option<u64>,
}

/// Why the meter is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Begin,
    Periodic,
    /// The Unix time of the grid.
    Clock {
        grid: i64,
    },
}

/// A reading that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MeterAsk {
    pub(crate) id: u32,
    pub(crate) why: Why,
    /// Go on with what is known if there is no answer by then.
    pub(crate) until: u64,
}

/// A movement of the lock that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LockAsk {
    pub(crate) id: u32,
    pub(crate) locked: bool,
    pub(crate) until: u64,
}

/// What is remembered of an outlet until the next power-up or restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Book {
    pub(crate) grant: Option<Grant>,
    /// The car that is plugged in has had its transaction, or its time.
    pub(crate) finished: bool,
    /// Since when a car has been waiting for somebody to show a card.
    pub(crate) plugged_at: Option<u64>,
    /// The policies were asked about this car.
    pub(crate) plugged_asked: bool,
    pub(crate) meter_asks: Vec<MeterAsk>,
    pub(crate) lock_ask: Option<LockAsk>,
    pub(crate) unlock_wanted: bool,
    /// The lock did not open; tried again then.
    pub(crate) release_at: Option<u64>,
    /// The cable's owner has to ask the central system for it.
    pub(crate) keep_locked: bool,
    /// The lock did not close on the cable that is still there.
    pub(crate) lock_failed: bool,
    pub(crate) next_sample: Option<u64>,
    /// A car is given this long to begin before it counts as suspended.
    pub(crate) settle_until: Option<u64>,
    /// The car asks for energy, and the contactor is given its time.
    pub(crate) asking: bool,
    /// A stop waits for the contactor no longer than this.
    pub(crate) stop_until: Option<u64>,
    /// What was last told to the central system, or is about to be.
    pub(crate) said: Option<Report>,
    /// It was told on this link: nothing happened since that nobody heard of.
    pub(crate) said_here: bool,
    /// The status now, and since when; for MinimumStatusDuration.
    pub(crate) now: Option<(Report, u64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) reason: StopReason,
    pub(crate) tag: Option<String>,
}

/// A transaction that is going on; survives the power.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// Ours; never used twice.
    pub(crate) number: u64,
    /// The central system's, once it has answered.
    pub(crate) id: Option<i64>,
    pub(crate) tag: String,
    pub(crate) parent: Option<String>,
    pub(crate) started: Moment,
    pub(crate) start_mwh: u64,
    /// The register when it was last noted.
    pub(crate) last_mwh: u64,
    pub(crate) limit_ma: Option<u32>,
    pub(crate) energy_limit_wh: Option<u64>,
    /// The central system does not accept the tag, and the transaction goes on
    /// as far as MaxEnergyOnInvalidId allows.
    pub(crate) refused: bool,
    pub(crate) stop: Option<Stop>,
    /// For StopTransaction.
    pub(crate) data: Vec<MeterValue>,
}

#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) number: u32,
    pub(crate) facts: OutletState,
    pub(crate) book: Cell<Book>,
    pub(crate) session: Cell<Option<Session>>,
    /// In force, as far as we know.
    pub(crate) permit: Option<Permit>,
    pub(crate) look: Option<Look>,
    /// What the control API was last told: status, error, transaction, token.
    pub(crate) shown: [String; 4],
}

impl Outlet {
    pub(crate) fn load(turn: &mut Turn<'_>, facts: &OutletState, boot: &Boot) -> Self {
        let number = facts.outlet;
        let permit = match boot.reason {
            BootReason::PowerUp | BootReason::Restart => None,
            _ => facts.permit.clone(),
        };
        Self {
            number,
            facts: facts.clone(),
            book: Cell::load(
                &mut turn.store,
                turn.log,
                format!("outlet/{number}"),
                Durability::Session,
            ),
            session: Cell::load(
                &mut turn.store,
                turn.log,
                format!("session/{number}"),
                Durability::Durable,
            ),
            permit,
            look: None,
            shown: Default::default(),
        }
    }

    pub(crate) fn flush(&mut self, turn: &mut Turn<'_>) {
        self.book.flush(&mut turn.store);
        self.session.flush(&mut turn.store);
    }

    /// A car hangs on the cable.
    pub(crate) fn has_car(&self) -> bool {
        has_car(&self.facts)
    }

    pub(crate) fn is_socket(&self) -> bool {
        self.facts.cable == Cable::Socket
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.facts.lock == LockState::Locked
    }

    pub(crate) fn is_open(&self) -> bool {
        self.facts.contactor == ContactorState::Open
    }

    /// The fault that keeps a car from charging, if there is one.
    pub(crate) fn fault(&self) -> Option<&Fault> {
        self.facts
            .faults
            .iter()
            .find(|fault| !is_mere_warning(fault.kind))
    }

    pub(crate) fn is_faulted(&self) -> bool {
        self.fault().is_some() || self.book.lock_failed
    }

    pub(crate) fn is_free(&self) -> bool {
        self.session.is_none() && self.book.grant.is_none()
    }

    /// A transaction that nobody has stopped yet.
    pub(crate) fn running(&self) -> Option<&Session> {
        self.session
            .as_ref()
            .filter(|session| session.stop.is_none())
    }

    pub(crate) fn register_mwh(&self) -> Option<u64> {
        self.facts
            .reading
            .as_ref()
            .map(|reading| reading.energy_mwh)
    }

    /// The earliest time at which something is due without any event.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let book = &*self.book;
        let mut earliest: Option<u64> = None;
        let mut consider = |at: Option<u64>| {
            earliest = match (earliest, at) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        };
        consider(
            book.grant
                .as_ref()
                .filter(|_| !self.has_car())
                .map(|grant| grant.until),
        );
        consider(book.lock_ask.as_ref().map(|ask| ask.until));
        for ask in &book.meter_asks {
            consider(Some(ask.until));
        }
        consider(book.next_sample);
        consider(
            book.release_at
                .filter(|_| self.facts.lock == LockState::Failed),
        );
        consider(book.settle_until);
        consider(book.stop_until);
        earliest
    }
}

/// A car hangs on the cable. In a state that tells nothing of it, the cable
/// has to do.
pub(crate) fn has_car(facts: &OutletState) -> bool {
    match facts.pilot {
        PilotState::A => false,
        PilotState::B | PilotState::C | PilotState::D => true,
        PilotState::E | PilotState::F => facts.plugged,
    }
}

packed!(Grant {
    tag,
    parent,
    until,
    limit_ma,
    energy_limit_wh
});
packed_enum!(Why { Begin {}, Periodic {}, Clock { grid } });
packed!(MeterAsk { id, why, until });
packed!(LockAsk { id, locked, until });
packed!(Book {
    grant,
    finished,
    plugged_at,
    plugged_asked,
    meter_asks,
    lock_ask,
    unlock_wanted,
    keep_locked,
    release_at,
    lock_failed,
    next_sample,
    settle_until,
    asking,
    stop_until,
    said,
    said_here,
    now
});
packed!(Stop { reason, tag });
packed!(Session {
    number,
    id,
    tag,
    parent,
    started,
    start_mwh,
    last_mwh,
    limit_ma,
    energy_limit_wh,
    refused,
    stop,
    data
});
