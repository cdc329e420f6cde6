//! Groups: a card may end what another card of its group has begun, and get its cable back.
//! Not here: who may begin (see `grants`).

use crate::charger::Charger;
use crate::host::{Attributes, Look};
use crate::record::StopReason;
use crate::turn::Turn;
use plugpoint_ocpp_core::authorization::AuthorizationRequest;
use plugpoint_ocpp_core::token::same;

impl Charger {
    /// The cable is kept locked for this tag.
    pub(crate) fn is_cable_of(&self, place: usize, tag: &str) -> bool {
        let owner = self.outlets[place].state.cable_owner();
        owner.is_some_and(|owner| same(&owner.tag, tag))
    }

    /// The group whose cards may end something here: a transaction, or that a
    /// cable is kept locked.
    pub(crate) fn group_at(&self, place: usize) -> Option<&str> {
        let outlet = &self.outlets[place];
        match (outlet.running(), outlet.state.cable_owner()) {
            (Some(session), _) => session.parent.as_deref(),
            (None, Some(owner)) => owner.parent.as_deref(),
            (None, None) => None,
        }
    }

    /// The policies let this tag end what its group has begun. False: there is
    /// nothing of its group.
    pub(crate) fn accepted_to_stop(
        &mut self,
        turn: &mut Turn<'_>,
        request: &AuthorizationRequest,
        attributes: &Attributes,
    ) -> bool {
        let Some(parent) = self.parent_of(turn, request, attributes) else {
            return false;
        };
        let place = request
            .outlets
            .iter()
            .filter_map(|outlet| self.place_of(*outlet))
            .find(|place| {
                let group = self.group_at(*place);
                group.is_some_and(|group| same(group, &parent))
            });
        let Some(place) = place else {
            return false;
        };
        if self.outlets[place].running().is_some() {
            self.indicate(turn, self.outlets[place].number, Look::Accepted);
            self.stop(turn, place, StopReason::Local, Some(request.tag.clone()));
        } else {
            self.give_cable_back(turn, place);
        }
        true
    }

    pub(crate) fn parent_of(
        &mut self,
        turn: &mut Turn<'_>,
        request: &AuthorizationRequest,
        said: &Attributes,
    ) -> Option<String> {
        let central = || {
            request
                .central
                .as_ref()
                .and_then(|entry| entry.parent.clone())
        };
        let parent = said.parent.clone().or_else(central);
        parent.or_else(|| self.known_of(turn, &request.tag).parent())
    }

    /// The cable was kept locked for its owner, who is here.
    pub(crate) fn give_cable_back(&mut self, turn: &mut Turn<'_>, place: usize) {
        let number = self.outlets[place].number;
        turn.info(format!("connector {number}: cable unlocked for its owner"));
        self.indicate(turn, number, Look::Accepted);
        let state = self.outlets[place].state.edit();
        state.release_cable();
        state.lock.want_unlocked();
        self.needs_settling = true;
    }
}
