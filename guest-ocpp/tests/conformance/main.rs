//! The certification's cases for Core, natively and in virtual time, each with
//! and without amnesia. One function per case, named as the case is.

mod boot;
mod configuration;
mod offline;
mod refusals;
mod remote;
mod reset;
mod start_stop;
mod unlock;

use guest_ocpp::host::Cable;
use guest_ocpp::testing::{Settings, World};

/// Makes the worlds of one run.
#[derive(Clone, Copy)]
pub struct Bench {
    amnesia: bool,
    /// There is a second connector, which nobody uses.
    two: bool,
}

impl Bench {
    /// A charger that has just been powered up.
    fn cold(self, cable: Cable, ocpp: &[(&str, &str)]) -> World {
        World::new(Settings {
            cables: if self.two {
                vec![cable, Cable::Fixed]
            } else {
                vec![cable]
            },
            reader_serves: Some(vec![1]),
            silent: if self.two { vec![2] } else { Vec::new() },
            amnesia: self.amnesia,
            ocpp: ocpp
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Settings::default()
        })
    }

    /// A charger at rest, with nothing said that a case would have to skip.
    fn idle(self, cable: Cable, ocpp: &[(&str, &str)]) -> World {
        let mut world = self.cold(cable, ocpp);
        world.run(1_000);
        world.news();
        world
    }

    /// A tethered charger at rest.
    fn fixed(self) -> World {
        self.idle(Cable::Fixed, &[])
    }

    /// A charger with a socket at rest.
    fn socket(self) -> World {
        self.idle(Cable::Socket, &[])
    }
}

/// A car is plugged in and a card shown; the news of it are taken.
fn charge(world: &mut World, tag: &str) {
    world.plug(1);
    world.card(tag);
    world.run(2_000);
    let news = world.news();
    assert!(
        news.contains(&"Status(1,Charging)".to_owned()),
        "{news:?} {:#?}",
        world.log()
    );
}

type Case = fn(Bench);

const CASES: &[(&str, Case)] = &[
    ("TC_001", boot::tc_001),
    ("TC_002", boot::tc_002),
    ("TC_003", start_stop::tc_003),
    ("TC_004_1", start_stop::tc_004_1),
    ("TC_004_2", start_stop::tc_004_2),
    ("TC_068", start_stop::tc_068),
    ("TC_069", start_stop::tc_069),
    ("TC_005_1", start_stop::tc_005_1),
    ("TC_005_2 (fixed)", start_stop::tc_005_2_fixed),
    ("TC_005_2 (socket)", start_stop::tc_005_2_socket),
    ("TC_005_3 (fixed)", start_stop::tc_005_3_fixed),
    ("TC_005_3 (socket)", start_stop::tc_005_3_socket),
    ("TC_007_1", start_stop::tc_007_1),
    ("TC_007_2", remote::tc_007_2),
    ("TC_061_1", start_stop::tc_061_1),
    ("TC_061_2", remote::tc_061_2),
    ("TC_010", remote::tc_010),
    ("TC_011_1", remote::tc_011_1),
    ("TC_011_2", remote::tc_011_2),
    ("TC_012", remote::tc_012),
    ("TC_026", remote::tc_026),
    ("TC_027", remote::tc_027),
    ("TC_028", remote::tc_028),
    ("TC_013", reset::tc_013),
    ("TC_014", reset::tc_014),
    ("TC_015", reset::tc_015),
    ("TC_016", reset::tc_016),
    ("TC_017_1", unlock::tc_017_1),
    ("TC_017_2", unlock::tc_017_2),
    ("TC_018_1", unlock::tc_018_1),
    ("TC_018_2", unlock::tc_018_2),
    ("TC_030", unlock::tc_030),
    ("TC_031", unlock::tc_031),
    ("TC_019", configuration::tc_019),
    ("TC_021", configuration::tc_021),
    ("TC_040_1", configuration::tc_040_1),
    ("TC_040_2", configuration::tc_040_2),
    ("TC_070", configuration::tc_070),
    ("TC_071", configuration::tc_071),
    ("TC_023_4", start_stop::tc_023_4),
    ("TC_023_5", remote::tc_023_5),
    ("TC_024", start_stop::tc_024),
    ("TC_032_1", offline::tc_032_1),
    ("TC_032_2", offline::tc_032_2),
    ("TC_034", reset::tc_034),
    ("TC_036", offline::tc_036),
    ("TC_037_1", offline::tc_037_1),
    ("TC_037_2", offline::tc_037_2),
    ("TC_037_3", offline::tc_037_3),
    ("TC_038", offline::tc_038),
    ("TC_039", offline::tc_039),
    ("TC_041", start_stop::tc_041),
    ("TC_042_1", refusals::tc_042_1),
    ("TC_043_1", refusals::tc_043_1),
    ("TC_048_4", refusals::tc_048_4),
    ("TC_050_4", refusals::tc_050_4),
    ("TC_062", refusals::tc_062),
];

#[test]
fn core() {
    let mut failed = Vec::new();
    for (amnesia, two) in [(false, false), (true, false), (false, true), (true, true)] {
        for (name, case) in CASES {
            if std::panic::catch_unwind(|| case(Bench { amnesia, two })).is_err() {
                failed.push(format!(
                    "{name} (amnesia: {amnesia}, two connectors: {two})"
                ));
            }
        }
    }
    println!(
        "{} cases, each with and without amnesia, with one connector and with two",
        CASES.len()
    );
    assert!(failed.is_empty(), "failed: {failed:#?}");
}
