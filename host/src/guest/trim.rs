//! Gives memory back to the system after compiling, which takes tens of
//! megabytes that are never needed again. Not for any other occasion.

/// What the allocator holds and nobody uses goes back.
#[allow(unsafe_code)] // one libc call without arguments that matter
pub(super) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `malloc_trim` may be called at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
