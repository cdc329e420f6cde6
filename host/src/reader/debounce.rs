//! A card that is held to a reader is one card. Pure: the time is an argument.

use std::time::{Duration, Instant};

/// The token that was seen last.
#[derive(Debug)]
pub(super) struct Debounce {
    away: Duration,
    last: Option<Last>,
}

#[derive(Debug)]
struct Last {
    token: String,
    /// Since when it may be away; none: it was there at the last look.
    since: Option<Instant>,
}

impl Debounce {
    /// The same token counts anew after it has been away for so long.
    pub(super) fn new(away: Duration) -> Self {
        Self { away, last: None }
    }

    /// A token is seen; whether that is news. `watched`: the reader will say when
    /// the card is gone; else it may be gone from now on.
    pub(super) fn is_news(&mut self, token: &str, watched: bool, now: Instant) -> bool {
        let held = self.last.as_ref().is_some_and(|last| {
            let back_in_time = |since| now.saturating_duration_since(since) < self.away;
            last.token == token && last.since.is_none_or(back_in_time)
        });
        self.last = Some(Last {
            token: token.to_owned(),
            since: (!watched).then_some(now),
        });
        !held
    }

    /// There was a look, and no card.
    pub(super) fn gone(&mut self, now: Instant) {
        if let Some(last) = &mut self.last {
            last.since.get_or_insert(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWAY: Duration = Duration::from_secs(2);

    #[test]
    fn a_card_that_is_written_again_and_again_is_one_card() {
        let mut debounce = Debounce::new(AWAY);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert!(debounce.is_news("A", false, at(0)));
        for ms in (150..10_000).step_by(150) {
            assert!(!debounce.is_news("A", false, at(ms)), "{ms}");
        }
        assert!(debounce.is_news("B", false, at(10_000)));
        assert!(debounce.is_news("A", false, at(10_100)));
        assert!(!debounce.is_news("A", false, at(12_099)));
        assert!(debounce.is_news("A", false, at(14_099)));
    }

    #[test]
    fn a_card_that_is_watched_is_one_card_until_it_was_away() {
        let mut debounce = Debounce::new(AWAY);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert!(debounce.is_news("A", true, at(0)));
        // However slow the looks are.
        assert!(!debounce.is_news("A", true, at(9_000)));
        debounce.gone(at(10_000));
        debounce.gone(at(11_500));
        assert!(!debounce.is_news("A", true, at(11_999)));
        debounce.gone(at(12_500));
        debounce.gone(at(14_000));
        assert!(debounce.is_news("A", true, at(14_500)));
    }
}
