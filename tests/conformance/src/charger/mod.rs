//! The real program as a charger under test: its configuration, its process,
//! its control API, and its end. It can be killed and started again on the same
//! `state_dir` as often as a test likes.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tempfile::TempDir;

mod components;
mod config;
mod control;
mod events;
pub mod images;
mod process;

pub use config::Config;
pub use control::{Control, ControlFailure};
pub use events::Events;
pub use process::{Process, component, program};

/// How long to wait for what a charger does at once. On a busy machine its compiler,
/// which is the last to get the processor, takes a minute.
const PATIENCE: Duration = Duration::from_secs(120);

/// A place for a charger's configuration and state that outlives its process.
#[derive(Debug)]
pub struct Site {
    dir: TempDir,
    log: String,
    cold: bool,
    /// Another one than all tests run.
    program: Option<PathBuf>,
}

/// A running charger; it is killed when it is dropped.
#[derive(Debug)]
pub struct Charger {
    process: Process,
    control: Control,
    events: Events,
    /// If what it compiles is shared with others.
    shares: Option<PathBuf>,
}

/// A program that ended instead of running.
#[derive(Debug)]
pub struct Failed {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it printed, one line each.
    pub printed: Vec<String>,
}

impl Failed {
    /// The program has refused to start: exit code 2, and one line with all
    /// these words, which is everything it printed.
    ///
    /// # Panics
    /// If it has not.
    pub fn assert_refused(&self, words: &[&str]) {
        let printed = &self.printed;
        let messages: Vec<&String> = printed.iter().filter(|l| !l.trim().is_empty()).collect();
        assert_eq!(self.code, Some(2), "{printed:?}");
        assert_eq!(messages.len(), 1, "one message: {printed:?}");
        for word in words {
            assert!(messages[0].contains(word), "no {word:?} in {printed:?}");
        }
    }
}

impl Site {
    /// A fresh place in the system's temporary directory.
    ///
    /// # Errors
    /// If there can be none.
    pub fn new() -> anyhow::Result<Site> {
        let dir = TempDir::with_prefix("plugpoint-")?;
        Ok(Site {
            dir,
            log: std::env::var("PLUGPOINT_LOG").unwrap_or_else(|_| "info".to_owned()),
            cold: false,
            program: None,
        })
    }

    /// A fresh place where nothing is compiled yet.
    ///
    /// # Errors
    /// If there can be none.
    pub fn cold() -> anyhow::Result<Site> {
        Ok(Site {
            cold: true,
            ..Site::new()?
        })
    }

    /// The same place for another program.
    #[must_use]
    pub fn running(self, program: PathBuf) -> Site {
        Site {
            program: Some(program),
            ..self
        }
    }

    fn program(&self) -> anyhow::Result<PathBuf> {
        match &self.program {
            Some(program) => Ok(program.clone()),
            None => program("PLUGPOINT_BIN", "plugpoint"),
        }
    }

    /// What the program may write to.
    pub fn state_dir(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// A path for a file of the test's own.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Starts the charger and waits until its control API is up.
    ///
    /// # Errors
    /// If it does not come up; the text has what it printed.
    pub fn start(&self, config: &Config) -> anyhow::Result<Charger> {
        self.start_command(config, |program| Command::new(program))
    }

    /// Starts the charger with more in its environment.
    ///
    /// # Errors
    /// As [`Site::start`].
    pub fn start_in(
        &self,
        config: &Config,
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Charger> {
        self.start_command(config, |program| {
            let mut command = Command::new(program);
            command.envs(environment.iter().copied());
            command
        })
    }

    /// Starts the charger by another program, which is told its name and arguments
    /// behind its own.
    ///
    /// # Errors
    /// As [`Site::start`].
    pub fn start_under(&self, config: &Config, words: &[String]) -> anyhow::Result<Charger> {
        self.start_command(config, |program| {
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]).arg(program);
            command
        })
    }

    /// Starts the charger so that a limit on the size of files, set while it
    /// runs, looks like a full disk to it.
    ///
    /// # Errors
    /// As [`Site::start`].
    pub fn start_with_limited_disk(&self, config: &Config) -> anyhow::Result<Charger> {
        self.start_command(config, |program| {
            process::without_file_size_signal(program.as_os_str())
        })
    }

    fn start_command(
        &self,
        config: &Config,
        command: impl FnOnce(&Path) -> Command,
    ) -> anyhow::Result<Charger> {
        let config = config
            .clone()
            .set("charge_point.state_dir", text(&self.state_dir()));
        if !self.cold {
            images::lend(&self.state_dir());
        }
        let process = self.launch_command(&config.to_text(), command)?;
        let Some(line) = process.wait_line("control api: ", PATIENCE) else {
            process.kill();
            bail!(
                "the charger did not come up:\n  {}",
                process.printed().join("\n  ")
            );
        };
        let url = line
            .split("control api: ")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next())
            .with_context(|| format!("no URL in {line:?}"))?
            .to_owned();
        if !self.cold {
            images::collect(&self.state_dir());
        }
        let events = Events::listen(&url)?;
        Ok(Charger {
            process,
            control: Control::new(&url),
            events,
            shares: (!self.cold).then(|| self.state_dir()),
        })
    }

    /// Starts the program with this configuration file, word for word, and
    /// waits for it to end by itself.
    ///
    /// # Errors
    /// If it does not end.
    pub fn run_to_end(&self, config: &str) -> anyhow::Result<Failed> {
        let process = self.launch_command(config, |program| Command::new(program))?;
        ended(&process)
    }

    /// Starts the program with this configuration as it is, and waits for
    /// nothing.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn launch(&self, config: &Config) -> anyhow::Result<Process> {
        if !self.cold {
            images::lend(&self.state_dir());
        }
        self.launch_command(&config.to_text(), |program| Command::new(program))
    }

    /// Runs the program with these arguments and waits for it to end.
    ///
    /// # Errors
    /// If it does not end.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<Failed> {
        let program = self.program()?;
        let process = Process::start(Command::new(program).args(arguments))?;
        ended(&process)
    }

    fn launch_command(
        &self,
        config: &str,
        command: impl FnOnce(&Path) -> Command,
    ) -> anyhow::Result<Process> {
        let program = self.program()?;
        let file = self.file("plugpoint.toml");
        std::fs::write(&file, config)?;
        Process::start(
            command(&program)
                .args(["run", "--config"])
                .arg(&file)
                .env("RUST_LOG", &self.log)
                .current_dir(self.dir.path()),
        )
    }
}

impl Charger {
    /// Starts a charger at a fresh place.
    ///
    /// # Errors
    /// As [`Site::start`].
    pub fn start(config: &Config) -> anyhow::Result<(Site, Charger)> {
        let site = Site::new()?;
        let charger = site.start(config)?;
        Ok((site, charger))
    }

    /// Its control API.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Its live journal since it came up.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Kills it as a power failure would (SIGKILL), and waits until it is gone;
    /// what it printed.
    pub fn kill(self) -> Vec<String> {
        self.process.kill();
        self.process.printed()
    }

    /// It still runs.
    pub fn is_alive(&self) -> bool {
        !self.process.has_ended()
    }

    /// Ends it in good order (SIGTERM) and waits until it is gone.
    ///
    /// # Panics
    /// If it does not end in time.
    pub fn stop(self) -> ExitStatus {
        self.process.terminate();
        self.wait_end()
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// If it does not.
    pub fn wait_end(self) -> ExitStatus {
        self.process
            .wait_end(PATIENCE)
            .expect("the charger should have ended")
    }

    /// Sends the loop into work that does not end soon, and waits until it is at it:
    /// what the loop is given tells of itself only when it is done.
    ///
    /// # Panics
    /// If the loop does not work.
    pub fn wait_spinning(&self, send: impl FnOnce()) {
        let begin = self.process.loop_time();
        send();
        let end = Instant::now() + PATIENCE;
        while self.process.loop_time() < begin + Duration::from_millis(100) {
            assert!(Instant::now() < end, "the loop does not spin");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The present status.
    ///
    /// # Panics
    /// If the control API does not answer.
    pub fn status(&self) -> Value {
        self.control.status().expect("the status")
    }

    /// One connector of the present status.
    ///
    /// # Panics
    /// If the control API does not answer.
    pub fn connector(&self, number: u32) -> Value {
        connector_of(&self.status(), number)
    }

    /// Waits until the status is as wanted.
    ///
    /// # Panics
    /// If it does not become so.
    pub fn wait_status(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let count = self.events.count();
            let status = self.status();
            if is(&status) {
                return status;
            }
            assert!(
                Instant::now() < end,
                "waited in vain for {what}; the status is {status:#}"
            );
            // Not everything that is shown makes an event.
            self.events.wait_more(count, Duration::from_millis(100));
        }
    }

    /// Waits until the status is as wanted; none if the charger dies, or does
    /// not get there in time.
    pub fn wait_status_or_end(
        &self,
        patience: Duration,
        is: impl Fn(&Value) -> bool,
    ) -> Option<Value> {
        let end = Instant::now() + patience;
        while self.is_alive() && Instant::now() < end {
            let count = self.events.count();
            let status = self.control.status().ok()?;
            if is(&status) {
                return Some(status);
            }
            self.events.wait_more(count, Duration::from_millis(100));
        }
        None
    }

    /// Waits until a connector is as wanted.
    ///
    /// # Panics
    /// If it does not become so.
    pub fn wait_connector(&self, number: u32, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let status = self.wait_status(what, |status| is(&connector_of(status, number)));
        connector_of(&status, number)
    }

    /// Waits until the contactor is `open` or `closed`.
    ///
    /// # Panics
    /// If it does not get there.
    pub fn wait_contactor(&self, number: u32, state: &str) -> Value {
        self.wait_connector(number, &format!("a contactor that is {state}"), |c| {
            c["contactor"] == state
        })
    }

    /// Waits until so much more energy than `from_wh` has gone through.
    ///
    /// # Panics
    /// If it does not.
    pub fn wait_register(&self, number: u32, at_least_wh: f64) -> Value {
        self.wait_connector(number, &format!("{at_least_wh} Wh on the register"), |c| {
            c["register_wh"]
                .as_f64()
                .is_some_and(|wh| wh >= at_least_wh)
        })
    }
}

fn ended(process: &Process) -> anyhow::Result<Failed> {
    let Some(status) = process.wait_end(PATIENCE) else {
        bail!(
            "the program should have ended:\n  {}",
            process.printed().join("\n  ")
        );
    };
    Ok(Failed {
        code: status.code(),
        printed: process.printed(),
    })
}

/// One connector of a status.
pub fn connector_of(status: &Value, number: u32) -> Value {
    let connectors = status["connectors"].as_array();
    connectors
        .and_then(|all| all.iter().find(|c| c["id"] == number))
        .cloned()
        .unwrap_or(Value::Null)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
