//! What is said of the sessions that go on, by whom. Pure: the time is an argument.
//!
//! Of each session the book knows the outlet, and, once it was observed, the token.
//! Each policy has one word on it, which the next one replaces; the end that the
//! permit names is one more. A session is forgotten when it is over, or when another
//! one begins at its outlet.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::words::{Cause, Limit, wall_to_monotonic};
use crate::outlet::rules::{Clamp, NEVER};
use crate::wit::authorization as a;
use crate::wit::protocol::{self as p, Now, Observed, ObservedKind, Permit, Stamp};

/// Why a session ends that the permit lets go on until then: a verdict has said so.
const OF_THE_PERMIT: &str = "session-until";
/// Words of a policy whose commit failed, of those that count.
const MOST_UNCOMMITTED: usize = 8;

/// All sessions.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Book {
    sessions: BTreeMap<u64, Session>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Session {
    outlet: u32,
    /// None: nobody has been told of it.
    token: Option<p::Token>,
    said: BTreeMap<String, Said>,
    /// Of the permit, Unix ms.
    until_ms: Option<i64>,
    end: Option<End>,
}

/// A policy's word.
#[derive(Debug, Deserialize, Serialize)]
struct Said {
    now: Limit,
    /// What it said before, which counts too until what it says now is committed: the
    /// last that was, first.
    before: Vec<Limit>,
}

/// A session is to end.
#[derive(Debug, Deserialize, Serialize)]
struct End {
    cause: Cause,
    by: String,
    why: String,
    at: Stamp,
    /// The protocol guest has heard of it.
    #[serde(skip)]
    told: bool,
}

/// A session that the book does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unknown;

/// What has to be told to the outlets: which session, where, and all that is said of
/// it.
pub(super) type Order = (u32, u64, Vec<Clamp>);

impl Book {
    /// Only what these policies have said still counts: nobody could take back what
    /// others say. The names of those others.
    pub(super) fn retain_policies(&mut self, names: &[String]) -> BTreeSet<String> {
        let mut gone = BTreeSet::new();
        for session in self.sessions.values_mut() {
            session.said.retain(|name, _| {
                let stays = names.contains(name);
                if !stays {
                    gone.insert(name.clone());
                }
                stays
            });
        }
        gone
    }

    /// The protocol guest tells of a session. Those that are over.
    pub(super) fn observed(&mut self, it: &Observed) -> Vec<Order> {
        if it.kind == ObservedKind::Ended {
            return self.forget(|number, _| number == it.session);
        }
        let orders = self.begins(it.session, it.outlet);
        if let Some(session) = self.sessions.get_mut(&it.session) {
            session.token.get_or_insert_with(|| it.token.clone());
        }
        orders
    }

    /// The protocol guest gives a permit. What the outlets have to know before it.
    pub(super) fn permitted(&mut self, permit: &Permit, now: &Now) -> Vec<Order> {
        let is_known = self.sessions.contains_key(&permit.session);
        if !is_known && permit.until_ms.is_none() {
            let other = |number, session: &Session| {
                session.outlet == permit.outlet && number != permit.session
            };
            return self.forget(other);
        }
        let mut orders = self.begins(permit.session, permit.outlet);
        let session = self.sessions.get_mut(&permit.session);
        if let Some(session) = session.filter(|it| it.until_ms != permit.until_ms) {
            session.until_ms = permit.until_ms;
            orders.extend(self.order(permit.session, now));
        }
        orders
    }

    /// The same before what comes with the permit is committed: an end that comes
    /// earlier counts already.
    pub(super) fn lowered(&mut self, permit: &Permit, now: &Now) -> Vec<Order> {
        let Some(session) = self.sessions.get_mut(&permit.session) else {
            return Vec::new();
        };
        let Some(until) = permit.until_ms else {
            return Vec::new();
        };
        if session.until_ms.is_some_and(|before| before <= until) {
            return Vec::new();
        }
        session.until_ms = Some(until);
        self.order(permit.session, now).into_iter().collect()
    }

    /// A policy says something of a session, in place of what it said before; that
    /// counts too until [`committed`](Self::committed). None: it says the same again.
    pub(super) fn limit(
        &mut self,
        policy: &str,
        said: &a::SessionLimit,
        now: &Now,
    ) -> Result<Option<Order>, Unknown> {
        let number = said.session;
        let session = self.known(number)?;
        let limit = Limit::of(said, now);
        let is_news = match session.said.get(policy) {
            Some(last) => last.now != limit || !last.before.is_empty(),
            None => !limit.is_none(),
        };
        if !is_news {
            return Ok(None);
        }
        let mut before = Vec::new();
        if let Some(last) = session.said.remove(policy) {
            before = last.before;
            if before.len() < MOST_UNCOMMITTED && !before.contains(&last.now) {
                before.push(last.now);
            }
        }
        let said = Said { now: limit, before };
        session.said.insert(policy.to_owned(), said);
        Ok(self.order(number, now))
    }

    /// What a policy has said last counts alone.
    pub(super) fn committed(&mut self, policy: &str, session: u64, now: &Now) -> Option<Order> {
        let all = &mut self.sessions.get_mut(&session)?.said;
        let said = all.get_mut(policy)?;
        said.before.clear();
        if said.now.is_none() {
            all.remove(policy);
        }
        self.order(session, now)
    }

    /// A policy ends a session. None: it ends already.
    pub(super) fn end(
        &mut self,
        policy: &str,
        it: &a::SessionEnd,
        now: &Now,
    ) -> Result<Option<Order>, Unknown> {
        let session = self.known(it.session)?;
        if session.end.is_some() {
            return Ok(None);
        }
        session.end = Some(End::new(
            it.cause.into(),
            policy.to_owned(),
            it.why.clone(),
            now,
        ));
        Ok(self.order(it.session, now))
    }

    /// Sessions whose time has come: they end. What the outlets have to know of them.
    pub(super) fn note_due(&mut self, now: &Now) -> Vec<Order> {
        let mut due = Vec::new();
        for (number, session) in &mut self.sessions {
            if session.end.is_some() {
                continue;
            }
            let present = now.at.monotonic_ms;
            let over = session.untils(now).find(|(at, ..)| *at <= present);
            if let Some((_, by, why)) = over {
                session.end = Some(End::new(Cause::TimeOver, by, why, now));
                due.push(*number);
            }
        }
        due.into_iter()
            .filter_map(|number| self.order(number, now))
            .collect()
    }

    /// When [`note_due`](Self::note_due) finds something next, monotonic ms.
    pub(super) fn next_due(&self, now: &Now) -> Option<u64> {
        let open = self.sessions.values().filter(|it| it.end.is_none());
        let untils = open.flat_map(|it| it.untils(now).map(|(at, ..)| at));
        untils.filter(|at| *at != NEVER).min()
    }

    /// All that is said, for the outlets.
    pub(super) fn orders(&self, now: &Now) -> Vec<Order> {
        let numbers = self.sessions.keys();
        numbers.filter_map(|it| self.order(*it, now)).collect()
    }

    /// Sessions that are to end and have not.
    pub(super) fn ends(&self) -> Vec<p::SessionEnd> {
        self.ending()
            .map(|(number, outlet, end)| end.told(number, outlet))
            .collect()
    }

    /// Those of which the protocol guest has not heard.
    pub(super) fn untold(&self) -> Vec<p::SessionEnd> {
        let untold = self.ending().filter(|(.., end)| !end.told);
        untold
            .map(|(number, outlet, end)| end.told(number, outlet))
            .collect()
    }

    pub(super) fn told(&mut self, session: u64) {
        if let Some(end) = self
            .sessions
            .get_mut(&session)
            .and_then(|it| it.end.as_mut())
        {
            end.told = true;
        }
    }

    /// For a policy that starts.
    pub(super) fn running(&self, policy: &str) -> Vec<a::RunningSession> {
        let known = self.sessions.iter();
        known
            .filter_map(|(number, session)| {
                Some(a::RunningSession {
                    session: *number,
                    outlet: session.outlet,
                    token: crate::policy::convert::token(session.token.clone()?),
                    said: session.said.get(policy).map(|it| it.now.told(*number)),
                    ending: session.end.is_some(),
                })
            })
            .collect()
    }

    /// For the status: of each outlet who has said what.
    pub(super) fn shown(&self, outlet: u32) -> Vec<serde_json::Value> {
        let here = self.sessions.values().filter(|it| it.outlet == outlet);
        here.flat_map(|session| {
            let said = session
                .said
                .iter()
                .map(|(policy, said)| said.now.shown(policy));
            let end = session.end.iter().map(|end| {
                serde_json::json!({
                    "policy": end.by, "ends": crate::words::of(&end.cause), "why": end.why,
                })
            });
            said.chain(end).collect::<Vec<_>>()
        })
        .collect()
    }

    /// What has to outlive the process: sessions of which something is said.
    pub(super) fn kept(&self) -> Vec<u8> {
        let said = |it: &&Session| !it.said.is_empty() || it.until_ms.is_some() || it.end.is_some();
        let sessions: BTreeMap<u64, &Session> = self
            .sessions
            .iter()
            .filter(|(_, it)| said(it))
            .map(|(number, it)| (*number, it))
            .collect();
        if sessions.is_empty() {
            return Vec::new();
        }
        // These types have nothing that JSON cannot say.
        serde_json::to_vec(&serde_json::json!({ "sessions": sessions })).unwrap_or_default()
    }

    fn known(&mut self, session: u64) -> Result<&mut Session, Unknown> {
        let session = self.sessions.get_mut(&session);
        session.filter(|it| it.token.is_some()).ok_or(Unknown)
    }

    /// A session is there; others at its outlet are over.
    fn begins(&mut self, number: u64, outlet: u32) -> Vec<Order> {
        let orders = self.forget(|it, session| session.outlet == outlet && it != number);
        self.sessions.entry(number).or_insert(Session {
            outlet,
            token: None,
            said: BTreeMap::new(),
            until_ms: None,
            end: None,
        });
        orders
    }

    fn forget(&mut self, is_over: impl Fn(u64, &Session) -> bool) -> Vec<Order> {
        let mut orders = Vec::new();
        self.sessions.retain(|number, session| {
            let over = is_over(*number, session);
            if over {
                orders.push((session.outlet, *number, Vec::new()));
            }
            !over
        });
        orders
    }

    fn ending(&self) -> impl Iterator<Item = (u64, u32, &End)> {
        let sessions = self.sessions.iter();
        sessions.filter_map(|(number, it)| Some((*number, it.outlet, it.end.as_ref()?)))
    }

    fn order(&self, number: u64, now: &Now) -> Option<Order> {
        let session = self.sessions.get(&number)?;
        Some((session.outlet, number, session.clamps(now)))
    }
}

impl Session {
    /// Monotonic ms, by whom, why.
    fn untils(&self, now: &Now) -> impl Iterator<Item = (u64, String, String)> {
        let permit = self.until_ms.map(|ms| {
            let at = wall_to_monotonic(ms, now);
            (at, String::new(), OF_THE_PERMIT.to_owned())
        });
        let said = self.said.iter().filter_map(move |(policy, said)| {
            let until = said.now.until.as_ref()?;
            Some((
                until.monotonic_ms(now),
                policy.clone(),
                said.now.why.clone(),
            ))
        });
        permit.into_iter().chain(said)
    }

    fn clamps(&self, now: &Now) -> Vec<Clamp> {
        let mut clamps = Vec::new();
        for (policy, said) in &self.said {
            for limit in said.before.iter().chain([&said.now]) {
                clamps.push(limit.clamp(policy, now));
            }
        }
        if let Some(ms) = self.until_ms {
            clamps.push(Clamp {
                why: OF_THE_PERMIT.to_owned(),
                until_ms: Some(wall_to_monotonic(ms, now)),
                ..Clamp::default()
            });
        }
        if let Some(end) = &self.end {
            clamps.insert(
                0,
                Clamp {
                    by: end.by.clone(),
                    why: end.why.clone(),
                    until_ms: Some(0),
                    ..Clamp::default()
                },
            );
        }
        clamps
    }
}

impl End {
    fn new(cause: Cause, by: String, why: String, now: &Now) -> Self {
        Self {
            cause,
            by,
            why,
            at: now.at,
            told: false,
        }
    }

    fn told(&self, session: u64, outlet: u32) -> p::SessionEnd {
        p::SessionEnd {
            session,
            outlet,
            cause: self.cause.into(),
            by: self.by.clone(),
            why: self.why.clone(),
            at: self.at,
        }
    }
}
