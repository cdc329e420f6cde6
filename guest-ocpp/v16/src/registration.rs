//! Whether the central system has accepted this charger. Not here: how it is asked to (see
//! `boot`).

use crate::packed::{packed, packed_words};

/// Waits of our own, where the central system names none.
const FIRST_WAIT_MS: u64 = 10_000;
const MAX_WAIT_MS: u64 = 300_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Standing {
    /// Not told yet, or not answered.
    #[default]
    None,
    Pending,
    Rejected,
    Accepted,
}

/// Since power-up or restart; a link that comes and goes does not change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Registration {
    pub(crate) standing: Standing,
    /// Not to be told again before.
    pub(crate) again_at: Option<u64>,
    failures: u32,
}

impl Registration {
    pub(crate) fn is_accepted(&self) -> bool {
        self.standing == Standing::Accepted
    }

    /// The central system has said Pending or Rejected.
    pub(crate) fn is_put_off(&self) -> bool {
        matches!(self.standing, Standing::Pending | Standing::Rejected)
    }

    pub(crate) fn name(&self) -> &'static str {
        match self.standing {
            Standing::None => "none",
            Standing::Pending => "Pending",
            Standing::Rejected => "Rejected",
            Standing::Accepted => "Accepted",
        }
    }

    /// It waits for a central system that has said nothing, and not for one that has named
    /// a time.
    pub(crate) fn waits_by_itself(&self) -> bool {
        self.failures > 0 && self.again_at.is_some()
    }

    /// The central system has answered. `interval_s`: when it wants to be asked again.
    pub(crate) fn answered(&mut self, standing: Standing, interval_s: i64, ms: u64) {
        self.standing = standing;
        self.failures = 0;
        self.again_at = (standing != Standing::Accepted).then(|| {
            let wait = match u64::try_from(interval_s) {
                Ok(interval_s) if interval_s > 0 => interval_s.saturating_mul(1000),
                _ => FIRST_WAIT_MS,
            };
            ms.saturating_add(wait)
        });
    }

    /// It has not answered, or by an error; how long it is left alone, ms.
    pub(crate) fn failed(&mut self, ms: u64) -> u64 {
        let wait = (FIRST_WAIT_MS << self.failures.min(5)).min(MAX_WAIT_MS);
        self.failures += 1;
        self.again_at = Some(ms.saturating_add(wait));
        wait
    }
}

packed_words!(Standing { None = "none", Pending = "Pending", Rejected = "Rejected", Accepted = "Accepted" });
packed!(Registration {
    standing,
    again_at,
    failures
});
