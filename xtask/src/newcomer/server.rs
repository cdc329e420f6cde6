//! A command of a page that stays up, in a terminal of its own: started, waited for,
//! and ended as by Ctrl-C.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Commands that stay up, and what they print once they do.
const STAY_UP: [(&str, &str); 2] = [
    ("plugpoint run", "control api: "),
    ("cargo xtask run", "The charge point stays up"),
];

const COMES_UP_WITHIN: Duration = Duration::from_secs(300);
const ENDS_WITHIN: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// What such a command prints once it is up; none if it is one that ends.
pub fn ready(command: &str) -> Option<&'static str> {
    let found = STAY_UP.iter().find(|(begin, _)| command.starts_with(begin));
    found.map(|(_, words)| *words)
}

/// A command that runs.
pub struct Server {
    text: String,
    process: Child,
    log: PathBuf,
}

impl Server {
    /// Starts it and waits until it has printed `ready`.
    pub fn start(shell: &mut Command, text: &str, ready: &str, log: PathBuf) -> Result<Self> {
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let process = shell
            // As in a terminal of its own: Ctrl-C there reaches all of it.
            .process_group(0)
            .stdin(Stdio::null())
            .stderr(file.try_clone()?)
            .stdout(file)
            .spawn()
            .with_context(|| format!("cannot start {text}"))?;
        let mut server = Self {
            text: text.to_owned(),
            process,
            log,
        };
        let until = Instant::now() + COMES_UP_WITHIN;
        while !server.printed().contains(ready) {
            if let Some(status) = server.process.try_wait()? {
                bail!("it has ended ({status}):\n{}", server.printed());
            }
            if Instant::now() > until {
                bail!("it did not print {ready:?}:\n{}", server.printed());
            }
            thread::sleep(POLL);
        }
        Ok(server)
    }

    /// Ends it, as Ctrl-C does; it must end well.
    pub fn end(mut self) -> Result<()> {
        self.signal("INT")?;
        let until = Instant::now() + ENDS_WITHIN;
        while Instant::now() < until {
            match self.process.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    bail!("`{}` ended with {status}:\n{}", self.text, self.printed())
                }
                None => thread::sleep(POLL),
            }
        }
        bail!("Ctrl-C does not end `{}`:\n{}", self.text, self.printed())
    }

    fn printed(&self) -> String {
        read(&self.log)
    }

    /// To all processes of the command.
    fn signal(&self, name: &str) -> Result<()> {
        let group = format!("-{}", self.process.id());
        let sent = Command::new("kill")
            .args([&format!("-{name}"), "--", &group])
            .status()
            .context("cannot run kill")?;
        if !sent.success() {
            bail!("`{}` is gone:\n{}", self.text, self.printed());
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            // On the way out after a failure: the group is ended if it can be.
            let _ = self.signal("KILL");
            let _ = self.process.wait();
        }
    }
}

fn read(log: &Path) -> String {
    fs::read(log).map_or_else(
        |error| format!("({}: {error})", log.display()),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}
