//! RFC 3339, both ways: UTC with `Z` and three digits of a second out; any
//! fraction, any offset and none at all in. Not here: where the time comes
//! from (see `clock`).

/// Unix milliseconds as `2026-11-22T13:05:00.123Z`.
pub fn format(unix_ms: i64, with_fraction: bool) -> String {
    let days = unix_ms.div_euclid(86_400_000);
    let ms = unix_ms.rem_euclid(86_400_000);
    let (year, month, day) = date_of(days);
    let mut out = String::with_capacity(24);
    digits(&mut out, year.clamp(0, 9999), 4);
    out.push('-');
    digits(&mut out, month, 2);
    out.push('-');
    digits(&mut out, day, 2);
    out.push('T');
    digits(&mut out, ms / 3_600_000, 2);
    out.push(':');
    digits(&mut out, ms / 60_000 % 60, 2);
    out.push(':');
    digits(&mut out, ms / 1000 % 60, 2);
    if with_fraction {
        out.push('.');
        digits(&mut out, ms % 1000, 3);
    }
    out.push('Z');
    out
}

/// Unix milliseconds of a timestamp in any of the forms seen in the field;
/// none if it is no timestamp. Without an offset it is taken as UTC.
pub fn parse(text: &str) -> Option<i64> {
    let bytes = text.trim().as_bytes();
    let (date, rest) = bytes.split_at_checked(10)?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else {
        return None;
    };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let month = number(&[*m1, *m2])?;
    let day = number(&[*d1, *d2])?;
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let (b'T' | b't' | b' ') = rest.first()? else {
        return None;
    };
    let (time, mut rest) = rest[1..].split_at_checked(8)?;
    let [h1, h2, b':', n1, n2, b':', s1, s2] = time else {
        return None;
    };
    let hour = number(&[*h1, *h2])?;
    let minute = number(&[*n1, *n2])?;
    let second = number(&[*s1, *s2])?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut ms = 0;
    if let Some((b'.' | b',', tail)) = rest.split_first() {
        let length = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length == 0 {
            return None;
        }
        for place in 0..3 {
            let digit = tail[..length]
                .get(place)
                .map_or(0, |byte| i64::from(byte - b'0'));
            ms = ms * 10 + digit;
        }
        rest = &tail[length..];
    }
    let offset_min = offset(rest)?;
    let seconds =
        days_of(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset_min * 60;
    Some(seconds * 1000 + ms)
}

fn offset(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text.split_first() {
        None => return Some(0),
        Some((b'Z' | b'z', [])) => return Some(0),
        Some((b'+', digits)) => (1, digits),
        Some((b'-', digits)) => (-1, digits),
        Some(_) => return None,
    };
    let (hours, minutes) = match digits {
        [h1, h2] => (number(&[*h1, *h2])?, 0),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (number(&[*h1, *h2])?, number(&[*m1, *m2])?),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + i64::from(digit - b'0'))
    })
}

fn digits(out: &mut String, value: i64, width: u32) {
    for place in (0..width).rev() {
        let digit = value / 10_i64.pow(place) % 10;
        out.push(char::from(b'0' + digit as u8));
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01; years begin in March here, so that the leap day is
/// the last one.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 {
        (0, month + 3)
    } else {
        (1, month - 9)
    };
    (year + year_of_era + era * 400, month, day)
}

#[cfg(test)]
mod tests {
    use super::{format, parse};

    #[test]
    fn every_form_seen_in_the_field_is_read() {
        let noon = 1_795_348_800_000; // 2026-11-22T12:00:00Z
        for (text, expected) in [
            ("2026-11-22T12:00:00Z", Some(noon)),
            ("2026-11-22T12:00:00.5Z", Some(noon + 500)),
            ("2026-11-22T12:00:00.123456789Z", Some(noon + 123)),
            ("2026-11-22T12:00:00", Some(noon)),
            ("2026-11-22T14:00:00+02:00", Some(noon)),
            ("2026-11-22T14:00:00+0200", Some(noon)),
            ("2026-11-22T14:00:00+02", Some(noon)),
            ("2026-11-22T06:30:00.250-05:30", Some(noon + 250)),
            ("2026-11-22 12:00:00z", Some(noon)),
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1969-12-31T23:59:59.999Z", Some(-1)),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800_000)),
            ("2023-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-11-22T24:00:00Z", None),
            ("2026-11-22T12:00Z", None),
            ("2026-11-22", None),
            ("2026-11-22T12:00:00.Z", None),
            ("2026-11-22T12:00:00+2", None),
            ("now", None),
            ("", None),
            ("2026-11-2\u{fc}T12:00:00Z", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut ms: i64 = -5_000_000_000_000;
        while ms < 20_000_000_000_000 {
            assert_eq!(parse(&format(ms, true)), Some(ms));
            ms += 86_399_123_457;
        }
        assert_eq!(format(1_795_348_800_007, true), "2026-11-22T12:00:00.007Z");
        assert_eq!(format(1_795_348_800_007, false), "2026-11-22T12:00:00Z");
    }
}
