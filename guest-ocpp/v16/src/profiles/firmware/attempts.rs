//! One request to a service at a time, tried again as the central system wants it. Not
//! here: what is asked for.

use plugpoint_guest::packed::packed;
use plugpoint_guest::protocol::ServiceFailure;
use plugpoint_ocpp_wire::fields::Fields;
use plugpoint_ocpp_wire::frame::Violation;

use super::INTERRUPTED;
use crate::core_access::Core;

/// Where the central system leaves it to the charge point.
const TRIES: i64 = 3;
const INTERVAL_S: i64 = 30;
const MAX_TRIES: i64 = 1_000;
const MAX_INTERVAL_S: i64 = 86_400;
/// After an answer that was lost.
const LOST_MS: u64 = 1_000;
/// While a service has something else to do.
const BUSY_MS: u64 = 10_000;

/// How often something is tried, and how far apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Attempts {
    /// At least 1.
    max: u32,
    interval_ms: u64,
}

impl Attempts {
    /// `retries` and `retryInterval`. `retries` is how many times it is tried in all, and
    /// it is tried once in any case.
    pub(super) fn read(fields: Fields<'_, '_>) -> Result<Self, Violation> {
        let max = fields.optional_int("retries")?.unwrap_or(TRIES);
        let interval = fields.optional_int("retryInterval")?.unwrap_or(INTERVAL_S);
        Ok(Self {
            max: max.clamp(1, MAX_TRIES) as u32,
            interval_ms: interval.clamp(1, MAX_INTERVAL_S) as u64 * 1000,
        })
    }
}

/// What is known of the present request until the next power-up or restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Errand {
    /// Its label; what else comes is an answer to something that is over.
    asked: Option<String>,
    failures: u32,
    again_at: Option<u64>,
}

/// What a failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failed {
    /// It is tried again.
    Again,
    /// It is not.
    ForGood,
}

impl Errand {
    pub(super) fn ask(
        &mut self,
        core: &mut Core<'_, '_>,
        label: String,
        (service, operation): (&str, &str),
        body: String,
    ) {
        core.request(&label, service, operation, body);
        self.expect(label);
    }

    /// A request with this label is made.
    pub(super) fn expect(&mut self, label: String) {
        self.again_at = None;
        self.asked = Some(label);
    }

    /// It is the answer to the present request.
    pub(super) fn is_for(&self, label: &str) -> bool {
        self.asked.as_deref() == Some(label)
    }

    /// The present request is answered.
    pub(super) fn take(&mut self) {
        self.asked = None;
    }

    /// An answer is waited for, or it is not the time to try again.
    pub(super) fn must_wait(&self, core: &Core<'_, '_>) -> bool {
        let now = core.now().at.monotonic_ms;
        self.asked.is_some() || self.again_at.is_some_and(|at| at > now)
    }

    pub(super) fn again_at(&self) -> Option<u64> {
        self.again_at.filter(|_| self.asked.is_none())
    }

    pub(super) fn failed(
        &mut self,
        core: &Core<'_, '_>,
        attempts: Attempts,
        failure: &ServiceFailure,
    ) -> Failed {
        let wait = match failure.code.as_str() {
            INTERRUPTED => LOST_MS,
            "busy" => BUSY_MS,
            // It would be the same again.
            "unsupported" | "bad-request" | "too-large" => return Failed::ForGood,
            _ => {
                self.failures += 1;
                if self.failures >= attempts.max {
                    return Failed::ForGood;
                }
                attempts.interval_ms
            }
        };
        self.again_at = Some(core.now().at.monotonic_ms.saturating_add(wait));
        Failed::Again
    }
}

packed!(Attempts { max, interval_ms });
packed!(Errand {
    asked,
    failures,
    again_at
});
