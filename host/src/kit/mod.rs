//! What the author of a plugin needs: a project to begin with, a name on the
//! component, and a trial of it on the desk.
//!
//! In reading order:
//! * [`Command`]: the command line
//! * `new`: writes a project for a policy in Rust, JavaScript or Python, or for a protocol
//!   component; `library`: the crates that one is built from
//! * `wrap`: gives a built component its name and version
//! * `script`, `stage`, `trial`, `report`: scripted requests to a policy
//! * `dev`: all of it again on each change, on a simulated charger
//!
//! What is *not* here: installing anything on a real charger, and signing for one,
//! which is the business of `minisign`. A trial uses the same guest runtime as a charger
//! does; only time and the asker are made up.

mod check;
mod command;
mod dev;
mod error;
mod library;
mod name;
mod new;
mod report;
mod script;
mod stage;
mod trial;
mod wrap;

pub use command::{Command, Verdict};
pub use error::KitError;
