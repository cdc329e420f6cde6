//! SmartCharging: charging profiles, and the composite schedules that follow from them.

mod profile;

use std::time::Duration;

use serde_json::{Value, json};

use crate::expected::{authorize, status};
use crate::outcome::{Failure, Outcome};
use crate::session::Session;
use crate::station::Answer;
use crate::tags::OWNER;

use profile::Profile;

/// By how much the station's time may be off.
const DEVIATION: Duration = Duration::from_secs(4);
const DEVIATION_S: i64 = DEVIATION.as_secs() as i64;
/// What a profile of one period allows, A.
const LIMIT: i64 = 6;
/// Of composite schedules for which any will do, s.
const DURATION: i64 = 300;

/// A profile for transactions to come shows in the composite schedule.
pub fn tc_056(s: &mut Session<'_>) -> Outcome {
    let bench = Bench::new(s)?;
    let connector = s.connector();
    bench.set(
        s,
        connector,
        &Profile::new(1, "TxDefaultProfile").lasting(DURATION),
    )?;
    bench.limited(s)
}

/// A profile of the transaction that is running.
pub fn tc_057(s: &mut Session<'_>) -> Outcome {
    let bench = Bench::new(s)?;
    let transaction = s.charge(OWNER)?;
    let profile = Profile::new(1, "TxProfile").of(transaction.id);
    bench.set(s, transaction.connector, &profile)?;
    bench.limited(s)
}

/// Without a transaction there is none that a profile could be for.
pub fn tc_058_1(s: &mut Session<'_>) -> Outcome {
    let bench = Bench::new(s)?;
    let profile = Profile::new(1, "TxProfile").of(1);
    let request = json!({
        "connectorId": s.connector(),
        "csChargingProfiles": profile.json(&bench),
    });
    let codes = ["PropertyConstraintViolation"];
    s.call_for_or_error("SetChargingProfile", request, &["Rejected"], &codes)
}

/// The transaction that is running is not the one that the profile is for.
pub fn tc_058_2(s: &mut Session<'_>) -> Outcome {
    let bench = Bench::new(s)?;
    let transaction = s.charge(OWNER)?;
    let profile = Profile::new(1, "TxProfile").of(transaction.id + 1);
    let request = json!({
        "connectorId": transaction.connector,
        "csChargingProfiles": profile.json(&bench),
    });
    s.call_for("SetChargingProfile", request, &["Rejected"])?;
    Ok(())
}

/// A remote start brings the profile of its transaction along.
pub fn tc_059(s: &mut Session<'_>) -> Outcome {
    let bench = Bench::new(s)?;
    s.configure("AuthorizeRemoteTxRequests", "true")?;
    let connector = s.connector();
    let profile = Profile::new(1, "TxProfile").json(&bench);
    let request = json!({"connectorId": connector, "idTag": OWNER, "chargingProfile": profile});
    s.call_for("RemoteStartTransaction", request, &["Accepted"])?;
    s.expect_all(&[authorize(OWNER), status(connector, "Preparing")], &[])?;
    s.plug(connector)?;
    s.begun(connector, OWNER)?;
    bench.limited(s)
}

/// A remote start with a profile for something else starts nothing.
pub fn tc_060(s: &mut Session<'_>) -> Outcome {
    let bench = Bench::new(s)?;
    let profile = Profile::new(1, "TxDefaultProfile").json(&bench);
    let request = json!({
        "connectorId": s.connector(),
        "idTag": OWNER,
        "chargingProfile": profile,
    });
    let codes = ["PropertyConstraintViolation"];
    s.call_for_or_error("RemoteStartTransaction", request, &["Rejected"], &codes)?;
    s.expect_nothing()
}

/// The composite schedule of three purposes: the lowest limit at each time, and no
/// period of the default behind the profile of the transaction.
pub fn tc_066(s: &mut Session<'_>) -> Outcome {
    let bench = Bench::new(s)?;
    bench.room(s, 3, 5)?;
    let transaction = s.charge(OWNER)?;
    let connector = transaction.connector;
    let since = now(s) - DEVIATION_S;
    let max = Profile::new(1, "ChargePointMaxProfile")
        .since(since)
        .periods(&[(0, 10)])
        .lasting(86_400 + DEVIATION_S);
    let default = Profile::new(2, "TxDefaultProfile")
        .since(since)
        .valid_for(405 + 2 * DEVIATION_S)
        .periods(&[(0, 6), (60, 10), (120, 8), (180, 15), (260, 8)])
        .lasting(300 + DEVIATION_S);
    let own = Profile::new(3, "TxProfile")
        .of(transaction.id)
        .since(since)
        .valid_for(405 + 2 * DEVIATION_S)
        .periods(&[(0, 8), (50, 11), (140, 16), (200, 6), (240, 12)])
        .lasting(260 + DEVIATION_S);
    for (connector, profile) in [(0, max), (connector, default), (connector, own)] {
        bench.set(s, connector, &profile)?;
    }
    bench.composite(s, 400, since, &[(0, 8), (50, 10), (200, 6), (240, 10)])
}

/// Profiles are cleared by their id, by purpose and stack level, and all at once.
pub fn tc_067(s: &mut Session<'_>) -> Outcome {
    let bench = Bench::new(s)?;
    bench.room(s, 3, 3)?;
    let connector = s.connector();
    let since = now(s) - DEVIATION_S;
    let high = Profile::new(1, "TxDefaultProfile")
        .since(since)
        .on_level(1)
        .periods(&[(0, 6), (60, 8), (200, 10)])
        .lasting(400 + DEVIATION_S);
    let low = Profile::new(2, "TxDefaultProfile")
        .since(since)
        .periods(&[(0, 7), (100, 9)])
        .lasting(400 + DEVIATION_S);
    let max = Profile::new(3, "ChargePointMaxProfile")
        .since(since)
        .periods(&[(0, 11), (200, 12)])
        .lasting(86_400 + DEVIATION_S);
    for (connector, profile) in [(connector, high), (connector, low), (0, max)] {
        bench.set(s, connector, &profile)?;
    }
    clear(s, json!({"id": 1}))?;
    bench.composite(s, 350, since, &[(0, 7), (100, 9)])?;
    clear(
        s,
        json!({"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}),
    )?;
    bench.composite(s, 350, since, &[(0, 11), (200, 12)])?;
    clear(s, json!({}))?;
    let schedule = bench.schedule(s, 350)?;
    match &bench.periods(s, &schedule)?[..] {
        [(0, _)] => Ok(()),
        periods => Err(s.failure(format!(
            "without profiles the station's own limit must be the only period, and there are \
             {periods:?}"
        ))),
    }
}

/// A profile of a lower stack level counts where the one above it has ended.
pub fn tc_072(s: &mut Session<'_>) -> Outcome {
    let bench = Bench::new(s)?;
    bench.room(s, 2, 3)?;
    let connector = s.connector();
    let since = now(s) - DEVIATION_S;
    let low = Profile::new(1, "TxDefaultProfile")
        .since(since)
        .valid_for(405 + 2 * DEVIATION_S)
        .periods(&[(0, 6), (100, 8), (200, 10)])
        .lasting(400 + DEVIATION_S);
    let high = Profile::new(2, "TxDefaultProfile")
        .since(since)
        .valid_for(405 + 2 * DEVIATION_S)
        .on_level(1)
        .periods(&[(0, 7), (100, 9)])
        .lasting(150 + DEVIATION_S);
    for profile in [low, high] {
        bench.set(s, connector, &profile)?;
    }
    let ends = 150 + DEVIATION_S;
    bench.composite(s, 350, since, &[(0, 7), (100, 9), (ends, 8), (200, 10)])
}

/// A profile for transactions to come counts for the one that is running, too.
pub fn tc_082(s: &mut Session<'_>) -> Outcome {
    let bench = Bench::new(s)?;
    let transaction = s.charge(OWNER)?;
    let profile = Profile::new(1, "TxDefaultProfile").lasting(86_400);
    bench.set(s, transaction.connector, &profile)?;
    bench.limited(s)
}

/// Unix time in whole seconds.
fn now(s: &Session<'_>) -> i64 {
    s.unix_ms().div_euclid(1000)
}

fn clear(s: &mut Session<'_>, request: Value) -> Outcome {
    s.call_for("ClearChargingProfile", request, &["Accepted"])?;
    Ok(())
}

/// A station that has the profile, and the unit that it is asked in.
struct Bench {
    unit: &'static str,
    /// From the limits of the cases, A, to that unit.
    factor: i64,
}

impl Bench {
    fn new(s: &mut Session<'_>) -> Result<Self, Failure> {
        if !s.offers("SmartCharging")? {
            return Err(Failure::NotApplicable(
                "the station does not offer SmartCharging".to_owned(),
            ));
        }
        let units = s.key("ChargingScheduleAllowedChargingRateUnit")?;
        let units = units.and_then(|key| key.value).unwrap_or_default();
        let current = units.split(',').any(|unit| unit.trim() == "Current");
        let (unit, factor) = if current { ("A", 1) } else { ("W", 1000) };
        Ok(Self { unit, factor })
    }

    /// This many profiles, with this many periods each, must fit.
    fn room(&self, s: &mut Session<'_>, profiles: i64, periods: i64) -> Outcome {
        for (name, least) in [
            ("MaxChargingProfilesInstalled", profiles),
            ("ChargingScheduleMaxPeriods", periods),
        ] {
            let key = s.key(name)?;
            let most = key.and_then(|key| key.value?.parse::<i64>().ok());
            if most.is_none_or(|most| most < least) {
                return Err(Failure::NotApplicable(format!(
                    "{name} is {most:?}, and the case needs {least}"
                )));
            }
        }
        Ok(())
    }

    fn set(&self, s: &mut Session<'_>, connector: u32, profile: &Profile) -> Outcome {
        let request = json!({
            "connectorId": connector,
            "csChargingProfiles": profile.json(self),
        });
        s.call_for("SetChargingProfile", request, &["Accepted"])?;
        Ok(())
    }

    /// The composite schedule has the one limit, from now on.
    fn limited(&self, s: &mut Session<'_>) -> Outcome {
        let answer = self.schedule(s, DURATION)?;
        let start = &answer["chargingSchedule"]["startSchedule"];
        let off = s.moment(start)?.abs_diff(s.unix_ms());
        if u128::from(off) > DEVIATION.as_millis() {
            return Err(s.failure(format!(
                "startSchedule {start} must be within {DEVIATION_S} s of now, and is {off} ms off"
            )));
        }
        let limit = (LIMIT * self.factor) as f64;
        match &self.periods(s, &answer)?[..] {
            [(0, only)] if *only == limit => Ok(()),
            periods => Err(s.failure(format!(
                "the composite schedule must have the limit {limit} and no other, and has \
                 {periods:?}"
            ))),
        }
    }

    /// The composite schedule has these periods; they begin at seconds behind `since`.
    fn composite(
        &self,
        s: &mut Session<'_>,
        duration: i64,
        since: i64,
        wanted: &[(i64, i64)],
    ) -> Outcome {
        let answer = self.schedule(s, duration)?;
        let start_ms = s.moment(&answer["scheduleStart"])?;
        let found = self.periods(s, &answer)?;
        let passed = (start_ms - since * 1000) as f64 / 1000.0;
        let is_right = |(found, wanted): (&(i64, f64), &(i64, i64))| {
            let begins = (wanted.0 as f64 - passed).max(0.0);
            (found.0 as f64 - begins).abs() <= 1.0 && found.1 == (wanted.1 * self.factor) as f64
        };
        let all_right = found.len() == wanted.len() && found.iter().zip(wanted).all(is_right);
        if all_right && found[0].0 == 0 {
            return Ok(());
        }
        Err(s.failure(format!(
            "the composite schedule begins {passed} s behind the profiles and must have the \
             periods {wanted:?} of them, and has {found:?}"
        )))
    }

    fn schedule(&self, s: &mut Session<'_>, duration: i64) -> Result<Value, Failure> {
        let connector = s.connector();
        let request = json!({
            "connectorId": connector,
            "duration": duration,
            "chargingRateUnit": self.unit,
        });
        let answer = match s.call_any("GetCompositeSchedule", request)? {
            Answer::Result(answer) if answer["status"] == "Accepted" => answer,
            other => {
                return Err(s.failure(format!(
                    "GetCompositeSchedule must be answered with Accepted, and was with {other}"
                )));
            }
        };
        let schedule = &answer["chargingSchedule"];
        for (name, found, wanted) in [
            ("connectorId", &answer["connectorId"], json!(connector)),
            ("duration", &schedule["duration"], json!(duration)),
            (
                "chargingRateUnit",
                &schedule["chargingRateUnit"],
                json!(self.unit),
            ),
        ] {
            if *found != wanted {
                return Err(s.failure(format!("{name} must be {wanted}, and is {found}")));
            }
        }
        Ok(answer)
    }

    /// Second and limit of each period.
    fn periods(&self, s: &Session<'_>, answer: &Value) -> Result<Vec<(i64, f64)>, Failure> {
        let list = answer["chargingSchedule"]["chargingSchedulePeriod"].as_array();
        let found: Option<Vec<(i64, f64)>> = list.map(|list| {
            list.iter()
                .filter_map(|it| Some((it["startPeriod"].as_i64()?, it["limit"].as_f64()?)))
                .collect()
        });
        found.ok_or_else(|| s.failure(format!("there are no periods in {answer}")))
    }
}
