//! May this card charge?

use crate::book::{Book, Entries};
use crate::quota::What;
use crate::settings::Settings;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Empty if nobody showed a card.
    pub token: String,
    /// The card is to end a session, not to begin one.
    pub to_stop: bool,
    /// The central system has started this and vouches for the token.
    pub vouched_for: bool,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may charge.
    Accept {
        /// The most current per phase.
        limit_ma: Option<u32>,
        /// What is left of the tightest quota.
        energy_limit_wh: Option<u64>,
        /// The group: each of its cards may end the session.
        parent: String,
    },
    /// It may not.
    Reject,
    /// The next policy decides.
    Pass,
}

/// Answers, and says why.
pub fn decide<E: Entries>(
    question: &Question,
    settings: &Settings,
    book: &Book<'_, E>,
) -> (Verdict, String) {
    if question.token.is_empty() {
        return (Verdict::Pass, "no card was shown".into());
    }
    let Some((name, group)) = settings.group_of(&question.token) else {
        return if settings.refuse_others && !question.vouched_for {
            (Verdict::Reject, "not a card of this fleet".into())
        } else {
            (Verdict::Pass, "not a card of this fleet".into())
        };
    };
    let accept = |energy_limit_wh| Verdict::Accept {
        limit_ma: group.limit_ma,
        energy_limit_wh,
        parent: name.to_owned(),
    };
    if question.to_stop {
        return (accept(None), format!("a card of group {name}"));
    }
    let mut left_wh: Option<u64> = None;
    for quota in &group.quotas {
        let used = book.used(name, quota.span);
        let span = quota.span.word();
        match quota.what {
            What::Sessions(most) if used.sessions >= most => {
                let sessions = if most == 1 { "session" } else { "sessions" };
                let why = format!("group {name} has had its {most} {sessions} of this {span}");
                return (Verdict::Reject, why);
            }
            What::Energy(most) if used.wh >= most => {
                let why = format!("group {name} has used its {} of this {span}", energy(most));
                return (Verdict::Reject, why);
            }
            What::Sessions(_) => {}
            What::Energy(most) => {
                let left = most - used.wh;
                left_wh = Some(left_wh.map_or(left, |least| least.min(left)));
            }
        }
    }
    let why = match left_wh {
        Some(left) => format!("a card of group {name}, which has {} left", energy(left)),
        None => format!("a card of group {name}"),
    };
    (accept(left_wh), why)
}

fn energy(wh: u64) -> String {
    match (wh / 1000, wh % 1000) {
        (0, wh) => format!("{wh} Wh"),
        (kwh, 0) => format!("{kwh} kWh"),
        (kwh, rest) => format!("{kwh}.{} kWh", rest / 100),
    }
}
