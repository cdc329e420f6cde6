//! A thread that gives way to all others.

/// The present thread, and those that it starts, get only what nobody else
/// wants of the processor.
#[allow(unsafe_code)] // one libc call, on this thread alone
pub(super) fn give_way() {
    // SAFETY: has no precondition; 0 means the calling thread on Linux.
    if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 19) } != 0 {
        tracing::warn!("the installer runs with the usual priority");
    }
}
