//! The commands `plugpoint component …`: check a file's signature, compile it for
//! chargers without a compiler, and install, preflight, list and roll back on a
//! running charger, through its control API ([`crate::operator::Control`]).
//!
//! Not here: anything that decides. The charger does, and says so.

mod bundle;
mod candidate;
mod install;
mod list;
mod logs;
mod precompile;
mod preflight;
mod verify;
mod words;

pub use bundle::{BundleError, Signed, bundle};
pub use candidate::Candidate;
pub use install::{Install, InstallError, accept, install, roll_back};
pub use list::list;
pub use logs::logs;
pub use precompile::{PrecompileError, precompile};
pub use preflight::preflight;
pub use verify::{VerifyError, verify};
