//! The power of a charge point that is not ours: what commands can do to it.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::outcome::Failure;

/// Between two looks at a process that is to end.
const LOOK: Duration = Duration::from_millis(20);

/// See the module.
#[derive(Debug)]
pub enum Power {
    /// Nothing can be done.
    Untouchable,
    /// This shell command cuts the power and restores it.
    Cycle(String),
    /// This shell command is the charge point's program: it is started and
    /// killed.
    Program {
        /// The command.
        start: String,
        /// The running program; it leads a process group of its own.
        running: Option<Running>,
    },
}

/// A program and what it has started, ended with it.
#[derive(Debug)]
pub struct Running(Child);

impl Power {
    /// A program that is started and killed by this command.
    pub fn program(start: impl Into<String>) -> Power {
        Power::Program {
            start: start.into(),
            running: None,
        }
    }

    /// The station is wanted for the first time.
    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        match self {
            Power::Program { .. } => self.restore(),
            Power::Untouchable | Power::Cycle(_) => Ok(()),
        }
    }

    /// The power goes without warning.
    pub(super) fn cut(&mut self) -> Result<(), Failure> {
        match self {
            Power::Untouchable => Err(Failure::NotApplicable(
                "the power of the station is not in our hands (--power-cycle or --start)"
                    .to_owned(),
            )),
            Power::Cycle(command) => run(command),
            Power::Program { running, .. } => {
                *running = None;
                Ok(())
            }
        }
    }

    /// The power comes back.
    pub(super) fn restore(&mut self) -> Result<(), Failure> {
        if let Power::Program { start, running } = self {
            *running = Some(Running::start(start)?);
        }
        Ok(())
    }

    /// Only who starts a program sees it end by itself.
    pub(super) fn needs_start(&self) -> Result<(), Failure> {
        match self {
            Power::Program { .. } => Ok(()),
            Power::Untouchable | Power::Cycle(_) => Err(Failure::NotApplicable(
                "mains can be cut only where the suite starts the station (--start)".to_owned(),
            )),
        }
    }

    /// Waits until the program has ended by itself.
    pub(super) fn wait_end(&mut self, patience: Duration) -> Result<(), Failure> {
        let Power::Program { running, .. } = self else {
            return self.needs_start();
        };
        let end = Instant::now() + patience;
        while let Some(Running(child)) = running.as_mut() {
            match child.try_wait() {
                Ok(Some(_)) => return Ok(()),
                Ok(None) if Instant::now() < end => std::thread::sleep(LOOK),
                Ok(None) => {
                    return Err(Failure::Surroundings(
                        "the station lives on without mains".to_owned(),
                    ));
                }
                Err(error) => return Err(cannot("wait for the station's program", &error)),
            }
        }
        Ok(())
    }
}

impl Running {
    fn start(command: &str) -> Result<Running, Failure> {
        let child = shell(command)
            .process_group(0)
            .spawn()
            .map_err(|error| cannot(&format!("run `{command}`"), &error))?;
        Ok(Running(child))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The shell and what it runs. The group's leader has not been waited
        // for, so that its number is nobody else's.
        let group = format!("-{}", self.0.id());
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _ = self.0.wait();
        }
    }
}

fn run(command: &str) -> Result<(), Failure> {
    let status = shell(command)
        .status()
        .map_err(|error| cannot(&format!("run `{command}`"), &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Surroundings(format!("`{command}`: {status}")))
}

fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    shell
}

fn cannot(what: &str, error: &std::io::Error) -> Failure {
    Failure::Surroundings(format!("cannot {what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_that_fails_says_so() {
        let mut power = Power::Cycle("exit 3".to_owned());
        let failure = power.cut().expect_err("it failed");
        assert!(failure.to_string().contains("exit status: 3"), "{failure}");
        assert_eq!(Power::Cycle("true".to_owned()).cut(), Ok(()));
        let untouchable = Power::Untouchable.cut();
        assert!(matches!(untouchable, Err(Failure::NotApplicable(_))));
    }

    #[test]
    fn a_program_is_killed_with_all_that_it_has_started() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let file = dir.path().join("pid");
        let command = format!(
            "sleep 60 & echo $! > '{0}.new' && mv '{0}.new' '{0}'; wait",
            file.display()
        );
        let mut power = Power::program(command);
        power.begin().expect("starts");
        let end = Instant::now() + Duration::from_secs(10);
        let pid = loop {
            match std::fs::read_to_string(&file) {
                Ok(pid) => break pid.trim().to_owned(),
                Err(_) if Instant::now() < end => std::thread::sleep(LOOK),
                Err(error) => panic!("{error}"),
            }
        };
        let is_there = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
            stat.is_ok_and(|stat| !stat.contains(") Z "))
        };
        assert!(is_there());
        power.cut().expect("ends");
        let end = Instant::now() + Duration::from_secs(10);
        while is_there() {
            assert!(Instant::now() < end, "it lives on");
            std::thread::sleep(LOOK);
        }
    }
}
