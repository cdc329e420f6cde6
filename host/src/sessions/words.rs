//! What a policy can say of a session, as it is kept: also by a later process, after
//! the board was powered again.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::outlet::rules::{Clamp, NEVER};
use crate::wit::authorization as a;
use crate::wit::protocol::{self as p, Now};

/// Limits of a session.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Limit {
    pub(super) limit_ma: Option<u32>,
    pub(super) limit_w: Option<u32>,
    pub(super) not_before: Option<At>,
    pub(super) until: Option<At>,
    pub(super) why: String,
}

/// A time that a policy has named.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) enum At {
    /// Unix ms; moves with the clock.
    Wall(i64),
    /// Of one boot of the board; with the time of the clock when it was said, for
    /// another boot.
    Monotonic {
        boot_id: u64,
        ms: u64,
        wall_ms: Option<i64>,
    },
}

/// Why a session ends.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) enum Cause {
    TimeOver,
    Deauthorized,
    Other,
}

impl Limit {
    pub(super) fn of(said: &a::SessionLimit, now: &Now) -> Self {
        Self {
            limit_ma: said.limit_ma,
            limit_w: said.limit_w,
            not_before: said.not_before.map(|it| At::of(it, now)),
            until: said.until.map(|it| At::of(it, now)),
            why: said.why.clone(),
        }
    }

    /// Says nothing any more.
    pub(super) fn is_none(&self) -> bool {
        self.limit_ma.is_none()
            && self.limit_w.is_none()
            && self.not_before.is_none()
            && self.until.is_none()
    }

    pub(super) fn clamp(&self, policy: &str, now: &Now) -> Clamp {
        Clamp {
            by: policy.to_owned(),
            why: self.why.clone(),
            limit_ma: self.limit_ma,
            limit_w: self.limit_w,
            not_before_ms: self.not_before.map(|it| it.monotonic_ms(now)),
            until_ms: self.until.map(|it| it.monotonic_ms(now)),
        }
    }

    pub(super) fn told(&self, session: u64) -> a::SessionLimit {
        a::SessionLimit {
            session,
            limit_ma: self.limit_ma,
            limit_w: self.limit_w,
            not_before: self.not_before.map(At::told),
            until: self.until.map(At::told),
            why: self.why.clone(),
        }
    }

    pub(super) fn shown(&self, policy: &str) -> Value {
        json!({
            "policy": policy,
            "limit_ma": self.limit_ma,
            "limit_w": self.limit_w,
            "not_before": self.not_before.map(At::shown),
            "until": self.until.map(At::shown),
            "why": self.why,
        })
    }
}

impl At {
    fn of(deadline: a::Deadline, now: &Now) -> Self {
        match deadline {
            a::Deadline::Wall(ms) => Self::Wall(ms),
            a::Deadline::Monotonic(ms) => Self::Monotonic {
                boot_id: now.at.boot_id,
                ms,
                wall_ms: now.wall_ms.map(|wall| {
                    let ahead = i128::from(ms) - i128::from(now.at.monotonic_ms);
                    let then = i128::from(wall) + ahead;
                    i64::try_from(then).unwrap_or(i64::MAX)
                }),
            },
        }
    }

    /// As the safety thread has to know it. A time of another boot without one of the
    /// clock has passed, as far as anybody can tell.
    pub(super) fn monotonic_ms(&self, now: &Now) -> u64 {
        match *self {
            Self::Wall(ms) => wall_to_monotonic(ms, now),
            Self::Monotonic { boot_id, ms, .. } if boot_id == now.at.boot_id => ms,
            Self::Monotonic { wall_ms, .. } => wall_ms.map_or(0, |ms| wall_to_monotonic(ms, now)),
        }
    }

    fn told(self) -> a::Deadline {
        match self {
            Self::Wall(ms) => a::Deadline::Wall(ms),
            Self::Monotonic { ms, .. } => a::Deadline::Monotonic(ms),
        }
    }

    fn shown(self) -> Value {
        match self {
            Self::Wall(ms)
            | Self::Monotonic {
                wall_ms: Some(ms), ..
            } => {
                json!(crate::rfc3339::format(ms))
            }
            Self::Monotonic { ms, .. } => json!({ "monotonic_ms": ms }),
        }
    }
}

/// While the clock is unset a time of it does not come.
pub(super) fn wall_to_monotonic(wall_ms: i64, now: &Now) -> u64 {
    let Some(present) = now.wall_ms else {
        return NEVER;
    };
    let ahead = i128::from(wall_ms) - i128::from(present);
    let at = i128::from(now.at.monotonic_ms) + ahead;
    u64::try_from(at.max(0)).unwrap_or(NEVER)
}

impl From<a::SessionEndCause> for Cause {
    fn from(it: a::SessionEndCause) -> Self {
        match it {
            a::SessionEndCause::TimeOver => Self::TimeOver,
            a::SessionEndCause::Deauthorized => Self::Deauthorized,
            a::SessionEndCause::Other => Self::Other,
        }
    }
}

impl From<Cause> for p::SessionEndCause {
    fn from(it: Cause) -> Self {
        match it {
            Cause::TimeOver => Self::TimeOver,
            Cause::Deauthorized => Self::Deauthorized,
            Cause::Other => Self::Other,
        }
    }
}
