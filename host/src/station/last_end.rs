//! How the process before ended: in good order, or not.
//!
//! An end in good order is written down last, and taken back with the first start
//! of the protocol guest that is committed. So a guest that is killed before it
//! has drawn its conclusions still hears of it in the next process.
//!
//! Not here: ending in good order (see `Loop::end`).

use crate::store::{Store, StoreError};
use crate::wit::protocol::BootReason;

/// The name of the document, which says `clean` or anything else.
const DOCUMENT: &str = "last-end";
const CLEAN: &[u8] = b"clean";
const NONE: &[u8] = b"";

/// The reason for the first start of guests in this process.
pub(super) fn reason(store: &Store) -> Result<BootReason, StoreError> {
    let said = store.document_get(DOCUMENT)?;
    Ok(match said.as_deref() {
        Some(CLEAN) => BootReason::CleanShutdown,
        _ => BootReason::PowerUp,
    })
}

/// This process ends in good order.
pub(super) fn note(store: &Store) {
    store.document_put_soon(DOCUMENT, CLEAN.to_vec());
}

/// The guest's first start is about to be committed, behind this.
pub(super) fn take_back(store: &Store) {
    store.document_put_soon(DOCUMENT, NONE.to_vec());
}
