//! The clock proved wrong by so much: which messages are told with another time for it. Not
//! here: when that is noted (see `corrections`).

use plugpoint_ocpp_core::clock::Moment;

use crate::packed::packed;

/// A moment belongs to a clock if it is off from it by less: the grid of
/// clock-aligned values is followed with a few seconds' patience.
const SAME_CLOCK_MS: u64 = 6_000;
/// Messages that were waiting, unsent, when the clock was corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shift {
    pub(crate) boot_id: u64,
    /// Unix minus monotonic, wrong and right.
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// Their numbers begin with the first, and are less than the second.
    pub(crate) first: u64,
    pub(crate) below: u64,
    /// They belong to no transaction, or to one whose number is greater.
    pub(crate) session_above: u64,
}

impl Shift {
    pub(crate) fn concerns(&self, number: u64, session: u64) -> bool {
        (self.first <= number && number < self.below)
            && (session == 0 || session > self.session_above)
    }

    pub(crate) fn apply(&self, moment: Moment, unix_ms: i64) -> i64 {
        let offset = unix_ms.saturating_sub(moment.at.monotonic_ms as i64);
        if moment.at.boot_id == self.boot_id && offset.abs_diff(self.from) <= SAME_CLOCK_MS {
            unix_ms.saturating_add(self.to.saturating_sub(self.from))
        } else {
            unix_ms
        }
    }
}

packed!(Shift {
    boot_id,
    from,
    to,
    first,
    below,
    session_above
});
