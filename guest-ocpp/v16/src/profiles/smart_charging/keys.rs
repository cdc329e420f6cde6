//! The configuration keys of the profile: those of the standard (OCPP 1.6, 9.4), which
//! the factory sets, and ours. Not here: what follows from them.

use crate::config::{KeyInfo, Values};
use crate::core_access::Core;

use super::charging_profile::Unit;

pub(super) const MAX_STACK_LEVEL: &str = "ChargeProfileMaxStackLevel";
pub(super) const RATE_UNITS: &str = "ChargingScheduleAllowedChargingRateUnit";
pub(super) const MAX_PERIODS: &str = "ChargingScheduleMaxPeriods";
pub(super) const SWITCHES_PHASES: &str = "ConnectorSwitch3to1PhaseSupported";
pub(super) const MAX_INSTALLED: &str = "MaxChargingProfilesInstalled";
pub(super) const COMPOSITE_START: &str = "PlugpointCompositeStartSchedule";
pub(super) const FAIL_SAFE_CURRENT: &str = "PlugpointOfflineCurrent";
pub(super) const FAIL_SAFE_DELAY: &str = "PlugpointOfflineCurrentDelay";
pub(super) const ROTATION: &str = "PlugpointSharingRotationInterval";

#[rustfmt::skip] // a table
pub(super) static KEYS: [KeyInfo; 9] = [
    of_factory(MAX_STACK_LEVEL, Values::Int { min: 0, max: 99 }, "8", "", "Highest stackLevel of a charging profile."),
    of_factory(RATE_UNITS, Values::Text { max: 20 }, "Current,Power", "", "Units of charging schedules: `Current` (A per phase), `Power` (W in all), or both."),
    of_factory(MAX_PERIODS, Values::Int { min: 1, max: 1000 }, "1000", "periods", "Length of a charging schedule; a composite schedule with more ends earlier than was asked."),
    of_factory(SWITCHES_PHASES, Values::Bool, "false", "", "The hardware can switch between one and three phases in a transaction. Otherwise all phases stay on, whatever `numberPhases` says."),
    of_factory(MAX_INSTALLED, Values::Int { min: 1, max: 100 }, "32", "profiles", "Charging profiles installed at a time."),
    own(COMPOSITE_START, Values::Bool, "true", "", "GetCompositeSchedule is answered with `startSchedule` beside `scheduleStart`, for central systems that look for it there. Errata 3.57 has it left out."),
    own(FAIL_SAFE_CURRENT, Values::Int { min: -1, max: 80 }, "-1", "A", "Offline, a transaction draws no more than this per phase, whatever the charging profiles allow; below 6 nothing. -1: charging profiles alone count."),
    own(FAIL_SAFE_DELAY, Values::Int { min: 0, max: 86_400 }, "60", "s", "How long the connection has been lost when `PlugpointOfflineCurrent` comes into force."),
    own(ROTATION, Values::Int { min: 0, max: 86_400 }, "0", "s", "Where a ChargePointMaxProfile does not allow 6 A for each car, others are served after this time. 0: those that came first, until they have left."),
];

const fn of_factory(
    name: &'static str,
    values: Values,
    default: &'static str,
    unit: &'static str,
    meaning: &'static str,
) -> KeyInfo {
    KeyInfo {
        name,
        values,
        writable: false,
        default,
        unit,
        meaning,
    }
}

const fn own(
    name: &'static str,
    values: Values,
    default: &'static str,
    unit: &'static str,
    meaning: &'static str,
) -> KeyInfo {
    KeyInfo {
        name,
        values,
        writable: true,
        default,
        unit,
        meaning,
    }
}

/// A whole number.
pub(super) fn number(core: &Core<'_, '_>, name: &str) -> i64 {
    core.key(name)
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

/// As [`number`], for what is counted.
pub(super) fn count(core: &Core<'_, '_>, name: &str) -> usize {
    usize::try_from(number(core, name)).unwrap_or_default()
}

/// Whether schedules in this unit are taken.
pub(super) fn allows(core: &Core<'_, '_>, unit: Unit) -> bool {
    let word = match unit {
        Unit::Ampere => "Current",
        Unit::Watt => "Power",
    };
    let units = core.key(RATE_UNITS).unwrap_or_default();
    units
        .split(',')
        .any(|item| item.trim().eq_ignore_ascii_case(word))
}
