//! Which version of a component is in a slot, and how another one gets there:
//! installed in the field, tried, on probation, committed or rolled back.
//!
//! In reading order:
//! * [`Trust`] and [`Statement`]: whose components are believed, and for what;
//!   [`Floors`]: which are too old; [`Refusal`]: why one is not taken
//! * [`Version`], [`Record`]: what is known of a slot's versions, over the power
//! * [`Shelf`]: the files, [`Loader`]: from a file to something that can start
//! * [`Probation`] and [`Traffic`]: whether a new version does as well as the one
//!   before
//! * [`rehearse`]: its first start, where it can do no harm
//! * [`Preflight`]: a candidate on the slot's own record, with no effect at all
//! * [`Tenant`]: one slot with all of that, owned by whoever runs the guest
//! * [`Bundle`]: a component and its signature in one file
//! * [`Jobs`] and [`Installer`]: what the control API asks for, on a thread of
//!   its own
//!
//! What is *not* here: running a guest's actions (see `station`, `policy`), and
//! anything of what a guest means.

mod bundle;
mod error;
mod floors;
mod installer;
mod jobs;
mod loader;
mod preflight;
mod probation;
mod record;
mod rehearsal;
pub mod schemas;
mod shelf;
mod statement;
mod tenant;
mod trust;
mod version;

pub use bundle::{Bundle, DamagedBundle, is_bundle, write_bundle};
pub use error::Refusal;
pub use floors::Floors;
pub use installer::{Flags, Handover, Installer, Slots, Standing, Target, Unavailable};
pub use jobs::{Job, JobFacts, Jobs, StepFacts};
pub use loader::{Base, Found, Loader};
pub use preflight::Preflight;
pub use probation::{Expected, Judgement, Probation, ProbationRules, Traffic};
pub use record::{Candidate, Place, Record, Records};
pub use rehearsal::rehearse;
pub use schemas::Schemas;
pub use shelf::Shelf;
pub(crate) use shelf::signature_of;
pub(crate) use statement::is_pattern;
pub use statement::{Statement, StatementError};
pub use tenant::{Flip, Swap, Tenant, TenantSettings};
pub(crate) use trust::public_key;
pub use trust::{Trust, TrustError, Vouched};
pub use version::Version;
