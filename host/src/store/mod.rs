//! What outlives the power: one SQLite database in `state_dir`, on a thread of
//! its own.
//!
//! * [`Store`]: the handle. A commit is durable when its future resolves;
//!   several that wait together share one transaction.
//! * [`Entries`]: what one guest has kept, in memory, and which of it must be
//!   written when. Reading an entry never touches the database.
//!
//! What is *not* here: any meaning of what is stored. Keys and values belong to
//! the guests, documents to the part of the host that wrote them.

mod change;
mod database;
mod entries;
mod error;
mod thread;

pub use change::{Change, Durability, KeptEntry};
pub use database::{DATABASE_FILE, StoreSettings};
pub use entries::{Batch, ENTRY_OVERHEAD, Entries, EntriesFull};
pub use error::StoreError;
pub use thread::{InboxItem, Store};
