//! A policy that looks on: it gets every live request, and what it would have
//! said is compared with what was said, and never used. What it keeps stays in
//! memory; it ends with the process.

use serde::Serialize;

use super::{convert, words};
use crate::clock::Clock;
use crate::guest::{Failure, Policy, Slot};
use crate::slots::{Found, Version};
use crate::store::Entries;
use crate::wit::authorization::{
    Action, Boot, Decision, DecisionRequest, Event, Question, Verdict,
};

/// So many differences are listed; all are counted.
const LISTED: usize = 20;

/// A shadow at work.
pub(super) struct Shadow {
    slot: Slot<Policy>,
    boot: Boot,
    clock: Clock,
    questions: u32,
    facts: ShadowFacts,
}

/// What a shadow has seen.
#[derive(Clone, Debug, Serialize)]
pub struct ShadowFacts {
    /// Which version looks on.
    pub component: Version,
    /// Requests that both were asked.
    pub requests: u64,
    /// Those on which they differ.
    pub differences: u64,
    /// Calls in which the shadow failed; each counts as a difference.
    pub failures: u64,
    /// The last ones, newest last.
    pub last: Vec<Difference>,
}

/// A request on which the two differ.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// Unix ms.
    pub time_ms: i64,
    /// The token.
    pub token: String,
    /// What counted.
    pub active: String,
    /// What the shadow would have said.
    pub shadow: String,
}

/// A decision, silence, or a failure.
pub(super) type Said = Result<Option<Decision>, String>;

impl Shadow {
    /// Begins with a copy of what the active one has kept.
    pub(super) fn start(
        found: Found<Policy>,
        beside: &Slot<Policy>,
        boot: &Boot,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let kept = beside.entries().iter().collect();
        let mut slot = beside.beside(found.prepared, |most| Entries::new(kept, most));
        let outcome = slot.start(boot)?;
        confirm(&mut slot, outcome.commit.map(|batch| batch.ticket));
        Ok(Self {
            slot,
            boot: boot.clone(),
            clock,
            questions: 0,
            facts: ShadowFacts {
                component: found.version,
                requests: 0,
                differences: 0,
                failures: 0,
                last: Vec::new(),
            },
        })
    }

    pub(super) fn facts(&self) -> &ShadowFacts {
        &self.facts
    }

    /// Asks the same and compares.
    pub(super) fn look_on(&mut self, request: DecisionRequest, active: Said) {
        let token = request.token.id.clone();
        let said = self.ask(request);
        self.facts.requests += 1;
        self.facts.failures += u64::from(said.is_err());
        if said.is_ok() && verdict(&said) == verdict(&active) {
            return;
        }
        self.facts.differences += 1;
        if self.facts.last.len() == LISTED {
            self.facts.last.remove(0);
        }
        self.facts.last.push(Difference {
            time_ms: self.clock.wall_ms(),
            token,
            active: in_words(&active),
            shadow: in_words(&said),
        });
    }

    fn ask(&mut self, request: DecisionRequest) -> Said {
        let now = convert::now(&self.clock.now());
        if !self.slot.has_instance() {
            self.boot.now = now;
            let outcome = self.slot.start(&self.boot).map_err(|it| it.to_string())?;
            confirm(&mut self.slot, outcome.commit.map(|batch| batch.ticket));
        }
        self.questions = self.questions.wrapping_add(1);
        let id = self.questions;
        let event = Event::Decide(Question { id, request });
        let outcome = self.slot.handle(now, &event).map_err(|it| it.to_string())?;
        confirm(&mut self.slot, outcome.commit.map(|batch| batch.ticket));
        Ok(outcome.actions.into_iter().find_map(|action| match action {
            Action::Decided(decision) if decision.id == id => Some(decision),
            _ => None,
        }))
    }
}

/// What it keeps goes nowhere.
fn confirm(slot: &mut Slot<Policy>, ticket: Option<u64>) {
    if let Some(ticket) = ticket {
        slot.entries_mut().confirm(ticket);
    }
}

/// What counts; silence is a pass. None: it failed.
fn verdict(said: &Said) -> Option<&Verdict> {
    const PASS: &Verdict = &Verdict::Pass;
    match said {
        Ok(decision) => Some(decision.as_ref().map_or(PASS, |it| &it.verdict)),
        Err(_) => None,
    }
}

fn in_words(said: &Said) -> String {
    match said {
        Ok(decision) => words::decision(decision.as_ref()),
        Err(failure) => format!("failed: {failure}"),
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;
    use crate::wit::authorization::{Attributes, Decision, Verdict};

    #[test]
    fn whatever_two_verdicts_differ_in_is_said() {
        let said = |change: fn(&mut Attributes)| {
            let mut attributes = Attributes {
                limit_ma: Some(16_000),
                energy_limit_wh: None,
                expires_ms: None,
                parent: None,
                session_until_ms: None,
            };
            change(&mut attributes);
            in_words(&Ok(Some(Decision {
                id: 1,
                verdict: Verdict::Accept(attributes),
                why: "known".into(),
            })))
        };
        let same = said(|_| {});
        assert_eq!(same, "accept (at most 16000 mA): known");
        for other in [
            said(|it| it.limit_ma = None),
            said(|it| it.energy_limit_wh = Some(5_000)),
            said(|it| it.expires_ms = Some(0)),
            said(|it| it.parent = Some("G".into())),
            said(|it| it.session_until_ms = Some(0)),
        ] {
            assert_ne!(other, same);
        }
    }
}
