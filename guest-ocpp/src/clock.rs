//! What time it is: from the central system before anything else, else from
//! the board. Moments noted before any of them was known are completed later
//! from (boot, monotonic). Not here: the text of a timestamp.

use crate::host::{Action, ClockTrust, Durability, Now, Request, Stamp};
use crate::kept::Cell;
use crate::packed::packed;
use crate::turn::Turn;

/// The clock is left alone while it is off by less than this.
const TOLERANCE_MS: i64 = 1000;

const PREFIX: &str = "clock/";

const SERVICE: &str = "clock@1";

/// A moment that can be told even if the time was not known when it was noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Moment {
    pub(crate) at: Stamp,
    pub(crate) unix_ms: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Clock {
    /// Unix minus monotonic, as told by the central system; none: the host's
    /// own clock will do.
    told: Cell<Option<i64>>,
    can_set: bool,
}

impl Clock {
    pub(crate) fn load(turn: &mut Turn<'_>, services: &[String]) -> Self {
        let told = Cell::load(&mut turn.store, turn.log, "clock-told", Durability::Session);
        Self {
            told,
            can_set: services.iter().any(|service| service == SERVICE),
        }
    }

    pub(crate) fn flush(&mut self, turn: &mut Turn<'_>) {
        self.told.flush(&mut turn.store);
    }

    /// Unix minus monotonic, if there is any time.
    fn offset(&self, now: &Now) -> Option<i64> {
        let own = || match now.trust {
            ClockTrust::Unset => None,
            ClockTrust::Board | ClockTrust::Set => now
                .wall_ms
                .map(|wall| wall.saturating_sub(now.at.monotonic_ms as i64)),
        };
        self.told.or_else(own)
    }

    /// Unix time in ms.
    pub(crate) fn time(&self, now: &Now) -> Option<i64> {
        self.offset(now)
            .map(|offset| offset.saturating_add(now.at.monotonic_ms as i64))
    }

    pub(crate) fn moment(&self, now: &Now, at: Stamp) -> Moment {
        let offset = if at.boot_id == now.at.boot_id {
            self.offset(now)
        } else {
            None
        };
        Moment {
            at,
            unix_ms: offset.map(|offset| offset.saturating_add(at.monotonic_ms as i64)),
        }
    }

    pub(crate) fn present(&self, now: &Now) -> Moment {
        self.moment(now, now.at)
    }

    /// The central system says what time it is.
    pub(crate) fn learn(&mut self, turn: &mut Turn<'_>, unix_ms: i64, request: u32) {
        let known = self.time(&turn.now);
        if known.is_some_and(|known| known.abs_diff(unix_ms) <= TOLERANCE_MS.unsigned_abs()) {
            return;
        }
        let offset = unix_ms.saturating_sub(turn.now.at.monotonic_ms as i64);
        match known {
            // What was noted until now can be completed, also after a power
            // failure.
            None => turn
                .store
                .write(key_of(turn.now.at.boot_id), &offset, Durability::Durable),
            Some(known) => turn.info(format!(
                "clock is off by {} ms and is set by the central system",
                unix_ms.saturating_sub(known)
            )),
        }
        *self.told.edit() = Some(offset);
        if self.can_set {
            turn.act(Action::Request(Request {
                id: request,
                service: SERVICE.to_owned(),
                operation: "set".to_owned(),
                body: format!("{{\"unix_ms\":{unix_ms}}}"),
            }));
        }
    }

    /// The host's clock has been set: it is as good as ours from now on.
    pub(crate) fn was_set(&mut self, now: &Now) {
        if now.trust == ClockTrust::Set {
            *self.told.edit() = None;
        }
    }

    /// Nothing that was noted in another boot waits any more.
    pub(crate) fn forget_other_boots(&self, turn: &mut Turn<'_>) {
        let this = key_of(turn.now.at.boot_id);
        for (key, _) in turn.store.scan(PREFIX, PREFIX, 16) {
            if key != this {
                turn.store.forget(&key);
            }
        }
    }

    /// Unix time of a moment; `last` is the last one noted in whatever boot
    /// came before this one. None: not before the time is known.
    pub(crate) fn resolve(&self, turn: &mut Turn<'_>, moment: &Moment, last: Stamp) -> Option<i64> {
        if let Some(known) = moment.unix_ms {
            return Some(known);
        }
        let at = moment.at.monotonic_ms as i64;
        let key = key_of(moment.at.boot_id);
        let log = turn.log;
        if let Some(offset) = turn.store.read::<i64>(&key, log) {
            return Some(offset.saturating_add(at));
        }
        let present = self.offset(&turn.now)?;
        // The offset is noted, so that a message says the same when it has to
        // be sent again. A boot that never knew the time ended before this one
        // began, so its last moment is put there.
        let offset = if moment.at.boot_id == turn.now.at.boot_id {
            present
        } else if last.boot_id == moment.at.boot_id {
            present.saturating_sub(last.monotonic_ms as i64)
        } else {
            present.saturating_sub(at)
        };
        turn.store.write(key, &offset, Durability::Durable);
        Some(offset.saturating_add(at))
    }
}

fn key_of(boot_id: u64) -> String {
    format!("{PREFIX}{boot_id:016x}")
}

packed!(Moment { at, unix_ms });
