//! So much per day, week or month: `200 kWh per day`, `10 sessions per month`.

use crate::period::Span;

/// A bound on what a group uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What is bounded.
    pub what: What,
    /// Over which time.
    pub span: Span,
}

/// What a quota bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Energy in Wh.
    Energy(u64),
    /// Sessions that have begun.
    Sessions(u64),
}

impl Quota {
    /// From the words of an operator; an error says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [amount, unit, "per", span] = words[..] else {
            return Err(expected(text));
        };
        let Some(span) = Span::ALL.into_iter().find(|known| known.word() == span) else {
            return Err(expected(text));
        };
        let amount: u64 = amount.parse().map_err(|_| expected(text))?;
        let what = match unit {
            "Wh" => What::Energy(amount),
            "kWh" => What::Energy(amount.saturating_mul(1000)),
            "session" | "sessions" => What::Sessions(amount),
            _ => return Err(expected(text)),
        };
        Ok(Self { what, span })
    }
}

fn expected(text: &str) -> String {
    format!("expected `200 kWh per day` or `10 sessions per month`, found `{text}`")
}

#[cfg(test)]
mod tests {
    use super::{Quota, What};
    use crate::period::Span;

    #[test]
    fn quotas_are_read() {
        #[track_caller]
        fn check(text: &str, what: What, span: Span) {
            assert_eq!(Quota::parse(text), Ok(Quota { what, span }));
        }
        check("200 kWh per day", What::Energy(200_000), Span::Day);
        check(" 500  Wh per week ", What::Energy(500), Span::Week);
        check("1 session per day", What::Sessions(1), Span::Day);
        check("10 sessions per month", What::Sessions(10), Span::Month);
    }

    #[test]
    fn what_is_no_quota_is_an_error_that_shows_one() {
        for text in [
            "",
            "200",
            "200 kWh",
            "-1 kWh per day",
            "1 kWh per year",
            "1 MWh per day",
        ] {
            let error = Quota::parse(text).expect_err(text);
            assert!(error.contains("`200 kWh per day`"), "{error}");
        }
    }
}
