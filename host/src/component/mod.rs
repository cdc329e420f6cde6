//! The commands `plugpoint component …`: look at a file, compile it for chargers
//! without a compiler, and install, preflight, list and roll back on a running
//! charger, through its control API.
//!
//! Not here: anything that decides. The charger does, and says so.

mod candidate;
mod client;
mod install;
mod list;
mod precompile;
mod preflight;

pub use candidate::Candidate;
pub use client::{ClientError, Control};
pub use install::{Install, InstallError, install, roll_back};
pub use list::list;
pub use precompile::{PrecompileError, precompile};
pub use preflight::preflight;
