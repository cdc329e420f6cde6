//! One charger that dies again and again on one state, its central system, and
//! the reckoning at the end.

use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Reply};
use plugpoint_tests::charger::{
    Charger, Config, ContactorMove, ControlFailure, Site, connector_of, contactor_moves,
};
use plugpoint_tests::ledger::{Ledger, Rules, Transaction};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

/// The charger has died; whoever notices stops what he is doing.
pub struct Died;

type Step<T = ()> = Result<T, Died>;

/// Where a process is to die.
#[derive(Debug, Clone, Copy)]
pub struct Crash {
    /// The kind of point.
    pub at: &'static str,
    /// The how-manieth, from 1.
    pub n: u64,
    /// How long the world goes on without the loop.
    pub linger_ms: u64,
}

/// See the module.
pub struct Trial {
    pub central: CentralSystem,
    site: Site,
    config: Config,
    /// While the contactor was closed: the register from and to.
    flows: Vec<(u64, u64)>,
    /// A contactor closed, and the process died before it opened.
    open_flow: Option<u64>,
}

impl Trial {
    pub fn new() -> Trial {
        let central = CentralSystem::start().expect("a central system");
        // Slow enough that some die while they wait for an answer.
        for action in ["StartTransaction", "StopTransaction", "MeterValues"] {
            central.answer(action, Reply::usual().after(Duration::from_millis(120)));
        }
        let config = Config::new(central.url())
            .persistent()
            .set("sim.car_delay_ms", 10)
            .ocpp("AllowOfflineTxForUnknownId", "true")
            .ocpp("MeterValueSampleInterval", "1");
        Trial {
            central,
            site: Site::new().expect("a place"),
            config,
            flows: Vec::new(),
            open_flow: None,
        }
    }

    /// Starts the charger, to die at a point or not.
    pub fn start(&self, crash: Option<Crash>) -> Step<Charger> {
        let config = match crash {
            None => self.config.clone(),
            Some(it) => self.config.clone().crash(it.at, it.n).linger(it.linger_ms),
        };
        match (self.site.start(&config), crash) {
            (Ok(charger), _) => Ok(charger),
            // It may die before it has said where its control API is.
            (Err(_), Some(_)) => Err(Died),
            (Err(error), None) => panic!("{error}"),
        }
    }

    /// The process is gone: keeps what its log says of the contactor.
    pub fn bury(&mut self, printed: &[String]) {
        self.central.note_restart();
        for it in contactor_moves(printed) {
            self.note(it);
        }
    }

    /// The first word of a process that has just started: the register at which
    /// the one before it died.
    pub fn note_register(&mut self, charger: &Charger) -> Step {
        let status = alive(charger.control().status())?;
        if let (Some(from), Some(wh)) = (self.open_flow.take(), register(&status)) {
            self.flows.push((from, (wh * 1000.0).round() as u64));
        }
        Ok(())
    }

    fn note(&mut self, it: ContactorMove) {
        match (it.closed, self.open_flow) {
            (true, None) => self.open_flow = Some(it.register_mwh),
            (true, Some(_)) => panic!("closed twice: {it:?}"),
            (false, Some(from)) => {
                self.flows.push((from, it.register_mwh));
                self.open_flow = None;
            }
            // Opened at the start of a process: it was open.
            (false, None) => {}
        }
    }

    /// Starts once more, waits until the central system has been told
    /// everything, and charges a car as if nothing had been.
    pub fn finish(&mut self) {
        let charger = match self.start(None) {
            Ok(charger) => charger,
            Err(Died) => unreachable!("it was not to die"),
        };
        let settled = self
            .note_register(&charger)
            .and_then(|()| clear(&charger))
            .and_then(|()| wait(&charger, is_at_rest))
            .and_then(|()| begin(&charger, "AFTER", 2.0))
            .and_then(|()| alive(charger.control().unplug(1)).map(drop))
            .and_then(|()| clear(&charger))
            .and_then(|()| wait(&charger, is_at_rest));
        if settled.is_err() {
            self.fail("the charger died without being told to");
        }
        // Behind its answer nothing is on the way any more.
        if let Err(failure) = self.central.call("ClearCache", json!({})) {
            self.fail(&failure.to_string());
        }
        let told = self.central.calls("StatusNotification");
        let last = told.iter().rev().find(|c| c.payload["connectorId"] == 1);
        if last.is_none_or(|call| call.payload["status"] != "Available") {
            self.fail(&format!("the last status told is {last:?}"));
        }
        let printed = charger.kill();
        self.bury(&printed);
        self.reckon();
    }

    /// Compares what the central system was told with what the meter saw.
    fn reckon(&self) {
        let entries = self.central.journal().entries();
        let ledger = Ledger::of(&entries, &Rules::default());
        ledger.assert_clean(|| self.central.journal().transcript());
        for tx in &ledger.transactions {
            if tx.stop.is_none() {
                self.fail(&format!("transaction {} never ends", tx.id));
            }
        }
        for flow in &self.flows {
            if !ledger.transactions.iter().any(|tx| holds(tx, *flow)) {
                self.fail(&format!(
                    "the contactor was closed from {} to {} mWh, and no transaction holds that",
                    flow.0, flow.1
                ));
            }
        }
        for tx in &ledger.transactions {
            let flowed: u64 = self
                .flows
                .iter()
                .filter(|flow| holds(tx, **flow))
                .map(|(from, to)| to - from)
                .sum();
            let told = tx.energy_wh().unwrap_or(-1) as f64;
            let flowed = flowed as f64 / 1000.0;
            if (told - flowed).abs() > 1.0 {
                self.fail(&format!(
                    "transaction {} is told as {told} Wh, and was {flowed} Wh",
                    tx.id
                ));
            }
        }
    }

    /// How many transactions there were, and how many retransmissions.
    pub fn counts(&self) -> (usize, usize) {
        let entries = self.central.journal().entries();
        let ledger = Ledger::of(&entries, &Rules::default());
        (ledger.transactions.len(), ledger.retransmissions)
    }

    fn fail(&self, why: &str) -> ! {
        panic!(
            "{why}\nflows {:?}\n{}",
            self.flows,
            self.central.journal().transcript()
        );
    }
}

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

/// A short session, from whatever state an earlier one was left in.
pub fn session(central: &CentralSystem, charger: &Charger, card: &str, ending: Ending) -> Step {
    // Longer than a second, so that there is a meter value on the way.
    begin(charger, card, 8.0)?;
    let control = charger.control();
    match ending {
        Ending::Card => {
            alive(control.card(card))?;
        }
        Ending::Cable => {
            alive(control.unplug(1))?;
        }
        Ending::Remote => {
            wait(charger, |s| transaction(s).is_some())?;
            let id = transaction(&alive(control.status())?);
            // No answer if it dies; and refused if it has ended by itself.
            let _ = central.call("RemoteStopTransaction", json!({"transactionId": id}));
        }
        Ending::Offline => {
            alive(control.network(false))?;
            alive(control.card(card))?;
            wait(charger, |s| connector_of(s, 1)["contactor"] == "open")?;
            alive(control.network(true))?;
        }
        Ending::Reset => {
            let _ = central.call("Reset", json!({"type": "Hard"}));
        }
    }
    wait(charger, |s| connector_of(s, 1)["contactor"] == "open")?;
    clear(charger)?;
    wait(charger, |s| s["queue"] == 0)
}

/// Everything has been told, and nothing goes on.
fn is_at_rest(status: &Value) -> bool {
    status["queue"] == 0
        && status["shows"]["registration"] == "Accepted"
        && connector_of(status, 1)["shows"]["status"] == "Available"
}

/// The central system's id of the transaction, once there is one.
fn transaction(status: &Value) -> Option<i64> {
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
fn clear(charger: &Charger) -> Step {
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

fn register(status: &Value) -> Option<f64> {
    connector_of(status, 1)["register_wh"].as_f64()
}

fn wait(charger: &Charger, is: impl Fn(&Value) -> bool) -> Step {
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
fn alive<T>(answer: Result<T, ControlFailure>) -> Step<T> {
    match answer {
        Ok(it) => Ok(it),
        Err(ControlFailure::NoAnswer { .. }) => Err(Died),
        Err(refused) => panic!("{refused}"),
    }
}

/// The transaction was running while this flowed; registers in mWh, told in Wh.
fn holds(tx: &Transaction, (from, to): (u64, u64)) -> bool {
    let stop = tx.stop.as_ref().map_or(i64::MAX, |stop| stop.meter);
    let wh = |mwh: u64| mwh as f64 / 1000.0;
    tx.meter_start as f64 <= wh(from) + 1.0 && stop as f64 >= wh(to) - 1.0
}
