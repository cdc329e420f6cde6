//! A charger with two outlets on lines, a car that comes and goes at each, and
//! what its log, its status and its central system say of a fault.

use std::path::Path;
use std::time::Duration;

use plugpoint_tests::central_system::{Call, CentralSystem};
use plugpoint_tests::charger::{Charger, Config, LineBench, Site};
use serde_json::json;
use toml::Table;

/// For what happens at once, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

const LINES: [&str; 11] = [
    "K1", "K1_FB", "ESTOP", "RCD1", "PLUG1", "CP1", "K2", "RCD2", "PLUG2", "CP2", "LED",
];
/// The lines of connector 1.
pub const ONE: &str = "contactor = 'K1', emergency_stop = 'ESTOP', residual_current = 'RCD1', \
                       plug_present = 'PLUG1', energy_request = 'CP1'";
/// The lines of connector 2, which shares the emergency stop.
pub const TWO: &str = "contactor = 'K2', emergency_stop = 'ESTOP', residual_current = 'RCD2', \
                       plug_present = 'PLUG2', energy_request = 'CP2'";

pub struct Stage {
    pub chip: LineBench,
    pub central: CentralSystem,
    pub charger: Charger,
    _site: Site,
}

/// A charger with these lines and what else `edit` says. `occupied` is a line that
/// somebody else has.
pub fn stage(
    lines: [&str; 2],
    occupied: Option<&str>,
    edit: impl FnOnce(Config, &Site) -> Config,
) -> Stage {
    let site = Site::new().expect("a place");
    let chip = LineBench::new(&site.file("chip"), &LINES).expect("a chip");
    if let Some(line) = occupied {
        chip.occupy(line);
    }
    let central = CentralSystem::start().expect("a central system");
    let path = chip.path().to_string_lossy().into_owned();
    let config = Config::new(central.url())
        .set("debug.line_bench", path)
        .gpio(&lines);
    let charger = site.start(&edit(config, &site)).expect("a charger");
    Stage {
        chip,
        central,
        charger,
        _site: site,
    }
}

impl Stage {
    /// A car charges at this connector, started by a card.
    pub fn charge(&self, connector: u32, with_card: bool) {
        self.chip.set(&format!("PLUG{connector}"), true);
        self.central.expect_status(connector, "Preparing");
        self.chip.set(&format!("CP{connector}"), true);
        if with_card {
            let card = self.charger.control().card_at(connector, "04A1B2C3");
            card.expect("a card");
        } else {
            let start = json!({"connectorId": connector, "idTag": "REMOTE"});
            let answer = self.central.call("RemoteStartTransaction", start);
            let answer = answer.expect("an answer");
            assert_eq!(answer["status"], "Accepted");
        }
        let line = format!("K{connector}");
        self.chip.wait(&line, true, PATIENCE);
        self.central.expect_status(connector, "Charging");
    }

    /// The central system is told of this fault of a connector, and the status
    /// shows it with this text.
    pub fn fault(&self, connector: u32, told: [&str; 2], kind: &str, text: &str) -> Call {
        let [status, code] = told;
        let call = self.told(connector, status, code);
        let shown = self.charger.wait_connector(connector, kind, |it| {
            let faults = it["faults"].as_array().cloned().unwrap_or_default();
            faults.iter().any(|fault| {
                let shown = fault["text"].as_str().unwrap_or_default();
                fault["kind"] == kind && shown.contains(text)
            })
        });
        assert!(shown.is_object());
        call
    }

    /// The central system is told of this state of a connector.
    pub fn told(&self, connector: u32, status: &str, code: &str) -> Call {
        self.central.expect("StatusNotification", |it| {
            it["connectorId"] == connector && it["status"] == status && it["errorCode"] == code
        })
    }

    /// One message in the log has these words; more does not come.
    pub fn one_message(&self, words: &str) {
        let found = self.charger.process().wait_line(words, PATIENCE);
        assert!(found.is_some(), "no {words:?} in the log");
        let printed = self.charger.process().printed();
        let all: Vec<&String> = printed.iter().filter(|it| it.contains(words)).collect();
        assert_eq!(all.len(), 1, "one message: {all:#?}");
    }
}

/// A section of a device at this path.
pub fn device(driver: &str, path: &Path) -> Table {
    let mut device = Table::new();
    device.insert("driver".into(), driver.into());
    device.insert("path".into(), path.to_string_lossy().into_owned().into());
    device
}
