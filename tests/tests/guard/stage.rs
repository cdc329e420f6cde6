//! A charger whose connectors are on the lines of a made-up chip, with a car
//! that charges by the toy protocol's permit.

use std::process::Command;
use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Charger, Config, LineBench, Site, component};

/// The default bound of the heartbeat.
pub const BOUND: Duration = Duration::from_millis(400);
/// For what happens at once, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

const LINES: [&str; 12] = [
    "K1", "K1_FB", "ESTOP", "RCD1", "PLUG1", "CP1", "K2", "RCD2", "PLUG2", "CP2", "LED", "SPARE",
];

pub struct Stage {
    pub chip: LineBench,
    pub charger: Charger,
    pub central: CentralSystem,
    pub config: Config,
    pub site: Site,
}

/// A place, a chip, and the configuration of a charger on it.
pub fn place(lines: &[&str]) -> (Site, LineBench, CentralSystem, Config) {
    let site = Site::new().expect("a place");
    let chip = LineBench::new(&site.file("chip"), &LINES).expect("a chip");
    let central = CentralSystem::start_with(Settings {
        subprotocols: vec!["bad.v1".to_owned()],
        ..Settings::default()
    })
    .expect("a central system");
    let file = component("bad-component").expect("a component");
    let config = Config::new(central.url())
        .set("components.ocpp", file.to_string_lossy().into_owned())
        .set(
            "debug.line_bench",
            chip.path().to_string_lossy().into_owned(),
        )
        .gpio(lines);
    (site, chip, central, config)
}

/// The lines of connector 1.
pub const ONE: &str = "contactor = 'K1', emergency_stop = 'ESTOP', residual_current = 'RCD1', \
                       plug_present = 'PLUG1', energy_request = 'CP1'";
/// The lines of connector 2, which shares the emergency stop.
pub const TWO: &str = "contactor = 'K2', emergency_stop = 'ESTOP', residual_current = 'RCD2', \
                       plug_present = 'PLUG2', energy_request = 'CP2'";

impl Stage {
    pub fn new(lines: &[&str], edit: impl FnOnce(Config) -> Config) -> Stage {
        let (site, chip, central, config) = place(lines);
        let config = edit(config);
        let charger = site.start(&config).expect("a charger");
        let stage = Stage {
            chip,
            charger,
            central,
            config,
            site,
        };
        stage.line("hello");
        stage
    }

    /// A car charges at connector 1.
    pub fn charging(edit: impl FnOnce(Config) -> Config) -> Stage {
        let stage = Stage::new(&[ONE], edit);
        stage.charge(1);
        stage
    }

    /// Plugs in, asks for energy and is permitted, until the line is closed.
    pub fn close(&self, number: u32) {
        self.chip.set(&format!("PLUG{number}"), true);
        self.line(&format!("plugged {number}"));
        self.chip.set(&format!("CP{number}"), true);
        self.central.send_text(format!("permit {number} 16000"));
        self.line(&format!("permitted {number}"));
        self.chip.wait(&format!("K{number}"), true, PATIENCE);
    }

    /// A car charges, and the charger says so.
    pub fn charge(&self, number: u32) {
        self.close(number);
        self.charger.wait_contactor(number, "closed");
    }

    pub fn line(&self, start: &str) {
        self.central
            .expect_text(start, |text| text.starts_with(start));
    }

    /// The process id of the guard that was started last.
    pub fn guard(&self) -> u32 {
        let printed = self.charger.process().printed();
        let line = printed.iter().rev().find(|l| l.contains("guard started"));
        line.and_then(|line| line.split_once("pid="))
            .and_then(|(_, id)| id.trim().parse().ok())
            .expect("a guard was started")
    }

    pub fn main(&self) -> u32 {
        self.charger.process().id()
    }

    /// How often something was logged.
    pub fn logged(&self, part: &str) -> usize {
        let printed = self.charger.process().printed();
        printed.iter().filter(|line| line.contains(part)).count()
    }
}

/// Sends a signal to one process.
pub fn signal(name: &str, id: u32) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &id.to_string()])
        .status();
    assert!(
        sent.is_ok_and(|status| status.success()),
        "kill -{name} {id}"
    );
}
