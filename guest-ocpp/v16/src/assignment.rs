//! Who may charge, and nothing has begun yet: which car, or which outlet, that
//! is for, and when it is over. First come, first served. Not here: who may
//! charge (see `authorization`), and how a transaction begins (see
//! `transaction`).

use crate::charger::Charger;
use crate::config::Key;
use crate::host::{Attributes, Look, TokenOrigin};
use crate::turn::Turn;
use plugpoint_ocpp_core::authorization::{Authorization, AuthorizationRequest};
use plugpoint_ocpp_core::reservation::Visitor;
use plugpoint_ocpp_core::token::same;

/// A year.
const FOR_EVER_MS: u64 = 365 * 24 * 3600 * 1000;

/// What somebody who may charge would charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The car at this outlet, which came then.
    Car(u32, u64),
    /// The next car that comes to this outlet.
    NextAt(u32),
    /// The next car that comes to any of several.
    Next,
    /// There is no room.
    Nothing,
}

impl Target {
    pub(crate) fn car(&self) -> Option<(u32, u64)> {
        match self {
            Self::Car(outlet, came) => Some((*outlet, *came)),
            Self::NextAt(_) | Self::Next | Self::Nothing => None,
        }
    }
}

impl Charger {
    /// A transaction could begin here.
    pub(crate) fn can_begin(&self, place: usize) -> bool {
        self.is_open_to_all(place) && !self.outlets[place].state.lock.keeps_cable()
    }

    /// The same, for a tag that may be the owner's of the cable.
    fn can_begin_for(&self, place: usize, visitor: &Visitor<'_>) -> bool {
        let outlet = &self.outlets[place];
        self.is_open_to_all(place)
            && (!outlet.state.lock.keeps_cable() || self.is_cable_of(place, visitor.tag()))
            && !self.is_kept_from(place, visitor)
    }

    fn is_open_to_all(&self, place: usize) -> bool {
        let outlet = &self.outlets[place];
        outlet.is_free()
            && !outlet.is_faulted()
            && self.is_operative(outlet.number)
            && self.state.reset.is_none()
            && !self.queue.is_full()
    }

    /// Which car is at this place, by its outlet and when it came.
    pub(crate) fn car_at(&self, place: usize) -> Option<(u32, u64)> {
        let outlet = &self.outlets[place];
        let came = outlet.state.car.came_at().filter(|_| outlet.has_car())?;
        Some((outlet.number, came))
    }

    /// What a card would charge that is shown now.
    ///
    /// A car that somebody has asked for already is left to him as long as
    /// there is another outlet.
    pub(crate) fn target_of_card(&self, visitor: &Visitor<'_>, outlets: &[u32]) -> Target {
        let target = self.target(visitor, outlets, false);
        let Target::Car(outlet, came) = target else {
            return target;
        };
        let is_claimed = |outlet: u32, came: u64| {
            let mut requests = self.authorizations.iter();
            requests.any(|request| request.is_for_car(outlet, came))
        };
        if !is_claimed(outlet, came) {
            return target;
        }
        let unclaimed: Vec<u32> = outlets
            .iter()
            .copied()
            .filter(|number| {
                let car = self.place_of(*number).and_then(|place| self.car_at(place));
                car.is_none_or(|(outlet, came)| !is_claimed(outlet, came))
            })
            .collect();
        match self.target(visitor, &unclaimed, false) {
            Target::Nothing => target,
            Target::NextAt(_) => Target::Next,
            other => other,
        }
    }

    /// What somebody with this tag would charge, who may use these outlets.
    /// `named`: the central system has named the one outlet.
    ///
    /// A car that has had its transaction belongs to somebody else, and one
    /// that has had its time may do so: such a car is charged for whoever charged
    /// it before, or where nothing else can be meant.
    pub(crate) fn target(&self, visitor: &Visitor<'_>, outlets: &[u32], named: bool) -> Target {
        let tag = visitor.tag();
        let places = || outlets.iter().filter_map(|outlet| self.place_of(*outlet));
        let free: Vec<usize> = places()
            .filter(|place| self.can_begin_for(*place, visitor))
            .collect();
        // The car that came last is the one whose driver stands at the reader.
        let waiting = free
            .iter()
            .copied()
            .filter(|place| self.outlets[*place].has_waiting_car())
            .max_by_key(|place| self.outlets[*place].state.car.came_at());
        let again = || {
            free.iter().copied().find(|place| {
                let holder = self.outlets[*place].state.car.holder();
                holder.is_some_and(|holder| same(&holder.tag, tag))
            })
        };
        let only = || match free[..] {
            [place] if named || self.outlets[place].state.car.holder().is_none() => Some(place),
            _ => None,
        };
        let car = waiting.or_else(again).or_else(only);
        if let Some((outlet, came)) = car.and_then(|place| self.car_at(place)) {
            return Target::Car(outlet, came);
        }
        let mut kept = free
            .iter()
            .filter(|place| self.is_kept_for(**place, visitor));
        if let Some(place) = kept.next() {
            return Target::NextAt(self.outlets[*place].number);
        }
        // Those who came first have the first cars.
        if self.free_outlets(visitor) <= self.state.unassigned.iter().count() {
            return Target::Nothing;
        }
        match free[..] {
            [] => Target::Nothing,
            [place] => Target::NextAt(self.outlets[place].number),
            _ => Target::Next,
        }
    }

    /// The car here has had its transaction, for another tag.
    fn has_served_another(&self, place: usize, tag: &str) -> bool {
        let car = &self.outlets[place].state.car;
        let holder = car.holder().filter(|_| car.is_finished());
        holder.is_some_and(|holder| !same(&holder.tag, tag))
    }

    pub(crate) fn free_outlets(&self, visitor: &Visitor<'_>) -> usize {
        (0..self.outlets.len())
            .filter(|place| self.can_begin(*place) && !self.is_kept_from(*place, visitor))
            .count()
    }

    /// Until when somebody who may charge is waited for; 0 means for ever.
    pub(crate) fn connection_timeout_ms(&self) -> u64 {
        match self.config.ms(Key::ConnectionTimeOut) {
            0 => FOR_EVER_MS,
            timeout => timeout,
        }
    }

    /// The policies have let somebody in.
    pub(crate) fn accepted(
        &mut self,
        turn: &mut Turn<'_>,
        request: AuthorizationRequest,
        attributes: Attributes,
    ) {
        let parent = self.parent_of(turn, &request, &attributes);
        let named = request.names_outlet();
        let (tag, by_card) = match request.origin {
            TokenOrigin::Plugged => (self.config.text(Key::FreeVendIdTag).to_owned(), false),
            TokenOrigin::Card => (request.tag, true),
            TokenOrigin::Remote | TokenOrigin::RemoteUnchecked => (request.tag, false),
        };
        let visitor = Visitor::known(&tag, parent.as_deref());
        let target = match request.car {
            // Whoever asked for a car gets this one, or nothing: it may have
            // been charged for somebody else meanwhile.
            Some((outlet, came)) => self
                .place_of(outlet)
                .filter(|place| self.can_begin_for(*place, &visitor))
                .filter(|place| named || !self.has_served_another(*place, &tag))
                .and_then(|place| self.car_at(place))
                .filter(|car| *car == (outlet, came))
                .map_or(Target::Nothing, |(outlet, came)| Target::Car(outlet, came)),
            None => self.target(&visitor, &request.outlets, named),
        };
        let authorization = Authorization {
            tag,
            parent,
            until: turn.ms().saturating_add(self.connection_timeout_ms()),
            limit_ma: attributes.limit_ma,
            energy_limit_wh: attributes.energy_limit_wh,
            session_until_ms: attributes.session_until_ms,
            car: target.car().map(|(_, came)| came),
            by_card,
            attached: request.attached,
        };
        self.needs_settling = true;
        match target {
            _ if !self.knows_time(turn) || !self.serves() => {
                self.show_refusal(turn, &request.outlets)
            }
            Target::Nothing => {
                turn.info(format!(
                    "token {} refused: no outlet is free for it any longer",
                    authorization.tag
                ));
                self.show_refusal(turn, &request.outlets);
            }
            Target::Car(number, _) | Target::NextAt(number) => {
                self.indicate(turn, number, Look::Accepted);
                if let Some(place) = self.place_of(number) {
                    self.give(place, authorization);
                }
            }
            Target::Next => {
                for outlet in &request.outlets {
                    self.indicate(turn, *outlet, Look::Accepted);
                }
                self.state
                    .edit()
                    .unassigned
                    .add(authorization, request.outlets);
            }
        }
    }

    /// A card that was accepted for whichever outlet is plugged in first.
    pub(crate) fn assign_waiting_authorization(&mut self, place: usize) {
        let number = self.outlets[place].number;
        if self.state.unassigned.is_empty() || !self.can_begin(place) {
            return;
        }
        let kept_from: Vec<String> = self
            .state
            .unassigned
            .iter()
            .filter(|(waiting, _)| {
                let visitor = Visitor::known(&waiting.tag, waiting.parent.as_deref());
                self.is_kept_from(place, &visitor)
            })
            .map(|(waiting, _)| waiting.tag.clone())
            .collect();
        let is_for = |waiting: &Authorization, outlets: &[u32]| {
            outlets.contains(&number) && !kept_from.contains(&waiting.tag)
        };
        let any = self
            .state
            .unassigned
            .iter()
            .any(|(waiting, those)| is_for(waiting, those));
        if !any {
            return;
        }
        let taken = self.state.edit().unassigned.take(is_for);
        if let Some((authorization, _)) = taken {
            self.give(place, authorization);
        }
    }

    /// Somebody may charge at this outlet.
    fn give(&mut self, place: usize, authorization: Authorization) {
        let state = self.outlets[place].state.edit();
        if authorization.car.is_some() {
            state.car.begin();
        }
        state.release_cable();
        state.authorization = Some(authorization);
        self.needs_settling = true;
    }

    /// Nobody has come for them in time.
    pub(crate) fn expire_unassigned(&mut self, turn: &mut Turn<'_>) {
        let ms = turn.ms();
        while self.state.unassigned.deadline().is_some_and(|at| at <= ms) {
            let taken = self.state.edit().unassigned.take(|it, _| it.until <= ms);
            if let Some((authorization, _)) = taken {
                turn.info(format!(
                    "no car was plugged in: the authorization of token {} has expired",
                    authorization.tag
                ));
            }
        }
    }

    /// ConnectionTimeOut has another value, which counts for those who wait
    /// already too.
    pub(crate) fn shift_authorizations(&mut self, before_ms: u64) {
        let after_ms = self.connection_timeout_ms();
        let shifted = |until: u64| until.saturating_sub(before_ms).saturating_add(after_ms);
        if !self.state.unassigned.is_empty() {
            self.state.edit().unassigned.shift(shifted);
        }
        for outlet in &mut self.outlets {
            if outlet.state.authorization.is_some()
                && let Some(authorization) = &mut outlet.state.edit().authorization
            {
                authorization.until = shifted(authorization.until);
            }
        }
    }
}
