//! How the central system departs from its usual answers. A script is a list of
//! rules; the latest one that applies to a CALL decides, and without one the
//! usual answer is given. Replies in line for an action go before all rules.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

/// How a CALL is answered.
#[derive(Clone)]
pub struct Reply {
    pub(super) answer: Answer,
    pub(super) delay: Duration,
    pub(super) then: Option<Cut>,
}

#[derive(Clone)]
pub(super) enum Answer {
    Usual,
    Result(Value),
    Edited(Arc<dyn Fn(&mut Value) + Send + Sync>),
    Error { code: String, description: String },
    Text(String),
    Silence,
}

/// Ways to end a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// With a close frame, as the standard says.
    Close,
    /// The TCP connection is closed without a word.
    Fin,
    /// The TCP connection is reset.
    Reset,
    /// Half a frame, then the TCP connection is closed.
    MidFrame,
}

impl Reply {
    /// What would have been answered anyway (to be delayed, say).
    pub fn usual() -> Reply {
        Reply::of(Answer::Usual)
    }

    /// This CALLRESULT.
    pub fn result(payload: Value) -> Reply {
        Reply::of(Answer::Result(payload))
    }

    /// The usual CALLRESULT with something changed in it.
    pub fn edited(edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Reply {
        Reply::of(Answer::Edited(Arc::new(edit)))
    }

    /// The usual CALLRESULT, but `idTagInfo` has this status.
    pub fn id_tag_status(status: &'static str) -> Reply {
        Reply::edited(move |payload| payload["idTagInfo"] = json!({"status": status}))
    }

    /// A CALLERROR.
    pub fn error(code: &str, description: &str) -> Reply {
        Reply::of(Answer::Error {
            code: code.to_owned(),
            description: description.to_owned(),
        })
    }

    /// This text frame, whatever it is.
    pub fn text(text: impl Into<String>) -> Reply {
        Reply::of(Answer::Text(text.into()))
    }

    /// None, ever.
    pub fn silence() -> Reply {
        Reply::of(Answer::Silence)
    }

    /// None; the connection is cut instead.
    pub fn cut(cut: Cut) -> Reply {
        Reply::silence().then(cut)
    }

    /// Only after this time.
    pub fn after(self, delay: Duration) -> Reply {
        Reply { delay, ..self }
    }

    /// And the connection is cut behind it.
    pub fn then(self, cut: Cut) -> Reply {
        Reply {
            then: Some(cut),
            ..self
        }
    }

    fn of(answer: Answer) -> Reply {
        Reply {
            answer,
            delay: Duration::ZERO,
            then: None,
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = match &self.answer {
            Answer::Usual => "usual".to_owned(),
            Answer::Result(payload) => payload.to_string(),
            Answer::Edited(_) => "edited".to_owned(),
            Answer::Error { code, .. } => code.clone(),
            Answer::Text(text) => text.clone(),
            Answer::Silence => "silence".to_owned(),
        };
        write!(f, "{answer} after {:?} then {:?}", self.delay, self.then)
    }
}

/// Which CALLs a reply is for.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Empty: any.
    actions: Vec<String>,
    skip: usize,
    every: usize,
    times: usize,
    reply: Reply,
    seen: usize,
}

impl Rule {
    /// For each CALL of this action.
    pub fn on(action: &str, reply: Reply) -> Rule {
        Rule::on_each(&[action], reply)
    }

    /// For each CALL of these actions.
    pub fn on_each(actions: &[&str], reply: Reply) -> Rule {
        Rule {
            actions: actions.iter().map(|&action| action.to_owned()).collect(),
            ..Rule::on_any(reply)
        }
    }

    /// For each CALL.
    pub fn on_any(reply: Reply) -> Rule {
        Rule {
            actions: Vec::new(),
            skip: 0,
            every: 1,
            times: usize::MAX,
            reply,
            seen: 0,
        }
    }

    /// Only for the n-th of them, counted from 1.
    pub fn nth(self, n: usize) -> Rule {
        Rule {
            skip: n.saturating_sub(1),
            times: 1,
            ..self
        }
    }

    /// Only for every n-th of them.
    pub fn every(self, n: usize) -> Rule {
        Rule {
            skip: n.saturating_sub(1),
            every: n.max(1),
            ..self
        }
    }

    /// At most so often.
    pub fn times(self, times: usize) -> Rule {
        Rule { times, ..self }
    }

    /// Counts a CALL; the reply if it is one that the rule is for.
    fn matches(&mut self, action: &str) -> Option<Reply> {
        if !self.actions.is_empty() && !self.actions.iter().any(|mine| mine == action) {
            return None;
        }
        let position = self.seen;
        self.seen += 1;
        let due = position >= self.skip && (position - self.skip).is_multiple_of(self.every);
        if !due || self.times == 0 {
            return None;
        }
        if self.times != usize::MAX {
            self.times -= 1;
        }
        Some(self.reply.clone())
    }
}

/// All rules in force.
#[derive(Debug, Default)]
pub(super) struct Script {
    rules: Vec<Rule>,
    lines: HashMap<String, VecDeque<Reply>>,
}

impl Script {
    pub(super) fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(super) fn line_up(&mut self, action: &str, reply: Reply) {
        let line = self.lines.entry(action.to_owned()).or_default();
        line.push_back(reply);
    }

    pub(super) fn clear_line(&mut self, action: &str) {
        self.lines.remove(action);
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
        self.lines.clear();
    }

    /// Every rule counts the CALL; the latest that is due decides.
    pub(super) fn reply_to(&mut self, action: &str) -> Reply {
        let mut reply = None;
        for rule in &mut self.rules {
            reply = rule.matches(action).or(reply);
        }
        let line = self.lines.get_mut(action);
        let first = line.and_then(VecDeque::pop_front);
        first.or(reply).unwrap_or_else(Reply::usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replies(rule: Rule, actions: &[&str]) -> Vec<bool> {
        let mut script = Script::default();
        script.add(rule);
        actions
            .iter()
            .map(|action| matches!(script.reply_to(action).answer, Answer::Silence))
            .collect()
    }

    #[test]
    fn rules_count_only_what_they_are_for() {
        let rule = Rule::on("A", Reply::silence()).nth(2);
        assert_eq!(
            replies(rule, &["A", "B", "A", "A"]),
            [false, false, true, false]
        );
    }

    #[test]
    fn every_third_and_at_most_twice() {
        let rule = Rule::on_any(Reply::silence()).every(3).times(2);
        assert_eq!(
            replies(rule, &["A"; 10]),
            [
                false, false, true, false, false, true, false, false, false, false
            ]
        );
    }

    #[test]
    fn replies_in_line_are_used_in_turn_and_go_before_rules() {
        let mut script = Script::default();
        script.add(Rule::on("A", Reply::silence()));
        script.line_up("A", Reply::error("InternalError", ""));
        script.line_up("A", Reply::usual());
        assert!(matches!(script.reply_to("B").answer, Answer::Usual));
        assert!(matches!(script.reply_to("A").answer, Answer::Error { .. }));
        assert!(matches!(script.reply_to("A").answer, Answer::Usual));
        assert!(matches!(script.reply_to("A").answer, Answer::Silence));
    }

    #[test]
    fn the_latest_rule_decides_and_falls_back_when_used_up() {
        let mut script = Script::default();
        script.add(Rule::on("A", Reply::error("InternalError", "")));
        script.add(Rule::on("A", Reply::silence()).times(1));
        assert!(matches!(script.reply_to("A").answer, Answer::Silence));
        assert!(matches!(script.reply_to("A").answer, Answer::Error { .. }));
    }
}
