//! Requests to charge or to stop, one at a time: the chain of policies is asked,
//! then, if it says so, the central system, then the policies again. Not here:
//! what a card that is shown can be for (see `cards`), and what comes of a yes
//! (see `grants`).

use crate::charger::Charger;
use crate::config::Key;
use crate::fields::Fields;
use crate::host::{
    Action, Decide, Decision, DecisionRequest, DecisionStage, Purpose, TokenEntry, TokenOrigin,
    TokenStatus, Verdict,
};
use crate::turn::Turn;
use plugpoint_ocpp_core::authorization::{AuthorizationRequest, Stage};
use plugpoint_ocpp_core::reservation::Visitor;
use plugpoint_ocpp_core::token::name_of;

/// More cards than this at once, and than there are outlets, are not people.
const MAX_CARDS: usize = 16;

impl Charger {
    pub(crate) fn too_many_cards(&self) -> bool {
        let of_cards = |request: &&AuthorizationRequest| request.origin == TokenOrigin::Card;
        self.authorizations.iter().filter(of_cards).count() >= MAX_CARDS.max(self.outlets.len())
    }

    pub(crate) fn request_for_car(&mut self, place: usize) {
        let outlet = self.outlets[place].number;
        let asked = |request: &AuthorizationRequest| {
            request.origin == TokenOrigin::Plugged && request.outlet == outlet
        };
        if self.authorizations.iter().any(asked) {
            return;
        }
        self.request_authorization(AuthorizationRequest {
            car: self.car_at(place),
            ..AuthorizationRequest::new(TokenOrigin::Plugged, String::new(), vec![outlet])
        });
    }

    pub(crate) fn request_remotely(
        &mut self,
        tag: &str,
        outlets: Vec<u32>,
        car: Option<(u32, u64)>,
        attached: Option<String>,
    ) {
        // Of whose group a tag is, the central system has to say.
        let is_unclear = || {
            let mut places = outlets.iter().filter_map(|outlet| self.place_of(*outlet));
            places.any(|place| {
                self.is_kept_from(place, &Visitor::known(tag, None))
                    && !self.is_kept_from(place, &Visitor::unknown(tag))
            })
        };
        let origin = if self.config.is_on(Key::AuthorizeRemoteTxRequests) || is_unclear() {
            TokenOrigin::Remote
        } else {
            TokenOrigin::RemoteUnchecked
        };
        self.request_authorization(AuthorizationRequest {
            car,
            attached,
            ..AuthorizationRequest::new(origin, tag.to_owned(), outlets)
        });
    }

    pub(crate) fn request_authorization(&mut self, request: AuthorizationRequest) {
        let id = self.ticket();
        self.authorizations
            .edit()
            .push(AuthorizationRequest { id, ..request });
        self.needs_settling = true;
    }

    /// Requests for a car that has left end with it, whatever is answered.
    pub(crate) fn drop_requests_of_departed_cars(&mut self, turn: &mut Turn<'_>) {
        let left = |request: &AuthorizationRequest| {
            request.car.is_some_and(|(outlet, came)| {
                let place = self.place_of(outlet);
                place.is_none_or(|place| self.car_at(place) != Some((outlet, came)))
            })
        };
        if !self.authorizations.iter().any(&left) {
            return;
        }
        let (gone, rest): (Vec<_>, Vec<_>) = self.authorizations.iter().cloned().partition(left);
        *self.authorizations.edit() = rest;
        for request in gone {
            if let (TokenOrigin::Plugged, _) | (_, None) = (request.origin, request.car) {
                continue;
            }
            turn.info(format!(
                "request of {} dropped: the car at connector {} has left or cannot charge now",
                name_of(&request.tag),
                request.car.map_or(0, |(outlet, _)| outlet)
            ));
            self.show_refusal(turn, &request.outlets);
        }
    }

    /// Somebody who may charge is on the way to this outlet.
    pub(crate) fn is_requested(&self, outlet: u32) -> bool {
        let mut requests = self.authorizations.iter();
        requests.any(|request| request.is_for_outlet(outlet))
    }

    /// What a fresh instance finds in the middle of things.
    pub(crate) fn reconcile_authorization(&mut self, unanswered: &[u32]) {
        let Some(first) = self.authorizations.first() else {
            return;
        };
        let goes_on = match first.stage {
            Stage::Waiting => true,
            Stage::Deciding => unanswered.contains(&first.id),
            Stage::Asking => self.outbox.asks_for(first.id),
        };
        if !goes_on {
            self.authorizations.edit()[0].stage = Stage::Waiting;
        }
    }

    /// Asks the policies about the first request.
    pub(crate) fn ask_policies(&mut self, turn: &mut Turn<'_>) {
        if self
            .authorizations
            .first()
            .is_none_or(|request| request.stage != Stage::Waiting)
        {
            return;
        }
        let request = &mut self.authorizations.edit()[0];
        request.stage = Stage::Deciding;
        let request = request.clone();
        let (id, kind) = (request.id, request.kind_of_token());
        let known = self.known_of(turn, &request.tag);
        let request = DecisionRequest {
            stage: if request.central.is_some() {
                DecisionStage::AfterCentralSystem
            } else {
                DecisionStage::First
            },
            purpose: request.purpose,
            origin: request.origin,
            token: request.tag,
            kind,
            outlet: request.outlet,
            reader: request.reader,
            online: self.is_online() && !request.unanswered,
            rules: self.rules(known.has_list),
            listed: known.listed,
            cached: known.cached,
            central: request.central,
        };
        turn.act(Action::Decide(Decide { id, request }));
    }

    pub(crate) fn on_decided(&mut self, turn: &mut Turn<'_>, decision: Decision) {
        if self
            .authorizations
            .first()
            .is_none_or(|request| request.id != decision.id || request.stage != Stage::Deciding)
        {
            return;
        }
        match decision.verdict {
            Verdict::Ask if self.may_ask() => {
                let request = &mut self.authorizations.edit()[0];
                request.stage = Stage::Asking;
                let (id, tag) = (request.id, request.tag.clone());
                self.ask_authorize(id, &tag);
            }
            Verdict::Accept(attributes) => {
                let request = self.authorizations[0].clone();
                if request.purpose == Purpose::Stop {
                    if self.accepted_to_stop(turn, &request, &attributes) {
                        turn.info(format!("token {} may stop: {}", request.tag, decision.why));
                        self.authorizations.edit().remove(0);
                    } else {
                        self.stops_nothing(turn, "it belongs to another group");
                    }
                    self.needs_settling = true;
                    return;
                }
                self.authorizations.edit().remove(0);
                turn.info(format!(
                    "{} may {:?}: {}",
                    name_of(&request.tag),
                    request.purpose,
                    decision.why
                ));
                self.accepted(turn, request, attributes);
            }
            Verdict::Reject(_) | Verdict::Ask
                if self.authorizations[0].purpose == Purpose::Stop =>
            {
                self.stops_nothing(turn, &decision.why);
            }
            Verdict::Reject(_) | Verdict::Ask => {
                let request = self.authorizations.edit().remove(0);
                if request.origin != TokenOrigin::Plugged {
                    turn.info(format!(
                        "{} may not {:?}: {}",
                        name_of(&request.tag),
                        request.purpose,
                        decision.why
                    ));
                    self.show_refusal(turn, &request.outlets);
                }
            }
        }
    }

    /// The first request cannot stop what goes on here. It may want to start.
    fn stops_nothing(&mut self, turn: &mut Turn<'_>, why: &str) {
        self.needs_settling = true;
        if self.authorizations[0].else_start {
            let id = self.ticket();
            let request = &mut self.authorizations.edit()[0];
            request.ask_again(id);
            request.purpose = Purpose::Start;
            request.else_start = false;
            return;
        }
        let request = self.authorizations.edit().remove(0);
        turn.info(format!("token {} may not stop: {why}", request.tag));
        self.show_refusal(turn, &request.outlets);
    }

    /// The central system can be asked about the first request.
    fn may_ask(&self) -> bool {
        self.is_online()
            && self.authorizations.first().is_some_and(|request| {
                request.central.is_none() && !request.unanswered && !request.tag.is_empty()
            })
    }

    pub(crate) fn authorization_answered(
        &mut self,
        turn: &mut Turn<'_>,
        request: u32,
        answer: Fields<'_, '_>,
    ) {
        let Some(first) = self
            .authorizations
            .first()
            .filter(|first| first.id == request)
        else {
            return;
        };
        let tag = first.tag.clone();
        match answer.object("idTagInfo") {
            Ok(info) => {
                let entry = self.hear_of(turn, &tag, info);
                self.central_says(request, entry);
            }
            Err(violation) => self.authorization_failed(turn, request, &violation.text),
        }
    }

    /// The central system has answered, and not with a word about the tag. It is
    /// there, so the tag is not one of a charger that cannot ask.
    pub(crate) fn authorization_failed(&mut self, turn: &mut Turn<'_>, request: u32, why: &str) {
        let Some(first) = self
            .authorizations
            .first()
            .filter(|first| first.id == request)
        else {
            return;
        };
        turn.warn(format!(
            "central system gave no usable answer about token {}, so it is refused: {why}",
            first.tag
        ));
        let entry = TokenEntry {
            status: TokenStatus::Invalid,
            parent: None,
            expires_ms: None,
        };
        self.central_says(request, entry);
    }

    fn central_says(&mut self, request: u32, entry: TokenEntry) {
        if self
            .authorizations
            .first()
            .is_none_or(|first| first.id != request)
        {
            return;
        }
        let id = self.ticket();
        let first = &mut self.authorizations.edit()[0];
        first.ask_again(id);
        first.central = Some(entry);
        self.needs_settling = true;
    }

    /// The link went, or nothing came: decided again, as without the central
    /// system.
    pub(crate) fn authorization_unanswered(&mut self, _turn: &mut Turn<'_>, request: u32) {
        if self
            .authorizations
            .first()
            .is_some_and(|first| first.id == request)
        {
            let id = self.ticket();
            let first = &mut self.authorizations.edit()[0];
            first.ask_again(id);
            first.unanswered = true;
            self.needs_settling = true;
        }
    }
}
