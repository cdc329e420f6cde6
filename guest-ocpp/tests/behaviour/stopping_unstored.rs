//! A transaction is ended while nothing can be stored: its energy ends at once, the
//! next car gets none of it, and it is reported with its own register, time and
//! reason once it can be stored.

use plugpoint_guest::protocol::{Cable, ContactorState, FaultKind};
use plugpoint_ocpp_world::{World, close};
use serde_json::{Value, json};

use crate::{charge, worlds};

const KEYS: [(&str, &str); 2] = [
    ("MeterValueSampleInterval", "0"),
    ("AuthorizationCacheEnabled", "true"),
];

/// How the disk fails.
#[derive(Clone, Copy, Debug)]
enum Disk {
    Full,
    Stalled,
}

/// What ends the transaction, and as what it is reported.
#[derive(Clone, Copy, Debug)]
enum End {
    OwnCard,
    RemoteStop,
    Unplugged,
    EmergencyStop,
    Reset,
}

impl Disk {
    fn fail(self, world: &mut World) {
        match self {
            Self::Full => world.flash.broken = true,
            Self::Stalled => world.flash.stall(),
        }
    }

    fn recover(world: &mut World) {
        world.flash.broken = false;
        world.flash.resume();
    }
}

impl End {
    const ALL: [Self; 5] = [
        Self::OwnCard,
        Self::RemoteStop,
        Self::Unplugged,
        Self::EmergencyStop,
        Self::Reset,
    ];

    fn happen(self, world: &mut World) {
        match self {
            Self::OwnCard => world.card("TAG1"),
            Self::RemoteStop => {
                let id = world.shows(1, "transaction").parse::<i64>().unwrap_or(0);
                world.call("RemoteStopTransaction", json!({ "transactionId": id }));
            }
            Self::Unplugged => world.unplug(1),
            Self::EmergencyStop => world.set_fault(1, Some(FaultKind::EmergencyStop)),
            Self::Reset => {
                world.call("Reset", json!({ "type": "Hard" }));
            }
        }
    }

    fn reasons(self) -> &'static [&'static str] {
        match self {
            Self::OwnCard => &["Local"],
            Self::RemoteStop => &["Remote"],
            Self::Unplugged => &["EVDisconnected"],
            Self::EmergencyStop => &["EmergencyStop", "Other"],
            Self::Reset => &["HardReset", "Reboot"],
        }
    }
}

fn is_open(world: &World) -> bool {
    world.outlets[0].state.contactor == ContactorState::Open
}

#[test]
fn energy_ends_at_once_and_is_reported_later() {
    for (disk, end) in [Disk::Full, Disk::Stalled]
        .into_iter()
        .flat_map(|disk| End::ALL.map(|end| (disk, end)))
    {
        for cable in [Cable::Fixed, Cable::Socket] {
            for mut world in worlds(&[cable], &KEYS) {
                ends_at_once(&mut world, disk, end);
            }
        }
    }
}

fn ends_at_once(world: &mut World, disk: Disk, end: End) {
    let what = format!("{disk:?}, {end:?}, {:?}", world.outlets[0].state.cable);
    charge(world, "TAG1");
    world.run(3_600_000);
    let earlier = world.all("StopTransaction").len();
    disk.fail(world);
    end.happen(world);
    world.run(3_000);
    assert!(is_open(world), "{what}: energy flows on");
    let (wh, ended_ms) = (world.outlets[0].register_mwh / 1000, world.unix_ms());

    // The next car, for as long as nothing can be stored.
    world.set_fault(1, None);
    if world.outlets[0].state.plugged {
        world.unplug(1);
    }
    world.run(5_000);
    world.plug(1);
    world.card("TAG2");
    world.run(120_000);
    assert!(is_open(world), "{what}: the next car charges");
    let remote = json!({ "idTag": "TAG2", "connectorId": 1 });
    assert_eq!(
        world.call("RemoteStartTransaction", remote)["status"],
        "Rejected",
        "{what}"
    );
    world.run(600_000);
    assert!(is_open(world), "{what}: the next car charges");

    Disk::recover(world);
    world.run(60_000);
    assert!(is_open(world), "{what}: the next car charges");
    let stops = world.all("StopTransaction");
    assert_eq!(stops.len(), earlier + 1, "{what}");
    let stop = &stops[earlier].payload;
    assert_eq!(stop["meterStop"], wh, "{what}");
    let reason = stop["reason"].as_str().unwrap_or("Local");
    assert!(end.reasons().contains(&reason), "{what}: {reason}");
    // A restart has nothing but what is on the disk.
    if !matches!(end, End::Reset) {
        let late = ended_ms - unix_ms(&stop["timestamp"]);
        assert!((0..=3_500).contains(&late), "{what}: {late} ms");
    }

    // And it charges on its own account as soon as it asks again.
    world.card("TAG2");
    world.run(3_000);
    assert!(!is_open(world), "{what}: {:#?}", world.log());
    assert_eq!(world.last("StartTransaction").payload["idTag"], "TAG2");
    world.unplug(1);
    world.run(60_000);
    close(world).unwrap_or_else(|broken| panic!("{what}: {broken}"));
    assert_eq!(world.watch.broken, [], "{what}");
}

/// With StopTransactionOnEVSideDisconnect=false a transaction waits for its car, and
/// there is no way to know which car it is (4.10). But while nothing can be stored no
/// car gets a permit.
#[test]
fn a_waiting_transaction_gets_no_permit_while_nothing_can_be_stored() {
    let keys = [KEYS[0], ("StopTransactionOnEVSideDisconnect", "false")];
    for mut world in worlds(&[Cable::Fixed], &keys) {
        charge(&mut world, "TAG1");
        world.flash.broken = true;
        // Somebody notices that nothing can be stored.
        let change = json!({ "key": "HeartbeatInterval", "value": "77" });
        world.call("ChangeConfiguration", change);
        world.unplug(1);
        assert!(
            world.outlets[0].state.permit.is_none(),
            "a permit outlives its car"
        );
        world.run(1_000);
        world.plug(1);
        world.run(120_000);
        assert!(is_open(&world));
        Disk::recover(&mut world);
        world.run(20_000);
        assert!(
            !is_open(&world),
            "the transaction goes on with a permit of its own"
        );
        assert_eq!(world.all("StopTransaction").len(), 0);
        assert_eq!(world.watch.broken, []);
    }
}

/// While the disk works: a new permit for the same transaction when a car returns.
#[test]
fn a_car_that_returns_gets_another_permit() {
    let keys = [KEYS[0], ("StopTransactionOnEVSideDisconnect", "false")];
    for mut world in worlds(&[Cable::Fixed], &keys) {
        charge(&mut world, "TAG1");
        world.unplug(1);
        assert!(
            world.outlets[0].state.permit.is_none(),
            "a permit outlives its car"
        );
        world.run(5_000);
        world.plug(1);
        world.run(5_000);
        assert!(!is_open(&world));
        assert_eq!(world.all("StartTransaction").len(), 1);
        assert_eq!(world.watch.broken, []);
    }
}

fn unix_ms(timestamp: &Value) -> i64 {
    let text = timestamp.as_str().expect("a timestamp");
    let time: jiff::Timestamp = text.parse().expect("RFC 3339");
    time.as_millisecond()
}
