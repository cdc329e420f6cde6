//! The one source of time: a monotonic clock that goes on through suspend, with
//! the identity of the power cycle it belongs to, and a wall clock that the
//! service `clock@1` can move.
//!
//! It never sets the board's own clock: the wall clock of the charger is the
//! board's plus an offset kept here.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::wit::protocol::{ClockTrust, Now, Stamp};

/// Before this the board's clock was plainly never set: 2024-01-01T00:00:00Z.
const PLAUSIBLE_SINCE_MS: i64 = 1_704_067_200_000;

/// Smaller differences to the board's clock are drift, not a step.
const STEP_MS: i64 = 1000;

const UNSET: u8 = 0;
const BOARD: u8 = 1;
const SET: u8 = 2;

/// A handle on the charger's clock; clones share its offset.
#[derive(Clone, Debug)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    boot_id: u64,
    /// Wall clock minus monotonic clock, in ms.
    offset_ms: AtomicI64,
    trust: AtomicU8,
    /// The board's clock may be believed.
    follow: bool,
}

impl Clock {
    /// The board's clock. With `trust_board` off, the wall clock counts as unset
    /// until it is set through the service.
    #[must_use]
    pub fn new(trust_board: bool) -> Self {
        let wall = board_ms();
        let plausible = trust_board && wall >= PLAUSIBLE_SINCE_MS;
        Self {
            inner: Arc::new(Inner {
                boot_id: boot_id(),
                offset_ms: AtomicI64::new(wall - monotonic_ms() as i64),
                trust: AtomicU8::new(if plausible { BOARD } else { UNSET }),
                follow: trust_board,
            }),
        }
    }

    /// Milliseconds since the board was powered.
    #[must_use]
    pub fn monotonic_ms(&self) -> u64 {
        monotonic_ms()
    }

    /// The present moment, comparable within one power cycle.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp {
            boot_id: self.inner.boot_id,
            monotonic_ms: monotonic_ms(),
        }
    }

    /// The present moment as guests see it.
    #[must_use]
    pub fn now(&self) -> Now {
        let at = self.stamp();
        let trust = match self.inner.trust.load(Ordering::Acquire) {
            SET => ClockTrust::Set,
            BOARD => ClockTrust::Board,
            _ => ClockTrust::Unset,
        };
        let wall_ms = (trust != ClockTrust::Unset)
            .then(|| at.monotonic_ms as i64 + self.inner.offset_ms.load(Ordering::Acquire));
        Now { at, wall_ms, trust }
    }

    /// Moves the wall clock to `unix_ms`; the step that made, in ms.
    pub fn set_wall(&self, unix_ms: i64) -> i64 {
        let offset = unix_ms - monotonic_ms() as i64;
        let before = self.inner.offset_ms.swap(offset, Ordering::AcqRel);
        self.inner.trust.store(SET, Ordering::Release);
        offset - before
    }

    /// As long as nobody has set the wall clock, it follows the board's, which
    /// NTP may have set meanwhile. Returns the step if that made one.
    #[must_use]
    pub fn follow_board(&self) -> Option<i64> {
        if !self.inner.follow || self.inner.trust.load(Ordering::Acquire) == SET {
            return None;
        }
        let wall = board_ms();
        if wall < PLAUSIBLE_SINCE_MS {
            return None;
        }
        let step = wall - self.wall_ms();
        if step.abs() < STEP_MS {
            return None;
        }
        self.inner
            .offset_ms
            .store(wall - monotonic_ms() as i64, Ordering::Release);
        self.inner.trust.store(BOARD, Ordering::Release);
        Some(step)
    }

    /// The wall clock in Unix ms, believed or not; for logs and the control API.
    #[must_use]
    pub fn wall_ms(&self) -> i64 {
        monotonic_ms() as i64 + self.inner.offset_ms.load(Ordering::Acquire)
    }

    /// How long until a monotonic deadline.
    #[must_use]
    pub fn until(&self, monotonic_deadline_ms: u64) -> Duration {
        Duration::from_millis(monotonic_deadline_ms.saturating_sub(monotonic_ms()))
    }
}

/// `CLOCK_BOOTTIME`: does not stop while the board is suspended, and, unlike a
/// count from the start of the process, stays comparable when only the process
/// was restarted.
#[allow(unsafe_code)] // one libc call that only writes to `ts`
fn monotonic_ms() -> u64 {
    let mut ts = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `ts` is a valid, exclusive timespec for the length of the call.
    unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &mut ts) };
    ts.tv_sec as u64 * 1000 + ts.tv_nsec as u64 / 1_000_000
}

fn board_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// The kernel's identity of this power cycle, folded to 64 bits.
fn boot_id() -> u64 {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    // FNV-1a: any fixed hash does, it only has to differ from boot to boot.
    text.trim()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}
