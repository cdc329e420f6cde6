//! What the compiler's process may still do once it has its order: compute, take
//! memory, start threads, read its component and write its image. No file, no
//! network, no other process. Whoever finds a mistake in the compiler, and makes it
//! run what a component says, has gained nothing but the image, which is machine code
//! of that component anyway, and runs within the engine's bounds.
//!
//! Not here: its bounds in memory and time; those are `process` and `keeper`.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use std::collections::BTreeMap;

use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, Scope};
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// A kernel that cannot do it, or will not.
pub(super) struct Unbounded(String);

impl std::fmt::Display for Unbounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// From now on this thread, and those that it starts, are confined. An error says
/// what is missing; the rest holds all the same.
pub(super) fn enter() -> Result<(), Unbounded> {
    let files = no_files().map_err(|error| Unbounded(format!("landlock: {error}")));
    let calls = few_calls().map_err(|error| Unbounded(format!("seccomp: {error}")));
    files.and(calls)
}

/// Nothing of the file system, no port. Older kernels know a part of it or nothing;
/// then the filter of calls has to do.
fn no_files() -> Result<(), landlock::RulesetError> {
    const NEWEST: ABI = ABI::V6;
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .restrict_self()?;
    Ok(())
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn few_calls() -> Result<(), &'static str> {
    Err("there is no filter of calls for this processor")
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn few_calls() -> Result<(), Box<dyn std::error::Error>> {
    let here = TargetArch::try_from(std::env::consts::ARCH)?;
    // Its flags lie in memory, where a filter cannot look: as on a kernel without it,
    // the C library takes `clone` then.
    let no_clone3 = SeccompFilter::new(
        BTreeMap::from([(libc::SYS_clone3, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS as u32),
        here,
    )?;
    let allowed = SeccompFilter::new(
        allowed()?,
        SeccompAction::Errno(libc::EPERM as u32),
        SeccompAction::Allow,
        here,
    )?;
    for filter in [no_clone3, allowed] {
        let program: BpfProgram = filter.try_into()?;
        seccompiler::apply_filter(&program)?;
    }
    Ok(())
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn allowed() -> Result<Rules, seccompiler::Error> {
    const WITHOUT_QUESTION: &[i64] = &[
        // Its two pipes and the file for the image.
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_pwrite64,
        libc::SYS_lseek,
        libc::SYS_close,
        libc::SYS_fstat,
        libc::SYS_ftruncate,
        libc::SYS_fcntl,
        libc::SYS_dup,
        libc::SYS_ppoll,
        // Memory.
        libc::SYS_mmap,
        libc::SYS_munmap,
        libc::SYS_mprotect,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        // Threads.
        libc::SYS_clone3,
        libc::SYS_futex,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_membarrier,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_restart_syscall,
        // Time, and seeds of hash tables.
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_getrandom,
    ];
    let mut rules: Rules = WITHOUT_QUESTION
        .iter()
        .map(|call| (*call, Vec::new()))
        .collect();
    let only = |argument: u8, operator, value: u64| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
            .and_then(|condition| SeccompRule::new(vec![condition]))
    };
    // Threads, and no processes.
    let thread = libc::CLONE_THREAD as u64;
    let is_thread = only(0, SeccompCmpOp::MaskedEq(thread), thread)?;
    rules.insert(libc::SYS_clone, vec![is_thread]);
    // An abort is a signal to itself.
    let itself = only(0, SeccompCmpOp::Eq, std::process::id().into())?;
    rules.insert(libc::SYS_tgkill, vec![itself]);
    // The name of a thread; its limits, which are read for the size of its stack.
    let name = only(0, SeccompCmpOp::Eq, libc::PR_SET_NAME as u64)?;
    rules.insert(libc::SYS_prctl, vec![name]);
    let own = only(0, SeccompCmpOp::Eq, 0)?;
    rules.insert(libc::SYS_prlimit64, vec![own]);
    Ok(rules)
}
