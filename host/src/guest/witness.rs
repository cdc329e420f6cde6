//! Somebody who sees all that happens in a slot: what goes into its guest, what
//! comes out, and what is done to its entries. It changes nothing.
//!
//! Not here: what it does with that (see `recorder`).

use std::sync::Arc;

use super::{Failure, Inspection, Kind, SlotSettings};
use crate::store::Entries;

/// Sees what happens, in this order: `starts` or `handles`; then, if the guest
/// came back and may do what it wants, `returned` and the secrets in it; then
/// `succeeded` or `failed`.
pub trait Witness<K: Kind>: Send {
    /// A new instance is made and started, on these entries.
    fn starts(
        &mut self,
        slot: &SlotSettings,
        component: &Inspection,
        boot: &K::Boot,
        entries: &Entries,
    );

    /// The instance is handed an event.
    fn handles(&mut self, now: K::Now, event: &K::Event);

    /// All actions of that call, in the guest's order.
    fn returned(&mut self, actions: &[K::Action]);

    /// Among them is one that keeps this in a secret entry. It does not stay if
    /// the same call forgets it: so a guest tells of a secret that it was told and
    /// does not keep.
    fn secret(&mut self, value: &Arc<[u8]>, stays: bool);

    /// The call took so many microseconds, and left the instance with so much
    /// memory.
    fn succeeded(&mut self, micros: u64, memory_bytes: usize);

    /// The call came to nothing.
    fn failed(&mut self, failure: &Failure);

    /// Another component is in the slot; the one before may come back.
    fn exchanged(&mut self);

    /// It has, with its instance.
    fn put_back(&mut self);

    /// What the last call kept could not be written, and is undone.
    fn reverted(&mut self);

    /// The entries are changed by somebody else; a start is next.
    fn cut(&mut self);

    /// It would like to see a start.
    fn wants_start(&self) -> bool;
}
