//! A charger on a link that is about to break, and what must hold whatever
//! happens to it.

use std::time::Duration;

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config, Site};
use plugpoint_tests::ledger::{Ledger, Rules};
use serde_json::Value;

pub struct Stage {
    pub central: CentralSystem,
    pub charger: Charger,
    _site: Site,
}

pub fn stage() -> Stage {
    stage_with(
        CentralSystem::start().expect("a central system"),
        |config| config,
    )
}

pub fn stage_with(central: CentralSystem, edit: impl FnOnce(Config) -> Config) -> Stage {
    let site = Site::new().expect("a place");
    let config = Config::new(central.url())
        .ocpp("MeterValueSampleInterval", "1")
        .ocpp("AllowOfflineTxForUnknownId", "true")
        .ocpp("MessageTimeout", "2");
    let charger = site.start(&edit(config)).expect("a charger");
    central.expect_opened();
    central.expect_status(1, "Available");
    Stage {
        central,
        charger,
        _site: site,
    }
}

impl Stage {
    /// A car charges, and the central system knows it.
    pub fn begin(&self) {
        self.charger.control().plug(1).expect("a car");
        self.charger.control().card("CARD1").expect("a card");
        self.central
            .expect("StartTransaction", |p| p["idTag"] == "CARD1");
        self.charger.wait_contactor(1, "closed");
        self.central.expect_any("MeterValues");
    }

    /// That car leaves and another charges, whatever the link does.
    pub fn go_on_charging(&self) {
        let control = self.charger.control();
        control.card("CARD1").expect("a card");
        self.charger.wait_contactor(1, "open");
        control.unplug(1).expect("no car");
        self.charger
            .wait_connector(1, "no permit", |c| c["permit"].is_null());
        control.plug(1).expect("a car");
        control.card("CARD2").expect("a card");
        self.charger.wait_contactor(1, "closed");
        let wh = self.charger.connector(1)["register_wh"]
            .as_f64()
            .expect("a register");
        self.charger.wait_register(1, wh + 2.0);
        control.card("CARD2").expect("a card");
        self.charger.wait_contactor(1, "open");
    }

    /// Both transactions are told whole and in order.
    pub fn expect_everything(&self) -> Ledger {
        for _ in 0..2 {
            self.central.expect_any("StopTransaction");
        }
        let ledger = Ledger::of(
            &self.central.journal().entries(),
            &Rules {
                call_timeout: Duration::from_secs(2),
                ..Rules::default()
            },
        );
        ledger.assert_clean(|| self.central.journal().transcript());
        let tags: Vec<&str> = ledger
            .transactions
            .iter()
            .map(|tx| tx.id_tag.as_str())
            .collect();
        assert_eq!(tags, ["CARD1", "CARD2"]);
        assert!(ledger.transactions.iter().all(|tx| tx.stop.is_some()));
        assert!(!ledger.transactions[0].samples.is_empty());
        ledger
    }

    /// Back on the air at once, instead of after the back-off.
    pub fn redial(&self) {
        self.charger.control().network(false).expect("off");
        self.charger.control().network(true).expect("on");
    }

    pub fn link(&self) -> Value {
        self.charger.status()["link"].clone()
    }
}
