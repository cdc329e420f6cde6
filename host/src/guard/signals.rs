//! The guard outlives the signals by which the main process is asked to end: it
//! ends when that has ended, and not before.

/// Ignores what a service manager or a terminal sends to all processes of a
/// group: SIGTERM, SIGINT, SIGHUP, and SIGABRT when the main process hangs (the
/// guard must then still open the contactors).
#[allow(unsafe_code)] // no safe interface in the standard library
pub(super) fn outlive_the_group() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGABRT] {
        // SAFETY: plain numbers; no handler of ours is installed.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}
