//! Guests that keep themselves busy: each answer, or each timer, is the cause of
//! more of the same. What they take of memory and time is bounded, and the charger
//! charges on.

use std::time::{Duration, Instant};

use plugpoint_tests::central_system::{CentralSystem, Reply, Settings};
use plugpoint_tests::charger::{Charger, Config, Site, component};
use plugpoint_tests::tell;

use crate::figures::{answers, compare, memory_kib};

/// More than a charger under attack may grow by, in KiB.
const MAX_GROWTH_KIB: u64 = 48 * 1024;

struct Policies {
    central: CentralSystem,
    charger: Charger,
    _site: Site,
}

impl Policies {
    fn new() -> Self {
        let central = CentralSystem::start().expect("a central system");
        let file = component("bad-policy").expect("a component");
        let config = Config::new(central.url())
            .policy("bad", Some(&file), "pass")
            .policy("standard", None, "reject");
        let (site, charger) = Charger::start(&config).expect("a charger");
        central.expect_status(1, "Available");
        // So that no card is waited for when the next one comes.
        central.answer("Authorize", Reply::id_tag_status("Invalid"));
        Self {
            central,
            charger,
            _site: site,
        }
    }

    /// The card is decided about within a bound.
    fn decided(&self, token: &str) -> Duration {
        let since = Instant::now();
        self.charger.control().card(token).expect("a card");
        self.central.expect("Authorize", |p| p["idTag"] == token);
        since.elapsed()
    }
}

#[track_caller]
fn storm(token: &str) {
    let stage = Policies::new();
    let quiet = answers(&stage.central, 50);
    stage.decided("GOOD1");
    let before = memory_kib(&stage.charger);
    let took = stage.decided(token);
    let attacked = answers(&stage.central, 50);
    // And whoever comes next is decided about.
    let next = stage.decided("GOOD2");
    let grown = memory_kib(&stage.charger).saturating_sub(before);
    tell(&format!(
        "{token}: decided after {took:?}, the next card after {next:?}, {grown} KiB more"
    ));
    compare(token, quiet, attacked, Duration::from_secs(2));
    assert!(grown < MAX_GROWTH_KIB, "{token}: {grown} KiB");
    assert!(next < Duration::from_secs(10), "{token}: {next:?}");
}

#[test]
fn a_policy_that_answers_each_answer_with_requests() {
    storm("BAD-ANSWERS");
}

#[test]
fn a_policy_that_does_so_once_it_has_decided() {
    storm("BAD-AFTERWARDS");
}

#[test]
fn a_policy_that_sets_timers_under_ever_new_names() {
    storm("BAD-TIMERS");
}

struct Protocol {
    central: CentralSystem,
    charger: Charger,
    _site: Site,
}

fn plain() -> CentralSystem {
    CentralSystem::start_with(Settings {
        subprotocols: vec!["bad.v1".to_owned()],
        ..Settings::default()
    })
    .expect("a central system")
}

fn config(central: &CentralSystem) -> Config {
    let file = component("bad-component").expect("a component");
    Config::new(central.url()).set("components.ocpp", file.to_string_lossy().into_owned())
}

impl Protocol {
    /// A car charges.
    fn charging() -> Self {
        let central = plain();
        let (site, charger) = Charger::start(&config(&central)).expect("a charger");
        central.expect_text("a guest that knows its link", |text| {
            text.starts_with("hello LinkUp")
        });
        charger.control().plug(1).expect("a car");
        central.expect_text("a car", |text| text.starts_with("plugged 1"));
        central.send_text("permit 1 16000");
        charger.wait_contactor(1, "closed");
        Self {
            central,
            charger,
            _site: site,
        }
    }

    /// The instance that storms is ended, and the next one answers.
    #[track_caller]
    fn storm(&self, mode: &str) {
        let before = memory_kib(&self.charger);
        let since = Instant::now();
        self.central.send_text(format!("bad {mode}"));
        self.central
            .expect_text("an instance that is told why", |text| {
                text.starts_with("dropped ") && text.contains(" limit ")
            });
        let ended = since.elapsed();
        let asked = Instant::now();
        self.central.send_text("build");
        self.central
            .expect_text("an answer", |text| text.starts_with("build "));
        let answered = asked.elapsed();
        let grown = memory_kib(&self.charger).saturating_sub(before);
        tell(&format!(
            "{mode}: ended after {ended:?}, then an answer after {answered:?}, {grown} KiB more"
        ));
        assert!(grown < MAX_GROWTH_KIB, "{mode}: {grown} KiB");
        assert_eq!(self.charger.connector(1)["contactor"], "closed");
    }
}

#[test]
fn a_protocol_guest_that_answers_each_answer_with_requests() {
    Protocol::charging().storm("request-storm");
}

#[test]
fn a_protocol_guest_that_answers_each_decision_with_questions() {
    Protocol::charging().storm("decide-storm");
}

#[test]
fn a_protocol_guest_that_answers_each_reading_with_more() {
    Protocol::charging().storm("meter-storm");
}

#[test]
fn a_protocol_guest_that_shows_more_and_more() {
    Protocol::charging().storm("show-storm");
}

#[test]
fn a_protocol_guest_that_sets_timers_under_ever_new_names() {
    Protocol::charging().storm("names-storm");
}

#[test]
fn a_protocol_guest_that_restarts_whenever_it_starts() {
    let central = plain();
    let config = config(&central).ocpp("bad-mode", "restart-storm");
    let (_site, charger) = Charger::start(&config).expect("a charger");
    // The loop is at work: it has something to say to the control API, and ends when
    // it is told to.
    let job = charger
        .control()
        .post("/v1/components/ocpp/accept", &serde_json::json!({}))
        .expect("a job");
    charger.wait_ended(job["job"].as_u64().expect("a number"), "refused");
    let status = charger.status();
    assert_eq!(status["components"][0]["state"], "waiting", "{status:#}");
    let since = Instant::now();
    assert!(charger.stop().success());
    tell(&format!(
        "restart-storm: ended within {:?}",
        since.elapsed()
    ));
}
