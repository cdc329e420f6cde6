//! A transaction as it is remembered: while it goes on, and what is left of it. Not here:
//! what is told of it.

use plugpoint_guest::packed::packed;

use crate::Protocol;
use crate::clock::Moment;
use crate::timeline::Timeline;

/// Why and by whom a transaction was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop<P: Protocol> {
    /// Why.
    pub reason: P::Reason,
    /// The token that ended it, if one did.
    pub tag: Option<String>,
}

/// A transaction that is going on; survives the power.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session<P: Protocol> {
    /// The charge point's own; never used twice.
    pub number: u64,
    /// The central system's, once it has answered.
    pub id: Option<i64>,
    /// Who charges.
    pub tag: String,
    /// The group of the token.
    pub parent: Option<String>,
    /// When it began.
    pub started: Moment,
    /// The register at that time, thousandths of a Wh.
    pub start_mwh: u64,
    /// The register when it was last noted.
    pub last_mwh: u64,
    /// Set by the policies, mA per phase.
    pub limit_ma: Option<u32>,
    /// Set by the policies.
    pub energy_limit_wh: Option<u64>,
    /// The host ends it then, Unix ms. Set by the policies.
    pub until_ms: Option<i64>,
    /// The central system does not accept the token, and the transaction goes on within
    /// a limit of energy.
    pub refused: bool,
    /// It was ended, and is still to be concluded.
    pub stop: Option<Stop<P>>,
    /// Values that are told when it is concluded.
    pub data: Vec<P::Value>,
    /// None: a build that had none began it.
    pub timeline: Option<Timeline>,
}

impl<P: Protocol> Session<P> {
    /// Its time.
    pub fn timeline(&mut self) -> &mut Timeline {
        self.timeline.get_or_insert_default()
    }

    /// What it took until the register was at `mwh`, Wh.
    pub fn used_wh(&self, mwh: u64) -> u64 {
        (mwh - self.start_mwh.min(mwh)) / 1000
    }
}

/// A transaction that was stopped while nothing could be stored. It is concluded
/// with these values once something can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halted<P: Protocol> {
    /// Why.
    pub stop: Stop<P>,
    /// When the contactor opened, or now while it is still closed.
    pub at: Moment,
    /// The register at that time, thousandths of a Wh.
    pub mwh: u64,
    /// The contactor is open: the time is final.
    pub opened: bool,
    /// The meter was read behind that, or does not answer: the register is final.
    pub settled: bool,
    /// The car has left since; one that is there now is another one.
    pub left: bool,
}

packed!(Stop<P: Protocol> { reason, tag });
packed!(Session<P: Protocol> {
    number,
    id,
    tag,
    parent,
    started,
    start_mwh,
    last_mwh,
    limit_ma,
    energy_limit_wh,
    until_ms,
    refused,
    stop,
    data,
    timeline
});
packed!(Halted<P: Protocol> {
    stop,
    at,
    mwh,
    opened,
    settled,
    left
});
