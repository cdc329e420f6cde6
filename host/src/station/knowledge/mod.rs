//! What the protocol guest knows of the outlets, by number.
//!
//! Events wait in a queue while a new instance starts, and `boot` may show what
//! they are about to tell. Such an event is recognised by its serial and left out:
//! it would report a state that is over. What it must not take with it is a car
//! that has left. So while the guest has not heard of a departure, `boot` shows the
//! outlet as it was at that moment, without a car and with its register, and the
//! present state follows as the next event. Whether it was an event or `boot` that
//! failed, a guest hears exactly once that the car it was charging is gone, and
//! never sees the next car before that.
//!
//! Sans-io: says what `boot` shows and what is news. Not here: counting
//! connections (see `outlet::connection`), running the guest.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::outlet::{OutletNews, OutletView, has_car};
use crate::wit::protocol::{OutletState, Permit};

/// What the guest knows.
#[derive(Debug, Default)]
pub struct Knowledge {
    outlets: BTreeMap<u32, Known>,
    /// Cars that left while an earlier process ran and no guest heard of it: the
    /// outlet as it was then.
    earlier: BTreeMap<u32, OutletState>,
    /// Session of the last permit that was given at an outlet.
    given: BTreeMap<u32, u64>,
    /// Session of a permit that was taken back by a call whose commit failed, by
    /// outlet.
    taken_back: BTreeMap<u32, u64>,
}

/// How far the guest's knowledge of one outlet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    serial: u64,
    phase: Phase,
}

/// A connection, before and after its car comes; in that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Phase {
    connection: u64,
    has_car: bool,
}

/// What one `boot` shows. It is known once that `start` has succeeded.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    outlets: BTreeMap<u32, Known>,
    follow: Vec<OutletView>,
}

/// What a guest knows of an outlet once it has handled an event.
#[derive(Clone, Copy, Debug)]
pub struct Learned {
    outlet: u32,
    known: Known,
}

impl Knowledge {
    /// At the start of a process: what is left from an earlier one.
    #[must_use]
    pub fn after(held_back: impl IntoIterator<Item = OutletState>) -> Self {
        let mut earlier = BTreeMap::new();
        for state in held_back {
            if !has_car(state.pilot, state.plugged) {
                // The first one ended what the guest was charging.
                earlier.entry(state.outlet).or_insert(state);
            }
        }
        Self {
            earlier,
            ..Self::default()
        }
    }

    /// What `boot` shows of the outlets, and what the guest knows after it.
    #[must_use]
    pub fn boot(&self, views: Vec<OutletView>) -> (Vec<OutletState>, Shown) {
        let mut shown = Shown::default();
        let states = views.into_iter().map(|view| self.show(view, &mut shown));
        (states.collect(), shown)
    }

    fn show(&self, view: OutletView, shown: &mut Shown) -> OutletState {
        let outlet = view.state.outlet;
        let (state, connection) = match self.unheard(&view) {
            Some((state, connection)) => {
                shown.follow.push(view.clone());
                (state, connection)
            }
            None => (view.state.clone(), view.connection),
        };
        let known = Known {
            serial: view.serial,
            phase: phase(&state, connection),
        };
        shown.outlets.insert(outlet, known);
        state
    }

    /// The outlet when the car left that the guest still believes in, and the
    /// connection since then. None if it believes in none, or sees for itself that
    /// there is none.
    fn unheard(&self, view: &OutletView) -> Option<(OutletState, u64)> {
        if !has_car(view.state.pilot, view.state.plugged) {
            return None;
        }
        let Some(known) = self.outlets.get(&view.state.outlet) else {
            // Its numbers are of the process that wrote it down.
            let mut earlier = self.earlier.get(&view.state.outlet)?.clone();
            earlier.serial = 0;
            earlier.connection = view.connection;
            return Some((earlier, view.connection));
        };
        if known.phase.connection == view.connection {
            return None;
        }
        let departure = view
            .departures
            .iter()
            .find(|it| it.connection >= known.phase.connection)?;
        Some((departure.state.clone(), departure.connection + 1))
    }

    /// A `start` has succeeded: the guest knows what its `boot` showed. What is to
    /// follow as events.
    pub fn started(&mut self, shown: Shown) -> Vec<OutletView> {
        self.outlets.extend(shown.outlets);
        self.earlier.clear();
        shown.follow
    }

    /// Whether an event tells the guest anything.
    #[must_use]
    pub fn is_news(&self, news: &OutletNews) -> bool {
        let Some(known) = self.outlets.get(&news.event.state.outlet) else {
            return true;
        };
        news.serial > known.serial && phase(&news.event.state, news.connection) >= known.phase
    }

    /// What a guest learns by handling an event.
    #[must_use]
    pub fn of_news(&self, news: &OutletNews) -> Learned {
        Learned {
            outlet: news.event.state.outlet,
            known: Known {
                serial: news.serial,
                phase: phase(&news.event.state, news.connection),
            },
        }
    }

    /// What a guest learns from the present state, when `boot` showed a departure.
    #[must_use]
    pub fn of_view(&self, view: &OutletView) -> Learned {
        Learned {
            outlet: view.state.outlet,
            known: Known {
                serial: view.serial,
                phase: phase(&view.state, view.connection),
            },
        }
    }

    /// The guest has handled an event, and knows what it told.
    pub fn learn(&mut self, learned: Learned) {
        self.outlets.insert(learned.outlet, learned.known);
    }

    /// The connection that the guest knows, for the permits that it gives; 0, which
    /// no connection has, for an outlet that it has never seen.
    #[must_use]
    pub fn connection(&self, outlet: u32) -> u64 {
        let known = self.outlets.get(&outlet);
        known.map_or(0, |known| known.phase.connection)
    }

    /// The guest gives a permit.
    pub fn gave(&mut self, permit: &Permit) {
        self.given.insert(permit.outlet, permit.session);
        self.taken_back.remove(&permit.outlet);
    }

    /// A call that took a permit back came to nothing, since its commit failed. The
    /// guest will not remember that it did, but the energy was taken away, and that
    /// stands.
    pub fn took_back(&mut self, outlet: u32) {
        if let Some(session) = self.given.get(&outlet) {
            self.taken_back.insert(outlet, *session);
        }
    }

    /// Whether the guest took the permit of this session back before, and has lost
    /// the memory of it.
    #[must_use]
    pub fn was_taken_back(&self, permit: &Permit) -> bool {
        self.taken_back.get(&permit.outlet) == Some(&permit.session)
    }

    /// An earlier process left departures that no guest has heard of.
    #[must_use]
    pub fn had_earlier(&self) -> bool {
        !self.earlier.is_empty()
    }
}

impl Learned {
    /// Of which outlet.
    #[must_use]
    pub fn outlet(&self) -> u32 {
        self.outlet
    }

    /// The connection that the guest then knows.
    #[must_use]
    pub fn connection(&self) -> u64 {
        self.known.phase.connection
    }
}

impl Shown {
    /// Each outlet, and the connection that the guest then knows.
    pub fn connections(&self) -> impl Iterator<Item = (u32, u64)> {
        let outlets = self.outlets.iter();
        outlets.map(|(outlet, known)| (*outlet, known.phase.connection))
    }
}

fn phase(state: &OutletState, connection: u64) -> Phase {
    Phase {
        connection,
        has_car: has_car(state.pilot, state.plugged),
    }
}
