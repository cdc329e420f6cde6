//! The three examples as a chain on a running charger. Decisions are made for
//! cards that are swiped, and for cars without one.

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config, Site, images};
use serde_json::Value;

use crate::kit::{DECIDING, example};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// Issued with that key; good until the year 2100.
const VOUCHER: &str = "VA00005VEV162K850ZEE";
/// Its last digit is wrong.
const FORGED: &str = "VA00005VEV162K850ZE0";

pub struct Stage {
    pub central: CentralSystem,
    pub charger: Charger,
    pub site: Site,
}

/// How the plugins come into the chain.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// The configuration names their files.
    File,
    /// They are installed while the charger runs.
    Installation,
}

/// `hours` and `free` are those of the opening hours; all else is the same.
fn config(central: &CentralSystem, by: By, hours: &str, free: &str) -> Config {
    let files = DECIDING.map(|name| (name, example(name)));
    let file = |wanted: &str| {
        let file = files.iter().find(|(name, _)| *name == wanted);
        file.filter(|_| by == By::File)
            .map(|(_, file)| file.as_path())
    };
    Config::new(central.url())
        .ocpp("MeterValueSampleInterval", "1")
        .set("trust.allow_unsigned", true)
        .policy("opening-hours", file("opening-hours"), "reject")
        .policy_setting("hours", hours)
        .policy_setting("free", free)
        .policy_setting("free_current", "10 A")
        .policy("fleet", file("fleet"), "reject")
        .policy_setting("group.depot", "04A1B2C3, 04A1B2C4")
        .policy_setting("quota.depot", "1 session per day, 50 kWh per day")
        .policy_setting("limit.depot", "16 A")
        .policy("card-token", file("card-token"), "reject")
        .policy_setting("key.A", KEY)
        .policy_setting("voucher_energy", "3 kWh")
        // CPython needs more than the default, and more still in a debug build.
        .policy_limit("memory_kib", 24_576)
        .policy_limit("event_ms", 2000)
        .policy_limit("start_ms", 20_000)
        .policy("standard", None, "pass")
}

fn stage(by: By, hours: &str, free: &str) -> Stage {
    let central = CentralSystem::start().expect("a central system");
    let config = config(&central, by, hours, free);
    let (site, charger) = Charger::start(&config).expect("a charger");
    central.expect_any("BootNotification");
    central.expect_status(1, "Available");
    if by == By::Installation {
        for name in DECIDING {
            let wasm = std::fs::read(example(name)).expect("a component");
            let slot = format!("policy/{name}");
            // A charger throws away what it does not need when it starts.
            images::lend(&site.state_dir());
            let job = charger.install(&slot, &wasm, None, "").expect("a job");
            charger.wait_swapped(job);
        }
    }
    Stage {
        central,
        charger,
        site,
    }
}

impl Stage {
    /// A card is swiped; the decision about it.
    #[track_caller]
    pub fn swipe(&self, token: &str, by: &str, verdict: &str, why: &str) -> Value {
        let before = self.decisions().len();
        self.charger.control().card(token).expect("a card");
        // More may follow: the standard's rules ask the central system, and
        // decide again when it has answered.
        let new = |status: &Value| {
            let decisions = status["decisions"].as_array().cloned();
            let new = decisions.into_iter().flatten().skip(before);
            new.into_iter().find(|it| it["token"] == token)
        };
        let status = self
            .charger
            .wait_status("a decision", |status| new(status).is_some());
        let last = new(&status).expect("a decision");
        assert_eq!(last["by"], by, "{last:#}");
        assert_eq!(last["verdict"], verdict, "{last:#}");
        assert!(
            last["why"].as_str().is_some_and(|it| it.contains(why)),
            "{last:#}"
        );
        last
    }

    fn decisions(&self) -> Vec<Value> {
        let status = self.charger.status();
        status["decisions"].as_array().cloned().unwrap_or_default()
    }

    pub fn plug(&self) {
        self.charger.control().plug(1).expect("a car");
        self.central.expect_status(1, "Preparing");
    }

    pub fn unplug(&self) {
        self.charger.control().unplug(1).expect("no car");
        self.central.expect_any("StopTransaction");
        self.charger.wait_contactor(1, "open");
        self.charger
            .wait_connector(1, "no car", |connector| connector["plugged"] == false);
        self.central.expect_status(1, "Available");
    }
}

#[test]
fn each_policy_decides_its_own_cards() {
    each_decides(By::File);
}

#[test]
fn policies_that_are_installed_decide_their_own_cards() {
    each_decides(By::Installation);
}

fn each_decides(by: By) {
    let stage = stage(by, "all day", "never");

    // The fleet: 16 A, and one session a day for all its cards together.
    stage.plug();
    stage.swipe("04A1B2C3", "fleet", "accept", "a card of group depot");
    stage.charger.wait_contactor(1, "closed");
    let connector = stage
        .charger
        .wait_connector(1, "a permit", |c| c["offered_ma"] == 16_000);
    assert_eq!(
        connector["permit"]["energy_limit_wh"], 50_000,
        "{connector:#}"
    );
    stage.unplug();
    stage.swipe(
        "04A1B2C4",
        "fleet",
        "reject",
        "has had its 1 session of this day",
    );

    // A voucher of 3 kWh, once.
    stage.plug();
    stage.swipe(FORGED, "card-token", "reject", "the signature is wrong");
    stage.swipe(VOUCHER, "card-token", "accept", "is genuine");
    let connector = stage.charger.wait_contactor(1, "closed");
    assert_eq!(
        connector["permit"]["energy_limit_wh"], 3_000,
        "{connector:#}"
    );
    stage.unplug();
    stage.swipe(VOUCHER, "card-token", "reject", "has been used");

    // A card that none of them knows: the standard's rules ask the central system.
    stage.swipe("04FFFFFF", "standard", "ask", "the central system decides");
    stage
        .central
        .expect("Authorize", |p| p["idTag"] == "04FFFFFF");

    // What they remember outlives the power.
    let Stage {
        central,
        charger,
        site,
    } = stage;
    charger.kill();
    central.forget_earlier();
    let charger = site
        .start(&config(&central, by, "all day", "never"))
        .expect("a charger");
    central.expect_any("BootNotification");
    let stage = Stage {
        central,
        charger,
        site,
    };
    stage.central.expect_status(1, "Available");
    stage.swipe(VOUCHER, "card-token", "reject", "has been used");
    stage.swipe(
        "04A1B2C4",
        "fleet",
        "reject",
        "has had its 1 session of this day",
    );
}

#[test]
fn nobody_charges_out_of_hours() {
    let stage = stage(By::File, "never", "all day");
    stage.charger.control().plug(1).expect("a car");
    stage.swipe("04A1B2C3", "opening-hours", "reject", "closed");
    stage.swipe("04FFFFFF", "opening-hours", "reject", "closed");
    assert_eq!(stage.charger.connector(1)["contactor"], "open");
    stage.central.assert_none("Authorize");
    stage.central.assert_none("StartTransaction");
}

#[test]
fn in_free_times_a_car_needs_no_card() {
    let stage = stage(By::File, "all day", "all day");
    stage.charger.control().plug(1).expect("a car");
    let connector = stage.charger.wait_contactor(1, "closed");
    assert_eq!(connector["offered_ma"], 10_000, "{connector:#}");
    let last = stage.decisions().pop().expect("a decision");
    assert_eq!(last["by"], "opening-hours", "{last:#}");
    stage.central.expect_any("StartTransaction");
}
