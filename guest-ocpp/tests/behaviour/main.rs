//! Behaviour beyond the certification's cases: what goes wrong in the field,
//! each with and without amnesia.

mod authorization;
mod cables;
mod cars;
mod clock;
mod configuration;
mod connectors;
mod ends;
mod factory;
#[cfg(feature = "firmware-management")]
mod firmware;
mod link;
#[cfg(feature = "local-auth-list")]
mod local_list;
mod meter;
mod opinions;
mod profiles;
mod queue;
mod reporting;
#[cfg(feature = "reservation")]
mod reservations;
mod reset;
mod signing_in;
mod silence;
#[cfg(feature = "smart-charging")]
mod smart_charging;
mod statuses;
mod stopping_unstored;
mod storage;
mod time;
#[cfg(feature = "remote-trigger")]
mod triggers;
mod unsaid;
mod wire;

use plugpoint_guest::protocol::Cable;
use plugpoint_ocpp_world::{Settings, World};

/// Two chargers, powered up and at rest: one whose instance lives on, and one
/// whose instance is thrown away after every event.
fn worlds(cables: &[Cable], ocpp: &[(&str, &str)]) -> [World; 2] {
    [false, true].map(|amnesia| {
        let mut world = World::new(Settings {
            cables: cables.to_vec(),
            amnesia,
            ocpp: ocpp
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Settings::default()
        });
        world.run(1_000);
        world.news();
        world
    })
}

fn fixed(ocpp: &[(&str, &str)]) -> [World; 2] {
    worlds(&[Cable::Fixed], ocpp)
}

/// A car is plugged in and a card shown; the news of it are taken.
fn charge(world: &mut World, tag: &str) {
    world.plug(1);
    world.card(tag);
    world.run(2_000);
    world.news();
}

/// Of the day, in ms.
fn time_of(stamp: &str) -> i64 {
    let digits = |from: usize, to: usize| stamp[from..to].parse::<i64>().unwrap();
    assert!(stamp.starts_with("2026-11-22T"), "{stamp}");
    ((digits(11, 13) * 60 + digits(14, 16)) * 60 + digits(17, 19)) * 1000 + digits(20, 23)
}

/// The virtual time as a time of that day.
fn now_of(world: &World) -> i64 {
    12 * 3_600_000 + world.ms as i64 - 100_000
}

/// The car's session is ended by its card, and it leaves.
fn leave(world: &mut World, tag: &str) {
    world.card(tag);
    world.run(2_000);
    world.unplug(1);
    world.run(1_000);
}
