//! Which version of a component is in a slot, and how another one gets there:
//! installed in the field, tried, on probation, committed or rolled back.
//!
//! In reading order:
//! * [`Trust`]: whose components are believed, [`Refusal`]: why one is not taken
//! * [`Version`], [`Record`]: what is known of a slot's versions, over the power
//! * [`Shelf`]: the files, [`Loader`]: from a file to something that can start
//! * [`Probation`] and [`Traffic`]: whether a new version does as well as the one
//!   before
//! * [`rehearse`]: its first start, where it can do no harm
//! * [`Preflight`]: a candidate on the slot's own record, with no effect at all
//! * [`Tenant`]: one slot with all of that, owned by whoever runs the guest
//! * [`Jobs`] and [`Installer`]: what the control API asks for, on a thread of
//!   its own
//!
//! What is *not* here: running a guest's actions (see `station`, `policy`), and
//! anything of what a guest means.

mod error;
mod installer;
mod jobs;
mod loader;
mod preflight;
mod probation;
mod record;
mod rehearsal;
pub mod schemas;
mod shelf;
mod tenant;
mod trust;
mod version;

pub use error::Refusal;
pub use installer::{Flags, Handover, Installer, Slots, Target, Unavailable};
pub use jobs::{Job, JobFacts, Jobs, StepFacts};
pub use loader::{Base, Found, Loader};
pub use preflight::Preflight;
pub use probation::{Expected, Judgement, Probation, ProbationRules, Traffic};
pub use record::{Candidate, Place, Record, Records};
pub use rehearsal::rehearse;
pub use schemas::Schemas;
pub use shelf::Shelf;
pub(crate) use shelf::signature_of;
pub use tenant::{Flip, Swap, Tenant, TenantSettings};
pub use trust::{Trust, TrustError};
pub use version::Version;
