//! A program that runs beside us: started, watched, and ended with us.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::happenings::{Happening, Happenings};

const COMES_UP_WITHIN: Duration = Duration::from_secs(30);
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// It is asked to end (SIGTERM) when this is dropped.
pub struct Child {
    process: std::process::Child,
}

impl Child {
    /// Starts a program and waits for the line of its output that begins with
    /// `ready`; gives the rest of that line. All output goes to the file `log`.
    pub fn start(
        command: &mut Command,
        name: &'static str,
        log: &Path,
        ready: &'static str,
        happenings: &Happenings,
    ) -> Result<(Self, String)> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let file = Arc::new(Mutex::new(file));
        let mut process = command
            // Ctrl-C is for us alone: we end the others in order.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let (line, found) = std::sync::mpsc::channel();
        if let Some(stderr) = process.stderr.take() {
            copy(stderr, file.clone(), |_| {}, || {});
        }
        if let Some(stdout) = process.stdout.take() {
            let happenings = happenings.sender();
            copy(
                stdout,
                file,
                move |text| {
                    if let Some(rest) = text.strip_prefix(ready) {
                        let _ = line.send(rest.trim().to_owned());
                    }
                },
                move || {
                    let _ = happenings.send(Happening::Ended(name));
                },
            );
        }
        let child = Self { process };
        match found.recv_timeout(COMES_UP_WITHIN) {
            Ok(rest) => Ok((child, rest)),
            Err(_) => {
                let text = std::fs::read_to_string(log).unwrap_or_default();
                bail!("{name} did not come up:\n{}", text.trim_end())
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let id = self.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let until = Instant::now() + ENDS_WITHIN;
        while Instant::now() < until {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Copies lines into the log for as long as the pipe is open.
fn copy(
    pipe: impl Read + Send + 'static,
    log: Arc<Mutex<File>>,
    each: impl Fn(&str) + Send + 'static,
    end: impl FnOnce() + Send + 'static,
) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = writeln!(log, "{line}");
            drop(log);
            each(&line);
        }
        end();
    });
}
