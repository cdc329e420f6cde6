//! Connectors that are kept for somebody: which they are at this moment, and from whom.
//! Not here: for whom something is kept (see `reserved`), and how a transaction begins.

use crate::charger::Charger;
use crate::status::Status;
use plugpoint_ocpp_core::reservation::{Reserved, Vacancy, Visitor};

impl Charger {
    /// It is kept, and not for this visitor.
    pub(crate) fn is_kept_from(&self, place: usize, visitor: &Visitor<'_>) -> bool {
        let number = self.outlets[place].number;
        if let Some(reserved) = self.reserved_at(number) {
            return !reserved.is_for(visitor);
        }
        let floating = || self.reserved().filter(|reserved| reserved.connector == 0);
        if floating().any(|reserved| reserved.is_for(visitor)) {
            return false;
        }
        self.kept_for_any(floating().count()).contains(&place)
    }

    /// It is kept for somebody who is not here.
    pub(crate) fn is_kept(&self, place: usize) -> bool {
        if self.reserved_at(self.outlets[place].number).is_some() {
            return true;
        }
        self.kept_for_any(self.floating()).contains(&place)
    }

    /// What a transaction of this visitor uses up.
    pub(crate) fn reservation_of(&self, place: usize, visitor: &Visitor<'_>) -> Option<i64> {
        let number = self.outlets[place].number;
        let here = self.reserved_at(number);
        let here = here.filter(|reserved| reserved.is_for(visitor));
        let any = || {
            let mut all = self.reserved();
            all.find(|reserved| reserved.connector == 0 && reserved.is_for(visitor))
        };
        here.or_else(any).map(|reserved| reserved.id)
    }

    /// This connector, and no other, is kept for the visitor.
    pub(crate) fn is_kept_for(&self, place: usize, visitor: &Visitor<'_>) -> bool {
        let reserved = self.reserved_at(self.outlets[place].number);
        reserved.is_some_and(|reserved| reserved.is_for(visitor))
    }

    /// What can be kept for somebody; connector 0: one of all. None: there is no such
    /// connector.
    pub(crate) fn vacancy(&self, connector: u32) -> Option<Vacancy> {
        if connector != 0 {
            let vacancy = self.vacancy_at(self.place_of(connector)?);
            return Some(match vacancy {
                Vacancy::Free if !self.has_room() => Vacancy::Occupied,
                other => other,
            });
        }
        if !self.is_operative(0) {
            return Some(Vacancy::Unavailable);
        }
        let all: Vec<Vacancy> = (0..self.outlets.len())
            .map(|place| self.vacancy_at(place))
            .collect();
        let order = [Vacancy::Free, Vacancy::Occupied, Vacancy::Faulted];
        let best = order.into_iter().find(|vacancy| all.contains(vacancy));
        Some(match best {
            Some(Vacancy::Free) if !self.has_room() => Vacancy::Occupied,
            Some(vacancy) => vacancy,
            None => Vacancy::Unavailable,
        })
    }

    fn vacancy_at(&self, place: usize) -> Vacancy {
        let outlet = &self.outlets[place];
        if outlet.is_faulted() {
            Vacancy::Faulted
        } else if !self.is_operative(outlet.number) {
            Vacancy::Unavailable
        } else if outlet.is_free() && !outlet.is_plugged() && !self.is_kept(place) {
            Vacancy::Free
        } else {
            Vacancy::Occupied
        }
    }

    /// Beside what is promised to whom no connector is given yet there is one more.
    fn has_room(&self) -> bool {
        let free = (0..self.outlets.len())
            .filter(|place| self.vacancy_at(*place) == Vacancy::Free)
            .count();
        free > self.state.unassigned.iter().count() + self.floating()
    }

    fn reserved(&self) -> impl Iterator<Item = &Reserved> {
        self.reserved.iter().map(|(_, reserved)| reserved)
    }

    fn reserved_at(&self, connector: u32) -> Option<&Reserved> {
        self.reserved()
            .find(|reserved| reserved.connector == connector)
    }

    fn floating(&self) -> usize {
        self.reserved()
            .filter(|reserved| reserved.connector == 0)
            .count()
    }

    /// Which places are kept so that this many people find a free connector: none as
    /// long as there are more. One that is kept stays so when a car plugs in.
    fn kept_for_any(&self, people: usize) -> Vec<usize> {
        if people == 0 {
            return Vec::new();
        }
        let could_be = |place: &usize| {
            let outlet = &self.outlets[*place];
            outlet.is_free()
                && !outlet.is_faulted()
                && self.is_operative(outlet.number)
                && self.reserved_at(outlet.number).is_none()
        };
        let was_kept = |place: &usize| {
            let before = self.outlets[*place].state.reported.now.as_ref();
            before.is_some_and(|(report, _)| report.status == Status::Reserved)
        };
        let (mut kept, others): (Vec<usize>, Vec<usize>) = (0..self.outlets.len())
            .filter(could_be)
            .partition(|place| was_kept(place) || !self.outlets[*place].is_plugged());
        if kept.len() > people {
            return Vec::new();
        }
        let unfinished = |place: &usize| !self.outlets[*place].state.car.is_finished();
        kept.extend(others.into_iter().filter(unfinished));
        kept.truncate(people);
        kept
    }
}
