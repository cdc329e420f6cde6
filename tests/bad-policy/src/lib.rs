//! A policy that misbehaves when the token says so, and passes on all others.
//!
//! | token | what happens |
//! |---|---|
//! | `BAD-LOOP` | never comes back |
//! | `BAD-TRAP` | panics |
//! | `BAD-BLOAT` | takes memory until there is none |
//! | `BAD-FLOOD` | returns more actions than it may |
//! | `BAD-SILENT` | gives no verdict |
//! | `BAD-MEMORY` | remembers, outside of entries, how often it was asked |
//!
//! It is no example for anything but failing: see `plugins/` for those.

#[cfg(target_arch = "wasm32")]
mod guest {
    #![allow(missing_docs)] // documented in wit/*.wit

    use std::sync::atomic::{AtomicU32, Ordering};

    wit_bindgen::generate!({ path: "../../wit", world: "policy" });

    use exports::plugpoint::charger::authorization::*;
    use plugpoint::charger::log;

    static ASKED: AtomicU32 = AtomicU32::new(0);

    struct Component;
    export!(Component);

    impl Guest for Component {
        fn start(_: Boot) -> Vec<Action> {
            std::panic::set_hook(Box::new(|panic| {
                log::write(log::Level::Error, &panic.to_string());
            }));
            Vec::new()
        }

        fn handle(_: Now, event: Event) -> Vec<Action> {
            let Event::Decide(question) = event else {
                return Vec::new();
            };
            let decided = |why: &str| {
                Action::Decided(Decision {
                    id: question.id,
                    verdict: Verdict::Pass,
                    why: why.to_owned(),
                })
            };
            match question.request.token.as_str() {
                "BAD-LOOP" => loop {
                    std::hint::spin_loop();
                },
                "BAD-TRAP" => panic!("as ordered"),
                "BAD-BLOAT" => bloat(),
                "BAD-FLOOD" => vec![decided("flood"); 1000],
                "BAD-SILENT" => Vec::new(),
                "BAD-MEMORY" => {
                    let asked = ASKED.fetch_add(1, Ordering::Relaxed);
                    vec![decided(&format!("asked {asked} times before"))]
                }
                _ => vec![decided("well")],
            }
        }
    }

    fn bloat() -> Vec<Action> {
        let mut hoard: Vec<Vec<u8>> = Vec::new();
        loop {
            hoard.push(vec![1; 1 << 20]);
            std::hint::black_box(&hoard);
        }
    }
}
