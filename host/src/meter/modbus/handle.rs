//! A Modbus meter as the safety thread sees it: it leaves word with the bus and
//! never waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::bus::Word;
use crate::meter::{Answer, Meter};
use crate::outlet::Moment;

/// What bus and safety thread both see of a meter. No lock: neither waits.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// It is being asked, or about to be.
    pub(super) pending: AtomicBool,
    /// It is left alone until then, in ns of [`Moment`].
    pub(super) quiet_until: AtomicU64,
}

/// One meter.
#[derive(Debug)]
pub(super) struct ModbusMeter {
    pub(super) place: usize,
    pub(super) bus: UnboundedSender<Word>,
    pub(super) shared: Arc<Shared>,
    pub(super) poll: Duration,
}

impl Meter for ModbusMeter {
    fn ask(&mut self, now: Moment) -> Answer {
        if now.as_nanos() < self.shared.quiet_until.load(Ordering::Acquire) {
            return Answer::Silent;
        }
        if !self.shared.pending.swap(true, Ordering::AcqRel)
            && self.bus.send(Word::Wanted(self.place)).is_err()
        {
            // The bus's thread has ended: nobody will ever answer.
            return Answer::Silent;
        }
        Answer::Later
    }

    fn pace(&self) -> Option<Duration> {
        Some(self.poll)
    }
}
