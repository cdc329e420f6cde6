//! A charging profile, read from a message. Not here: whether the charge point can take
//! it (see `set`).

use plugpoint_ocpp_wire::fields::{Fields, property};
use plugpoint_ocpp_wire::frame::{self, Violation};
use plugpoint_ocpp_wire::timestamp;

use super::charging_profile::{ChargingProfile, Kind, Period, Purpose, Schedule, Unit};

/// Integers of the standard have 32 bits.
const MAX_INTEGER: i64 = i32::MAX as i64;
/// Beyond any charge point, in any unit.
const MAX_LIMIT: f64 = 100_000_000.0;

pub(super) const PURPOSES: [(&str, Purpose); 3] = [
    ("ChargePointMaxProfile", Purpose::ChargePointMax),
    ("TxDefaultProfile", Purpose::TxDefault),
    ("TxProfile", Purpose::Tx),
];
pub(super) const UNITS: [(&str, Unit); 2] = [("A", Unit::Ampere), ("W", Unit::Watt)];

impl ChargingProfile {
    /// From a `ChargingProfile` of the standard.
    ///
    /// # Errors
    ///
    /// A field is missing, of another type, or has a value that the standard does not
    /// allow; the text says which, and of which period.
    pub(super) fn read(fields: Fields<'_, '_>) -> Result<Self, Violation> {
        Ok(Self {
            id: fields.int("chargingProfileId")?,
            transaction: fields.optional_int("transactionId")?,
            stack_level: count(fields, "stackLevel")?,
            purpose: fields.choice("chargingProfilePurpose", &PURPOSES)?,
            kind: kind(fields)?,
            valid_from: time(fields, "validFrom")?,
            valid_to: time(fields, "validTo")?,
            schedule: schedule(fields.object("chargingSchedule")?)
                .map_err(|violation| within("chargingSchedule", violation))?,
        })
    }
}

fn kind(fields: Fields<'_, '_>) -> Result<Kind, Violation> {
    let recurrency = match fields.optional_text("recurrencyKind", usize::MAX)? {
        Some(_) => {
            let kinds = [("Daily", Kind::Daily), ("Weekly", Kind::Weekly)];
            Some(fields.choice("recurrencyKind", &kinds)?)
        }
        None => None,
    };
    let kinds = [
        ("Absolute", Some(Kind::Absolute)),
        ("Recurring", recurrency),
        ("Relative", Some(Kind::Relative)),
    ];
    fields
        .choice("chargingProfileKind", &kinds)?
        .ok_or_else(|| {
            Violation::new(
                frame::Kind::Count,
                "recurrencyKind is missing: the profile is Recurring",
            )
        })
}

fn schedule(fields: Fields<'_, '_>) -> Result<Schedule, Violation> {
    let list = fields.optional_list("chargingSchedulePeriod")?;
    let list = list.filter(|list| !list.is_empty()).ok_or_else(|| {
        Violation::new(
            frame::Kind::Count,
            "chargingSchedulePeriod must have at least one period",
        )
    })?;
    let mut periods: Vec<Period> = Vec::with_capacity(list.len());
    for (place, item) in list.iter().enumerate() {
        let before = periods.last().map(|before| before.start_s);
        let period = period(Fields::of(item), before)
            .map_err(|violation| within(&format!("chargingSchedulePeriod[{place}]"), violation))?;
        periods.push(period);
    }
    Ok(Schedule {
        duration_s: optional_count(fields, "duration")?,
        start: time(fields, "startSchedule")?,
        unit: fields.choice("chargingRateUnit", &UNITS)?,
        periods,
        min_rate: rate(fields, "minChargingRate")?,
    })
}

fn period(fields: Fields<'_, '_>, before: Option<i64>) -> Result<Period, Violation> {
    let start_s = count(fields, "startPeriod")?;
    match before {
        None if start_s != 0 => {
            return Err(property("startPeriod of the first period must be 0".into()));
        }
        Some(before) if start_s <= before => {
            return Err(property(format!(
                "startPeriod {start_s} must be greater than {before}, that of the period before"
            )));
        }
        _ => {}
    }
    let phases = match fields.optional_int("numberPhases")? {
        None => None,
        Some(phases @ 1..=3) => Some(phases as u32),
        Some(other) => {
            return Err(property(format!(
                "numberPhases must be 1 to 3, not {other}"
            )));
        }
    };
    let limit = rate(fields, "limit")?
        .ok_or_else(|| Violation::new(frame::Kind::Count, "limit is missing"))?;
    Ok(Period {
        start_s,
        limit,
        phases,
    })
}

/// Tenths. A finer limit is rounded down, so that it is kept in any case.
fn rate(fields: Fields<'_, '_>, name: &str) -> Result<Option<i64>, Violation> {
    let Some(value) = fields.optional_decimal(name)? else {
        return Ok(None);
    };
    if !(0.0..=MAX_LIMIT).contains(&value) {
        return Err(property(format!("{name} must be 0 to {MAX_LIMIT}")));
    }
    // What a binary fraction lacks is not a digit.
    Ok(Some((value * 10.0 + 1e-6).floor() as i64))
}

fn optional_count(fields: Fields<'_, '_>, name: &str) -> Result<Option<i64>, Violation> {
    let value = fields.optional_int(name)?;
    if value.is_some_and(|value| !(0..=MAX_INTEGER).contains(&value)) {
        return Err(property(format!("{name} must be 0 to {MAX_INTEGER}")));
    }
    Ok(value)
}

/// A number that is not negative.
pub(super) fn count(fields: Fields<'_, '_>, name: &str) -> Result<i64, Violation> {
    // Not there, or null: the error of a required field.
    fields.int(name)?;
    Ok(optional_count(fields, name)?.unwrap_or_default())
}

fn time(fields: Fields<'_, '_>, name: &str) -> Result<Option<i64>, Violation> {
    let text = fields.optional_text(name, usize::MAX)?;
    text.map(|text| {
        timestamp::parse(text).ok_or_else(|| property(format!("{name} is not a date and time")))
    })
    .transpose()
}

fn within(place: &str, violation: Violation) -> Violation {
    Violation {
        text: format!("{place}: {}", violation.text),
        ..violation
    }
}
