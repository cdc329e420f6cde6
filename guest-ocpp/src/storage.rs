//! While nothing can be kept durably (the disk is full, or worn out), the
//! charger does without: what is charging goes on, the central system is
//! answered, and nothing is begun, ended or noted that would have to be kept.
//! It tries again after a while, each time a longer one.

use crate::charger::Charger;
use crate::host::{Boot, BootReason};
use crate::packed::packed;
use crate::queue::StopReason;
use crate::turn::Turn;

const FIRST_WAIT_MS: u64 = 5_000;
const LONGEST_WAIT_MS: u64 = 300_000;

/// Nothing could be kept the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unkept {
    pub(crate) until: u64,
    wait: u64,
}

packed!(Unkept { until, wait });

impl Charger {
    /// Notes at a start what has to wait until something can be kept.
    pub(crate) fn note_storage(&mut self, turn: &Turn<'_>, boot: &Boot) {
        let interrupted = match boot.reason {
            BootReason::PowerUp => Some(StopReason::PowerLoss),
            BootReason::Restart => Some(StopReason::Reboot),
            BootReason::Swap | BootReason::Recovery | BootReason::Rollback => None,
        };
        if interrupted.is_some()
            && self
                .outlets
                .iter()
                .any(|outlet| outlet.session.is_some() || outlet.is_locked())
        {
            self.desk.edit().interrupted = interrupted;
        }
        if boot
            .dropped
            .as_ref()
            .is_some_and(|dropped| dropped.failure == "storage")
        {
            let before = self.desk.unkept.map_or(0, |unkept| unkept.wait);
            let wait = (before * 2).clamp(FIRST_WAIT_MS, LONGEST_WAIT_MS);
            turn.warn(format!(
                "nothing can be kept; trying again in {} s",
                wait / 1000
            ));
            self.desk.edit().unkept = Some(Unkept {
                until: turn.ms() + wait,
                wait,
            });
        }
    }

    pub(crate) fn can_keep(&self, turn: &Turn<'_>) -> bool {
        self.desk
            .unkept
            .is_none_or(|unkept| unkept.until <= turn.ms())
    }

    /// The time has come to try again.
    pub(crate) fn try_storage(&mut self, turn: &mut Turn<'_>) {
        if self.desk.unkept.is_some() {
            self.desk.edit().unkept = None;
        }
        if let Some(reason) = self.desk.interrupted {
            self.desk.edit().interrupted = None;
            self.end_interrupted(turn, reason);
        }
    }
}
