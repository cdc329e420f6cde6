//! Time stamps for people: RFC 3339 in UTC, with milliseconds. What guests put
//! on the wire they write themselves.

/// `2026-11-22T09:30:00.123Z`
#[must_use]
pub fn format(unix_ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(unix_ms) {
        Ok(time) => format!("{time:.3}"),
        // Beyond the year 9999: nothing better can be said.
        Err(_) => format!("{unix_ms} ms"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn always_has_three_digits() {
        assert_eq!(super::format(1_700_000_000_000), "2023-11-14T22:13:20.000Z");
        assert_eq!(super::format(1_700_000_000_045), "2023-11-14T22:13:20.045Z");
    }
}
