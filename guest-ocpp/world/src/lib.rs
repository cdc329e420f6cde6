//! A world for tests: virtual time, outlets with cars, a central system, the
//! standard's rules for a policy, and a flash that loses what was not durable.
//! Not part of the component.

mod books;
mod central;
mod deeds;
mod depot;
mod dice;
mod flash;
mod hands;
mod knowledge;
mod maintenance;
mod outlet;
mod policy;
mod questions;
mod settings;
mod simulation;
mod tamper;
mod times;
mod watch;
mod wire;
mod world;

pub use books::{Told, audit, close};
pub use central::{CentralSystem, Reply};
pub use depot::{Depot, Fate};
pub use dice::Dice;
pub use flash::Flash;
pub use outlet::SimOutlet;
pub use settings::Settings;
pub use simulation::{Life, Ruin, live, live_maintained, live_wrongly};
pub use tamper::Tamper;
pub use watch::{Broken, Rule, Watch};
pub use world::{Sent, World};
