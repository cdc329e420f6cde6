//! A policy that misbehaves when the token says so, and passes on all others.
//!
//! | token | what happens |
//! |---|---|
//! | `BAD-LOOP` | never comes back |
//! | `BAD-TRAP` | panics |
//! | `BAD-BLOAT` | takes memory until there is none |
//! | `BAD-FLOOD` | returns more actions than it may |
//! | `BAD-SILENT` | gives no verdict |
//! | `BAD-ANSWERS` | answers each answer of a service with 64 requests, for ever, and decides nothing |
//! | `BAD-AFTERWARDS` | the same once it has decided |
//! | `BAD-TIMERS` | sets timers that are due, each under a new name, whenever one of them fires |
//! | `BAD-MEMORY` | remembers, outside of entries, how often it was asked |
//! | `DO-…` | does something to each session that is running, see `orders` |
//!
//! It is no example for anything but failing: see `plugins/` for those.

#[cfg(target_arch = "wasm32")]
mod orders;

#[cfg(target_arch = "wasm32")]
mod guest {
    #![allow(missing_docs)] // documented in wit/*.wit

    use std::sync::atomic::{AtomicU32, Ordering};

    wit_bindgen::generate!({ path: "../../wit", world: "policy" });

    pub use exports::plugpoint::charger::authorization as wit;
    use exports::plugpoint::charger::authorization::*;
    pub use plugpoint::charger::{entries, log};

    use crate::orders;

    static ASKED: AtomicU32 = AtomicU32::new(0);

    struct Component;
    export!(Component);

    impl Guest for Component {
        fn start(boot: Boot) -> Vec<Action> {
            std::panic::set_hook(Box::new(|panic| {
                log::write(log::Level::Error, &panic.to_string());
            }));
            orders::started(&boot);
            Vec::new()
        }

        fn handle(now: Now, event: Event) -> Vec<Action> {
            let question = match event {
                Event::Decide(question) => question,
                Event::Observed(it) => return orders::observed(&now, &it),
                // Only the storms below have any.
                Event::Response(_) => return requests(),
                Event::Timer(_) => return timers(),
                _ => return Vec::new(),
            };
            let decided = |why: &str| {
                Action::Decided(Decision {
                    id: question.id,
                    verdict: Verdict::Pass,
                    why: why.to_owned(),
                })
            };
            if let Some(mut done) = orders::given(&now, &question.request.token.id) {
                done.push(Action::Decided(Decision {
                    id: question.id,
                    verdict: Verdict::Reject(Rejection {
                        status: TokenStatus::Invalid,
                        text: "an order".to_owned(),
                    }),
                    why: "an order".to_owned(),
                }));
                return done;
            }
            match question.request.token.id.as_str() {
                "BAD-LOOP" => loop {
                    std::hint::spin_loop();
                },
                "BAD-TRAP" => panic!("as ordered"),
                "BAD-BLOAT" => bloat(),
                "BAD-FLOOD" => vec![decided("flood"); 1000],
                "BAD-SILENT" => Vec::new(),
                "BAD-ANSWERS" => requests(),
                "BAD-AFTERWARDS" => {
                    let mut actions = requests();
                    actions.insert(0, decided("well"));
                    actions
                }
                "BAD-TIMERS" => {
                    let mut actions = timers();
                    actions.push(decided("well"));
                    actions
                }
                "BAD-MEMORY" => {
                    let asked = ASKED.fetch_add(1, Ordering::Relaxed);
                    vec![decided(&format!("asked {asked} times before"))]
                }
                _ => vec![decided("well")],
            }
        }
    }

    fn requests() -> Vec<Action> {
        let request = |id| {
            Action::Request(Request {
                id,
                service: "nothing@1".to_owned(),
                operation: "ask".to_owned(),
                body: String::new(),
            })
        };
        (0..64).map(request).collect()
    }

    fn timers() -> Vec<Action> {
        let timer = |n: u32| {
            let number = ASKED.fetch_add(1, Ordering::Relaxed);
            Action::SetTimer(Timer {
                name: format!("{n} {number}"),
                deadline: Deadline::Monotonic(0),
            })
        };
        (0..2).map(timer).collect()
    }

    fn bloat() -> Vec<Action> {
        let mut hoard: Vec<Vec<u8>> = Vec::new();
        loop {
            hoard.push(vec![1; 1 << 20]);
            std::hint::black_box(&hoard);
        }
    }
}
