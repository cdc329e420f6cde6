//! Raises the priority of what keeps people safe (the safety thread, the guard)
//! where the system allows it.

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
