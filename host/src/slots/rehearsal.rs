//! The rehearsal of a swap: the new version's first `start`, on a copy of the
//! entries and on a thread of its own. What it wants done is thrown away. So one
//! that hangs or bloats there costs the slot nothing.

use super::{Refusal, Swap};
use crate::guest::{Kind, Slot};
use crate::store::Entries;

/// Rehearses, and hands the swap back if that went well; else the job has been
/// told why. `beside`: the slot that it is for.
pub fn rehearse<K: Kind>(
    mut swap: Box<Swap<K>>,
    beside: &Slot<K>,
    boot: K::Boot,
    hand_back: impl FnOnce(Box<Swap<K>>) + Send + 'static,
) {
    let kept = beside.entries().iter().collect();
    let prepared = swap.found.prepared.clone();
    let mut copy = beside.beside(prepared, |most| Entries::new(kept, most));
    let rehearsal = move || match copy.start(&boot) {
        Ok(_) => {
            swap.rehearsed = true;
            hand_back(swap);
        }
        Err(failure) => {
            let refusal = Refusal::Start(failure.to_string());
            swap.job.refused(&refusal.to_string());
        }
    };
    let thread = std::thread::Builder::new().name("rehearsal".into());
    if let Err(error) = thread.spawn(rehearsal) {
        // The job went with the closure and stays where it was.
        tracing::error!(%error, "no thread for the rehearsal of a swap");
    }
}
