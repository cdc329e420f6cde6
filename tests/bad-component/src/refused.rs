//! Two components that never get to run: one was built for a later interface,
//! one wants what no guest gets. What they would do does not matter.

#![allow(missing_docs)] // nobody calls it

struct Component;

#[cfg(feature = "wrong-version")]
mod wrong_version {
    wit_bindgen::generate!({ path: "wit-0.3", world: "ocpp" });

    impl exports::plugpoint::charger::protocol::Guest for super::Component {
        fn start(settings: Vec<String>) -> Vec<String> {
            plugpoint::charger::log::write("started");
            settings
        }

        fn handle(event: String) -> Vec<String> {
            vec![event]
        }
    }

    export!(Component with_types_in self);
    use super::Component;
}

#[cfg(all(feature = "extra-import", not(feature = "wrong-version")))]
mod extra_import {
    wit_bindgen::generate!({
        inline: r#"
            package bad:component;

            interface files {
                read: func(path: string) -> list<u8>;
            }

            world ocpp {
                include plugpoint:charger/ocpp@0.2.0-dev.6;
                import files;
            }
        "#,
        path: "../../wit",
        world: "bad:component/ocpp",
        generate_all,
    });

    use exports::plugpoint::charger::protocol::{Action, Boot, Event, Guest, Now};

    impl Guest for super::Component {
        fn start(_: Boot) -> Vec<Action> {
            let secrets = bad::component::files::read("/etc/shadow");
            vec![Action::Forget(format!("{} bytes", secrets.len()))]
        }

        fn handle(_: Now, _: Event) -> Vec<Action> {
            Vec::new()
        }
    }

    export!(Component with_types_in self);
    use super::Component;
}
