//! The configuration of the package, as it is, on a board that has its lines but
//! neither its meter nor its reader: the program of this machine runs with it.

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Config, LineBench, Site};

use crate::package::unpacked;

const LINES: [&str; 9] = [
    "K1",
    "K1_FB",
    "ESTOP",
    "RCD_N",
    "CP_PLUG",
    "CP_ENERGY",
    "LED_GREEN",
    "LED_BLUE",
    "LED_RED",
];

#[test]
fn the_program_runs_with_it() {
    let package = unpacked();
    let text = std::fs::read_to_string(package.path().join("etc/plugpoint/charger.toml"));
    let config = Config::parse(&text.expect("the configuration")).expect("TOML");
    assert_eq!(
        config
            .get("charge_point.state_dir")
            .and_then(|it| it.as_str()),
        Some("/var/lib/plugpoint"),
        "the unit's StateDirectory"
    );
    assert_eq!(
        config.get("control.listen").and_then(|it| it.as_str()),
        Some("unix:/run/plugpoint/control.sock"),
        "in the unit's RuntimeDirectory"
    );
    let central = CentralSystem::start().expect("a central system");
    let site = Site::new().expect("a place");
    let chip = LineBench::new(&site.file("chip"), &LINES).expect("a chip");
    let config = config
        .set("csms.url", central.url())
        .set("control.listen", "127.0.0.1:0")
        .set("debug.line_bench", chip.path().to_str().expect("a path"));
    let charger = site.start(&config).expect("a charger");
    central.expect_any("BootNotification");
    // All lines are had; what is missing is said by name.
    let problems = charger.wait_status("what is missing is seen", |status| {
        let text = status["connectors"].to_string();
        text.contains("/dev/ttyUSB0") && status["readers"].to_string().contains("/dev/ttyS1")
    });
    let faults = problems["connectors"][0]["faults"].to_string();
    assert!(!faults.contains("line"), "{faults}");
    for line in LINES {
        assert_eq!(chip.taken(line), 1, "{line}");
    }
}
