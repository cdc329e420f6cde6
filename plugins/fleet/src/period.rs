//! Days, weeks and months of the civil calendar, at a fixed offset from UTC.

const DAY_MS: i64 = 86_400_000;

/// What a quota is counted over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

impl Span {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// `day`, as in the settings and in keys of entries.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The number of the span in which a moment of local time lies. Numbers of
    /// one kind of span grow with time; they mean nothing else.
    #[must_use]
    pub fn number(self, local_ms: i64) -> i64 {
        let day = local_ms.div_euclid(DAY_MS);
        match self {
            Self::Day => day,
            // Day 0 was a Thursday.
            Self::Week => (day + 3).div_euclid(7),
            Self::Month => month(day),
        }
    }
}

/// Months since year 0, of a day counted from 1970-01-01. The era arithmetic is
/// the usual one for the proleptic Gregorian calendar, with years that begin in
/// March, so that the leap day comes last.
fn month(day: i64) -> i64 {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    // March is the third month of the civil year.
    (era * 400 + year) * 12 + from_march + 2
}

#[cfg(test)]
mod tests {
    use super::Span;

    /// Midnight of a day counted from 1970-01-01.
    fn number(span: Span, day: i64) -> i64 {
        span.number(day * super::DAY_MS)
    }

    #[test]
    fn a_week_begins_on_monday() {
        // 2026-11-22 is a Sunday, day 20,779.
        assert_eq!(number(Span::Week, 20_773), number(Span::Week, 20_779));
        assert_eq!(number(Span::Week, 20_779) + 1, number(Span::Week, 20_780));
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        #[track_caller]
        fn check(day: i64, months: i64) {
            assert_eq!(number(Span::Month, day), months);
        }
        check(0, 1970 * 12); // 1970-01-01
        check(30, 1970 * 12);
        check(31, 1970 * 12 + 1);
        check(19_782, 2024 * 12 + 1); // 2024-02-29
        check(19_783, 2024 * 12 + 2); // 2024-03-01
        check(20_787, 2026 * 12 + 10); // 2026-11-30
        check(20_788, 2026 * 12 + 11); // 2026-12-01
        check(20_818, 2026 * 12 + 11); // 2026-12-31
        check(20_819, 2027 * 12);
    }

    #[test]
    fn the_last_millisecond_of_a_day_is_of_that_day() {
        assert_eq!(Span::Day.number(86_399_999), 0);
        assert_eq!(Span::Day.number(86_400_000), 1);
        assert_eq!(Span::Day.number(-1), -1);
    }
}
