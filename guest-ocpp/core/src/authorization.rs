//! Who wants to charge or to stop, until that is decided, and who may charge, until a
//! transaction begins. Not here: the decision (the policies'), and which car it is for.

use plugpoint_guest::packed::{packed, packed_part, packed_words};
use plugpoint_guest::protocol::{Purpose, TokenEntry, TokenKind, TokenOrigin};

use crate::token::same;

/// Somebody may charge, and nothing has begun yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Who.
    pub tag: String,
    /// The group of the token.
    pub parent: Option<String>,
    /// Gone if no car has come by then, ms.
    pub until: u64,
    /// Set by the policies, mA per phase.
    pub limit_ma: Option<u32>,
    /// Set by the policies.
    pub energy_limit_wh: Option<u64>,
    /// When its transaction is to end, Unix ms. Set by the policies.
    pub session_until_ms: Option<i64>,
    /// The car that it is for, by when that came, and gone with it. None: the
    /// next car that comes.
    pub car: Option<u64>,
    /// It was given for a card; the same card again takes it back.
    pub by_card: bool,
    /// What came with it for the transaction, as whoever keeps that calls it.
    pub attached: Option<String>,
}

/// Authorizations that wait for a car at any of several outlets, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unassigned {
    first: Option<(Authorization, Vec<u32>)>,
    others: Vec<(Authorization, Vec<u32>)>,
}

impl Unassigned {
    /// The last in the line, with its outlets.
    pub fn add(&mut self, authorization: Authorization, outlets: Vec<u32>) {
        match &self.first {
            None => self.first = Some((authorization, outlets)),
            Some(_) => self.others.push((authorization, outlets)),
        }
    }

    /// Nobody waits.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// In the order of the line.
    pub fn iter(&self) -> impl Iterator<Item = &(Authorization, Vec<u32>)> {
        self.first.iter().chain(&self.others)
    }

    /// The oldest of which this is true, out of the line.
    pub fn take(
        &mut self,
        wanted: impl Fn(&Authorization, &[u32]) -> bool,
    ) -> Option<(Authorization, Vec<u32>)> {
        let wanted = |(it, outlets): &(Authorization, Vec<u32>)| wanted(it, outlets);
        if self.first.as_ref().is_some_and(&wanted) {
            let taken = self.first.take();
            if !self.others.is_empty() {
                self.first = Some(self.others.remove(0));
            }
            return taken;
        }
        let at = self.others.iter().position(wanted)?;
        Some(self.others.remove(at))
    }

    /// Nobody is let in any more.
    pub fn clear(&mut self) {
        self.first = None;
        self.others.clear();
    }

    /// Gives all of them another end.
    pub fn shift(&mut self, shifted: impl Fn(u64) -> u64) {
        let all = self.first.iter_mut().chain(&mut self.others);
        all.for_each(|(it, _)| it.until = shifted(it.until));
    }

    /// When the first of them is over.
    pub fn deadline(&self) -> Option<u64> {
        self.iter().map(|(it, _)| it.until).min()
    }
}

/// How far the decision about a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nobody has been asked.
    Waiting,
    /// The policies have been asked.
    Deciding,
    /// The central system has been asked.
    Asking,
}

/// Somebody wants to charge, or to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Of the question that is open, to the policies or to the central system.
    /// Asked again, it keeps its number; another question has another.
    pub id: u32,
    /// How it came.
    pub origin: TokenOrigin,
    /// To charge, or to stop.
    pub purpose: Purpose,
    /// Who; empty: whoever plugged in.
    pub tag: String,
    /// As the reader said; nobody else does.
    pub kind: Option<TokenKind>,
    /// 0: any of `outlets`.
    pub outlet: u32,
    /// Where.
    pub outlets: Vec<u32>,
    /// The reader of a card.
    pub reader: Option<String>,
    /// How far its decision is.
    pub stage: Stage,
    /// What the central system has said of the token.
    pub central: Option<TokenEntry>,
    /// The central system was asked and did not answer.
    pub unanswered: bool,
    /// The car that it was made for: its outlet, and when it came. The request ends
    /// when that car leaves.
    pub car: Option<(u32, u64)>,
    /// To stop, or, where there is nothing that this token may stop, to start.
    pub else_start: bool,
    /// What came with it for the transaction, as whoever keeps that calls it.
    pub attached: Option<String>,
}

impl AuthorizationRequest {
    /// Somebody wants to charge at one of these outlets.
    pub fn new(origin: TokenOrigin, tag: String, outlets: Vec<u32>) -> Self {
        let outlet = match outlets[..] {
            [only] => only,
            _ => 0,
        };
        Self {
            id: 0,
            origin,
            purpose: Purpose::Start,
            tag,
            kind: None,
            outlet,
            outlets,
            reader: None,
            stage: Stage::Waiting,
            central: None,
            unanswered: false,
            car: None,
            else_start: false,
            attached: None,
        }
    }

    /// Made for this token.
    pub fn is_of(&self, tag: &str) -> bool {
        same(&self.tag, tag)
    }

    /// What kind of token it is.
    pub fn kind_of_token(&self) -> Option<TokenKind> {
        match self.origin {
            TokenOrigin::Card => self.kind,
            TokenOrigin::Remote | TokenOrigin::RemoteUnchecked => Some(TokenKind::Central),
            TokenOrigin::Plugged => Some(TokenKind::None),
        }
    }

    /// The central system has named the outlet.
    pub fn names_outlet(&self) -> bool {
        self.outlet != 0
            && matches!(
                self.origin,
                TokenOrigin::Remote | TokenOrigin::RemoteUnchecked
            )
    }

    /// Made for the car that came to this outlet then.
    pub fn is_for_car(&self, outlet: u32, came: u64) -> bool {
        self.car == Some((outlet, came)) && self.origin != TokenOrigin::Plugged
    }

    /// Whoever made it is on the way to this outlet.
    pub fn is_for_outlet(&self, outlet: u32) -> bool {
        (self.outlet == outlet || self.car.is_some_and(|(of, _)| of == outlet))
            && self.purpose == Purpose::Start
            && self.origin != TokenOrigin::Plugged
    }

    /// It may take the next free outlet, whichever that is.
    pub fn is_for_any(&self) -> bool {
        self.car.is_none() && self.outlet == 0 && self.purpose == Purpose::Start
    }

    /// Another question is open about it.
    pub fn ask_again(&mut self, id: u32) {
        self.id = id;
        self.stage = Stage::Waiting;
    }
}

packed!(Authorization {
    tag,
    parent,
    until,
    limit_ma,
    energy_limit_wh,
    session_until_ms,
    car,
    by_card,
    attached
});
packed_part!(Unassigned {
    first = "grant",
    others = "more_grants"
});
packed!(AuthorizationRequest {
    id,
    origin,
    purpose,
    tag,
    kind,
    outlet,
    outlets,
    reader,
    stage,
    central,
    unanswered,
    car,
    else_start,
    attached
});
packed_words!(Stage { Waiting = "Waiting", Deciding = "Deciding", Asking = "Asking" });
