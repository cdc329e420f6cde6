//! The choice of what runs guests, and how it is told.

use plugpoint_tests::charger::{Charger, Config, Site};

use crate::NOWHERE;

#[test]
fn the_interpreter_can_be_chosen_and_the_status_says_so() {
    let config = Config::new(NOWHERE).set("guests.backend", "pulley");
    let (_site, charger) = Charger::start(&config).expect("a charger");
    let status = charger.wait_status("guests that run", |status| {
        let components = status["components"].as_array().map_or(&[][..], |it| it);
        components.len() == 2 && components.iter().all(|it| it["state"] == "running")
    });
    let engine = &status["engine"];
    assert_eq!(engine["backend"], "pulley", "{engine}");
    assert_eq!(engine["target"], "pulley64", "{engine}");
}

#[test]
fn an_unknown_one_is_a_mistake_in_the_configuration() {
    let site = Site::new().expect("a site");
    let text = Config::new(NOWHERE).set("guests.backend", "jit").to_text();
    site.run_to_end(&text).expect("it ends").assert_refused(&[
        "plugpoint.toml",
        "guests.backend",
        "`auto`, `native`, `pulley`",
    ]);
}
