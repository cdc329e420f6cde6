//! A charging profile as the cases write it. Not here: what they expect of it.

use serde_json::{Value, json};

use super::{Bench, LIMIT};

/// A charging profile; times are Unix time in s.
pub(super) struct Profile {
    id: i64,
    purpose: &'static str,
    level: i64,
    transaction: Option<i64>,
    since: Option<i64>,
    valid_s: Option<i64>,
    duration_s: Option<i64>,
    /// Second and limit in A.
    periods: Vec<(i64, i64)>,
}

impl Profile {
    pub(super) fn new(id: i64, purpose: &'static str) -> Self {
        Self {
            id,
            purpose,
            level: 0,
            transaction: None,
            since: None,
            valid_s: None,
            duration_s: None,
            periods: vec![(0, LIMIT)],
        }
    }

    pub(super) fn of(self, transaction: i64) -> Self {
        let transaction = Some(transaction);
        Self {
            transaction,
            ..self
        }
    }

    pub(super) fn since(self, since: i64) -> Self {
        let since = Some(since);
        Self { since, ..self }
    }

    /// From its start on.
    pub(super) fn valid_for(self, valid_s: i64) -> Self {
        let valid_s = Some(valid_s);
        Self { valid_s, ..self }
    }

    pub(super) fn lasting(self, duration_s: i64) -> Self {
        let duration_s = Some(duration_s);
        Self { duration_s, ..self }
    }

    pub(super) fn on_level(self, level: i64) -> Self {
        Self { level, ..self }
    }

    pub(super) fn periods(self, periods: &[(i64, i64)]) -> Self {
        let periods = periods.to_vec();
        Self { periods, ..self }
    }

    /// As a message has it, in the unit and by the factor of the bench.
    pub(super) fn json(&self, bench: &Bench) -> Value {
        let periods = self.periods.iter().map(|(start, limit)| {
            json!({"startPeriod": start, "limit": limit * bench.factor, "numberPhases": 3})
        });
        let mut schedule = json!({
            "chargingRateUnit": bench.unit,
            "chargingSchedulePeriod": periods.collect::<Vec<_>>(),
        });
        let mut profile = json!({
            "chargingProfileId": self.id,
            "stackLevel": self.level,
            "chargingProfilePurpose": self.purpose,
            "chargingProfileKind": "Absolute",
        });
        if let Some(duration) = self.duration_s {
            schedule["duration"] = json!(duration);
        }
        if let Some(since) = self.since {
            schedule["startSchedule"] = json!(rfc3339(since));
            if let Some(valid) = self.valid_s {
                profile["validFrom"] = json!(rfc3339(since));
                profile["validTo"] = json!(rfc3339(since + valid));
            }
        }
        if let Some(transaction) = self.transaction {
            profile["transactionId"] = json!(transaction);
        }
        profile["chargingSchedule"] = schedule;
        profile
    }
}

fn rfc3339(unix_s: i64) -> String {
    jiff::Timestamp::from_second(unix_s).map_or_else(|_| String::new(), |time| time.to_string())
}
