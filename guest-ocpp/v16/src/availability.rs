//! Which connectors are in service, and whether anything may begin at all. Not here: the
//! order (see `calls::change_availability`), and what is remembered of it (see
//! `plugpoint_ocpp_core::availability`).

use plugpoint_ocpp_core::availability::Change;

use crate::charger::Charger;
use crate::config::Key;
use crate::core_access::Usage;
use crate::turn::Turn;

impl Charger {
    /// As the central system ordered, and nothing of our own goes on that nobody may
    /// begin to charge in.
    pub(crate) fn is_operative(&self, connector: u32) -> bool {
        let place = self.place_of(connector).filter(|_| self.is_held());
        let held = place.is_some_and(|place| self.outlets[place].is_free());
        !held && self.availability.is_operative(connector)
    }

    pub(crate) fn usage(&self) -> Usage {
        if !self.busy_connectors().is_empty() {
            return Usage::Charging;
        }
        let is_expected = self.outlets.iter().any(|outlet| !outlet.is_free());
        if is_expected {
            Usage::Expected
        } else {
            Usage::None
        }
    }

    /// Connector 0 stands for the charger and all its connectors.
    pub(crate) fn change_availability_to(&mut self, connector: u32, operative: bool) -> Change {
        let all = self.outlets.iter().map(|outlet| outlet.number);
        let concerned: Vec<u32> = match connector {
            0 => std::iter::once(0).chain(all).collect(),
            one => vec![one],
        };
        let busy = self.busy_connectors();
        // The charger as a whole is free when all connectors are.
        let is_busy = |number: u32| match number {
            0 => !busy.is_empty(),
            _ => busy.contains(&number),
        };
        let availability = self.availability.edit();
        let change = availability.change(concerned, operative, is_busy);
        self.needs_settling = true;
        change
    }

    fn busy_connectors(&self) -> Vec<u32> {
        let busy = self
            .outlets
            .iter()
            .filter(|outlet| outlet.session.is_some());
        busy.map(|outlet| outlet.number).collect()
    }

    /// The transaction at this connector has ended.
    pub(crate) fn apply_scheduled_availability(&mut self, connector: u32) {
        let all_free = self.busy_connectors().is_empty();
        let is_free = |number: u32| number == connector || (number == 0 && all_free);
        if self.availability.is_scheduled(is_free) {
            self.availability.edit().apply_scheduled(is_free);
        }
    }

    /// A transaction that could never be given a time is not begun.
    pub(crate) fn knows_time(&self, turn: &Turn<'_>) -> bool {
        self.clock.time(&turn.now).is_some()
            || self.config.is_on(Key::OfflineTransactionsWithoutClock)
    }

    /// Nothing is begun for a central system that has answered this charger and
    /// does not accept it: it would perhaps never take the transaction (OCPP 1.6,
    /// 4.2). One that cannot be reached is another matter.
    pub(crate) fn serves(&self) -> bool {
        !self.registration.is_put_off() || self.config.is_on(Key::TransactionsBeforeAccepted)
    }
}
