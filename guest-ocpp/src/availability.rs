//! Whether connectors are operative, as the central system ordered; survives
//! power and reset.

use std::collections::BTreeSet;

use crate::charger::Charger;
use crate::packed::packed;

/// Connector 0 is the charger as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Availability {
    inoperative: BTreeSet<u32>,
    /// To be done when the transaction there has ended.
    scheduled: BTreeSet<(u32, bool)>,
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Done,
    Scheduled,
}

impl Charger {
    pub(crate) fn is_operative(&self, connector: u32) -> bool {
        !self.availability.inoperative.contains(&connector)
    }

    /// Connector 0 stands for the charger and all its connectors.
    pub(crate) fn change_availability_to(&mut self, connector: u32, operative: bool) -> Change {
        let concerned: Vec<u32> = match connector {
            0 => std::iter::once(0)
                .chain(self.outlets.iter().map(|outlet| outlet.number))
                .collect(),
            one => vec![one],
        };
        let mut change = Change::Done;
        for number in concerned {
            let busy = self
                .place_of(number)
                .is_some_and(|place| self.outlets[place].session.is_some());
            let availability = self.availability.edit();
            availability
                .scheduled
                .retain(|(scheduled, _)| *scheduled != number);
            let is_operative = !availability.inoperative.contains(&number);
            if busy && is_operative != operative {
                availability.scheduled.insert((number, operative));
                change = Change::Scheduled;
            } else {
                availability.set(number, operative);
            }
        }
        self.stirred = true;
        change
    }

    pub(crate) fn apply_scheduled_availability(&mut self, connector: u32) {
        let Some((_, operative)) = self
            .availability
            .scheduled
            .iter()
            .find(|(number, _)| *number == connector)
            .copied()
        else {
            return;
        };
        let availability = self.availability.edit();
        availability
            .scheduled
            .retain(|(number, _)| *number != connector);
        availability.set(connector, operative);
    }
}

impl Availability {
    fn set(&mut self, connector: u32, operative: bool) {
        if operative {
            self.inoperative.remove(&connector);
        } else {
            self.inoperative.insert(connector);
        }
    }
}

packed!(Availability {
    inoperative,
    scheduled
});
