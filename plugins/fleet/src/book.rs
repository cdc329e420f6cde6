//! What groups have used, and which sessions that is counted from.
//!
//! Everything is in entries, so that an instance can be thrown away after any
//! event. An `observed` may come twice or not at all: each says what its session
//! has used *so far*, and what is added is the difference to the last one.
//!
//! | key | value |
//! |---|---|
//! | `used/GROUP/SPAN` | number of the span, Wh, sessions |
//! | `session/NUMBER` | group, Wh counted so far, 1 once it has ended |
//! | `span/SPAN` | the latest span that was ever seen: for an unset clock |

use crate::period::Span;
use crate::settings::Settings;

/// So many sessions that have ended are remembered, so that a repeated `ended`
/// counts nothing, and so many that have not.
const REMEMBERED: usize = 32;

/// The entries, to read and to write. What is written shows at once.
pub trait Entries {
    /// The text kept under a key.
    fn get(&self, key: &str) -> Option<String>;
    /// Keys that begin so, in order.
    fn keys(&self, prefix: &str) -> Vec<String>;
    /// Keeps a text; `durable`: before anything else happens.
    fn keep(&mut self, key: String, value: String, durable: bool);
    /// Forgets one.
    fn forget(&mut self, key: String);
}

/// What the charger says of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Its number.
    pub session: u64,
    /// The card.
    pub token: String,
    /// Used in it so far.
    pub energy_wh: u64,
    /// It is over.
    pub ended: bool,
}

/// What a group has used in one span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Energy.
    pub wh: u64,
    /// Sessions that have begun.
    pub sessions: u64,
}

/// Reads and writes the entries.
pub struct Book<'a, E> {
    entries: &'a mut E,
    settings: &'a Settings,
    /// Local time; none while the clock is unset.
    local_ms: Option<i64>,
}

/// A session that is counted.
struct Counted {
    group: String,
    wh: u64,
    ended: bool,
}

impl<'a, E: Entries> Book<'a, E> {
    /// `wall_ms`: Unix time, if it can be believed.
    pub fn new(entries: &'a mut E, settings: &'a Settings, wall_ms: Option<i64>) -> Self {
        let local_ms = wall_ms.map(|ms| ms + settings.offset_min * 60_000);
        Self {
            entries,
            settings,
            local_ms,
        }
    }

    /// What a group has used in the present day, week or month.
    #[must_use]
    pub fn used(&self, group: &str, span: Span) -> Used {
        match self.kept(group, span) {
            Some((number, used)) if number == self.present(span) => used,
            _ => Used::default(),
        }
    }

    /// Counts what a session has used since it was last heard of.
    pub fn observe(&mut self, observed: &Observed) {
        let before = self.session(observed.session);
        if before.as_ref().is_some_and(|session| session.ended) {
            return;
        }
        let group = match &before {
            // It may have been taken out of its group meanwhile.
            Some(session) => session.group.clone(),
            None => match self.settings.group_of(&observed.token) {
                Some((name, _)) => name.to_owned(),
                None => return,
            },
        };
        let counted = before.as_ref().map_or(0, |session| session.wh);
        let more = Used {
            wh: observed.energy_wh.saturating_sub(counted),
            sessions: u64::from(before.is_none()),
        };
        let matters = before.is_none() || observed.ended;
        for span in Span::ALL {
            self.add(&group, span, more, matters);
        }
        let session = Counted {
            group,
            wh: observed.energy_wh.max(counted),
            ended: observed.ended,
        };
        self.entries
            .keep(session_key(observed.session), session.text(), matters);
        if observed.ended {
            self.forget_old();
        }
    }

    /// The latest span seen goes on while the clock is unset: a power cut must
    /// not give a group a fresh quota.
    fn present(&self, span: Span) -> i64 {
        let latest = self
            .entries
            .get(&span_key(span))
            .and_then(|text| text.parse().ok());
        let now = self.local_ms.map(|ms| span.number(ms));
        now.or(latest).unwrap_or(0)
    }

    fn add(&mut self, group: &str, span: Span, more: Used, durable: bool) {
        let number = self.present(span);
        let mut used = self.used(group, span);
        used.wh = used.wh.saturating_add(more.wh);
        used.sessions = used.sessions.saturating_add(more.sessions);
        let value = format!("{number} {} {}", used.wh, used.sessions);
        self.entries.keep(used_key(group, span), value, durable);
        let number = number.to_string();
        if self.entries.get(&span_key(span)).as_ref() != Some(&number) {
            self.entries.keep(span_key(span), number, durable);
        }
    }

    fn kept(&self, group: &str, span: Span) -> Option<(i64, Used)> {
        let text = self.entries.get(&used_key(group, span))?;
        let mut words = text.split(' ');
        let number = words.next()?.parse().ok()?;
        let wh = words.next()?.parse().ok()?;
        let sessions = words.next()?.parse().ok()?;
        Some((number, Used { wh, sessions }))
    }

    fn session(&self, number: u64) -> Option<Counted> {
        let text = self.entries.get(&session_key(number))?;
        let mut words = text.split(' ');
        Some(Counted {
            group: words.next()?.to_owned(),
            wh: words.next()?.parse().ok()?,
            ended: words.next()? == "1",
        })
    }

    /// Of those that have ended, and of those that have not, only the latest are
    /// remembered: an `ended` may have been lost.
    fn forget_old(&mut self) {
        let keys = self.entries.keys("session/");
        let (ended, open): (Vec<String>, Vec<String>) = keys.into_iter().partition(|key| {
            let text = self.entries.get(key);
            text.is_none_or(|text| text.ends_with(" 1"))
        });
        for keys in [ended, open] {
            let over = keys.len().saturating_sub(REMEMBERED);
            for key in keys.into_iter().take(over) {
                self.entries.forget(key);
            }
        }
    }
}

impl Counted {
    fn text(&self) -> String {
        format!("{} {} {}", self.group, self.wh, u8::from(self.ended))
    }
}

fn used_key(group: &str, span: Span) -> String {
    format!("used/{group}/{}", span.word())
}

fn span_key(span: Span) -> String {
    format!("span/{}", span.word())
}

/// With leading zeros, so that keys sort as numbers do.
fn session_key(number: u64) -> String {
    format!("session/{number:020}")
}
