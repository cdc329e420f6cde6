//! Between the rules and the interface `authorization` of `wit/`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use plugpoint_guest::policy::{authorization as wit, entries, log, report_panics};

use crate::{Book, Observed, Question, Settings, Verdict, book};

struct Component;
plugpoint_guest::export_policy!(Component);

thread_local! {
    /// Follows from what `start` is told, so it is no state of its own.
    static SETTINGS: RefCell<Settings> = RefCell::default();
}

impl wit::Guest for Component {
    fn start(boot: wit::Boot) -> Vec<wit::Action> {
        report_panics();
        let given = boot
            .settings
            .iter()
            .map(|it| (it.name.as_str(), it.value.as_str()));
        let (settings, complaints) = Settings::read(given);
        for complaint in complaints {
            log::write(log::Level::Warn, &complaint);
        }
        SETTINGS.set(settings);
        Vec::new()
    }

    fn handle(now: wit::Now, event: wit::Event) -> Vec<wit::Action> {
        SETTINGS.with_borrow(|settings| handle(settings, &now, event))
    }
}

fn handle(settings: &Settings, now: &wit::Now, event: wit::Event) -> Vec<wit::Action> {
    let wall_ms = match now.trust {
        wit::ClockTrust::Unset => None,
        wit::ClockTrust::Board | wit::ClockTrust::Set => now.wall_ms,
    };
    let mut entries = Written::default();
    let mut book = Book::new(&mut entries, settings, wall_ms);
    let mut actions = Vec::new();
    match event {
        wit::Event::Decide(question) => {
            let (verdict, why) = crate::decide(&asked(question.request), settings, &book);
            actions.push(wit::Action::Decided(wit::Decision {
                id: question.id,
                verdict: told(verdict, &why),
                why,
            }));
        }
        wit::Event::Observed(it) => book.observe(&Observed {
            session: it.session,
            token: it.token.id,
            energy_wh: it.energy_wh,
            ended: it.kind == wit::ObservedKind::Ended,
        }),
        wit::Event::Timer(_)
        | wit::Event::Response(_)
        | wit::Event::ClockStepped(_)
        | wit::Event::Committed => {}
    }
    actions.extend(entries.actions());
    actions
}

fn asked(request: wit::DecisionRequest) -> Question {
    Question {
        to_stop: request.purpose == wit::Purpose::Stop,
        vouched_for: request.origin == wit::TokenOrigin::RemoteUnchecked,
        token: request.token.id,
    }
}

fn told(verdict: Verdict, why: &str) -> wit::Verdict {
    match verdict {
        Verdict::Accept {
            limit_ma,
            energy_limit_wh,
            parent,
        } => wit::Verdict::Accept(wit::Attributes {
            limit_ma,
            energy_limit_wh,
            expires_ms: None,
            parent: Some(parent),
            session_until_ms: None,
        }),
        Verdict::Reject => wit::Verdict::Reject(wit::Rejection {
            status: wit::TokenStatus::Blocked,
            text: why.to_owned(),
        }),
        Verdict::Pass => wit::Verdict::Pass,
    }
}

/// What this call has written, over what was kept before it.
#[derive(Default)]
struct Written {
    changed: BTreeMap<String, Option<(String, bool)>>,
}

impl Written {
    fn actions(self) -> impl Iterator<Item = wit::Action> {
        self.changed.into_iter().map(|(key, value)| match value {
            Some((value, durable)) => wit::Action::Keep(wit::Entry {
                key,
                value: value.into_bytes(),
                durability: if durable {
                    wit::Durability::Durable
                } else {
                    wit::Durability::Lazy
                },
                secret: false,
            }),
            None => wit::Action::Forget(key),
        })
    }
}

impl book::Entries for Written {
    fn get(&self, key: &str) -> Option<String> {
        match self.changed.get(key) {
            Some(changed) => changed.as_ref().map(|(text, _)| text.clone()),
            None => entries::get(key).and_then(|value| String::from_utf8(value).ok()),
        }
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        let mut keys: Vec<String> = entries::scan(prefix, "", u32::MAX)
            .into_iter()
            .map(|item| item.key)
            .filter(|key| self.changed.get(key).is_none_or(Option::is_some))
            .collect();
        let new = self.changed.iter().filter(|(key, value)| {
            value.is_some() && key.starts_with(prefix) && !keys.contains(key)
        });
        let new: Vec<String> = new.map(|(key, _)| key.clone()).collect();
        keys.extend(new);
        keys.sort();
        keys
    }

    fn keep(&mut self, key: String, value: String, durable: bool) {
        self.changed.insert(key, Some((value, durable)));
    }

    fn forget(&mut self, key: String) {
        self.changed.insert(key, None);
    }
}
