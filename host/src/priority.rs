//! Raises the priority of what keeps people safe (the safety thread, the guard)
//! where the system allows it, and lowers that of what nobody waits for.

/// Low among the real-time priorities: above everything of ours, below the
/// kernel's own threads.
const REAL_TIME_PRIORITY: i32 = 10;
const NICE: i32 = -15;

/// What the system granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Granted {
    RealTime,
    Nice,
    Nothing,
}

/// Raises the calling thread, as far as that is allowed.
#[allow(unsafe_code)] // two libc calls that touch no memory of ours
pub(crate) fn raise() -> Granted {
    let parameter = libc::sched_param {
        sched_priority: REAL_TIME_PRIORITY,
    };
    // SAFETY: `parameter` outlives the call, which only reads it; 0 is the
    // calling thread.
    if unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &parameter) } == 0 {
        return Granted::RealTime;
    }
    // SAFETY: takes plain numbers; on Linux 0 is the calling thread.
    if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) } == 0 {
        return Granted::Nice;
    }
    Granted::Nothing
}

/// The calling thread, and those that it starts, get only what nobody else wants
/// of the processor.
#[allow(unsafe_code)] // one libc call, on this thread alone
pub(crate) fn give_way() {
    // SAFETY: has no precondition; 0 means the calling thread on Linux.
    if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 19) } != 0 {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("a thread");
        tracing::warn!("{name} runs with the usual priority");
    }
}

/// The calling thread stands back a little: what it does is little, and has to be
/// done some time.
#[allow(unsafe_code)] // one libc call, on this thread alone
pub(crate) fn stand_back() {
    // SAFETY: has no precondition; on Linux it is about the calling thread. What it
    // returns may be any number, and to fail would do no harm.
    unsafe { libc::nice(5) };
}
