//! The calls of the profile: SetChargingProfile, ClearChargingProfile and
//! GetCompositeSchedule, and the chargingProfile of a RemoteStartTransaction (OCPP 1.6,
//! 5.16, 5.5, 5.7 and 5.16.2). Not here: what the profiles that are installed allow.

use plugpoint_guest::json::Writer;
use plugpoint_guest::protocol::Level;
use plugpoint_ocpp_wire::fields::{Fields, property};
use plugpoint_ocpp_wire::frame::Violation;

use super::charging_profile::{ChargingProfile, Purpose, Unit};
use super::composite::Composite;
use super::installed::{Filter, Installed};
use super::reading::{PURPOSES, UNITS, count};
use super::{SmartCharging, keys, status};
use crate::core_access::Core;

/// Why a profile is not taken: the status of the answer, and what the log says.
type Refusal = (&'static str, String);

impl SmartCharging {
    pub(super) fn set(
        &mut self,
        core: &mut Core<'_, '_>,
        fields: Fields<'_, '_>,
    ) -> Result<String, Violation> {
        let connector = connector(core, fields)?;
        let profile = ChargingProfile::read(fields.object("csChargingProfiles")?)?;
        let id = profile.id;
        let word = match self.install(core, connector, profile) {
            Ok(()) => "Accepted",
            Err((word, why)) => {
                core.log(
                    Level::Warn,
                    &format!("charging profile {id} for connector {connector} is not taken: {why}"),
                );
                word
            }
        };
        Ok(status(word))
    }

    fn install(
        &mut self,
        core: &mut Core<'_, '_>,
        connector: u32,
        profile: ChargingProfile,
    ) -> Result<(), Refusal> {
        check(core, &profile)?;
        let mut session = None;
        match profile.purpose {
            Purpose::ChargePointMax if connector != 0 => {
                return Err(rejected("a ChargePointMaxProfile is for connector 0"));
            }
            Purpose::Tx => {
                let running = core.transaction(connector);
                let running = running.ok_or_else(|| rejected("no transaction is running there"))?;
                if profile.transaction.is_some() && profile.transaction != running.id {
                    return Err(rejected("another transaction is running there"));
                }
                session = Some(running.number);
            }
            Purpose::ChargePointMax | Purpose::TxDefault if !core.can_keep() => {
                return Err(rejected("nothing can be stored"));
            }
            Purpose::ChargePointMax | Purpose::TxDefault => {}
        }
        self.put(core, connector, session, profile)
    }

    /// Installs a profile that has been checked.
    pub(super) fn put(
        &mut self,
        core: &mut Core<'_, '_>,
        connector: u32,
        session: Option<u64>,
        profile: ChargingProfile,
    ) -> Result<(), Refusal> {
        let max = keys::count(core, keys::MAX_INSTALLED);
        let new = Installed {
            connector,
            received: core.unix_ms(),
            session,
            profile,
        };
        if self.shelf.install(core, new, max) {
            Ok(())
        } else {
            Err(rejected(format!("{max} profiles are installed already")))
        }
    }

    pub(super) fn clear(
        &mut self,
        core: &mut Core<'_, '_>,
        fields: Fields<'_, '_>,
    ) -> Result<String, Violation> {
        let purpose = match fields.optional_text("chargingProfilePurpose", usize::MAX)? {
            Some(_) => Some(fields.choice("chargingProfilePurpose", &PURPOSES)?),
            None => None,
        };
        let filter = Filter {
            id: fields.optional_int("id")?,
            connector: fields.optional_int("connectorId")?,
            purpose,
            stack_level: fields.optional_int("stackLevel")?,
        };
        let cleared = self.shelf.clear(core, &filter);
        let word = if cleared > 0 { "Accepted" } else { "Unknown" };
        Ok(status(word))
    }

    pub(super) fn get_composite(
        &mut self,
        core: &mut Core<'_, '_>,
        fields: Fields<'_, '_>,
    ) -> Result<String, Violation> {
        let number = fields.int("connectorId")?;
        let duration_s = count(fields, "duration")?;
        let asked = match fields.optional_text("chargingRateUnit", 20)? {
            Some(_) => Some(fields.choice("chargingRateUnit", &UNITS)?),
            None => None,
        };
        let usual = || [Unit::Ampere, Unit::Watt].into_iter();
        let unit = asked
            .into_iter()
            .chain(usual())
            .find(|unit| keys::allows(core, *unit));
        let is_there = number == 0 || core.connectors().any(|it| i64::from(it) == number);
        let (Some(unit), Some(now), true) = (unit, core.unix_ms(), is_there) else {
            return Ok(status("Rejected"));
        };
        if asked.is_some_and(|asked| asked != unit) {
            return Ok(status("Rejected"));
        }
        let max_parts = keys::count(core, keys::MAX_PERIODS);
        let composite = self.with_view(core, |view| {
            let connectors = view.connectors;
            let connector = connectors.iter().find(|it| i64::from(it.number) == number);
            view.composite(connector, unit, duration_s, max_parts)
        });
        let start = core.timestamp(now);
        let repeats = core.is_on(keys::COMPOSITE_START);
        Ok(answer(number, unit, &start, repeats, &composite))
    }

    /// A RemoteStartTransaction comes with this profile: what is to be kept of it until
    /// the transaction begins.
    pub(super) fn of_remote_start(
        core: &Core<'_, '_>,
        fields: Fields<'_, '_>,
    ) -> Result<Result<ChargingProfile, String>, Violation> {
        let profile = ChargingProfile::read(fields)?;
        if profile.purpose != Purpose::Tx {
            return Ok(Err("its purpose is not TxProfile".to_owned()));
        }
        if profile.transaction.is_some() {
            return Ok(Err("it is for a transaction that is running".to_owned()));
        }
        match check(core, &profile) {
            Ok(()) => Ok(Ok(profile)),
            Err((_, why)) => Ok(Err(why)),
        }
    }
}

/// What the standard allows and this charge point does not take.
fn check(core: &Core<'_, '_>, profile: &ChargingProfile) -> Result<(), Refusal> {
    let unit = profile.schedule.unit;
    if !keys::allows(core, unit) {
        let why = format!("{} does not have {}", keys::RATE_UNITS, unit.name());
        return Err(("NotSupported", why));
    }
    for (value, key) in [
        (profile.stack_level, keys::MAX_STACK_LEVEL),
        (profile.schedule.periods.len() as i64, keys::MAX_PERIODS),
    ] {
        let max = keys::number(core, key);
        if value > max {
            return Err(rejected(format!("{value} is more than {key} ({max})")));
        }
    }
    Ok(())
}

fn rejected(why: impl Into<String>) -> Refusal {
    ("Rejected", why.into())
}

/// 0, or one that there is (errata 3.39).
fn connector(core: &Core<'_, '_>, fields: Fields<'_, '_>) -> Result<u32, Violation> {
    let number = fields.int("connectorId")?;
    let known = u32::try_from(number).ok();
    known
        .filter(|known| *known == 0 || core.connectors().any(|it| it == *known))
        .ok_or_else(|| property(format!("connectorId {number} does not exist")))
}

fn answer(number: i64, unit: Unit, start: &str, repeats: bool, composite: &Composite) -> String {
    let mut w = Writer::with_capacity(128 + composite.parts.len() * 56);
    w.begin_object();
    w.text("status", "Accepted");
    w.int("connectorId", number);
    w.text("scheduleStart", start);
    w.name("chargingSchedule");
    w.begin_object();
    w.int("duration", composite.duration_s);
    if repeats {
        w.text("startSchedule", start);
    }
    w.text("chargingRateUnit", unit.name());
    w.list_at("chargingSchedulePeriod");
    for part in &composite.parts {
        w.begin_object();
        w.int("startPeriod", part.start_s);
        w.name("limit");
        w.item_raw(&match (part.tenths / 10, part.tenths % 10) {
            (whole, 0) => whole.to_string(),
            (whole, tenth) => format!("{whole}.{tenth}"),
        });
        w.int("numberPhases", i64::from(part.phases));
        w.end_object();
    }
    w.end_list();
    w.end_object();
    w.end_object();
    w.finish()
}
