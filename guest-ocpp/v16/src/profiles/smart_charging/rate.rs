//! A limit as current per phase or as power. Not here: whose limit it is.

use super::charging_profile::{Period, Unit};

/// The set voltage of the area (OCPP 1.6, 7.12).
const VOLTS: i64 = 230;
/// What a pilot can offer at least (IEC 61851); below, nothing is offered.
pub(super) const MIN_CURRENT_MA: i64 = 6_000;

/// The phases of an outlet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phases {
    /// 1 or 3.
    pub(super) there: u32,
    /// Those that a car can draw from, whatever a schedule says: all, unless the
    /// hardware switches phases.
    pub(super) always_on: u32,
}

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    /// Tenths of the unit.
    pub(super) tenths: i64,
    pub(super) unit: Unit,
    /// The phases that it is for, at most those that the outlet has.
    pub(super) phases: u32,
}

impl Rate {
    /// Of a period of a schedule in this unit.
    ///
    /// A period that names no number of phases is for three. One for more phases than
    /// there are counts as given, for those that there are (errata 3.34). Power is what
    /// all phases draw together: where phases stay on that it is not for, they draw of
    /// it, too.
    pub(super) fn of(period: &Period, unit: Unit, outlet: Phases) -> Self {
        let phases = period.phases.unwrap_or(3).min(outlet.there).max(1);
        Self {
            tenths: period.limit,
            unit,
            phases: match unit {
                Unit::Ampere => phases,
                Unit::Watt => phases.max(outlet.always_on),
            },
        }
    }

    /// A current per phase, as the installation limits it.
    pub(super) fn of_current(ma: u32, phases: u32) -> Self {
        Self {
            tenths: i64::from(ma) / 100,
            unit: Unit::Ampere,
            phases: phases.max(1),
        }
    }

    /// Thousandths of the unit asked for, rounded down.
    pub(super) fn milli(self, unit: Unit) -> i64 {
        let own = self.tenths.saturating_mul(100);
        let volts = VOLTS * i64::from(self.phases);
        match (self.unit, unit) {
            (Unit::Watt, Unit::Ampere) => own / volts,
            (Unit::Ampere, Unit::Watt) => own.saturating_mul(volts),
            _ => own,
        }
    }
}
