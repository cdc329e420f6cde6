//! The rules of OCPP 1.6, section 3.5, one function per situation.
//!
//! Two things that the standard leaves open are decided here. A token that the
//! cache knows as refused is no *unknown* token: offline it stays refused. And
//! while the clock is unset, an expiry cannot be checked: online the central
//! system is asked, offline the token counts, for it has not apparently expired.

use crate::expiry::{Worth, worth};
use crate::facts::{Decision, Entry, Origin, Purpose, Question, Stage, Status, Verdict};

/// Answers the question.
#[must_use]
pub fn decide(question: &Question) -> Decision {
    match question.origin {
        Origin::Plugged => because(Verdict::Pass, "no token was shown"),
        Origin::RemoteUnchecked => vouched_for(question),
        Origin::Card | Origin::Remote if question.token.is_empty() => {
            because(Verdict::Reject(Status::Invalid), "the token is empty")
        }
        Origin::Card | Origin::Remote => match (question.stage, &question.central) {
            (Stage::AfterCentralSystem, Some(central)) => answered(central),
            (Stage::AfterCentralSystem, None) => offline(question),
            (Stage::First, _) if question.online => online(question),
            (Stage::First, _) => offline(question),
        },
    }
}

/// The central system vouches for the token. What is known of its group goes
/// along, so that another card of the group can end the session.
fn vouched_for(question: &Question) -> Decision {
    let parent = known(question).and_then(|known| known.entry.parent.clone());
    because(
        Verdict::Accept {
            parent,
            expires_ms: None,
        },
        "the central system started this and wants no check",
    )
}

/// The central system has spoken: its word counts as it is.
fn answered(central: &Entry) -> Decision {
    let why = format!("the central system says: {}", central.status.word());
    match central.status {
        Status::Accepted => because(accept(central), why),
        status => because(Verdict::Reject(status), why),
    }
}

/// The central system can be asked, and is, unless a good entry saves the wait.
fn online(question: &Question) -> Decision {
    if !question.rules.local_pre_authorize {
        return because(Verdict::Ask, "the central system decides");
    }
    match known(question) {
        None => because(Verdict::Ask, "not known here: the central system decides"),
        Some(known) => match worth(known.entry, question.wall_ms) {
            Worth::Good => because(
                accept(known.entry),
                format!("{} as accepted", known.place.is_known()),
            ),
            Worth::Unsure => because(
                Verdict::Ask,
                format!(
                    "{} with an expiry, and the clock is not set: the central system decides",
                    known.place.is_known()
                ),
            ),
            Worth::Bad(status) => because(
                Verdict::Ask,
                format!(
                    "{} as {}: the central system decides",
                    known.place.is_known(),
                    status.word()
                ),
            ),
        },
    }
}

/// Nobody can be asked.
fn offline(question: &Question) -> Decision {
    match known(question) {
        None => unknown_offline(question),
        Some(known) => match worth(known.entry, question.wall_ms) {
            Worth::Bad(status) => because(
                Verdict::Reject(status),
                format!(
                    "offline, and {} as {}",
                    known.place.is_known(),
                    status.word()
                ),
            ),
            Worth::Good | Worth::Unsure if question.rules.local_authorize_offline => because(
                accept(known.entry),
                format!("offline, and {} as accepted", known.place.is_known()),
            ),
            // A good token is served no worse than a stranger's.
            Worth::Good | Worth::Unsure if serves_strangers(question) => because(
                accept(known.entry),
                "offline, where every token may charge that is not refused",
            ),
            Worth::Good | Worth::Unsure => because(
                Verdict::Reject(Status::Invalid),
                format!(
                    "offline, and although {} as accepted, that does not count \
                     while the central system cannot be asked",
                    known.place.is_known()
                ),
            ),
        },
    }
}

fn unknown_offline(question: &Question) -> Decision {
    if serves_strangers(question) {
        return because(
            Verdict::Accept {
                parent: None,
                expires_ms: None,
            },
            "offline and not known here; unknown tokens may charge offline",
        );
    }
    let why = match question.purpose {
        Purpose::Start => "offline and not known here",
        Purpose::Stop => "offline and not known here, so it cannot end another's session",
    };
    because(Verdict::Reject(Status::Invalid), why)
}

/// Unknown tokens may begin a session offline, but never end another's: nothing
/// shows that they belong to the same group.
fn serves_strangers(question: &Question) -> bool {
    question.rules.unknown_offline && question.purpose == Purpose::Start
}

/// Where a token is known from.
#[derive(Clone, Copy)]
enum Place {
    List,
    Cache,
}

impl Place {
    fn is_known(self) -> &'static str {
        match self {
            Self::List => "the local list has it",
            Self::Cache => "the cache has it",
        }
    }
}

struct Known<'a> {
    entry: &'a Entry,
    place: Place,
}

/// The entry that counts: the list goes before the cache, whatever it says.
fn known(question: &Question) -> Option<Known<'_>> {
    let listed = question.listed.as_ref().filter(|_| question.rules.listing);
    let cached = question.cached.as_ref().filter(|_| question.rules.cache);
    match (listed, cached) {
        (Some(entry), _) => Some(Known {
            entry,
            place: Place::List,
        }),
        (None, Some(entry)) => Some(Known {
            entry,
            place: Place::Cache,
        }),
        (None, None) => None,
    }
}

fn accept(entry: &Entry) -> Verdict {
    Verdict::Accept {
        parent: entry.parent.clone(),
        expires_ms: entry.expires_ms,
    }
}

fn because(verdict: Verdict, why: impl Into<String>) -> Decision {
    Decision {
        verdict,
        why: why.into(),
    }
}
