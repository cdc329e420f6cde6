//! Whether a new version does as well as the one before: for so many events and
//! so long, in service, and with frames answered where the one before had them
//! answered. Pure: the time is an argument.
//!
//! Not here: failures of calls. On probation the first one ends it.

use serde::{Deserialize, Serialize};

/// How long, and how patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbationRules {
    /// So many events.
    pub events: u64,
    /// And so long.
    pub time_ms: u64,
    /// After this no more events are waited for.
    pub at_most_ms: u64,
    /// It has to say that it is well within this, if the one before had.
    pub in_service_ms: u64,
    /// Frames have to be answered within this, if they were before.
    pub answer_ms: u64,
    /// A process may begin with it so often before it has proved itself.
    pub starts: u32,
}

/// Of a brief probation.
const BRIEF_EVENTS: u64 = 5;
const BRIEF_MS: u64 = 60_000;

impl ProbationRules {
    /// For a version for whose end somebody waits, such as a central system: it is known
    /// within a minute, unless the far end cannot be reached.
    #[must_use]
    pub fn brief(self) -> Self {
        Self {
            events: self.events.min(BRIEF_EVENTS),
            time_ms: 0,
            at_most_ms: BRIEF_MS,
            in_service_ms: self.in_service_ms.min(BRIEF_MS),
            answer_ms: self.answer_ms.min(BRIEF_MS),
            ..self
        }
    }

    /// The brief ones, or these.
    pub(super) fn of(self, brief: bool) -> Self {
        if brief { self.brief() } else { self }
    }
}

/// What a new version has to live up to: what the one before did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// It was in service.
    pub in_service: bool,
    /// It answered each frame within the bound.
    pub answers: bool,
    /// Each of its frames was answered within the bound.
    pub is_answered: bool,
}

/// Frames to and fro, of which the host knows no more than that one may answer
/// another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// The oldest frame of the far end with nothing sent since, unless it was
    /// an answer itself.
    heard_ms: Option<u64>,
    /// The same for our frames.
    said_ms: Option<u64>,
    answered: bool,
    was_answered: bool,
    answered_late: bool,
    was_answered_late: bool,
}

/// A version on probation.
#[derive(Debug)]
pub struct Probation {
    rules: ProbationRules,
    expected: Expected,
    since_ms: u64,
    events: u64,
    in_service: bool,
    /// It could have come into service for so long.
    awaited_ms: u64,
    looked_ms: u64,
}

/// How a probation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It goes on.
    Open,
    /// The version has proved itself.
    Passed,
    /// It has not, and why.
    Failed(String),
}

impl Traffic {
    /// A frame has come.
    pub fn heard(&mut self, now_ms: u64, bound_ms: u64) {
        match self.said_ms.take() {
            Some(since) => {
                self.was_answered = true;
                self.was_answered_late |= now_ms.saturating_sub(since) > bound_ms;
            }
            None => {
                self.heard_ms.get_or_insert(now_ms);
            }
        }
    }

    /// A frame has gone.
    pub fn said(&mut self, now_ms: u64, bound_ms: u64) {
        match self.heard_ms.take() {
            Some(since) => {
                self.answered = true;
                self.answered_late |= now_ms.saturating_sub(since) > bound_ms;
            }
            None => {
                self.said_ms.get_or_insert(now_ms);
            }
        }
    }

    /// The link is another one: what was unanswered stays so.
    pub fn cut(&mut self) {
        self.heard_ms = None;
        self.said_ms = None;
    }

    /// Another version begins; what is unanswered it has to answer.
    pub fn begin_anew(&mut self) {
        *self = Self {
            heard_ms: self.heard_ms,
            said_ms: self.said_ms,
            ..Self::default()
        };
    }

    /// What a version after this one has to live up to.
    #[must_use]
    pub fn habits(&self, in_service: bool) -> Expected {
        Expected {
            in_service,
            answers: self.answered && !self.answered_late,
            is_answered: self.was_answered && !self.was_answered_late,
        }
    }
}

impl Probation {
    /// Begins.
    #[must_use]
    pub fn new(rules: ProbationRules, expected: Expected, now_ms: u64) -> Self {
        Self {
            rules,
            expected,
            since_ms: now_ms,
            events: 0,
            in_service: false,
            awaited_ms: 0,
            looked_ms: now_ms,
        }
    }

    /// An event was handled.
    pub fn event(&mut self) {
        self.events += 1;
    }

    /// Events handled so far, and how many it takes.
    #[must_use]
    pub fn events(&self) -> (u64, u64) {
        (self.events, self.rules.events)
    }

    /// So long it has lasted, and so long it takes, in ms.
    #[must_use]
    pub fn time_ms(&self, now_ms: u64) -> (u64, u64) {
        (now_ms.saturating_sub(self.since_ms), self.rules.time_ms)
    }

    /// What the version before did.
    #[must_use]
    pub fn expected(&self) -> Expected {
        self.expected
    }

    /// It says how it is.
    pub fn in_service(&mut self, well: bool) {
        self.in_service = well;
    }

    /// How it stands. `hindered`: the far end cannot be reached just now, so
    /// neither silence nor being out of service is a fault.
    pub fn judge(&mut self, now_ms: u64, hindered: bool, traffic: &Traffic) -> Judgement {
        if !self.in_service && !hindered {
            self.awaited_ms += now_ms.saturating_sub(self.looked_ms);
        }
        self.looked_ms = now_ms;
        let (rules, expected) = (self.rules, self.expected);
        if expected.in_service && !self.in_service && self.awaited_ms >= rules.in_service_ms {
            return Judgement::Failed(format!(
                "it was not in service for {} s, the version before was",
                self.awaited_ms / 1000
            ));
        }
        let overdue = |since: Option<u64>| {
            since.is_some_and(|since| {
                let waited = now_ms.saturating_sub(since.max(self.since_ms));
                !hindered && waited >= rules.answer_ms
            })
        };
        let seconds = rules.answer_ms / 1000;
        if expected.answers && overdue(traffic.heard_ms) {
            return Judgement::Failed(format!(
                "it left a frame unanswered for {seconds} s, the version before did not"
            ));
        }
        if expected.is_answered && overdue(traffic.said_ms) {
            return Judgement::Failed(format!(
                "the far end did not answer its frames for {seconds} s, as it did those of the version before"
            ));
        }
        let well = self.in_service || !expected.in_service;
        let (time, whole) = self.time_ms(now_ms);
        let has_worked = self.events >= rules.events && time >= whole;
        if well && (has_worked || time >= rules.at_most_ms) {
            return Judgement::Passed;
        }
        Judgement::Open
    }

    /// When to judge again at the latest.
    #[must_use]
    pub fn wake_ms(&self, traffic: &Traffic) -> u64 {
        let rules = &self.rules;
        let answers = [traffic.heard_ms, traffic.said_ms];
        let mut due = vec![
            self.since_ms + rules.time_ms,
            self.since_ms.saturating_add(rules.at_most_ms),
        ];
        if self.expected.in_service && !self.in_service {
            due.push(self.looked_ms + rules.in_service_ms.saturating_sub(self.awaited_ms));
        }
        let answers = answers.into_iter().flatten();
        due.extend(answers.map(|since| since.max(self.since_ms) + rules.answer_ms));
        // What is past is for the next event to decide.
        due.into_iter()
            .filter(|due| *due > self.looked_ms)
            .min()
            .unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: ProbationRules = ProbationRules {
        events: 3,
        time_ms: 1_000,
        at_most_ms: u64::MAX,
        in_service_ms: 5_000,
        answer_ms: 2_000,
        starts: 3,
    };
    const ALL: Expected = Expected {
        in_service: true,
        answers: true,
        is_answered: true,
    };

    #[track_caller]
    fn failed(judgement: Judgement, word: &str) {
        assert!(
            matches!(&judgement, Judgement::Failed(why) if why.contains(word)),
            "{judgement:?}"
        );
    }

    #[test]
    fn it_takes_events_and_time_and_service() {
        let mut it = Probation::new(RULES, ALL, 0);
        let traffic = Traffic::default();
        for _ in 0..3 {
            it.event();
        }
        assert_eq!(it.judge(1_500, false, &traffic), Judgement::Open);
        it.in_service(true);
        assert_eq!(it.judge(900, false, &traffic), Judgement::Open);
        assert_eq!(it.judge(1_500, false, &traffic), Judgement::Passed);
    }

    #[test]
    fn a_brief_one_takes_few_events_or_a_minute() {
        let long = ProbationRules {
            events: 50,
            time_ms: 600_000,
            in_service_ms: 120_000,
            ..RULES
        };
        let brief = || Probation::new(long.brief(), ALL, 0);
        let traffic = Traffic::default();
        let mut it = brief();
        it.in_service(true);
        for _ in 0..5 {
            assert_eq!(it.judge(10, false, &traffic), Judgement::Open);
            it.event();
        }
        assert_eq!(it.judge(20, false, &traffic), Judgement::Passed);
        // Little happens.
        let mut it = brief();
        it.in_service(true);
        assert_eq!(it.judge(59_999, false, &traffic), Judgement::Open);
        assert_eq!(it.wake_ms(&traffic), 60_000);
        assert_eq!(it.judge(60_000, false, &traffic), Judgement::Passed);
        // It is not well.
        let mut it = brief();
        assert_eq!(it.judge(59_999, false, &traffic), Judgement::Open);
        failed(it.judge(60_000, false, &traffic), "in service");
        // And cannot be.
        let mut it = brief();
        assert_eq!(it.judge(90_000, true, &traffic), Judgement::Open);
        it.in_service(true);
        assert_eq!(it.judge(90_001, false, &traffic), Judgement::Passed);
    }

    #[test]
    fn service_is_demanded_while_it_is_possible() {
        let mut it = Probation::new(RULES, ALL, 0);
        let traffic = Traffic::default();
        assert_eq!(it.judge(60_000, true, &traffic), Judgement::Open);
        assert_eq!(it.judge(64_000, false, &traffic), Judgement::Open);
        assert_eq!(it.wake_ms(&traffic), 65_000);
        failed(it.judge(65_000, false, &traffic), "in service");
        let mut it = Probation::new(RULES, Expected::default(), 0);
        assert_eq!(it.judge(65_000, false, &traffic), Judgement::Open);
    }

    #[test]
    fn answers_are_demanded_where_there_were_some() {
        for (heard, word) in [(true, "unanswered"), (false, "far end")] {
            let mut traffic = Traffic::default();
            if heard {
                traffic.heard(100, 2_000);
            } else {
                traffic.said(100, 2_000);
            }
            let mut it = Probation::new(RULES, ALL, 0);
            it.in_service(true);
            assert_eq!(it.judge(2_000, false, &traffic), Judgement::Open);
            failed(it.judge(2_100, false, &traffic), word);
            let mut it = Probation::new(RULES, Expected::default(), 0);
            assert_eq!(it.judge(9_000, false, &traffic), Judgement::Open);
        }
    }

    #[test]
    fn an_answer_asks_for_no_answer() {
        let mut traffic = Traffic::default();
        traffic.heard(0, 2_000);
        traffic.said(1, 2_000);
        let mut it = Probation::new(RULES, ALL, 0);
        it.in_service(true);
        assert_eq!(it.judge(60_000, false, &traffic), Judgement::Open);
        assert_eq!(
            traffic.habits(true),
            Expected {
                is_answered: false,
                ..ALL
            }
        );
        traffic.heard(70_000, 2_000);
        traffic.said(73_000, 2_000);
        assert!(!traffic.habits(true).answers, "late once");
    }
}
