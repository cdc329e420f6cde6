//! The lock that holds a plug: what was asked of it, what it owes, and for whom a cable is
//! kept locked. Nobody moves it by hand: it follows from what goes on at the outlet.

use plugpoint_guest::packed::{packed, packed_part};
use plugpoint_guest::protocol::{Action, LockMove, LockState};
use plugpoint_guest::turn::Turn;

/// The host answers within this time.
const MOVE_WAIT_MS: u64 = 10_000;
/// A lock that did not open is tried again, for it holds somebody's cable.
const RELEASE_AGAIN_MS: u64 = 300_000;

/// A movement that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LockAsk {
    id: u32,
    locked: bool,
    until: u64,
}

/// What is remembered of the lock of an outlet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lock {
    ask: Option<LockAsk>,
    unlock_wanted: bool,
    /// The cable's owner has to be there for it to open.
    keeps_cable: bool,
    /// The lock did not open; tried again then.
    release_at: Option<u64>,
    /// It did not close on the cable that is still there.
    failed: bool,
}

/// What came of a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It is locked, as it was to be.
    Locked,
    /// It could not be locked: nothing is to begin, and the plug is set free.
    NotLocked,
    /// It was sent open, and is.
    Unlocked,
    /// It was sent open, and is not.
    NotUnlocked,
}

impl Lock {
    /// On its way.
    pub fn is_asked(&self) -> bool {
        self.ask.is_some()
    }

    /// On its way, or to be opened.
    pub fn is_moving(&self) -> bool {
        self.ask.is_some() || self.unlock_wanted
    }

    /// To be opened, and nothing else is under way.
    pub fn is_to_open(&self) -> bool {
        self.unlock_wanted && self.ask.is_none()
    }

    /// It did not close on the cable that is still there.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// It keeps a cable until its owner is there.
    pub fn keeps_cable(&self) -> bool {
        self.keeps_cable
    }

    /// When a lock that did not open is tried again.
    pub fn release_at(&self) -> Option<u64> {
        self.release_at
    }

    /// When a movement counts as failed.
    pub fn deadline(&self) -> Option<u64> {
        self.ask.as_ref().map(|ask| ask.until)
    }

    /// It holds nobody's plug, or is to: nothing goes on for which it is needed.
    pub fn is_needless(&self) -> bool {
        !self.keeps_cable && !self.is_moving()
    }

    /// It stuck at the last attempt, and may be tried again.
    pub fn is_stuck(&self, state: LockState, ms: u64) -> bool {
        state == LockState::Failed && self.release_at.is_none_or(|at| at <= ms)
    }

    /// To be opened as soon as nothing goes on any more.
    pub fn want_unlocked(&mut self) {
        self.unlock_wanted = true;
    }

    /// The end of a transaction: the cable is kept for its owner, or is set free where
    /// there is a socket.
    pub fn conclude(&mut self, keeps_cable: bool, is_socket: bool) {
        self.keeps_cable = keeps_cable;
        self.unlock_wanted = is_socket && !keeps_cable;
    }

    /// The cable is not kept for anybody any more.
    pub(crate) fn release_cable(&mut self) {
        self.keeps_cable = false;
    }

    /// Nothing is plugged in: without the plug it may well move again.
    pub(crate) fn plug_gone(&mut self) {
        self.keeps_cable = false;
        self.failed = false;
        self.release_at = None;
    }

    /// Something is remembered of a plug.
    pub(crate) fn knows_plug(&self) -> bool {
        self.keeps_cable || self.failed
    }

    /// Asks the host to move the lock of this outlet.
    pub fn start(&mut self, turn: &mut Turn<'_>, outlet: u32, id: u32, locked: bool) {
        self.unlock_wanted = false;
        self.ask = Some(LockAsk {
            id,
            locked,
            until: turn.ms() + MOVE_WAIT_MS,
        });
        turn.act(Action::MoveLock(LockMove { id, outlet, locked }));
    }

    /// It was this that was asked for.
    pub fn is_answer(&self, id: u32) -> bool {
        self.ask.as_ref().is_some_and(|ask| ask.id == id)
    }

    /// The time for the movement is over.
    pub fn is_overdue(&self, ms: u64) -> bool {
        self.deadline().is_some_and(|until| until <= ms)
    }

    /// The movement has ended with the lock in this state. None: none was asked for.
    pub fn settle(&mut self, state: LockState, ms: u64) -> Option<Moved> {
        let ask = self.ask.take()?;
        Some(if ask.locked {
            if state == LockState::Locked {
                return Some(Moved::Locked);
            }
            self.failed = true;
            // So that the plug can be taken out and put in again.
            self.unlock_wanted = true;
            Moved::NotLocked
        } else {
            let is_open = state == LockState::Unlocked;
            self.release_at = (!is_open).then(|| ms + RELEASE_AGAIN_MS);
            if is_open {
                Moved::Unlocked
            } else {
                Moved::NotUnlocked
            }
        })
    }
}

packed!(LockAsk { id, locked, until });
packed_part!(Lock {
    ask = "lock_ask",
    unlock_wanted,
    keeps_cable = "keep_locked",
    release_at,
    failed = "lock_failed"
});
