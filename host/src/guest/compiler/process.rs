//! The compiler's process, `plugpoint compile`: an order and a component in, an
//! image out. It opens nothing, listens to nobody and leaves nothing behind.

use std::fs::File;
use std::io::{BufRead as _, Read as _};
use std::os::fd::AsFd as _;
use std::process::ExitCode;

use plugpoint_terminal::complain_part;
use rustix::io::Errno;
use rustix::process::{
    Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal, setrlimit,
};

use super::{INVALID, NOT_CONFINED, OUT_OF_MEMORY, Order, sandbox};
use crate::guest::{engine, image};
use crate::priority;

/// For who looks at the list of processes.
const NAME: &str = "compiler";
/// An order is not longer than this.
const LONGEST_ORDER: u64 = 4096;
/// The first that the system ends when it is short of memory. The service is
/// among the last.
const END_ME_FIRST: &str = "1000";

/// Why there is no image.
enum Failed {
    /// As the engine says it.
    Component(String),
    /// In a sentence.
    Compiler(String),
}

/// Compiles what comes on standard input; see the module.
#[must_use]
pub fn run() -> ExitCode {
    match compile() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed::Component(text)) => {
            complain_part!("{text}");
            ExitCode::from(INVALID)
        }
        Err(Failed::Compiler(text)) => {
            complain_part!("{text}");
            ExitCode::FAILURE
        }
    }
}

fn compile() -> Result<(), Failed> {
    // First of all, so that nothing outlives the charger.
    let end_with_it = set_parent_process_death_signal(Some(Signal::KILL));
    end_with_it.map_err(own("to end with the charger"))?;
    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    let read = (&mut input)
        .take(LONGEST_ORDER)
        .read_until(b'\n', &mut line);
    read.map_err(own("its order"))?;
    let order: Order = serde_json::from_slice(&line)
        .map_err(|error| Failed::Compiler(format!("this is no order: {error}")))?;
    if getppid().map(Pid::as_raw_pid) != i32::try_from(order.parent).ok() {
        return Err(Failed::Compiler("the charger is gone".into()));
    }
    modest(&order)?;
    // Before anything of the component is looked at.
    if let Err(missing) = sandbox::enter() {
        // The charger logs it; what is bounded otherwise stays so.
        complain_part!("{NOT_CONFINED}{missing}\n");
    }
    // All at once: in doublings it would take twice as much.
    let mut wasm = Vec::with_capacity(usize::try_from(order.wasm_bytes).unwrap_or(0));
    let read = input.take(order.wasm_bytes).read_to_end(&mut wasm);
    if read.map_err(own("the component"))? as u64 != order.wasm_bytes {
        return Err(Failed::Compiler("the component was cut off".into()));
    }
    let engine = engine::config(&order.engine, None)
        .and_then(|config| wasmtime::Engine::new(&config))
        .map_err(|error| Failed::Compiler(format!("{error:#}")))?;
    let compiled = engine.precompile_component(&wasm);
    let compiled = compiled.map_err(|error| {
        let text = format!("{error:#}");
        if is_out_of_memory(&error) {
            Failed::Compiler(format!("{OUT_OF_MEMORY}: {text}"))
        } else {
            Failed::Component(text)
        }
    })?;
    let output = std::io::stdout().as_fd().try_clone_to_owned();
    let mut output = File::from(output.map_err(own("its output"))?);
    image::write(&mut output, &compiled).map_err(own("its output"))
}

/// Mostly the allocator ends the process; here the engine has noticed first.
fn is_out_of_memory(error: &wasmtime::Error) -> bool {
    error.is::<wasmtime::OutOfMemory>()
        || error.chain().any(|cause| {
            let io = cause.downcast_ref::<std::io::Error>();
            let errno = cause.downcast_ref::<Errno>();
            io.is_some_and(|it| it.kind() == std::io::ErrorKind::OutOfMemory)
                || errno.is_some_and(|it| *it == Errno::NOMEM)
        })
}

/// Takes its place behind everybody else.
fn modest(order: &Order) -> Result<(), Failed> {
    let _ = std::fs::write("/proc/self/comm", NAME);
    let _ = std::fs::write("/proc/self/oom_score_adj", END_ME_FIRST);
    if order.quiet {
        // Also last at the disk: without a class of its own, that follows.
        priority::give_way();
    }
    let limit = |resource, most: u64| {
        // Whoever started the charger may have set a lower one.
        let most = getrlimit(resource).maximum.map_or(most, |it| it.min(most));
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit).map_err(own("its limits"))
    };
    // What it can write to, not its address space: an allocator sets much more of
    // that aside than it uses.
    limit(Resource::Data, order.memory_bytes)?;
    // A crash must not fill the board's flash.
    limit(Resource::Core, 0)
}

fn own<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> Failed {
    move |error| Failed::Compiler(format!("{what}: {error}"))
}
