//! The limit at one instant, from OCPP 1.6 (edition 2 and its errata). All times are Unix
//! ms, all limits tenths of their unit. Nothing here knows the charge point.

use serde_json::{Value, json};

/// A charging profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    pub id: i64,
    pub connector: u32,
    pub purpose: &'static str,
    pub kind: &'static str,
    pub recurrency: Option<&'static str>,
    pub stack_level: i64,
    pub valid_from: Option<i64>,
    pub valid_to: Option<i64>,
    pub start: Option<i64>,
    pub duration_s: Option<i64>,
    pub unit: &'static str,
    /// Second, limit, number of phases.
    pub periods: Vec<(i64, i64, Option<i64>)>,
    /// When the charge point got it.
    pub received: i64,
}

impl Profile {
    /// As a message has it; `time` writes a time.
    pub fn json(&self, time: impl Fn(i64) -> String) -> Value {
        let periods = self.periods.iter().map(|(start, limit, phases)| {
            let mut period = json!({"startPeriod": start, "limit": *limit as f64 / 10.0});
            if let Some(phases) = phases {
                period["numberPhases"] = json!(phases);
            }
            period
        });
        let mut schedule = json!({
            "chargingRateUnit": self.unit,
            "chargingSchedulePeriod": periods.collect::<Vec<_>>(),
        });
        if let Some(start) = self.start {
            schedule["startSchedule"] = json!(time(start));
        }
        if let Some(duration) = self.duration_s {
            schedule["duration"] = json!(duration);
        }
        let mut profile = json!({
            "chargingProfileId": self.id,
            "stackLevel": self.stack_level,
            "chargingProfilePurpose": self.purpose,
            "chargingProfileKind": self.kind,
            "chargingSchedule": schedule,
        });
        if let Some(recurrency) = self.recurrency {
            profile["recurrencyKind"] = json!(recurrency);
        }
        for (name, at) in [("validFrom", self.valid_from), ("validTo", self.valid_to)] {
            if let Some(at) = at {
                profile[name] = json!(time(at));
            }
        }
        profile
    }

    /// "Point in time at which the profile starts, stops to be valid" (7.8).
    fn is_valid(&self, t: i64) -> bool {
        self.valid_from.is_none_or(|from| from <= t) && self.valid_to.is_none_or(|to| t < to)
    }

    /// "If absent the schedule will be relative to start of charging" (7.13).
    fn first_start(&self, charging: i64) -> i64 {
        let origin = match self.purpose {
            "ChargePointMaxProfile" => self.received,
            _ => charging,
        };
        match self.kind {
            "Relative" => origin,
            _ => self.start.unwrap_or(origin),
        }
    }

    fn interval(&self) -> Option<i64> {
        // 7.37, errata 3.79.
        match self.recurrency {
            Some("Daily") => Some(24 * 3600 * 1000),
            Some("Weekly") => Some(7 * 24 * 3600 * 1000),
            _ => None,
        }
    }

    /// The start of the schedule that counts at this instant, if it has begun.
    fn start_at(&self, charging: i64, t: i64) -> Option<i64> {
        let mut start = self.first_start(charging);
        if start > t {
            return None;
        }
        if let Some(interval) = self.interval() {
            while start + interval <= t {
                start += interval;
            }
        }
        Some(start)
    }

    /// Limit and number of phases in force (5.16.4).
    fn in_force(&self, charging: i64, t: i64) -> Option<(i64, Option<i64>)> {
        if !self.is_valid(t) {
            return None;
        }
        let passed = t - self.start_at(charging, t)?;
        if self
            .duration_s
            .is_some_and(|duration| passed >= duration * 1000)
        {
            return None;
        }
        let mut found = None;
        for (start, limit, phases) in &self.periods {
            if start * 1000 <= passed {
                found = Some((*limit, *phases));
            }
        }
        found
    }

    /// Instants in a window at which something of it may change.
    pub fn boundaries(&self, charging: i64, from: i64, to: i64) -> Vec<i64> {
        let mut all: Vec<i64> = [self.valid_from, self.valid_to]
            .into_iter()
            .flatten()
            .collect();
        let mut start = self.first_start(charging);
        while start <= to {
            all.push(start);
            all.extend(
                self.periods
                    .iter()
                    .map(|(second, ..)| start + second * 1000),
            );
            all.extend(self.duration_s.map(|duration| start + duration * 1000));
            match self.interval() {
                Some(interval) => start += interval,
                None => break,
            }
        }
        all.retain(|at| (from..=to).contains(at));
        all
    }
}

/// A charge point.
#[derive(Debug, Clone)]
pub struct Site {
    /// Of each outlet.
    pub phases: i64,
    /// Of the installation, tenths of an ampere.
    pub max: i64,
    pub profiles: Vec<Profile>,
    /// By connector: when its transaction began.
    pub charging: Vec<(u32, i64)>,
    /// When somebody asked: then a transaction that is to come would begin.
    pub now: i64,
}

impl Site {
    fn began(&self, connector: u32) -> Option<i64> {
        let mut charging = self.charging.iter();
        charging
            .find(|(there, _)| *there == connector)
            .map(|(_, at)| *at)
    }

    pub fn origin(&self, connector: u32) -> i64 {
        self.began(connector).unwrap_or(self.now)
    }

    /// The highest stack level of those in force (3.13.2), as thousandths of the unit
    /// that is asked for.
    fn top(&self, profiles: &[&Profile], charging: i64, t: i64, unit: &str) -> Option<i64> {
        let mut best: Option<(i64, i64)> = None;
        for profile in profiles {
            if let Some((limit, phases)) = profile.in_force(charging, t)
                && best.is_none_or(|(level, _)| level < profile.stack_level)
            {
                let milli = converted(limit, profile.unit, phases, self.phases, unit);
                best = Some((profile.stack_level, milli));
            }
        }
        best.map(|(_, milli)| milli)
    }

    fn of(&self, purpose: &str, connector: u32) -> Vec<&Profile> {
        let all = self.profiles.iter();
        all.filter(|it| it.purpose == purpose && it.connector == connector)
            .collect()
    }

    /// ChargePointMaxProfile.
    pub fn charge_point_max(&self, t: i64, unit: &str) -> Option<i64> {
        self.top(&self.of("ChargePointMaxProfile", 0), 0, t, unit)
    }

    /// TxProfile, or else TxDefaultProfile (3.13.1).
    pub fn of_transaction(&self, connector: u32, t: i64, unit: &str) -> Option<i64> {
        let charging = self.origin(connector);
        let own = self.of("TxProfile", connector);
        let overruled = own
            .iter()
            .any(|it| it.is_valid(t) && it.start_at(charging, t).is_some());
        if self.began(connector).is_some() && overruled {
            return self.top(&own, charging, t, unit);
        }
        let here = self.of("TxDefaultProfile", connector);
        if here.iter().any(|it| it.is_valid(t)) {
            self.top(&here, charging, t, unit)
        } else {
            self.top(&self.of("TxDefaultProfile", 0), charging, t, unit)
        }
    }

    /// "The minimum value for each time interval" (3.13.3), with the local limit (5.7).
    /// Connector 0: of all together. Thousandths.
    pub fn composite(&self, connector: u32, connectors: u32, t: i64, unit: &str) -> i64 {
        let local = converted(self.max, "A", Some(self.phases), self.phases, unit);
        let of = |connector| {
            let own = self.of_transaction(connector, t, unit);
            own.map_or(local, |own| own.min(local))
        };
        let all = match connector {
            0 => (1..=connectors).map(of).sum(),
            one => of(one),
        };
        let max = self.charge_point_max(t, unit);
        max.map_or(all, |max| max.min(all))
    }
}

/// 7.12: "Current per phase = Power / (Line Voltage * Number of Phases)"; numberPhases is
/// 3 if absent, and errata 3.34 where there are fewer. A charge point that cannot switch
/// phases offers all of them, and a car may draw from all.
fn converted(limit: i64, from: &str, phases: Option<i64>, there: i64, to: &str) -> i64 {
    let phases = phases.unwrap_or(3).min(there);
    match (from, to) {
        ("A", "W") => limit * 100 * 230 * phases,
        ("W", "A") => limit * 100 / (230 * there),
        _ => limit * 100,
    }
}
