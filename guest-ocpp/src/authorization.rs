//! Wishes to charge or to stop, one at a time: the chain of policies is asked,
//! then, if it says so, the central system, then the policies again.

use crate::charger::Charger;
use crate::config::Key;
use crate::fields::Fields;
use crate::host::{
    Action, Attributes, Decide, Decision, DecisionRequest, DecisionStage, Look, Purpose, Rules,
    TokenEntry, TokenOrigin, TokenRead, Verdict,
};
use crate::outlet::Grant;
use crate::packed::{packed, packed_words};
use crate::queue::StopReason;
use crate::turn::Turn;

/// Longest idTag of the standard.
pub(crate) const LONGEST_TAG: usize = 20;
/// More cards than this at once, and than there are outlets, are not people.
const MOST_CARDS: usize = 16;
/// A year.
const FOR_EVER_MS: u64 = 365 * 24 * 3600 * 1000;

pub(crate) type Wishes = Vec<Wish>;

/// Somebody wants to charge, or to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Of the question that is open, to the policies or to the central system.
    /// Asked again, it keeps its number; another question has another.
    id: u32,
    origin: TokenOrigin,
    purpose: Purpose,
    tag: String,
    /// 0: any of `outlets`.
    outlet: u32,
    outlets: Vec<u32>,
    reader: Option<String>,
    stage: Stage,
    central: Option<TokenEntry>,
    /// The central system was asked and did not answer.
    unanswered: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Deciding,
    Asking,
}

impl Charger {
    pub(crate) fn on_token(&mut self, turn: &mut Turn<'_>, token: TokenRead) {
        let tag = token.token;
        let outlets: Vec<u32> = token
            .outlets
            .into_iter()
            .filter(|outlet| self.place_of(*outlet).is_some())
            .collect();
        if tag.is_empty() || tag.chars().count() > LONGEST_TAG || self.desk.reset.is_some() {
            return self.show_refusal(turn, &outlets);
        }
        if !self.can_keep(turn) {
            turn.warn("a card is refused: nothing can be kept");
            return self.show_refusal(turn, &outlets);
        }
        if !self.knows_time(turn) {
            turn.warn("a card is refused: the time is not known yet");
            return self.show_refusal(turn, &outlets);
        }
        let places: Vec<usize> = outlets
            .iter()
            .filter_map(|outlet| self.place_of(*outlet))
            .collect();
        let own = places.iter().find(|place| {
            self.outlets[**place]
                .running()
                .is_some_and(|s| same(&s.tag, &tag))
        });
        if let Some(place) = own.copied() {
            self.indicate(turn, self.outlets[place].number, Look::Accepted);
            return self.stop(turn, place, StopReason::Local, Some(tag));
        }
        let granted = |grant: &Grant| same(&grant.tag, &tag);
        let known = places.iter().any(|place| {
            self.outlets[*place]
                .book
                .grant
                .as_ref()
                .is_some_and(granted)
        }) || self
            .desk
            .grant
            .as_ref()
            .is_some_and(|(grant, _)| granted(grant))
            || self.wishes.iter().any(|wish| same(&wish.tag, &tag));
        if known {
            return;
        }
        if self.too_many_cards() {
            turn.warn("a card is refused: too many wait for their answer");
            return self.show_refusal(turn, &outlets);
        }
        let purpose = if places.iter().any(|place| self.can_begin(*place)) {
            Purpose::Start
        } else if places.iter().any(|place| {
            self.outlets[*place]
                .running()
                .is_some_and(|s| s.parent.is_some())
        }) {
            // Only a group can have somebody else who may stop.
            Purpose::Stop
        } else {
            return self.show_refusal(turn, &outlets);
        };
        let outlet = if let [only] = outlets[..] { only } else { 0 };
        self.wish(
            TokenOrigin::Card,
            purpose,
            tag,
            outlet,
            outlets,
            Some(token.reader),
        );
    }

    fn too_many_cards(&self) -> bool {
        let of_cards = |wish: &&Wish| wish.origin == TokenOrigin::Card;
        self.wishes.iter().filter(of_cards).count() >= MOST_CARDS.max(self.outlets.len())
    }

    pub(crate) fn wish_plugged(&mut self, place: usize) {
        let outlet = self.outlets[place].number;
        let asked = |wish: &Wish| wish.origin == TokenOrigin::Plugged && wish.outlet == outlet;
        if self.wishes.iter().any(asked) {
            return;
        }
        self.wish(
            TokenOrigin::Plugged,
            Purpose::Start,
            String::new(),
            outlet,
            vec![outlet],
            None,
        );
    }

    pub(crate) fn wish_remote(&mut self, tag: &str, outlet: u32) {
        let origin = if self.config.is_on(Key::AuthorizeRemoteTxRequests) {
            TokenOrigin::Remote
        } else {
            TokenOrigin::RemoteUnchecked
        };
        self.wish(
            origin,
            Purpose::Start,
            tag.to_owned(),
            outlet,
            vec![outlet],
            None,
        );
    }

    fn wish(
        &mut self,
        origin: TokenOrigin,
        purpose: Purpose,
        tag: String,
        outlet: u32,
        outlets: Vec<u32>,
        reader: Option<String>,
    ) {
        let id = self.ticket();
        self.wishes.edit().push(Wish {
            id,
            origin,
            purpose,
            tag,
            outlet,
            outlets,
            reader,
            stage: Stage::Waiting,
            central: None,
            unanswered: false,
        });
        self.stirred = true;
    }

    /// Somebody who may charge is on the way to this outlet.
    pub(crate) fn is_wished(&self, outlet: u32) -> bool {
        self.wishes.iter().any(|wish| {
            wish.outlet == outlet
                && wish.purpose == Purpose::Start
                && wish.origin != TokenOrigin::Plugged
        })
    }

    /// A transaction could begin here.
    pub(crate) fn can_begin(&self, place: usize) -> bool {
        let outlet = &self.outlets[place];
        outlet.is_free()
            && !outlet.is_faulted()
            && self.is_operative(outlet.number)
            && self.desk.reset.is_none()
            && !self.queue.is_full()
    }

    /// A transaction that could never be given a time is not begun.
    fn knows_time(&self, turn: &Turn<'_>) -> bool {
        self.clock.time(&turn.now).is_some()
            || self.config.is_on(Key::OfflineTransactionsWithoutClock)
    }

    /// What a fresh instance finds in the middle of things.
    pub(crate) fn reconcile_wishes(&mut self, unanswered: &[u32]) {
        let Some(first) = self.wishes.first() else {
            return;
        };
        let goes_on = match first.stage {
            Stage::Waiting => true,
            Stage::Deciding => unanswered.contains(&first.id),
            Stage::Asking => self.outbox.asks_for(first.id),
        };
        if !goes_on {
            self.wishes.edit()[0].stage = Stage::Waiting;
        }
    }

    /// Asks the policies about the first wish.
    pub(crate) fn pump_wishes(&mut self, turn: &mut Turn<'_>) {
        if self
            .wishes
            .first()
            .is_none_or(|wish| wish.stage != Stage::Waiting)
        {
            return;
        }
        let wish = &mut self.wishes.edit()[0];
        wish.stage = Stage::Deciding;
        let wish = wish.clone();
        let id = wish.id;
        let cached = if wish.tag.is_empty() {
            None
        } else {
            self.recall(turn, &wish.tag)
        };
        let request = DecisionRequest {
            stage: if wish.central.is_some() {
                DecisionStage::AfterCentralSystem
            } else {
                DecisionStage::First
            },
            purpose: wish.purpose,
            origin: wish.origin,
            token: wish.tag,
            outlet: wish.outlet,
            reader: wish.reader,
            online: self.is_online() && !wish.unanswered,
            listed: None,
            cached,
            central: wish.central,
            rules: Rules {
                local_pre_authorize: self.config.is_on(Key::LocalPreAuthorize),
                local_authorize_offline: self.config.is_on(Key::LocalAuthorizeOffline),
                unknown_offline: self.config.is_on(Key::AllowOfflineTxForUnknownId),
                cache: self.config.is_on(Key::AuthorizationCacheEnabled),
                listing: false,
            },
        };
        turn.act(Action::Decide(Decide { id, request }));
    }

    pub(crate) fn on_decided(&mut self, turn: &mut Turn<'_>, decision: Decision) {
        if self
            .wishes
            .first()
            .is_none_or(|wish| wish.id != decision.id || wish.stage != Stage::Deciding)
        {
            return;
        }
        match decision.verdict {
            Verdict::Ask if self.may_ask() => {
                let wish = &mut self.wishes.edit()[0];
                wish.stage = Stage::Asking;
                let (id, tag) = (wish.id, wish.tag.clone());
                self.ask_authorize(id, &tag);
            }
            Verdict::Accept(attributes) => {
                let wish = self.wishes.edit().remove(0);
                turn.info(format!(
                    "{} may {:?}: {}",
                    name_of(&wish.tag),
                    wish.purpose,
                    decision.why
                ));
                self.accepted(turn, wish, attributes);
            }
            Verdict::Reject(_) | Verdict::Ask => {
                let wish = self.wishes.edit().remove(0);
                if wish.origin != TokenOrigin::Plugged {
                    turn.info(format!(
                        "{} may not {:?}: {}",
                        name_of(&wish.tag),
                        wish.purpose,
                        decision.why
                    ));
                    self.show_refusal(turn, &wish.outlets);
                }
            }
        }
    }

    /// The central system can be asked about the first wish.
    fn may_ask(&self) -> bool {
        self.is_online()
            && self.wishes.first().is_some_and(|wish| {
                wish.central.is_none() && !wish.unanswered && !wish.tag.is_empty()
            })
    }

    pub(crate) fn wish_answered(&mut self, turn: &mut Turn<'_>, wish: u32, answer: Fields<'_, '_>) {
        let info = answer.object("idTagInfo").ok();
        let Some(entry) = info.and_then(|info| self.token_entry(turn, info)) else {
            return self.wish_unanswered(turn, wish);
        };
        let Some(first) = self.wishes.first().filter(|first| first.id == wish) else {
            return;
        };
        let tag = first.tag.clone();
        self.remember(turn, &tag, &entry);
        let id = self.ticket();
        let first = &mut self.wishes.edit()[0];
        first.id = id;
        first.central = Some(entry);
        first.stage = Stage::Waiting;
        self.stirred = true;
    }

    /// The link went, or nothing came: decided again, as without the central
    /// system.
    pub(crate) fn wish_unanswered(&mut self, _turn: &mut Turn<'_>, wish: u32) {
        if self.wishes.first().is_some_and(|first| first.id == wish) {
            let id = self.ticket();
            let first = &mut self.wishes.edit()[0];
            first.id = id;
            first.unanswered = true;
            first.stage = Stage::Waiting;
            self.stirred = true;
        }
    }

    /// 0 means that a card is never forgotten.
    fn connection_timeout_ms(&self) -> u64 {
        match self.config.ms(Key::ConnectionTimeOut) {
            0 => FOR_EVER_MS,
            timeout => timeout,
        }
    }

    fn accepted(&mut self, turn: &mut Turn<'_>, wish: Wish, attributes: Attributes) {
        let parent = attributes
            .parent
            .clone()
            .or_else(|| wish.central.as_ref().and_then(|entry| entry.parent.clone()));
        let parent = parent.or_else(|| self.recall(turn, &wish.tag).and_then(|entry| entry.parent));
        if wish.purpose == Purpose::Stop {
            let place = wish
                .outlets
                .iter()
                .filter_map(|outlet| self.place_of(*outlet))
                .find(|place| {
                    let theirs = self.outlets[*place]
                        .running()
                        .and_then(|session| session.parent.as_deref());
                    theirs
                        .zip(parent.as_deref())
                        .is_some_and(|(a, b)| same(a, b))
                });
            return match place {
                Some(place) => {
                    self.indicate(turn, self.outlets[place].number, Look::Accepted);
                    self.stop(turn, place, StopReason::Local, Some(wish.tag));
                }
                None => self.show_refusal(turn, &wish.outlets),
            };
        }
        let tag = if wish.tag.is_empty() {
            self.config.text(Key::FreeVendIdTag).to_owned()
        } else {
            wish.tag
        };
        let grant = Grant {
            tag,
            parent,
            until: turn.ms() + self.connection_timeout_ms(),
            limit_ma: attributes.limit_ma,
            energy_limit_wh: attributes.energy_limit_wh,
        };
        let free: Vec<usize> = wish
            .outlets
            .iter()
            .filter_map(|outlet| self.place_of(*outlet))
            .filter(|place| self.can_begin(*place) && self.knows_time(turn))
            .collect();
        // The car that came last is the one whose driver stands at the reader.
        let plugged = free
            .iter()
            .copied()
            .filter(|place| self.outlets[*place].has_car());
        let latest = plugged.max_by_key(|place| self.outlets[*place].book.plugged_at);
        match (latest, &free[..]) {
            (Some(place), _) | (None, &[place]) => {
                self.indicate(turn, self.outlets[place].number, Look::Accepted);
                self.give(place, grant);
            }
            (None, []) => self.show_refusal(turn, &wish.outlets),
            (None, _) => {
                for outlet in &wish.outlets {
                    self.indicate(turn, *outlet, Look::Accepted);
                }
                self.desk.edit().grant = Some((grant, wish.outlets));
            }
        }
        self.stirred = true;
    }

    /// A card that was accepted for whichever outlet is plugged in first.
    pub(crate) fn take_floating_grant(&mut self, place: usize) {
        let number = self.outlets[place].number;
        if self
            .desk
            .grant
            .as_ref()
            .is_some_and(|(_, outlets)| outlets.contains(&number))
            && let Some((grant, _)) = self.desk.edit().grant.take()
        {
            self.give(place, grant);
        }
    }

    fn show_refusal(&mut self, turn: &mut Turn<'_>, outlets: &[u32]) {
        for outlet in outlets {
            self.indicate(turn, *outlet, Look::Refused);
        }
    }
}

/// Tags are the same whatever their case.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

fn name_of(tag: &str) -> String {
    if tag.is_empty() {
        "whoever plugged in".to_owned()
    } else {
        format!("token {tag}")
    }
}

packed!(Wish {
    id,
    origin,
    purpose,
    tag,
    outlet,
    outlets,
    reader,
    stage,
    central,
    unanswered
});
packed_words!(Stage { Waiting = "Waiting", Deciding = "Deciding", Asking = "Asking" });
