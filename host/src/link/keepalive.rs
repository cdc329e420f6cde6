//! When to ping, and when to give up a socket from which nothing comes: a state
//! machine without socket or clock.
//!
//! Whatever arrives is a sign of life, not only a pong: some far ends answer no
//! pings, and a large frame on a slow line keeps a pong waiting.

use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct KeepAlive {
    /// None: no pings, and so no judgement.
    interval: Option<Duration>,
    /// None: pings, but no judgement.
    patience: Option<Duration>,
    next_ping: Instant,
    /// Nothing has come since a ping; then when the socket is given up.
    give_up_at: Option<Instant>,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Ping,
    /// Give the socket up.
    Silent,
}

impl KeepAlive {
    pub fn new(interval_ms: u32, patience_ms: u32, now: Instant) -> Self {
        let some = |ms: u32| (ms > 0).then(|| Duration::from_millis(u64::from(ms)));
        let interval = some(interval_ms);
        Self {
            interval,
            patience: some(patience_ms),
            next_ping: now + interval.unwrap_or_default(),
            give_up_at: None,
        }
    }

    /// When [`KeepAlive::due`] has something to say, at the earliest.
    pub fn wake_at(&self) -> Option<Instant> {
        self.interval?;
        Some(match self.give_up_at {
            Some(at) => at.min(self.next_ping),
            None => self.next_ping,
        })
    }

    /// Asked at `wake_at` or later; `heard`: something arrived since it was asked
    /// last.
    pub fn due(&mut self, now: Instant, heard: bool) -> Due {
        let Some(interval) = self.interval else {
            return Due::Nothing;
        };
        if heard {
            self.give_up_at = None;
        }
        if self.give_up_at.is_some_and(|at| now >= at) {
            return Due::Silent;
        }
        if now < self.next_ping {
            return Due::Nothing;
        }
        // From now, not from when it was due: a board that slept does not catch
        // up on pings.
        self.next_ping = now + interval;
        if self.give_up_at.is_none() {
            self.give_up_at = self.patience.map(|patience| now + patience);
        }
        Due::Ping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays virtual seconds; `heard` says in which of them something arrives.
    fn play(
        interval: u32,
        patience: u32,
        seconds: u64,
        heard: impl Fn(u64) -> bool,
    ) -> Vec<(u64, Due)> {
        let zero = Instant::now();
        let mut machine = KeepAlive::new(interval * 1000, patience * 1000, zero);
        let mut seen = Vec::new();
        let mut fresh = false;
        for second in 1..=seconds {
            let now = zero + Duration::from_secs(second);
            fresh |= heard(second);
            while machine.wake_at().is_some_and(|at| at <= now) {
                let due = machine.due(now, std::mem::take(&mut fresh));
                if due != Due::Nothing {
                    seen.push((second, due));
                }
                if due == Due::Silent {
                    return seen;
                }
            }
        }
        seen
    }

    #[test]
    fn pings_at_its_interval_while_pongs_come() {
        let seen = play(10, 3, 35, |s| s % 10 == 1);
        assert_eq!(seen, [(10, Due::Ping), (20, Due::Ping), (30, Due::Ping)]);
    }

    #[test]
    fn gives_up_when_nothing_follows_a_ping() {
        let seen = play(10, 3, 60, |s| s == 11);
        assert_eq!(seen, [(10, Due::Ping), (20, Due::Ping), (23, Due::Silent)]);
    }

    #[test]
    fn what_came_before_the_ping_is_no_sign_of_life_after_it() {
        let seen = play(10, 3, 60, |s| s == 9);
        assert_eq!(seen, [(10, Due::Ping), (13, Due::Silent)]);
    }

    #[test]
    fn a_patience_longer_than_the_interval_counts_from_the_first_ping() {
        let seen = play(2, 5, 60, |_| false);
        assert_eq!(
            seen,
            [
                (2, Due::Ping),
                (4, Due::Ping),
                (6, Due::Ping),
                (7, Due::Silent)
            ]
        );
    }

    #[test]
    fn no_interval_means_no_ping_and_no_judgement() {
        assert_eq!(play(0, 3, 100, |_| false), []);
    }

    #[test]
    fn no_patience_means_pings_without_judgement() {
        assert_eq!(
            play(10, 0, 25, |_| false),
            [(10, Due::Ping), (20, Due::Ping)]
        );
    }

    #[test]
    fn after_a_long_sleep_there_is_one_ping() {
        let zero = Instant::now();
        let mut machine = KeepAlive::new(1000, 500, zero);
        let late = zero + Duration::from_secs(3600);
        assert_eq!(machine.due(late, true), Due::Ping);
        assert_eq!(machine.due(late, false), Due::Nothing);
        assert_eq!(machine.wake_at(), Some(late + Duration::from_millis(500)));
    }
}
