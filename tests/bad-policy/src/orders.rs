//! What is done to running sessions when a card says so. Which there are stands in
//! entries; `boot` has to show the same.

use crate::guest::wit::{
    Action, Boot, Deadline, Durability, Entry, Now, Observed, ObservedKind, SessionEnd,
    SessionEndCause, SessionLimit,
};
use crate::guest::{entries, log};
use std::cell::RefCell;

thread_local! {
    /// Follows from what `start` is told.
    static FIRST: RefCell<String> = const { RefCell::new(String::new()) };
}

const PREFIX: &str = "session/";

/// Says in the log what `boot` shows.
pub fn started(boot: &Boot) {
    let first = boot.settings.iter().find(|it| it.name == "on-start");
    FIRST.set(first.map_or(String::new(), |it| it.value.clone()));
    for it in &boot.sessions {
        let said = match &it.said {
            None => "nothing".to_owned(),
            Some(said) => format!(
                "{:?} mA, {:?}, {:?}",
                said.limit_ma, said.not_before, said.until
            ),
        };
        let line = format!("boot: session {}: {said}, ending {}", it.session, it.ending);
        log::write(log::Level::Info, &line);
    }
}

/// With the setting `on-start` also the order that stands there.
pub fn observed(now: &Now, it: &Observed) -> Vec<Action> {
    let key = format!("{PREFIX}{}", it.session);
    match it.kind {
        ObservedKind::Started => {
            let mut actions = FIRST.with_borrow(|order| done(now, order, vec![it.session]));
            actions.push(Action::Keep(Entry {
                key,
                value: Vec::new(),
                durability: Durability::Durable,
                secret: false,
            }));
            actions
        }
        ObservedKind::Energy => Vec::new(),
        ObservedKind::Ended => vec![Action::Forget(key)],
    }
}

/// `DO-LIMIT-10000`, `DO-WAIT-3000`, `DO-UNTIL-3000` (ms from now), `DO-END`, `DO-DEAUTH`,
/// `DO-NONE`; `DO-ALIEN` speaks of a session that there is not. None: no order.
pub fn given(now: &Now, token: &str) -> Option<Vec<Action>> {
    let order = token.strip_prefix("DO-")?;
    let sessions = entries::scan(PREFIX, "", 16).into_iter();
    let numbers = sessions.filter_map(|it| it.key.strip_prefix(PREFIX)?.parse().ok());
    Some(done(now, order, numbers.collect()))
}

fn done(now: &Now, order: &str, numbers: Vec<u64>) -> Vec<Action> {
    let (word, number) = order.split_once('-').unwrap_or((order, "0"));
    let number: u32 = number.parse().unwrap_or(0);
    let numbers = match word {
        "" => Vec::new(),
        "ALIEN" => vec![999_999],
        _ => numbers,
    };
    let then = Deadline::Monotonic(now.at.monotonic_ms + u64::from(number));
    let act = |session: u64| {
        let mut limit = SessionLimit {
            session,
            limit_ma: None,
            limit_w: None,
            not_before: None,
            until: None,
            why: "as ordered".to_owned(),
        };
        match word {
            "LIMIT" | "ALIEN" => limit.limit_ma = Some(number),
            "WAIT" => limit.not_before = Some(then),
            "UNTIL" => limit.until = Some(then),
            "END" | "DEAUTH" => {
                return Action::EndSession(SessionEnd {
                    session,
                    cause: if word == "END" {
                        SessionEndCause::Other
                    } else {
                        SessionEndCause::Deauthorized
                    },
                    why: "as ordered".to_owned(),
                });
            }
            _ => {}
        }
        Action::LimitSession(limit)
    };
    numbers.into_iter().map(act).collect()
}
