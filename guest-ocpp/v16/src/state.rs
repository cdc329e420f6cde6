//! What is remembered of the charger as a whole.

use plugpoint_ocpp_core::authorization::Unassigned;

use crate::packed::packed;
use crate::record::StopReason;
use crate::status::Report;
use crate::unkept::Unkept;

/// Remembered of the charger as a whole until the next power-up or restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ChargerState {
    /// Cards that were accepted before it was clear for which outlet.
    pub(crate) unassigned: Unassigned,
    pub(crate) reset: Option<PendingReset>,
    /// The next point of the clock-aligned grid, Unix ms.
    pub(crate) next_aligned: Option<i64>,
    /// What was reported of connector 0.
    pub(crate) reported: Option<Report>,
    /// Transactions were broken off for this reason, and are still to be ended.
    pub(crate) interrupted: Option<StopReason>,
    pub(crate) unkept: Option<Unkept>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingReset {
    pub(crate) hard: bool,
    /// Not waiting any longer for messages to get through.
    pub(crate) until: u64,
    /// How often the host was asked to carry it out, and when it is asked again.
    pub(crate) tried: Option<u32>,
    pub(crate) again_at: Option<u64>,
}

packed!(ChargerState {
    unassigned,
    reset,
    next_aligned,
    reported = "said",
    interrupted,
    unkept
});
packed!(PendingReset {
    hard,
    until,
    tried,
    again_at
});
