//! A world for tests: virtual time, outlets with cars, a central system, the
//! standard's rules for a policy, and a flash that loses what was not durable.
//! Not part of the component.

mod books;
mod central;
mod deeds;
mod flash;
mod hands;
mod outlet;
mod policy;
mod questions;
mod settings;
mod simulation;
mod tamper;
mod watch;
mod wire;
mod world;

pub use books::{Told, audit, close};
pub use central::{CentralSystem, Reply};
pub use flash::Flash;
pub use outlet::SimOutlet;
pub use settings::Settings;
pub use simulation::{Dice, Life, Ruin, live, live_wrongly};
pub use tamper::Tamper;
pub use watch::{Broken, Rule, Watch};
pub use world::{Sent, World};
