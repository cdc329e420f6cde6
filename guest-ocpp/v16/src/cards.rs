//! A card is shown: what it can be for at this moment. Not here: whether it is
//! accepted (see `authorization`), and what comes of that (see `grants`).

use crate::assignment::Target;
use crate::charger::Charger;
use crate::host::{Look, Purpose, TokenOrigin, TokenRead};
use crate::record::StopReason;
use crate::tags::MAX_TAG;
use crate::turn::Turn;
use plugpoint_ocpp_core::authorization::AuthorizationRequest;
use plugpoint_ocpp_core::reservation::Visitor;
use plugpoint_ocpp_core::token::same;

impl Charger {
    pub(crate) fn on_token(&mut self, turn: &mut Turn<'_>, token: TokenRead) {
        let TokenRead {
            token: tag,
            kind,
            reader,
            outlets,
            ..
        } = token;
        let outlets: Vec<u32> = outlets
            .into_iter()
            .filter(|outlet| self.place_of(*outlet).is_some())
            .collect();
        // Never cut off: two tokens would become one.
        let length = tag.chars().count();
        if length > MAX_TAG {
            turn.warn(format!(
                "card refused: its token has {length} characters; an idTag has at most {MAX_TAG}"
            ));
            return self.show_refusal(turn, &outlets);
        }
        if tag.is_empty() || self.state.reset.is_some() {
            return self.show_refusal(turn, &outlets);
        }
        if !self.knows_time(turn) {
            turn.warn("card refused: the time is not known yet");
            return self.show_refusal(turn, &outlets);
        }
        if self.end_by_own_card(turn, &tag, &outlets)
            || self.take_back_authorization(turn, &tag, &outlets)
            || self
                .authorizations
                .iter()
                .any(|request| request.is_of(&tag))
        {
            return;
        }
        let can_store = self.can_keep();
        if !can_store && !self.serves_a_group(&outlets) {
            turn.warn("card refused: no transaction can be stored (disk full or not responding)");
            return self.show_refusal(turn, &outlets);
        }
        if self.too_many_cards() {
            turn.warn("card refused: too many cards are waiting for an answer");
            return self.show_refusal(turn, &outlets);
        }
        let serves = self.serves();
        let target = match serves && can_store {
            true => self.target_of_card(&Visitor::unknown(&tag), &outlets),
            // Whoever charges may still stop.
            false => Target::Nothing,
        };
        let can_start = !matches!(target, Target::Nothing);
        let car = target.car();
        let (purpose, else_start) = match car {
            Some(_) => (Purpose::Start, false),
            // Nobody waits for this card: it may be the one of a group whose
            // car is charging.
            None if self.serves_a_group(&outlets) => (Purpose::Stop, can_start),
            None if can_start => (Purpose::Start, false),
            None => {
                if !serves {
                    turn.warn(format!(
                        "token {tag} refused: the central system has not accepted this charger yet"
                    ));
                }
                return self.show_refusal(turn, &outlets);
            }
        };
        self.request_authorization(AuthorizationRequest {
            purpose,
            kind,
            reader: Some(reader),
            car,
            else_start,
            ..AuthorizationRequest::new(TokenOrigin::Card, tag, outlets)
        });
    }

    /// The card of a session ends it, and the card of a cable that is kept
    /// locked gets it back. False: there is more to be done.
    fn end_by_own_card(&mut self, turn: &mut Turn<'_>, tag: &str, outlets: &[u32]) -> bool {
        let places = || outlets.iter().filter_map(|outlet| self.place_of(*outlet));
        let own = places().find(|place| {
            self.outlets[*place]
                .running()
                .is_some_and(|session| same(&session.tag, tag))
        });
        if let Some(place) = own {
            self.indicate(turn, self.outlets[place].number, Look::Accepted);
            self.stop(turn, place, StopReason::Local, Some(tag.to_owned()));
            return true;
        }
        let kept = places().find(|place| self.is_cable_of(*place, tag));
        let Some(place) = kept.filter(|place| !self.outlets[*place].has_waiting_car()) else {
            return false;
        };
        self.give_cable_back(turn, place);
        true
    }

    /// A card that was accepted, and is shown again before anything has begun:
    /// its driver has changed his mind.
    fn take_back_authorization(&mut self, turn: &mut Turn<'_>, tag: &str, outlets: &[u32]) -> bool {
        let given = outlets
            .iter()
            .filter_map(|outlet| self.place_of(*outlet))
            .find(|place| {
                let given = self.outlets[*place].state.authorization.as_ref();
                given.is_some_and(|given| same(&given.tag, tag))
            });
        let waiting = self.state.unassigned.iter().find(|(waiting, those)| {
            same(&waiting.tag, tag) && those.iter().any(|number| outlets.contains(number))
        });
        let (by_card, shown) = match (given, waiting) {
            (Some(place), _) => {
                let outlet = &self.outlets[place];
                let given = outlet.state.authorization.as_ref();
                (
                    given.is_some_and(|given| given.by_card),
                    vec![outlet.number],
                )
            }
            (None, Some((waiting, those))) => (waiting.by_card, those.clone()),
            (None, None) => return false,
        };
        if !by_card {
            // The central system has let this driver in already.
            for number in shown {
                self.indicate(turn, number, Look::Accepted);
            }
            return true;
        }
        match given {
            Some(place) => self.outlets[place].state.edit().authorization = None,
            None => drop(
                self.state
                    .edit()
                    .unassigned
                    .take(|waiting, those| same(&waiting.tag, tag) && those == shown),
            ),
        }
        turn.info(format!(
            "token {tag} presented again before a transaction began: authorization cancelled"
        ));
        self.show_refusal(turn, &shown);
        self.needs_settling = true;
        true
    }

    /// Only a group can have somebody else who may stop, or get a cable back.
    fn serves_a_group(&self, outlets: &[u32]) -> bool {
        outlets
            .iter()
            .filter_map(|outlet| self.place_of(*outlet))
            .any(|place| self.group_at(place).is_some())
    }
}
