//! What each connector may draw at an instant when all share what the charge point has
//! (OCPP 1.6, 3.13.3): as many transactions as can have the current that they need at
//! least, in the order in which they began, and what is left evenly. Not here: which
//! limits there are (see `prevailing`).

use super::charging_profile::Unit;
use super::prevailing::{Connector, Until, View};
use super::rate::{MIN_CURRENT_MA, Rate};

/// What is offered at a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    /// mA per phase; 0: nothing.
    pub(super) ma: i64,
    /// On this many phases.
    pub(super) phases: u32,
}

/// One who wants a share.
#[derive(Debug, Clone, Copy)]
struct Claim {
    connector: u32,
    /// Our number of the transaction: the lower one began earlier.
    number: u64,
    /// mA that it may draw at most.
    most: i64,
    /// mA without which it is not served.
    least: i64,
    phases: u32,
}

impl View<'_> {
    /// The share of this connector. `turn` is how often those who are served have
    /// changed places.
    pub(super) fn share(&self, connector: &Connector, t: i64, turn: u64) -> Until<Share> {
        let most_phases = self.connectors.iter().map(|it| it.phases).max();
        let max = self.charge_point_max(most_phases.unwrap_or(connector.phases), t);
        let own = self.claim(connector, max.value, t);
        let mut until = max.until.min(own.until);
        let Claim { most, phases, .. } = own.value;
        let Some(max) = max.value else {
            let ma = if most < MIN_CURRENT_MA { 0 } else { most };
            return Until {
                value: Share { ma, phases },
                until,
            };
        };
        let mut claims = Vec::with_capacity(self.connectors.len());
        for other in self.connectors {
            let is_charging = other.running.is_some_and(|it| it.has_car);
            if is_charging || other.number == connector.number {
                let claim = self.claim(other, Some(max), t);
                until = until.min(claim.until);
                claims.push(claim.value);
            }
        }
        let ma = divide(claims, max, turn)
            .into_iter()
            .find(|(number, _)| *number == connector.number)
            .map_or(0, |(_, ma)| ma);
        Until {
            value: Share { ma, phases },
            until,
        }
    }

    /// The shares of a connector from now on, with the instants (Unix ms) at which they
    /// begin, and until when these are all; at most this many. Equal neighbours are one.
    pub(super) fn upcoming(
        &self,
        connector: &Connector,
        turn: u64,
        most: usize,
    ) -> (Vec<(i64, Share)>, i64) {
        let mut steps: Vec<(i64, Share)> = Vec::new();
        let mut t = self.now;
        // Boundaries at which nothing changes are no steps; not many are looked at.
        for _ in 0..most.saturating_mul(8) {
            let share = self.share(connector, t, turn);
            if steps.last().is_none_or(|(_, last)| *last != share.value) {
                if steps.len() == most {
                    break;
                }
                steps.push((t, share.value));
            }
            if share.until <= t || share.until == super::schedule::NEVER {
                return (steps, super::schedule::NEVER);
            }
            t = share.until;
        }
        (steps, t)
    }

    fn claim(&self, connector: &Connector, max: Option<Rate>, t: i64) -> Until<Claim> {
        let prevailing = self.transaction(connector, t);
        let mut most = i64::from(connector.max_ma);
        let (mut phases, mut least) = (connector.phases, MIN_CURRENT_MA);
        if let Some(it) = prevailing.value {
            most = most.min(it.rate.milli(Unit::Ampere));
            phases = it.rate.phases;
            least = it.min_ma;
        }
        if let Some(max) = max {
            most = most.min(max.milli(Unit::Ampere));
            phases = phases.min(max.phases);
        }
        Until {
            value: Claim {
                connector: connector.number,
                number: connector.running.map_or(u64::MAX, |it| it.number),
                most,
                // A car that prefers more than it may have is served all the same.
                least: least.min(most).max(MIN_CURRENT_MA),
                phases,
            },
            until: prevailing.until,
        }
    }
}

/// Connectors with what they get, mA.
fn divide(mut claims: Vec<Claim>, max: Rate, turn: u64) -> Vec<(u32, i64)> {
    // Power is divided as the current that it is on the phases that it is for: which of
    // them a car really uses is not known.
    let budget = max.milli(Unit::Ampere);
    // Who cannot be served anyway does not keep others waiting.
    claims.retain(|claim| claim.most >= claim.least);
    claims.sort_by_key(|claim| claim.number);
    if !claims.is_empty() {
        let by = turn % claims.len() as u64;
        claims.rotate_left(by as usize);
    }
    let mut used = 0;
    claims.retain(|claim| {
        let fits = claim.least <= budget - used;
        if fits {
            used += claim.least;
        }
        fits
    });
    let total = |level: i64| -> i64 {
        let of = |claim: &Claim| claim.most.min(claim.least.max(level));
        claims.iter().map(of).sum()
    };
    // The highest level to which all can be raised.
    let (mut low, mut high) = (0, claims.iter().map(|it| it.most).max().unwrap_or(0));
    while low < high {
        let middle = low + (high - low + 1) / 2;
        if total(middle) <= budget {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    let share = |claim: &Claim| (claim.connector, claim.most.min(claim.least.max(low)));
    claims.iter().map(share).collect()
}
