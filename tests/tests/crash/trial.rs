//! One charger that dies again and again on one state, its central system, and
//! the reckoning at the end.

use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Reply};
use plugpoint_tests::charger::{Charger, Config, Site, contactor_moves};
use plugpoint_tests::flows::Flows;
use plugpoint_tests::ledger::{Ledger, Rules};
use serde_json::json;

use crate::hands::{Died, Step, alive, begin, clear, is_at_rest, register, wait};

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
    flows: Flows,
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
            flows: Flows::default(),
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
        self.flows.note(&contactor_moves(printed));
    }

    /// The first word of a process that has just started: the register at which
    /// the one before it died.
    pub fn note_register(&mut self, charger: &Charger) -> Step {
        let status = alive(charger.control().status())?;
        if let Some(wh) = register(&status) {
            self.flows.died_at(wh);
        }
        Ok(())
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
        if let Err(why) = self.flows.check(&ledger) {
            self.fail(&why);
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
