//! What an instance knows of the outlets, as the host accounts for it. `boot` shows
//! the present state, so outlet events that wait are over, and are left out. But a
//! car that left is not forgotten with them: while no instance has heard of it,
//! `boot` shows the outlet as it was then, and the present state follows.

use super::world::World;
use plugpoint_guest::protocol::{Event, OutletChange, OutletEvent, OutletState, Permit};

impl World {
    /// What `boot` shows of the outlets, and what follows it as events.
    pub(super) fn outlets_for_boot(&mut self) -> (Vec<OutletState>, Vec<Event>) {
        let unheard = &mut self.unheard;
        self.inbox.retain(|event| {
            let Event::Outlet(OutletEvent { state, .. }) = event else {
                return true;
            };
            if !state.has_car() {
                unheard.entry(state.outlet).or_insert(state.clone());
            }
            false
        });
        let at = self.stamp();
        let mut follow = Vec::new();
        let shown = self.outlets.iter_mut().map(|outlet| {
            let state = outlet.snapshot(at);
            match self.unheard.get(&state.outlet) {
                Some(departure) if state.has_car() => {
                    follow.push(Event::Outlet(OutletEvent {
                        change: OutletChange::Pilot,
                        at,
                        state,
                    }));
                    departure.clone()
                }
                _ => state,
            }
        });
        (shown.collect(), follow)
    }

    /// Whether a permit was decided for the car that is there: not if a departure
    /// is still on its way, nor if the memory of taking it back was lost.
    pub(super) fn is_in_time(&self, permit: &Permit) -> bool {
        let departs = |event: &Event| match event {
            Event::Outlet(event) => event.state.outlet == permit.outlet && !event.state.has_car(),
            _ => false,
        };
        !self.inbox.iter().any(departs)
            && self.taken_back.get(&permit.outlet) != Some(&permit.session)
    }
}
