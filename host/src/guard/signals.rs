//! The guard and signals: it outlives those by which the main process is asked
//! to end, and asks the kernel for one when that is dead. Not here: what is done
//! then.

use std::sync::atomic::{AtomicBool, Ordering};

/// Set by the signal, and never taken back.
static MAIN_IS_DYING: AtomicBool = AtomicBool::new(false);

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

/// Has a wait interrupted as soon as the thread that started the guard is gone:
/// the first sign of a main process that was killed. Its pipe ends only after the
/// last of its threads has given all its memory back, which takes a small board
/// many milliseconds. If the signal does not come, the end of the pipe does.
#[allow(unsafe_code)] // no safe interface in the standard library
pub(super) fn hear_of_the_end() {
    extern "C" fn note(_signal: libc::c_int) {
        MAIN_IS_DYING.store(true, Ordering::Release);
    }
    let handler = note as extern "C" fn(libc::c_int);
    // SAFETY: the handler does nothing but store to an atomic, which may be done
    // in a handler; the second call takes plain numbers.
    unsafe {
        libc::signal(libc::SIGUSR1, handler as libc::sighandler_t);
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGUSR1);
    }
}

/// The main process was killed, or ends.
pub(super) fn main_is_dying() -> bool {
    MAIN_IS_DYING.load(Ordering::Acquire)
}
