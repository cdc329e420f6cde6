//! The form of what is kept, schema 1. A change of `golden/entries-1.txt` means
//! that chargers in the field hold entries that this version must still read:
//! `UPDATE_GOLDEN=1` rewrites it, and wants a good reason.

use plugpoint_ocpp_world::{Settings, World, audit};
use serde_json::json;

const GOLDEN: &str = include_str!("golden/entries-1.txt");
/// As the first builds wrote them: what was added to schema 1 since may be
/// missing.
const FIRST: &str = include_str!("golden/entries-1-first.txt");

fn world() -> World {
    let ocpp = [
        ("AllowOfflineTxForUnknownId", "true"),
        (
            "StopTxnSampledData",
            "Energy.Active.Import.Register,Voltage.L1-N",
        ),
    ];
    let ocpp = ocpp
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    World::new(Settings {
        ocpp,
        ..Settings::default()
    })
}

/// A session that is told, one that is not, and one that goes on.
fn busy() -> World {
    let mut world = world();
    world.central.tags.insert(
        "TAG1".to_owned(),
        json!({"status": "Accepted", "parentIdTag": "GROUP"}),
    );
    world.run(1_000);
    world.call(
        "ChangeConfiguration",
        json!({"key": "MeterValueSampleInterval", "value": "30"}),
    );
    world.call(
        "ChangeAvailability",
        json!({"connectorId": 0, "type": "Inoperative"}),
    );
    world.call(
        "ChangeAvailability",
        json!({"connectorId": 1, "type": "Operative"}),
    );
    for tag in ["TAG1", "TAG2", "TAG3"] {
        world.plug(1);
        world.card(tag);
        world.run(40_000);
        if tag != "TAG3" {
            world.card(tag);
            world.run(2_000);
            world.unplug(1);
            world.run(1_000);
        }
        world.set_online(false);
    }
    world.run(15_000);
    world
}

/// Message ids are random: here they are numbered.
fn numbered(dump: &str) -> String {
    let mut parts = dump.split("{\"id\":\"");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for (number, part) in (1..).zip(parts) {
        out.push_str(&format!("{{\"id\":\"message-{number}{}", &part[36..]));
    }
    out
}

#[test]
fn entries_look_as_they_did() {
    let dump = numbered(&busy().flash.dump());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/entries-1.txt"),
            &dump,
        )
        .unwrap();
        return;
    }
    assert_eq!(dump, GOLDEN);
}

#[test]
fn entries_of_schema_1_are_read() {
    for dump in [GOLDEN, FIRST] {
        read_back(dump);
    }
}

fn read_back(dump: &str) {
    let mut world = world();
    world.set_online(false);
    world.flash = plugpoint_ocpp_world::Flash::restore(dump);
    world.power_cycle();
    world.set_online(true);
    world.run(5_000);
    let news = world.news();
    for expected in [
        "Start(TAG2)",
        "Stop(Local)",
        "Start(TAG3)",
        "Stop(PowerLoss)",
        "Status(0,Unavailable)",
    ] {
        assert!(
            news.iter().any(|line| line == expected),
            "{expected} is missing: {news:?}"
        );
    }
    audit(&world).unwrap();
    let answer = world.call(
        "GetConfiguration",
        json!({"key": ["MeterValueSampleInterval"]}),
    );
    assert_eq!(answer["configurationKey"][0]["value"], "30");
    assert!(
        !world.log().iter().any(|line| line.contains("damaged")),
        "{:#?}",
        world.log()
    );
}
