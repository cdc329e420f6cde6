//! What every session stands on: a central system, a charger that has booted
//! and said that it is available, and the first steps of a session.

use plugpoint_tests::central_system::{Call, CentralSystem};
use plugpoint_tests::charger::{Charger, Config, Site};
use plugpoint_tests::ledger::{Ledger, Rules};
use serde_json::{Value, json};

/// What may differ between two runs of the same session.
pub struct Setup {
    /// Throw the guests' instances away after every event.
    pub amnesia: bool,
}

/// A charger at its central system.
pub struct Stage {
    pub central: CentralSystem,
    pub charger: Charger,
    pub site: Site,
    pub config: Config,
    connectors: u32,
}

impl Setup {
    /// One connector with a fixed cable.
    pub fn stage(&self) -> Stage {
        self.stage_with(1, |config| config)
    }

    /// As configured, booted and available.
    pub fn stage_with(&self, connectors: u32, edit: impl FnOnce(Config) -> Config) -> Stage {
        let stage = self.unbooted(connectors, edit, |_| {});
        stage.expect_up();
        stage
    }

    /// As configured, with nothing expected yet.
    pub fn unbooted(
        &self,
        connectors: u32,
        edit: impl FnOnce(Config) -> Config,
        script: impl FnOnce(&CentralSystem),
    ) -> Stage {
        let central = CentralSystem::start().expect("a central system");
        script(&central);
        let config = Config::new(central.url())
            .connectors(connectors)
            .ocpp("MeterValueSampleInterval", "0")
            .ocpp("ConnectionTimeOut", "30")
            .amnesia(self.amnesia);
        let config = edit(config);
        let (site, charger) = Charger::start(&config).expect("a charger");
        Stage {
            central,
            charger,
            site,
            config,
            connectors,
        }
    }
}

impl Stage {
    /// From its parts.
    #[allow(dead_code)] // for those who take one apart
    pub fn of(
        central: CentralSystem,
        charger: Charger,
        site: Site,
        config: Config,
        connectors: u32,
    ) -> Stage {
        Stage {
            central,
            charger,
            site,
            config,
            connectors,
        }
    }

    /// The boot is accepted, and everything is available.
    pub fn expect_up(&self) {
        self.central.expect_any("BootNotification");
        for connector in 0..=self.connectors {
            self.central.expect_status(connector, "Available");
        }
    }

    pub fn card(&self, id_tag: &str) {
        self.charger.control().card(id_tag).expect("a card");
    }

    pub fn plug(&self, connector: u32) {
        self.charger.control().plug(connector).expect("a car");
    }

    pub fn unplug(&self, connector: u32) {
        self.charger.control().unplug(connector).expect("no car");
    }

    pub fn network(&self, online: bool) {
        self.charger.control().network(online).expect("a network");
        if !online {
            // Down only once the charger itself knows.
            self.charger
                .wait_status("a link that is down", |s| s["link"]["state"] != "up");
        }
    }

    /// Plug, card, and energy flows; the id of the transaction.
    pub fn charge(&self, connector: u32, id_tag: &str) -> i64 {
        self.plug(connector);
        self.central.expect_status(connector, "Preparing");
        self.card(id_tag);
        self.central.expect("Authorize", |p| p["idTag"] == id_tag);
        self.expect_charging(connector, id_tag)
    }

    /// A transaction begins, and the contactor closes; the transaction's id.
    pub fn expect_charging(&self, connector: u32, id_tag: &str) -> i64 {
        let start = self.central.expect("StartTransaction", |p| {
            p["connectorId"] == connector && p["idTag"] == id_tag
        });
        self.central.expect_status(connector, "Charging");
        self.charger.wait_contactor(connector, "closed");
        self.transaction_of(&start)
    }

    /// The id that the central system gave to this StartTransaction.
    pub fn transaction_of(&self, start: &Call) -> i64 {
        use plugpoint_tests::central_system::What;
        use plugpoint_tests::frame::Frame;
        let id = self
            .central
            .journal()
            .wait(std::time::Duration::from_secs(60), |entries| {
                entries.iter().find_map(|entry| match &entry.what {
                    What::Sent(Frame::Result { id, payload }) if *id == start.id => {
                        payload["transactionId"].as_i64()
                    }
                    _ => None,
                })
            });
        id.expect("an answer with a transaction id")
    }

    /// The transaction ends, with this reason, and the contactor opens.
    pub fn expect_stop(&self, transaction: i64, reason: &str) -> Call {
        let stop = self
            .central
            .expect("StopTransaction", |p| p["transactionId"] == transaction);
        let told = stop.payload["reason"].as_str().unwrap_or("Local");
        assert_eq!(told, reason, "in {}", stop.payload);
        stop
    }

    /// Energy flows: so much more than now.
    pub fn wait_energy(&self, connector: u32, wh: f64) {
        let now = self.charger.connector(connector)["register_wh"]
            .as_f64()
            .unwrap_or(0.0);
        self.charger.wait_register(connector, now + wh);
    }

    /// Makes sure that whatever the charger had to say about what has happened
    /// so far has been said: the answer to a CALL comes behind it.
    pub fn fence(&self) {
        self.ask("GetConfiguration", json!({"key": ["NumberOfConnectors"]}));
    }

    /// A CALL that must be answered by a CALLRESULT.
    pub fn ask(&self, action: &str, payload: Value) -> Value {
        match self.central.call(action, payload) {
            Ok(answer) => answer,
            Err(failure) => panic!(
                "{action}: {failure}\n{}",
                self.central.journal().transcript()
            ),
        }
    }

    /// A CALL whose answer has this status.
    pub fn ask_status(&self, action: &str, payload: Value, status: &str) {
        let answer = self.ask(action, payload.clone());
        assert_eq!(answer["status"], status, "{action} {payload}");
    }

    /// Waits for the decision about a card, and that it is a refusal.
    pub fn expect_refusal(&self, id_tag: &str) {
        let refused = self.charger.events().wait_for(
            0,
            "decision",
            std::time::Duration::from_secs(60),
            |d| d["token"] == id_tag && d["verdict"].to_string().contains("reject"),
        );
        assert!(
            refused.is_some(),
            "no refusal of {id_tag} in {:#?}",
            self.charger.events().all()
        );
    }

    /// No rule was broken in the whole session.
    pub fn ledger(&self) -> Ledger {
        let ledger = Ledger::of(&self.central.journal().entries(), &Rules::default());
        ledger.assert_clean(|| self.central.journal().transcript());
        ledger
    }

    /// Another process on the same state, as after a power failure.
    pub fn after_kill(self) -> Stage {
        let Stage {
            central,
            charger,
            site,
            config,
            connectors,
        } = self;
        charger.kill();
        central.note_restart();
        let charger = site.start(&config).expect("a charger");
        Stage {
            central,
            charger,
            site,
            config,
            connectors,
        }
    }
}
