//! What connectors may draw later, worked out once for as long as it stays so: a charger
//! asks at each event. Not here: how it is worked out (see `sharing`).

use std::collections::BTreeMap;

use super::prevailing::{Connector, View};
use super::schedule::NEVER;
use super::sharing::Share;

/// As far as the clocks differ by chance, ms.
const JITTER_MS: u64 = 20;

/// Of each connector.
#[derive(Debug, Default)]
pub(super) struct Plans(BTreeMap<u32, Plan>);

#[derive(Debug)]
struct Plan {
    connectors: Vec<Connector>,
    switches_phases: bool,
    turn: u64,
    /// Unix ms minus monotonic ms.
    offset: i64,
    /// Unix ms: when it was made, and how far it reaches.
    made: i64,
    reaches: i64,
    later: Vec<(i64, Share)>,
}

impl Plan {
    fn make(connector: &Connector, view: &View<'_>, turn: u64, offset: i64, max: usize) -> Self {
        // The present one comes first.
        let (mut later, reaches) = view.upcoming(connector, turn, max + 1);
        later.remove(0);
        Self {
            connectors: view.connectors.to_vec(),
            switches_phases: view.switches_phases,
            turn,
            offset,
            made: view.now,
            reaches,
            later,
        }
    }

    fn still_holds(&self, view: &View<'_>, turn: u64, offset: i64) -> bool {
        let are_alike = |(a, b): (&Connector, &Connector)| {
            let running = |it: &Connector| it.running.map(|it| (it.number, it.has_car));
            (a.number, a.max_ma, a.phases, running(a)) == (b.number, b.max_ma, b.phases, running(b))
        };
        let connectors = self.connectors.iter().zip(view.connectors);
        let is_far_from_its_end = self.reaches == NEVER
            || view.now.saturating_sub(self.made) < self.reaches.saturating_sub(self.made) / 2;
        self.turn == turn
            && self.switches_phases == view.switches_phases
            && self.offset.abs_diff(offset) <= JITTER_MS
            && self.connectors.len() == view.connectors.len()
            && is_far_from_its_end
            && connectors.into_iter().all(are_alike)
    }
}

impl Plans {
    /// The profiles are others, or what counts for them.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// When the shares of this connector will change (monotonic ms), and to what, at most
    /// this many. `offset` is Unix minus monotonic ms.
    pub(super) fn of(
        &mut self,
        connector: &Connector,
        view: &View<'_>,
        turn: u64,
        offset: i64,
        max: usize,
    ) -> Vec<(u64, Share)> {
        let number = connector.number;
        let known = self.0.get(&number);
        if !known.is_some_and(|plan| plan.still_holds(view, turn, offset)) {
            let plan = Plan::make(connector, view, turn, offset, max);
            self.0.insert(number, plan);
        }
        let Some(plan) = self.0.get(&number) else {
            return Vec::new();
        };
        let ahead = plan.later.iter().filter(|(at, _)| *at > view.now);
        let monotonic = |at: i64| u64::try_from(at.saturating_sub(plan.offset)).unwrap_or(0);
        ahead.map(|(at, share)| (monotonic(*at), *share)).collect()
    }
}
