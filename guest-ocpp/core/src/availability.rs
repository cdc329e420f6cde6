//! Which connectors are in service, as the central system ordered; survives power and
//! reset.

use std::collections::BTreeSet;

use plugpoint_guest::packed::packed;

/// Connector 0 is the charger as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Availability {
    inoperative: BTreeSet<u32>,
    /// To be done when the transaction there has ended.
    scheduled: BTreeSet<(u32, bool)>,
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is done.
    Done,
    /// It is done when the transaction there has ended.
    Scheduled,
}

impl Availability {
    /// A connector is in service.
    pub fn is_operative(&self, connector: u32) -> bool {
        !self.inoperative.contains(&connector)
    }

    /// Takes connectors into or out of service; one that `is_busy` with a transaction
    /// goes on until that has ended.
    pub fn change(
        &mut self,
        connectors: impl IntoIterator<Item = u32>,
        operative: bool,
        is_busy: impl Fn(u32) -> bool,
    ) -> Change {
        let mut change = Change::Done;
        for connector in connectors {
            self.scheduled
                .retain(|(scheduled, _)| *scheduled != connector);
            if is_busy(connector) && self.is_operative(connector) != operative {
                self.scheduled.insert((connector, operative));
                change = Change::Scheduled;
            } else {
                self.set(connector, operative);
            }
        }
        change
    }

    /// Something is to be done as soon as one of these is free.
    pub fn is_scheduled(&self, is_free: impl Fn(u32) -> bool) -> bool {
        self.scheduled.iter().any(|(number, _)| is_free(*number))
    }

    /// Does what was scheduled for connectors that are free now.
    pub fn apply_scheduled(&mut self, is_free: impl Fn(u32) -> bool) {
        let (due, rest) = std::mem::take(&mut self.scheduled)
            .into_iter()
            .partition(|(number, _)| is_free(*number));
        self.scheduled = rest;
        let due: BTreeSet<(u32, bool)> = due;
        for (number, operative) in due {
            self.set(number, operative);
        }
    }

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
