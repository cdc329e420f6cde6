//! What a session may do now, until when, and when to think again.
//!
//! Each change of the flow that follows from the time of day is delayed by a random
//! time of its own, so that not all cars of a country begin in the same second: the
//! begin of a session, and both ends of each peak. The same session and change always
//! have the same delay, whichever instance asks.

use crate::settings::Settings;
use crate::zone::Zone;

/// A session that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Random, drawn when it began.
    pub seed: u64,
    /// Unix ms.
    pub began_ms: i64,
}

/// Times are Unix ms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// No current before then.
    pub not_before_ms: Option<i64>,
    /// The most current until the peak is over.
    pub limit_ma: Option<u32>,
    /// When something else applies that has to be said then.
    pub again_ms: Option<i64>,
    /// For the status.
    pub why: &'static str,
}

/// Plans one session at this moment.
#[must_use]
pub fn plan(settings: &Settings, zone: &Zone, session: &Session, now_ms: i64) -> Plan {
    let delayed = |at_ms: i64| at_ms + delay_ms(settings, session.seed, at_ms);
    let begin = delayed(session.began_ms);
    let mut free_from = now_ms.max(begin);
    let mut plan = Plan {
        why: "random delay",
        ..Plan::default()
    };
    for (from, to) in settings.peak.around(zone.local_ms(now_ms)) {
        let (from, to) = (zone.unix_ms(from), zone.unix_ms(to));
        // Who comes during a peak is not let in at first.
        let from = if session.began_ms >= from {
            from
        } else {
            delayed(from)
        };
        let to = delayed(to);
        if to <= free_from {
            continue;
        }
        if from > free_from {
            plan.again_ms = Some(from);
            break;
        }
        plan.why = "peak hours";
        match settings.peak_ma {
            None => free_from = to,
            Some(limit_ma) => {
                plan.limit_ma = Some(limit_ma);
                plan.again_ms = Some(to);
                break;
            }
        }
    }
    plan.not_before_ms = (free_from > now_ms).then_some(free_from);
    if plan.not_before_ms.is_none() && plan.limit_ma.is_none() {
        plan.why = "";
    }
    plan
}

/// From nothing to the longest delay, in whole seconds.
fn delay_ms(settings: &Settings, seed: u64, at_ms: i64) -> i64 {
    let mixed = mix(seed ^ mix(at_ms.unsigned_abs()));
    let seconds = mixed % (u64::from(settings.delay_s) + 1);
    i64::try_from(seconds).unwrap_or(0) * 1000
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood, 2014).
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
