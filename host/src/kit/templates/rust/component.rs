//! Where the policy meets the charger.
//!
//! It has no clock and no file. What it must remember it keeps in entries: the
//! charger may throw an instance away after any event, and calls `start` on the
//! next one.

use std::cell::RefCell;

wit_bindgen::generate!({ path: "wit", world: "policy" });

use exports::plugpoint::charger::authorization::*;
use plugpoint::charger::{entries, log};

struct Policy;
export!(Policy);

thread_local! {
    /// Follows from what `start` is told, so it is safe to hold.
    static CARDS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl Guest for Policy {
    fn start(boot: Boot) -> Vec<Action> {
        // A panic traps, and the trap says nothing: the log does.
        std::panic::set_hook(Box::new(|panic| {
            log::write(log::Level::Error, &panic.to_string());
        }));
        let setting = boot.settings.iter().find(|setting| setting.name == "cards");
        CARDS.set(crate::cards(setting.map_or("", |setting| &setting.value)));
        Vec::new()
    }

    fn handle(_now: Now, event: Event) -> Vec<Action> {
        match event {
            Event::Decide(question) => vec![decide(question)],
            Event::Observed(it) if it.kind == ObservedKind::Started => vec![count(&it.token.id)],
            _ => Vec::new(),
        }
    }
}

fn decide(question: Question) -> Action {
    let token = question.request.token.id.to_uppercase();
    let (verdict, why) = if CARDS.with_borrow(|cards| cards.contains(&token)) {
        let attributes = Attributes {
            limit_ma: None,
            energy_limit_wh: None,
            expires_ms: None,
            parent: None,
            session_until_ms: None,
        };
        (Verdict::Accept(attributes), crate::why(counted(&token)))
    } else {
        (Verdict::Pass, "not one of our cards".into())
    };
    Action::Decided(Decision {
        id: question.id,
        verdict,
        why,
    })
}

fn counted(token: &str) -> u64 {
    entries::get(&key(token))
        .and_then(|value| String::from_utf8(value).ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn count(token: &str) -> Action {
    let token = token.to_uppercase();
    Action::Keep(Entry {
        key: key(&token),
        value: (counted(&token) + 1).to_string().into_bytes(),
        durability: Durability::Durable,
        secret: false,
    })
}

fn key(token: &str) -> String {
    format!("charged/{token}")
}
