//! A protocol component that spins through its budget, one that is dead, and a
//! process that stands still as a whole.

use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Charger, Config, Site, component};
use rustix::process::{Pid, Signal, kill_process};

use super::{assert_stays_open, change_cars};

/// How long the component may spin.
const BUDGET: Duration = Duration::from_secs(3);

/// A charger with a component that does what the central system says.
struct Bench {
    central: CentralSystem,
    charger: Charger,
    _site: Site,
}

impl Bench {
    fn charging() -> Bench {
        let central = CentralSystem::start_with(Settings {
            subprotocols: vec!["bad.v1".to_owned()],
            ..Settings::default()
        })
        .expect("a central system");
        let file = component("bad-component").expect("a component");
        let config = Config::new(central.url())
            .set("components.ocpp", file.to_string_lossy().into_owned())
            .set("limits.ocpp.event_ms", BUDGET.as_millis() as i64);
        let site = Site::new().expect("a place");
        let charger = site.start(&config).expect("a charger");
        let bench = Bench {
            central,
            charger,
            _site: site,
        };
        bench.line("hello");
        bench.charger.control().plug(1).expect("a car");
        bench.line("plugged 1");
        bench.permit();
        bench
    }

    fn permit(&self) {
        self.central.send_text("permit 1 16000");
        self.line("permitted 1");
        self.charger.wait_contactor(1, "closed");
    }

    fn line(&self, start: &str) {
        self.central
            .expect_text(start, |text| text.starts_with(start));
    }

    fn make(&self, mischief: &str) {
        self.central.send_text(mischief);
        let frames = self.charger.events();
        let taken = frames.wait_for(0, "frame", Duration::from_secs(60), |frame| {
            frame["text"] == mischief
        });
        assert!(taken.is_some(), "the loop has taken the frame");
    }
}

#[test]
fn while_the_component_spins() {
    let bench = Bench::charging();
    let loops = || bench.central.send_text("bad loop");
    bench.charger.wait_spinning(loops);
    change_cars(&bench.charger);
    assert_stays_open(&bench.charger, "while it spins");
    bench.line("dropped frame");
    assert_stays_open(&bench.charger, "behind it");
    // A permit for the car that is there.
    bench.permit();
}

#[test]
fn while_the_component_is_dead() {
    let bench = Bench::charging();
    // Fails again and again, with longer and longer pauses in between.
    for _ in 0..4 {
        bench.make("bad trap");
        bench.line("dropped frame");
    }
    bench.central.send_text("bad trap");
    change_cars(&bench.charger);
    assert_stays_open(&bench.charger, "while it is dead");
    bench.line("dropped frame");
    assert_stays_open(&bench.charger, "behind it");
    bench.permit();
}

/// Nothing can be seen of the cars meanwhile, and nothing tells which one is there
/// afterwards.
#[test]
fn while_the_process_stood_still() {
    let bench = Bench::charging();
    let process = bench.charger.process().id();
    signal(process, Signal::STOP);
    // Longer than hands need to put the plug into another car.
    std::thread::sleep(Duration::from_secs(4));
    signal(process, Signal::CONT);
    bench.charger.wait_contactor(1, "open");
    let ended = bench.charger.connector(1)["permit_end"]["what"].to_string();
    assert!(ended.contains("unwatched"), "{ended}");
    assert_stays_open(&bench.charger, "behind it");
    bench.permit();
}

fn signal(process: u32, signal: Signal) {
    let id = i32::try_from(process).ok().and_then(Pid::from_raw);
    kill_process(id.expect("a process"), signal).expect("the charger runs");
}
