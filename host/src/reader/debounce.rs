//! A card that is held to a reader is one card. Pure: the time is an argument.

use std::time::{Duration, Instant};

/// The token that was seen last.
#[derive(Debug)]
pub(super) struct Debounce {
    away: Duration,
    last: Option<(String, Instant)>,
}

impl Debounce {
    /// The same token counts anew after it has been away for so long.
    pub(super) fn new(away: Duration) -> Self {
        Self { away, last: None }
    }

    /// A token is seen; whether that is news.
    pub(super) fn is_news(&mut self, token: &str, now: Instant) -> bool {
        let held = self.last.as_ref().is_some_and(|(last, seen)| {
            last == token && now.saturating_duration_since(*seen) < self.away
        });
        self.last = Some((token.to_owned(), now));
        !held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_is_held_is_one_card() {
        let mut debounce = Debounce::new(Duration::from_secs(2));
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert!(debounce.is_news("A", at(0)));
        for ms in (150..10_000).step_by(150) {
            assert!(!debounce.is_news("A", at(ms)), "{ms}");
        }
        assert!(debounce.is_news("B", at(10_000)));
        assert!(debounce.is_news("A", at(10_100)));
        assert!(!debounce.is_news("A", at(12_099)));
        assert!(debounce.is_news("A", at(14_099)));
    }
}
