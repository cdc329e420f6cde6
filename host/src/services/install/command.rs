//! The manufacturer's installer: a command that is called with a file, tells how far it
//! is, and says by its exit code how it ended. The protocol is in `docs/updates.md`.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::reboot::reboot;

/// The new version runs after a reboot only.
const NEEDS_REBOOT: i32 = 10;
/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(50);
/// A board that has not rebooted after this does not.
const REBOOT: Duration = Duration::from_secs(600);
/// A longer line is cut.
const MAX_LINE: u64 = 1_000;

/// How it is called.
#[derive(Clone, Debug, Default)]
pub struct InstallerCommand {
    /// Program and first arguments.
    pub command: Vec<String>,
    /// What reboots the board.
    pub reboot: Vec<String>,
    /// It is given up after this.
    pub timeout: Duration,
    /// It disturbs nobody who is charging.
    pub during_transactions: bool,
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Installed,
    NeedsReboot,
    Failed(String),
}

impl InstallerCommand {
    pub(super) fn install(&self, file: &Path, job: &str) -> Ended {
        let file = file.as_os_str();
        self.run(&["install".as_ref(), file, job.as_ref()])
    }

    /// After a reboot: whether the new version runs.
    pub(super) fn confirm(&self, job: &str) -> Ended {
        self.run(&["confirm".as_ref(), job.as_ref()])
    }

    /// Ends with this process, or with why it did not.
    pub(super) fn reboot(&self) -> String {
        match reboot(&self.reboot) {
            Ok(()) => {
                std::thread::sleep(REBOOT);
                "the board did not reboot".to_owned()
            }
            Err(why) => format!("the board needs a reboot: {why}"),
        }
    }

    fn run(&self, arguments: &[&std::ffi::OsStr]) -> Ended {
        let Some((program, first)) = self.command.split_first() else {
            return Ended::Failed("no installer is configured".to_owned());
        };
        let child = Command::new(program)
            .args(first)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error) => return Ended::Failed(format!("{program} cannot be run: {error}")),
        };
        let out = child.stdout.take().map(|it| listen(it, "stdout"));
        let errors = child.stderr.take().map(|it| listen(it, "stderr"));
        let status = self.wait(&mut child);
        let last = |thread: Option<std::thread::JoinHandle<String>>| {
            thread.and_then(|it| it.join().ok()).unwrap_or_default()
        };
        let (out, errors) = (last(out), last(errors));
        let said = if errors.is_empty() { out } else { errors };
        match status {
            Ok(status) if status.success() => Ended::Installed,
            Ok(status) if status.code() == Some(NEEDS_REBOOT) => Ended::NeedsReboot,
            Ok(status) => Ended::Failed(format!("the installer ended with {status}: {said}")),
            Err(why) => Ended::Failed(why),
        }
    }

    fn wait(&self, child: &mut Child) -> Result<ExitStatus, String> {
        let end = Instant::now() + self.timeout;
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() < end => std::thread::sleep(LOOK),
                Ok(None) => {
                    end_group(child);
                    return Err(format!("the installer took longer than {:?}", self.timeout));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

/// Also what it has started itself.
fn end_group(child: &mut Child) {
    let group = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It may have ended by itself.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.wait();
}

/// Logs each line; the last one.
fn listen(from: impl Read + Send + 'static, name: &'static str) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(from);
        let mut last = String::new();
        loop {
            let mut line = Vec::new();
            let count = (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line);
            if !count.is_ok_and(|count| count > 0) {
                return last;
            }
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            match line.strip_prefix("progress ") {
                Some(percent) => tracing::info!("installer: {percent} %"),
                None => tracing::info!("installer, {name}: {line}"),
            }
            if !line.is_empty() {
                last = line;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> InstallerCommand {
        InstallerCommand {
            command: ["sh", "-c", script, "sh"].map(str::to_owned).to_vec(),
            reboot: vec!["false".to_owned()],
            timeout: Duration::from_secs(30),
            during_transactions: false,
        }
    }

    fn install(script: &str) -> Ended {
        shell(script).install(Path::new("/dir/image"), "job-1")
    }

    #[test]
    fn the_exit_code_says_how_it_ended() {
        let called = r#"test "$*" = "install /dir/image job-1""#;
        assert_eq!(install(&format!("{called} && exit 0")), Ended::Installed);
        assert_eq!(install("exit 10"), Ended::NeedsReboot);
        let Ended::Failed(why) = install("echo progress 5; echo no space >&2; exit 3") else {
            panic!("it failed");
        };
        assert!(why.ends_with("no space"), "{why}");
        let Ended::Failed(why) = install("echo only this; kill -9 $$") else {
            panic!("it was killed");
        };
        assert!(why.ends_with("only this"), "{why}");
    }

    #[test]
    fn after_a_reboot_it_is_asked_again() {
        let script = r#"test "$*" = "confirm job-1""#;
        assert_eq!(shell(script).confirm("job-1"), Ended::Installed);
    }

    #[test]
    fn what_hangs_is_ended_with_all_that_it_has_started() {
        let mut command = shell("sleep 1000 & wait");
        command.timeout = Duration::from_millis(100);
        let Ended::Failed(why) = command.install(Path::new("/x"), "j") else {
            panic!("it hangs");
        };
        // Its output would stay open if anything of it lived on.
        assert!(why.contains("took longer"), "{why}");
    }

    #[test]
    fn what_is_not_there_cannot_be_run() {
        let mut command = shell("");
        command.command = vec!["/no/such/program".to_owned()];
        let ended = command.install(Path::new("/x"), "j");
        assert!(matches!(ended, Ended::Failed(why) if why.contains("cannot be run")));
        assert!(command.reboot().contains("false ended"));
    }
}
