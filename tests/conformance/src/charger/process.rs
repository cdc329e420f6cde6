//! The program under test as a child process: what it prints, and its end. Not
//! more than a process: it knows no charge points.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use plugpoint_terminal::complain;

/// A running child; it is killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Mutex<Child>,
    output: Arc<Output>,
}

#[derive(Debug, Default)]
struct Output {
    printed: Mutex<Printed>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct Printed {
    lines: Vec<String>,
    /// Pipes that have ended. When both have, so has the process.
    ended: u8,
}

impl Process {
    /// Starts a program.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> anyhow::Result<Process> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {:?}", command.get_program()))?;
        let output = Arc::new(Output::default());
        collect(child.stdout.take(), output.clone())?;
        collect(child.stderr.take(), output.clone())?;
        Ok(Process {
            child: Mutex::new(child),
            output,
        })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child().id()
    }

    /// Processor time of its first thread, on which a charger's loop and its protocol
    /// component run.
    ///
    /// # Panics
    /// If it has ended.
    pub fn loop_time(&self) -> Duration {
        let path = format!("/proc/{0}/task/{0}/stat", self.id());
        let text = std::fs::read_to_string(&path).expect("the process runs");
        // Behind the name, which may contain anything: utime and stime are the fields
        // 14 and 15 (proc_pid_stat(5)), in hundredths of a second on all Linux systems.
        let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.filter_map(|it| it.parse::<u64>().ok()).sum();
        Duration::from_millis(10 * ticks)
    }

    /// Everything printed so far, without colours.
    pub fn printed(&self) -> Vec<String> {
        self.output.lock().lines.clone()
    }

    /// Waits for a line that contains `part`; none if the process has ended or
    /// the time is up first.
    pub fn wait_line(&self, part: &str, patience: Duration) -> Option<String> {
        let line = |printed: &Printed| printed.lines.iter().find(|l| l.contains(part)).cloned();
        self.output
            .wait(patience, |printed| match line(printed) {
                Some(line) => Some(Some(line)),
                None => (printed.ended == 2).then_some(None),
            })
            .flatten()
    }

    /// Waits for the end of the process; none if the time is up first.
    pub fn wait_end(&self, patience: Duration) -> Option<ExitStatus> {
        self.output
            .wait(patience, |printed| (printed.ended == 2).then_some(()))?;
        self.child().wait().ok()
    }

    /// The process has ended by itself.
    pub fn has_ended(&self) -> bool {
        matches!(self.child().try_wait(), Ok(Some(_)))
    }

    /// Ends the process at once, as a power failure would (SIGKILL), and waits
    /// until it is gone and everything it printed has been read.
    pub fn kill(&self) {
        // Fails only if it has ended already.
        let _ = self.child().kill();
        let _ = self.child().wait();
        let gone = |printed: &Printed| (printed.ended == 2).then_some(());
        self.output.wait(Duration::from_secs(10), gone);
    }

    /// Ends the process (SIGKILL) and waits for nothing: one that hangs in the
    /// kernel is gone only when what it waits for has come, but learns nothing of it.
    pub fn begin_kill(&self) {
        // Fails only if it has ended already.
        let _ = self.child().kill();
    }

    /// Asks the process to end (SIGTERM).
    pub fn terminate(&self) {
        // Holding the child keeps its id from being given to another process.
        let child = self.child();
        let _ = Command::new("kill")
            .arg("-TERM")
            .arg(child.id().to_string())
            .status();
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let printed = self.printed();
            let tail = &printed[printed.len().saturating_sub(200)..];
            complain!("the program printed:\n  {}", tail.join("\n  "));
        }
    }
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, Printed> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<T>(
        &self,
        patience: Duration,
        mut found: impl FnMut(&Printed) -> Option<T>,
    ) -> Option<T> {
        let end = Instant::now() + patience;
        let mut printed = self.lock();
        loop {
            if let Some(it) = found(&printed) {
                return Some(it);
            }
            let left = end.checked_duration_since(Instant::now())?;
            printed = self
                .grown
                .wait_timeout(printed, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// Reads a pipe line by line on a thread of its own.
fn collect(pipe: Option<impl Read + Send + 'static>, output: Arc<Output>) -> anyhow::Result<()> {
    let pipe = pipe.context("a child without a pipe")?;
    std::thread::Builder::new()
        .name("output".to_owned())
        .spawn(move || {
            for line in BufReader::new(pipe).split(b'\n') {
                let Ok(line) = line else { break };
                let line = without_colours(&String::from_utf8_lossy(&line));
                output.lock().lines.push(line);
                output.grown.notify_all();
            }
            output.lock().ended += 1;
            output.grown.notify_all();
        })?;
    Ok(())
}

fn without_colours(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out
}

/// A program that cargo has built: `env` names it, or it lies beside the
/// running test.
///
/// # Errors
/// If there is none; the text says how to build it.
pub fn program(env: &str, name: &str) -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os(env) {
        return Ok(PathBuf::from(path));
    }
    let exe = std::env::current_exe()?;
    // Tests lie in `deps`, one below the programs.
    let found = exe
        .ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file());
    found.with_context(|| {
        format!(
            "no program {name} beside {}: run `cargo build`, or `cargo xtask test`, \
             or name it in {env}",
            exe.display()
        )
    })
}

/// A component that `cargo xtask` has built: in the folder that the
/// environment's `PLUGPOINT_COMPONENTS` names, or in cargo's target folder.
///
/// # Errors
/// If there is none; the text says how to build it.
pub fn component(name: &str) -> anyhow::Result<PathBuf> {
    let file = format!("{name}.wasm");
    let folders: Vec<PathBuf> = match std::env::var_os("PLUGPOINT_COMPONENTS") {
        Some(folder) => vec![PathBuf::from(folder)],
        None => std::env::current_exe()?
            .ancestors()
            .map(|dir| dir.join("components"))
            .collect(),
    };
    folders
        .iter()
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
        .with_context(|| format!("no component {file}: run `cargo xtask test`, or name the folder in PLUGPOINT_COMPONENTS"))
}

/// A shell that sees to it that the program survives the signal for files that
/// grow too big, as it would meet a full disk, and then becomes the program.
pub(super) fn without_file_size_signal(program: &OsStr) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg("trap '' XFSZ; exec \"$0\" \"$@\"")
        .arg(program);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        Process::start(Command::new("sh").args(["-c", script])).expect("a shell")
    }

    #[test]
    fn lines_and_the_end_are_seen() {
        let process = shell("echo one; printf '\\033[1mtwo\\033[0m\\n' >&2; exit 3");
        let patience = Duration::from_secs(10);
        assert_eq!(process.wait_line("two", patience).as_deref(), Some("two"));
        let status = process.wait_end(patience).expect("ended");
        assert_eq!(status.code(), Some(3));
        assert_eq!(process.wait_line("three", patience), None);
        assert!(process.has_ended());
    }

    #[test]
    fn it_is_terminated_and_killed() {
        let patience = Duration::from_secs(10);
        let process = shell("echo up; exec sleep 60");
        process.wait_line("up", patience).expect("up");
        assert!(process.wait_end(Duration::from_millis(10)).is_none());
        process.terminate();
        assert!(process.wait_end(patience).is_some());
        let process = shell("echo up; exec sleep 60");
        process.wait_line("up", patience).expect("up");
        process.kill();
        assert!(process.has_ended());
    }
}
