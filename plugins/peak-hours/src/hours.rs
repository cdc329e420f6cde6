//! Peak hours, as an operator writes them: `mon-fri 08:00-11:00, sat 16:00-22:00`.

const MINUTE_MS: i64 = 60_000;
const DAY_MIN: i64 = 24 * 60;
const DAY_MS: i64 = DAY_MIN * MINUTE_MS;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Of the regulations: on weekdays from 8 to 11 and from 16 to 22 o'clock.
pub const DEFAULT: &str = "mon-fri 08:00-11:00, mon-fri 16:00-22:00";

/// All peaks of a week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours(Vec<Window>);

/// From and to in minutes of a day, on some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    days: (usize, usize),
    from: i64,
    to: i64,
}

impl Hours {
    /// Reads them; nothing means that there are none.
    ///
    /// # Errors
    /// What is not understood, in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let windows = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        windows.map(window).collect::<Result<_, _>>().map(Self)
    }

    /// Peaks in local ms, from and to, of the days around a moment, earliest first.
    pub fn around(&self, local_ms: i64) -> impl Iterator<Item = (i64, i64)> {
        let today = local_ms.div_euclid(DAY_MS);
        let mut peaks: Vec<(i64, i64)> = (today - 1..=today + 7)
            .flat_map(|day| {
                // Day 0 was a Thursday.
                let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0);
                let of_day = self.0.iter().filter(move |it| it.is_on(weekday));
                let at = move |minute: i64| day * DAY_MS + minute * MINUTE_MS;
                of_day.map(move |it| (at(it.from), at(it.to)))
            })
            .collect();
        peaks.sort_unstable();
        peaks.into_iter()
    }
}

impl Window {
    fn is_on(&self, weekday: usize) -> bool {
        let (first, last) = self.days;
        if first <= last {
            (first..=last).contains(&weekday)
        } else {
            weekday >= first || weekday <= last
        }
    }
}

fn window(text: &str) -> Result<Window, String> {
    let wrong = || format!("expected hours such as `mon-fri 08:00-11:00`, found `{text}`");
    let (days, times) = text.split_once(' ').ok_or_else(wrong)?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let day = |word: &str| {
        let word = word.trim().to_ascii_lowercase();
        DAYS.iter().position(|it| *it == word).ok_or_else(wrong)
    };
    let (from, to) = times.trim().split_once('-').ok_or_else(wrong)?;
    let (from, to) = (
        minute(from).ok_or_else(wrong)?,
        minute(to).ok_or_else(wrong)?,
    );
    if from >= to {
        return Err(format!("`{text}` ends before it begins"));
    }
    Ok(Window {
        days: (day(first)?, day(last)?),
        from,
        to,
    })
}

fn minute(text: &str) -> Option<i64> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minute = hours * 60 + minutes;
    ((0..60).contains(&minutes) && (0..=DAY_MIN).contains(&minute)).then_some(minute)
}

#[cfg(test)]
mod tests {
    use super::{DAY_MS, DEFAULT, Hours};

    #[test]
    fn those_of_the_regulations_are_on_weekdays_alone() {
        let hours = Hours::parse(DEFAULT).expect("the default");
        // 2026-11-30 is a Monday, day 20,787; the week before ends two days before.
        let monday = 20_787 * DAY_MS;
        let peaks: Vec<(i64, i64)> = hours.around(monday).collect();
        let hour = 3_600_000;
        assert_eq!(peaks[0], (monday + 8 * hour, monday + 11 * hour));
        assert_eq!(peaks[1], (monday + 16 * hour, monday + 22 * hour));
        // Five weekdays, and Monday of the next week.
        assert_eq!(peaks.len(), 12);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, words) in [
            ("mon 8-11", "such as"),
            ("someday 08:00-11:00", "such as"),
            ("mon 11:00-08:00", "ends before it begins"),
            ("mon 08:00-25:00", "such as"),
        ] {
            let error = Hours::parse(text).expect_err(text);
            assert!(error.contains(words), "{error}");
        }
        assert_eq!(Hours::parse("").expect("none"), Hours::default());
    }
}
