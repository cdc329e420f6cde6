//! [`AttachedStation`]: a charge point that the suite meets as a stranger.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use plugpoint_conformance::attached::{AttachedStation, Attachment};
use plugpoint_conformance::charger::{Config, Site, program};
use plugpoint_conformance::run::{self, Word};
use plugpoint_conformance::{Answer, Cable, Case, Power, Station, Traits};
use serde_json::json;

/// A place for a charge point that knows its central system's address.
struct Stranger {
    site: Site,
    config: Config,
    listen: SocketAddr,
    control: SocketAddr,
}

impl Stranger {
    fn new() -> Stranger {
        let (listen, control) = (free(), free());
        let site = Site::new().expect("a place");
        let config = Config::new(&format!("ws://{listen}/ocpp"))
            .set("control.listen", control.to_string())
            .set(
                "charge_point.state_dir",
                site.state_dir().to_string_lossy().into_owned(),
            )
            .persistent();
        Stranger {
            site,
            config,
            listen,
            control,
        }
    }

    fn attach(&self, power: Power, holds_up: bool) -> AttachedStation {
        let attached = AttachedStation::attach(Attachment {
            control: format!("http://{}", self.control),
            token: None,
            listen: self.listen,
            power,
            traits: Traits {
                cables: vec![Cable::Fixed],
                connector: 1,
                reader: vec![1],
                holds_up,
                car_reacts: Duration::from_secs(1),
                patience: Duration::from_secs(20),
                observation: Duration::from_secs(1),
                short: Duration::from_secs(1),
                files: None,
            },
        });
        attached.expect("a charge point")
    }
}

/// An address that nobody listens on at this moment.
fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

fn words(station: &mut AttachedStation, cases: &[&str]) -> Vec<(&'static str, Word, String)> {
    let cases: Vec<_> = cases
        .iter()
        .map(|number| Case::find(number).expect("a case"))
        .collect();
    let verdicts = run::run_on(station, "a stranger", &cases, |_| {});
    let told = verdicts.into_iter();
    told.map(|v| (v.case.number, v.word, v.why.unwrap_or_default()))
        .collect()
}

#[test]
fn a_charge_point_that_is_started_by_a_command_takes_the_cases() {
    let stranger = Stranger::new();
    let file = stranger.site.file("stranger.toml");
    std::fs::write(&file, stranger.config.to_text()).expect("a file");
    let program = program("PLUGPOINT_BIN", "plugpoint").expect("a program");
    let start = format!(
        "exec '{}' run --config '{}'",
        program.display(),
        file.display()
    );
    let mut station = stranger.attach(Power::program(start), true);
    let cases = [
        "TC_003", "TC_001", "TC_032_1", "TC_032_2", "TC_034", "TC_037_1", "TC_021", "TC_013",
        "TC_041",
    ];
    for (number, word, why) in words(&mut station, &cases) {
        assert_eq!(word, Word::Passed, "{number}: {why}");
    }
    let leave = station.leave().expect("it can be left");
    assert!(leave.is_empty(), "{leave:?}");
}

#[test]
fn what_is_not_in_our_hands_is_not_tried_and_all_is_left_as_it_was() {
    let stranger = Stranger::new();
    let config = stranger.config.clone().ocpp("ConnectionTimeOut", "77");
    let process = stranger.site.launch(&config).expect("a process");
    let mut station = stranger.attach(Power::Untouchable, false);
    let told = words(&mut station, &["TC_010", "TC_034", "TC_032_1", "TC_004_2"]);
    let expected = [
        Word::Passed,
        Word::NotApplicable,
        Word::NotApplicable,
        Word::Passed,
    ];
    for ((number, word, why), expected) in told.into_iter().zip(expected) {
        assert_eq!(word, expected, "{number}: {why}");
        if number == "TC_034" {
            assert!(why.contains("not in our hands"), "{why}");
        }
    }
    assert_ne!(time_out(&mut station), "77", "a case has changed it");
    let stubborn = station.leave().expect("it can be left");
    assert!(stubborn.is_empty(), "{stubborn:?}");
    assert!(!process.has_ended());
    let mut again = stranger.attach(Power::Untouchable, false);
    assert_eq!(time_out(&mut again), "77");
}

fn time_out(station: &mut dyn Station) -> String {
    let ask = json!({"key": ["ConnectionTimeOut"]});
    let answer = station.call("GetConfiguration", ask);
    let Ok(Answer::Result(answer)) = answer else {
        panic!("{answer:?}");
    };
    let value = answer["configurationKey"][0]["value"].as_str();
    value.unwrap_or_default().to_owned()
}
