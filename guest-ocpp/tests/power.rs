//! The power fails behind every event of two sessions, once before and once
//! behind the actions of that event, with and without amnesia: the books are
//! right all the same.

use plugpoint_guest::protocol::Cable;
use plugpoint_ocpp_world::{Settings, World, close};

fn settings(cable: Cable, amnesia: bool, has_clock: bool) -> Settings {
    Settings {
        cables: vec![cable],
        amnesia,
        has_clock,
        ocpp: [
            ("MeterValueSampleInterval", "30"),
            ("AllowOfflineTxForUnknownId", "true"),
            ("StopTxnSampledData", "Energy.Active.Import.Register"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec(),
        ..Settings::default()
    }
}

/// One session online, one that begins online and ends offline.
fn live(world: &mut World) {
    world.run(2_000);
    world.plug(1);
    world.run(1_000);
    world.card("TAG1");
    world.run(100_000);
    world.card("TAG1");
    world.run(2_000);
    world.unplug(1);
    world.run(2_000);
    world.plug(1);
    world.card("TAG2");
    world.run(40_000);
    world.set_online(false);
    world.run(40_000);
    world.card("TAG2");
    world.run(2_000);
    world.unplug(1);
    world.run(5_000);
    world.set_online(true);
    world.run(120_000);
}

fn sweep(cable: Cable, amnesia: bool, has_clock: bool) {
    let mut clean = World::new(settings(cable, amnesia, has_clock));
    live(&mut clean);
    let told = close(&clean).unwrap();
    assert_eq!(told.len(), 2, "{:#?}", clean.log());
    for event in 1..=clean.events {
        for behind in [false, true] {
            let mut world = World::new(settings(cable, amnesia, has_clock));
            world.cut_at = Some((event, behind));
            live(&mut world);
            if let Err(why) = close(&world) {
                panic!(
                    "cut at event {event} (behind actions: {behind}): {why}\n{:#?}",
                    world.log()
                );
            }
        }
    }
    println!("{} events, each cut twice", clean.events);
}

#[test]
fn power_failure_behind_every_event() {
    for cable in [Cable::Fixed, Cable::Socket] {
        sweep(cable, false, true);
    }
}

#[test]
fn power_failure_and_amnesia() {
    sweep(Cable::Socket, true, true);
}

#[test]
fn power_failure_without_a_clock() {
    sweep(Cable::Fixed, false, false);
}
