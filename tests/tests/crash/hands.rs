//! The hands at a charger that may die at any moment: the steps of a session.

use std::time::Duration;

use plugpoint_tests::charger::{Charger, ControlFailure, connector_of};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// The charger has died; whoever notices stops what he is doing.
#[derive(Debug)]
pub struct Died;

/// One step, if it lives.
pub type Step<T = ()> = Result<T, Died>;

/// How a session ends.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// By the card that began it.
    Card,
    /// The cable is pulled.
    Cable,
    /// By the central system.
    Remote,
    /// By the card, and the network is gone before and back after.
    Offline,
    /// By a reset of the whole charger.
    Reset,
}

impl Ending {
    pub const ALL: [Ending; 5] = [
        Ending::Card,
        Ending::Cable,
        Ending::Remote,
        Ending::Offline,
        Ending::Reset,
    ];
}

/// Everything has been told, and nothing goes on.
pub fn is_at_rest(status: &Value) -> bool {
    status["queue"] == 0
        && status["shows"]["registration"] == "Accepted"
        && connector_of(status, 1)["shows"]["status"] == "Available"
}

/// The central system's id of the transaction, once there is one.
pub fn transaction(status: &Value) -> Option<i64> {
    connector_of(status, 1)["shows"]["transaction"]
        .as_str()?
        .parse()
        .ok()
}

/// The first half of a session: energy flows.
pub fn begin(charger: &Charger, card: &str, energy_wh: f64) -> Step {
    clear(charger)?;
    let control = charger.control();
    let status = alive(control.status())?;
    // Sets the sessions apart on the register.
    let wh = register(&status).unwrap_or(0.0);
    alive(control.meter(1, wh.ceil() + 100.0))?;
    alive(control.plug(1))?;
    alive(control.card(card))?;
    wait(charger, |s| connector_of(s, 1)["contactor"] == "closed")?;
    wait(charger, |s| {
        register(s).is_some_and(|now| now >= wh.ceil() + 100.0 + energy_wh)
    })
}

/// No car, no permit, and the component knows it: what an earlier process left
/// open has got its end before anybody touches the meter.
pub fn clear(charger: &Charger) -> Step {
    wait(charger, |s| s["shows"]["registration"].is_string())?;
    let status = alive(charger.control().status())?;
    if connector_of(&status, 1)["plugged"] == true {
        alive(charger.control().unplug(1))?;
    }
    wait(charger, |s| {
        let connector = connector_of(s, 1);
        connector["plugged"] == false
            && connector["permit"].is_null()
            && connector["contactor"] == "open"
    })
}

pub fn register(status: &Value) -> Option<f64> {
    connector_of(status, 1)["register_wh"].as_f64()
}

pub fn wait(charger: &Charger, is: impl Fn(&Value) -> bool) -> Step {
    match charger.wait_status_or_end(PATIENCE, &is) {
        Some(_) => Ok(()),
        None if charger.is_alive() && charger.control().status().is_ok() => panic!(
            "the charger lives and does not go on: {:#?}",
            charger.control().status()
        ),
        None => Err(Died),
    }
}

/// Who does not answer has died.
pub fn alive<T>(answer: Result<T, ControlFailure>) -> Step<T> {
    match answer {
        Ok(it) => Ok(it),
        Err(ControlFailure::NoAnswer { .. }) => Err(Died),
        Err(refused) => panic!("{refused}"),
    }
}
