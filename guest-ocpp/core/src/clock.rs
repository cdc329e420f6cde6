//! What time it is: from the central system before anything else, else from
//! the board. Moments noted before any of them was known are completed later
//! from (boot, monotonic). Not here: the text of a timestamp.

use plugpoint_guest::kept::Cell;
use plugpoint_guest::packed::packed;
use plugpoint_guest::protocol::{ClockTrust, Durability, Now, Stamp};
use plugpoint_guest::turn::Turn;

/// The clock is left alone while it is off by less than this.
const TOLERANCE_MS: i64 = 1000;
/// Smaller differences are not worth noting.
const DRIFT_MS: u64 = 100;

/// When this was written: 2025-01-01T00:00:00Z. It cannot be earlier.
const WRITTEN_MS: i64 = 1_735_689_600_000;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// No charger is told a time so far beyond what it was told before.
const MAX_AHEAD_MS: i64 = 20 * 365 * DAY_MS;
const LATEST_STEP_MS: i64 = DAY_MS;

const PREFIX: &str = "clock/";
const END_PREFIX: &str = "clock-end/";

/// Sets the host's clock.
pub const SERVICE: &str = "clock@1";

/// A moment that can be told even if the time was not known when it was noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Of which boot, and when in it.
    pub at: Stamp,
    /// None: the time was not known.
    pub unix_ms: Option<i64>,
}

impl Moment {
    /// The moment this many ms later, by the same clock.
    #[must_use]
    pub fn plus(self, ms: u64) -> Self {
        Self {
            at: Stamp {
                monotonic_ms: self.at.monotonic_ms.saturating_add(ms),
                ..self.at
            },
            unix_ms: self.unix_ms.map(|it| it.saturating_add(ms as i64)),
        }
    }
}

/// What time it is, as far as anybody knows.
#[derive(Debug)]
pub struct Clock {
    /// Unix minus monotonic, as told by the central system; none: the host's
    /// own clock will do.
    told: Cell<Option<i64>>,
    /// Unix minus monotonic when somebody last looked.
    seen: Cell<Option<i64>>,
    /// The latest time that the central system ever said, to the day.
    latest: Cell<Option<i64>>,
    can_set: bool,
}

/// What has become of the time since somebody last looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Unix minus monotonic: nobody knew it before.
    Known {
        /// Of the time.
        offset: i64,
    },
    /// It proved wrong.
    Corrected {
        /// The wrong one.
        from: i64,
        /// The right one.
        to: i64,
    },
}

/// What became of a time that the central system said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learned {
    /// The clock has it.
    Known,
    /// The clock has it, and the host's is to be set to it.
    SetHost,
    /// It cannot be: expected is a time between these, Unix ms. The clock is left alone.
    Implausible {
        /// The earliest that is possible.
        earliest: i64,
        /// The latest that is likely.
        latest: i64,
    },
}

impl Clock {
    /// From the entries; `services` are the host's.
    pub fn load(turn: &mut Turn<'_>, services: &[String]) -> Self {
        let told = Cell::load(&mut turn.store, turn.log, "clock-told", Durability::Session);
        Self {
            told,
            seen: Cell::load(&mut turn.store, turn.log, "clock-seen", Durability::Session),
            latest: Cell::load(&mut turn.store, turn.log, "clock-latest", Durability::Lazy),
            can_set: services.iter().any(|service| service == SERVICE),
        }
    }

    /// Writes out what has changed.
    pub fn flush(&mut self, turn: &mut Turn<'_>) {
        self.told.flush(&mut turn.store);
        self.seen.flush(&mut turn.store);
        self.latest.flush(&mut turn.store);
    }

    /// Whether the time has changed by more than drift.
    /// `starting`: nothing was noted before.
    pub fn look(&mut self, turn: &mut Turn<'_>, starting: bool) -> Option<Change> {
        let offset = self.offset(&turn.now)?;
        match *self.seen {
            None => {
                *self.seen.edit() = Some(offset);
                let key = key_of(turn.now.at.boot_id);
                if !starting && turn.store.get(&key).is_none() {
                    // What was noted until now can be completed, also after a
                    // power failure.
                    turn.store.write(key, &offset, Durability::Durable);
                }
                Some(Change::Known { offset })
            }
            Some(seen) if seen.abs_diff(offset) > TOLERANCE_MS.unsigned_abs() => {
                *self.seen.edit() = Some(offset);
                Some(Change::Corrected {
                    from: seen,
                    to: offset,
                })
            }
            Some(seen) if seen.abs_diff(offset) > DRIFT_MS => {
                *self.seen.edit() = Some(offset);
                None
            }
            Some(_) => None,
        }
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
    pub fn time(&self, now: &Now) -> Option<i64> {
        self.offset(now)
            .map(|offset| offset.saturating_add(now.at.monotonic_ms as i64))
    }

    /// When that was, as far as the clock knows.
    pub fn moment(&self, now: &Now, at: Stamp) -> Moment {
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

    /// This moment.
    pub fn present(&self, now: &Now) -> Moment {
        self.moment(now, now.at)
    }

    /// The central system says what time it is.
    pub fn learn(&mut self, turn: &mut Turn<'_>, unix_ms: i64) -> Learned {
        let latest = self.latest.unwrap_or(0).max(WRITTEN_MS) + MAX_AHEAD_MS;
        if !(WRITTEN_MS..=latest).contains(&unix_ms) {
            return Learned::Implausible {
                earliest: WRITTEN_MS,
                latest,
            };
        }
        if self
            .latest
            .is_none_or(|latest| latest + LATEST_STEP_MS < unix_ms)
        {
            *self.latest.edit() = Some(unix_ms);
        }
        let known = self.time(&turn.now);
        if known.is_some_and(|known| known.abs_diff(unix_ms) <= TOLERANCE_MS.unsigned_abs()) {
            return Learned::Known;
        }
        let offset = unix_ms.saturating_sub(turn.now.at.monotonic_ms as i64);
        match known {
            // What was noted until now can be completed, also after a power
            // failure.
            None => turn
                .store
                .write(key_of(turn.now.at.boot_id), &offset, Durability::Durable),
            Some(known) => turn.info(format!(
                "clock was off by {} ms; corrected by the central system",
                unix_ms.saturating_sub(known)
            )),
        }
        *self.told.edit() = Some(offset);
        if self.can_set {
            Learned::SetHost
        } else {
            Learned::Known
        }
    }

    /// The host's clock has been set: it is as good as ours from now on.
    pub fn was_set(&mut self, now: &Now) {
        if now.trust == ClockTrust::Set {
            *self.told.edit() = None;
        }
    }

    /// Nothing that was noted in another boot waits any more.
    pub fn forget_other_boots(&self, turn: &mut Turn<'_>) {
        let this = key_of(turn.now.at.boot_id);
        let ends = turn.store.scan(END_PREFIX, END_PREFIX, 16);
        for (key, _) in turn.store.scan(PREFIX, PREFIX, 16).into_iter().chain(ends) {
            if key != this {
                turn.store.forget(&key);
            }
        }
    }

    /// Unix time of a moment; `last` is the last one noted in whatever boot
    /// came before this one. None: not before the time is known.
    pub fn resolve(&self, turn: &mut Turn<'_>, moment: &Moment, last: Stamp) -> Option<i64> {
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
        } else if let Some(end) = turn.store.read::<u64>(&end_of(moment.at.boot_id), log) {
            present.saturating_sub(end as i64)
        } else {
            present.saturating_sub(at)
        };
        turn.store.write(key, &offset, Durability::Durable);
        Some(offset.saturating_add(at))
    }
}

/// Notes when a boot ended in which the time may never have been known.
pub fn note_end(turn: &mut Turn<'_>, last: Stamp) {
    if turn.store.get(&key_of(last.boot_id)).is_none() {
        let end = last.monotonic_ms;
        turn.store
            .write(end_of(last.boot_id), &end, Durability::Durable);
    }
}

fn end_of(boot_id: u64) -> String {
    format!("{END_PREFIX}{boot_id:016x}")
}

fn key_of(boot_id: u64) -> String {
    format!("{PREFIX}{boot_id:016x}")
}

packed!(Moment { at, unix_ms });
