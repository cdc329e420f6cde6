//! The first message of the queue does not get through: whether and when it is
//! sent again. The central system's errors count against
//! TransactionMessageAttempts; its silence does not, but for meter values. Not
//! here: the queue, and how it comes to know that a call failed (see `delivery`
//! and `silence`).

use crate::host::Stamp;
use crate::packed::packed;

/// Attempts are at least this far apart, whatever TransactionMessageRetryInterval
/// says; the wait grows with the number of attempts.
const MIN_RETRY_MS: u64 = 1_000;
/// Longest wait for a central system that does not answer.
const MAX_SILENT_WAIT_MS: u64 = 300_000;
/// Meter values that fail hold up a start or stop behind them for this long at
/// most; then they are dropped.
pub(crate) const MAX_VALUES_DELAY_MS: u64 = 300_000;
/// Attempts at meter values that are answered with an error that stays.
const PERMANENT_ATTEMPTS: u32 = 2;

/// Which message is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Front {
    pub(crate) number: u64,
    /// A start or a stop.
    pub(crate) is_vital: bool,
}

/// What the configuration allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// TransactionMessageAttempts.
    pub(crate) attempts: i64,
    /// TransactionMessageRetryInterval.
    pub(crate) interval_ms: u64,
}

/// What came of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    Again,
    GiveUp,
}

/// How meter values failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValuesFailure {
    /// An error that another attempt does not change.
    Permanent,
    /// Any other error.
    Error,
    /// No answer, though the central system answers other calls.
    Unanswered,
}

/// What keeps the first message from getting through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Trouble {
    number: u64,
    /// The central system has failed on it this often.
    failures: u32,
    /// Not to be sent again before.
    until: Stamp,
    /// It was not answered this often.
    unanswered: Option<u32>,
    /// Meter values have failed, and none has got through since.
    values: Option<ValuesTrouble>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct ValuesTrouble {
    since: Stamp,
    /// Attempts without an answer in a row, whichever values it were.
    unanswered: u32,
    /// No values are sent before.
    until: Stamp,
}

impl Trouble {
    /// The first message may be sent at once, or from this time on.
    pub(crate) fn held_until(&self, front: Front, now: Stamp) -> Option<u64> {
        let own = (self.number == front.number).then_some(self.until);
        let of_values = self.values.filter(|_| !front.is_vital);
        own.into_iter()
            .chain(of_values.map(|values| values.until))
            .filter(|until| until.boot_id == now.boot_id)
            .map(|until| until.monotonic_ms)
            .max()
            .filter(|until| *until > now.monotonic_ms)
    }

    /// The first message is gone.
    pub(crate) fn of_the_next(self) -> Self {
        Self {
            values: self.values,
            ..Self::default()
        }
    }

    /// Meter values have got through.
    pub(crate) fn without_values(self) -> Self {
        Self {
            values: None,
            ..self
        }
    }

    /// There is a new link: what waited because nobody answered need not.
    pub(crate) fn on_a_new_link(mut self) -> Self {
        if self.unanswered.is_some() {
            self.until = Stamp::default();
        }
        if let Some(values) = &mut self.values {
            values.until = Stamp::default();
        }
        self
    }

    /// The central system has reported that it could not process the first
    /// message: the wait grows by the interval with each failure.
    pub(crate) fn failed(&mut self, front: Front, now: Stamp, patience: Patience) -> AfterFailure {
        self.turn_to(front);
        self.failures = self.failures.saturating_add(1);
        self.until = later(now, self.error_wait(patience));
        if i64::from(self.failures) >= patience.attempts {
            AfterFailure::GiveUp
        } else {
            AfterFailure::Again
        }
    }

    /// Nobody has answered the first message: it is sent again for as long as it
    /// takes, after waits that grow.
    pub(crate) fn not_answered(&mut self, front: Front, now: Stamp, patience: Patience) {
        self.turn_to(front);
        let unanswered = self.unanswered.unwrap_or(0).saturating_add(1);
        self.unanswered = Some(unanswered);
        self.until = later(now, silent_wait(patience, unanswered));
    }

    /// The first message are meter values, and they failed.
    pub(crate) fn values_failed(
        &mut self,
        front: Front,
        now: Stamp,
        failure: ValuesFailure,
        patience: Patience,
    ) -> AfterFailure {
        self.turn_to(front);
        self.failures = self.failures.saturating_add(1);
        let known = self
            .values
            .filter(|values| values.since.boot_id == now.boot_id);
        let mut values = known.unwrap_or(ValuesTrouble {
            since: now,
            ..ValuesTrouble::default()
        });
        match failure {
            ValuesFailure::Permanent => {}
            ValuesFailure::Error => self.until = later(now, self.error_wait(patience)),
            ValuesFailure::Unanswered => {
                values.unanswered = values.unanswered.saturating_add(1);
                values.until = later(now, silent_wait(patience, values.unanswered));
            }
        }
        self.values = Some(values);
        let gives_up = match failure {
            ValuesFailure::Permanent => self.failures >= PERMANENT_ATTEMPTS,
            ValuesFailure::Error | ValuesFailure::Unanswered => {
                i64::from(self.failures) >= patience.attempts || self.is_jammed(front, now)
            }
        };
        if gives_up {
            AfterFailure::GiveUp
        } else {
            AfterFailure::Again
        }
    }

    /// When meter values that fail have held up others for long enough.
    pub(crate) fn jammed_at(&self, front: Front, now: Stamp) -> Option<u64> {
        let values = self.values?;
        (!front.is_vital && values.since.boot_id == now.boot_id)
            .then(|| values.since.monotonic_ms + MAX_VALUES_DELAY_MS)
    }

    pub(crate) fn is_jammed(&self, front: Front, now: Stamp) -> bool {
        self.jammed_at(front, now)
            .is_some_and(|at| at <= now.monotonic_ms)
    }

    fn turn_to(&mut self, front: Front) {
        if self.number != front.number {
            *self = Self {
                number: front.number,
                ..self.of_the_next()
            };
        }
    }

    fn error_wait(&self, patience: Patience) -> u64 {
        let wait = patience.interval_ms.max(MIN_RETRY_MS);
        wait.saturating_mul(u64::from(self.failures))
    }
}

fn later(now: Stamp, wait_ms: u64) -> Stamp {
    Stamp {
        boot_id: now.boot_id,
        monotonic_ms: now.monotonic_ms.saturating_add(wait_ms),
    }
}

fn silent_wait(patience: Patience, attempts: u32) -> u64 {
    let wait = patience.interval_ms.max(MIN_RETRY_MS);
    wait.saturating_mul(u64::from(attempts))
        .min(MAX_SILENT_WAIT_MS)
}

packed!(Trouble {
    number,
    failures,
    until,
    unanswered,
    values
});
packed!(ValuesTrouble {
    since,
    unanswered,
    until
});
