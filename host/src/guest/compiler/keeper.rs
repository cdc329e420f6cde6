//! The charger's side of the compiler's process: starts it, hands it the
//! component, waits a bounded time, and says in plain words what went wrong.

use std::fs::File;
use std::io::{Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};

use super::{CompilerFailure, INVALID, NOT_CONFINED, OUT_OF_MEMORY, Order};
use crate::guest::{ComponentError, EngineSettings, image};

/// The largest components that anybody writes policies with have CPython inside
/// (19 MB); these need 380 MiB on one core and 450 MiB on two. On a board with less
/// than this, the system ends the compiler before anybody else.
const MEMORY_BYTES: u64 = 768 << 20;
/// CPython takes half a minute on a desk. A board is ten times slower, and the
/// compiler gets only what others leave.
const TIME: Duration = Duration::from_secs(30 * 60);
/// How often to look whether it has ended, once it has said its last.
const LOOK: Duration = Duration::from_millis(2);
/// More of what it says is not remembered.
const LONGEST_TEXT: usize = 16 * 1024;
/// How Rust says that there is no memory, before it ends the process.
const NO_ALLOCATION: &str = "memory allocation of";

/// How the compiler's process is started, and what it may take.
#[derive(Clone, Debug)]
pub struct CompilerProcess {
    program: PathBuf,
    memory_bytes: u64,
    time: Duration,
}

/// What is compiled, and for whom.
pub(in crate::guest) struct Task<'a> {
    pub(in crate::guest) wasm: &'a [u8],
    pub(in crate::guest) name: &'a str,
    pub(in crate::guest) engine: EngineSettings,
    pub(in crate::guest) quiet: bool,
}

/// How it ended.
enum End {
    Ended(ExitStatus),
    OutOfTime,
}

impl CompilerProcess {
    /// The program that runs: for that program only, and not for a library's user.
    #[must_use]
    pub fn own() -> Self {
        // Not by name: the file may have been replaced since we were started.
        Self::of("/proc/self/exe".into())
    }

    /// A `plugpoint` with a compiler, of this very version.
    #[must_use]
    pub fn of(program: PathBuf) -> Self {
        Self {
            program,
            memory_bytes: MEMORY_BYTES,
            time: TIME,
        }
    }

    /// With so much memory at most, in bytes.
    #[must_use]
    pub fn memory(self, memory_bytes: u64) -> Self {
        Self {
            memory_bytes,
            ..self
        }
    }

    /// With so much time at most.
    #[must_use]
    pub fn time(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// Compiles; the image, in the form in which it is kept, in a file that has no
    /// name and takes memory until it is dropped.
    pub(in crate::guest) fn compile(&self, task: &Task<'_>) -> Result<File, ComponentError> {
        let start = |error: std::io::Error| CompilerFailure::Start {
            text: error.to_string(),
        };
        // Not a file on disk: a full disk keeps no component from running.
        let image = memfd_create("image", MemfdFlags::CLOEXEC);
        let mut image = File::from(image.map_err(|errno| start(errno.into()))?);
        let output = image.try_clone().map_err(start)?;
        let (end, text) = self.run(task, output).map_err(start)?;
        self.judge(task.name, end, text)?;
        if !image::is_whole(&mut image).map_err(start)? {
            let name = task.name.to_owned();
            return Err(CompilerFailure::Damaged { name }.into());
        }
        Ok(image)
    }

    /// How it ended, and what it said.
    fn run(&self, task: &Task<'_>, output: File) -> std::io::Result<(End, String)> {
        let order = Order {
            parent: std::process::id(),
            wasm_bytes: task.wasm.len() as u64,
            memory_bytes: self.memory_bytes,
            quiet: task.quiet,
            engine: task.engine.clone(),
        };
        let mut line = serde_json::to_vec(&order)?;
        line.push(b'\n');
        let until = Instant::now() + self.time;
        let child = Command::new(&self.program)
            .arg("compile")
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(Stdio::piped())
            // Ctrl-C at a terminal is for us; it ends with us.
            .process_group(0)
            .spawn()?;
        let mut child = Running(child);
        tracing::info!(
            component = task.name,
            pid = child.0.id(),
            "compiler started"
        );
        let (Some(input), Some(mut errors)) = (child.0.stdin.take(), child.0.stderr.take()) else {
            return Err(std::io::Error::other("no pipe"));
        };
        std::thread::scope(|scope| {
            // Or one that reads nothing would hold us up.
            let feeder = std::thread::Builder::new().name("compiler-input".into());
            feeder.spawn_scoped(scope, || feed(input, &line, task.wasm))?;
            // Before the scope waits for the feeder, the process has ended.
            let mut child = child;
            let text = listen(&mut errors, until)?;
            Ok((child.ended(until)?, text))
        })
    }

    fn judge(&self, name: &str, end: End, text: String) -> Result<(), ComponentError> {
        let name = name.to_owned();
        let (warnings, reasons): (Vec<&str>, Vec<&str>) = text
            .lines()
            .partition(|line| line.starts_with(NOT_CONFINED));
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        let text = reasons.join("\n");
        let status = match end {
            End::OutOfTime => {
                let seconds = self.time.as_secs();
                return Err(CompilerFailure::Time { name, seconds }.into());
            }
            End::Ended(status) if status.success() => return Ok(()),
            End::Ended(status) => status,
        };
        if status.code() == Some(i32::from(INVALID)) {
            return Err(ComponentError::Invalid { text });
        }
        if text.contains(NO_ALLOCATION) || text.starts_with(OUT_OF_MEMORY) {
            let mib = self.memory_bytes >> 20;
            return Err(CompilerFailure::Memory { name, mib }.into());
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Err(match status.signal() {
            Some(signal) => CompilerFailure::Signal { name, signal, text },
            None => CompilerFailure::GaveUp { name, text },
        }
        .into())
    }
}

/// It never outlives who waits for it.
struct Running(Child);

impl Running {
    /// Waits for the end of a process that has nothing more to say.
    fn ended(&mut self, until: Instant) -> std::io::Result<End> {
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(End::Ended(status));
            }
            if Instant::now() >= until {
                return Ok(End::OutOfTime);
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Does nothing to one that has been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn feed(mut input: ChildStdin, line: &[u8], wasm: &[u8]) {
    // One that takes no more has ended, and how is seen there.
    let _ = input.write_all(line).and_then(|()| input.write_all(wasm));
}

/// What it says, until it has said its last or the time is up.
fn listen(errors: &mut ChildStderr, until: Instant) -> std::io::Result<String> {
    let mut text = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || !readable(errors, left)? {
            break;
        }
        let mut bytes = [0; 1024];
        let count = errors.read(&mut bytes)?;
        if count == 0 {
            break;
        }
        let room = LONGEST_TEXT.saturating_sub(text.len());
        text.extend_from_slice(&bytes[..count.min(room)]);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Whether there is something to read before the time is up.
fn readable(errors: &ChildStderr, most: Duration) -> std::io::Result<bool> {
    let until = Instant::now() + most;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut fds = [PollFd::new(errors, PollFlags::IN)];
        match poll(&mut fds, Some(&left)) {
            Ok(count) => return Ok(count > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
