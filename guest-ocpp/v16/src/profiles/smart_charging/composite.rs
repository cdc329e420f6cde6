//! The composite schedule (OCPP 1.6, 3.13.3 and 5.7): the lowest of all limits, for each
//! second from now on. Not here: what limits apply (see `prevailing`).

use super::charging_profile::Unit;
use super::prevailing::{Connector, Until, View};
use super::schedule::NEVER;

/// How many instants are looked at for one answer.
const MAX_STEPS: usize = 20_000;

/// A period of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// Whole seconds from now.
    pub(super) start_s: i64,
    /// Tenths of the unit, rounded down.
    pub(super) tenths: i64,
    pub(super) phases: u32,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Composite {
    /// At least one; no two neighbours are equal.
    pub(super) parts: Vec<Part>,
    /// As asked for, unless there are too many periods in it.
    pub(super) duration_s: i64,
}

impl View<'_> {
    /// Of one connector, or, without one, of the charge point as a whole.
    pub(super) fn composite(
        &self,
        connector: Option<&Connector>,
        unit: Unit,
        duration_s: i64,
        max_parts: usize,
    ) -> Composite {
        let mut parts: Vec<Part> = Vec::new();
        let mut start_s = 0;
        let mut steps = 0;
        loop {
            let t = self.now.saturating_add(start_s * 1000);
            let limit = match connector {
                Some(connector) => self.of_connector(connector, unit, t),
                None => self.of_charge_point(unit, t),
            };
            let (tenths, phases) = limit.value;
            let is_new = parts
                .last()
                .is_none_or(|last| (last.tenths, last.phases) != (tenths, phases));
            steps += 1;
            if is_new && (parts.len() == max_parts || steps > MAX_STEPS) {
                return Composite {
                    parts,
                    duration_s: start_s,
                };
            }
            if is_new {
                parts.push(Part {
                    start_s,
                    tenths,
                    phases,
                });
            }
            // The first whole second at which the next limit is in force.
            let next_s = match limit.until {
                NEVER => duration_s,
                until => (until - self.now + 999) / 1000,
            };
            if next_s >= duration_s || steps > MAX_STEPS {
                let duration_s = if next_s >= duration_s {
                    duration_s
                } else {
                    next_s
                };
                return Composite { parts, duration_s };
            }
            start_s = next_s;
        }
    }

    fn of_connector(&self, connector: &Connector, unit: Unit, t: i64) -> Until<(i64, u32)> {
        let lowest = self.lowest(connector, unit, t);
        Until {
            value: (lowest.value.milli(unit) / 100, lowest.value.phases),
            until: lowest.until,
        }
    }

    /// All connectors together, within the limit of the charge point.
    fn of_charge_point(&self, unit: Unit, t: i64) -> Until<(i64, u32)> {
        let phases = self.connectors.iter().map(|it| it.phases).max();
        let phases = phases.unwrap_or(1);
        let max = self.charge_point_max(phases, t);
        let mut until = max.until;
        let mut sum = 0_i64;
        for connector in self.connectors {
            let own = self.transaction(connector, t);
            until = until.min(own.until);
            let local = connector.local().milli(unit);
            let milli = own.value.map_or(local, |it| it.rate.milli(unit).min(local));
            sum = sum.saturating_add(milli);
        }
        let milli = max.value.map_or(sum, |rate| rate.milli(unit).min(sum));
        let phases = max.value.map_or(phases, |rate| rate.phases);
        Until {
            value: (milli / 100, phases),
            until,
        }
    }
}
