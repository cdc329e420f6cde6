//! Behaviour beyond the certification's cases: what goes wrong in the field,
//! each with and without amnesia.

mod authorization;
mod clock;
mod connectors;
mod factory;
mod link;
mod queue;
mod reporting;
mod signing_in;
mod storage;
mod unsaid;
mod wire;

use guest_ocpp::host::Cable;
use guest_ocpp::testing::{Settings, World};

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

/// The car's session is ended by its card, and it leaves.
fn leave(world: &mut World, tag: &str) {
    world.card(tag);
    world.run(2_000);
    world.unplug(1);
    world.run(1_000);
}
