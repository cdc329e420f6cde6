//! The GPIO lines from outside, by QEMU's qtest socket: inputs are pulled, and
//! each change of an output is seen with its time.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::LINES;

/// All lines of the controller.
#[derive(Debug)]
pub struct Pins {
    controller: String,
    stream: Mutex<UnixStream>,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    inner: Mutex<Levels>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Levels {
    levels: [bool; LINES.len()],
    since: [Option<Instant>; LINES.len()],
    answers: u64,
    ended: bool,
}

impl Pins {
    pub(super) fn connect(path: &Path, controller: &str) -> anyhow::Result<Pins> {
        let stream = UnixStream::connect(path)?;
        let reader = BufReader::new(stream.try_clone()?);
        let seen = Arc::new(Seen::default());
        let thread = seen.clone();
        std::thread::Builder::new()
            .name("pins".to_owned())
            .spawn(move || {
                for line in reader.lines() {
                    let Ok(line) = line else { break };
                    thread.take(&line);
                }
                thread.lock().ended = true;
                thread.changed.notify_all();
            })?;
        let pins = Pins {
            controller: controller.to_owned(),
            stream: Mutex::new(stream),
            seen,
        };
        pins.ask(&format!("irq_intercept_out {controller}"))?;
        Ok(pins)
    }

    /// Pulls an input; when that was.
    ///
    /// # Panics
    /// If there is no such line, or QEMU is gone.
    pub fn set(&self, name: &str, level: bool) -> Instant {
        let at = Instant::now();
        let command = format!(
            "set_irq_in {} unnamed-gpio-in {} {}",
            self.controller,
            offset(name),
            u8::from(level)
        );
        self.ask(&command).expect("a level");
        at
    }

    /// The level of an output.
    ///
    /// # Panics
    /// If there is no such line.
    pub fn level(&self, name: &str) -> bool {
        self.seen.lock().levels[offset(name)]
    }

    /// Waits until an output has a level; when it got it.
    ///
    /// # Panics
    /// If it does not get there.
    pub fn wait(&self, name: &str, level: bool, patience: Duration) -> Instant {
        let at = offset(name);
        let (seen, _) = self
            .seen
            .changed
            .wait_timeout_while(self.seen.lock(), patience, |it| it.levels[at] != level)
            .unwrap_or_else(PoisonError::into_inner);
        assert_eq!(seen.levels[at], level, "line {name} after {patience:?}");
        seen.since[at].unwrap_or_else(Instant::now)
    }

    /// The level of an output once it is another than `is`, or after a while.
    ///
    /// # Panics
    /// If there is no such line.
    pub fn next(&self, name: &str, is: bool, patience: Duration) -> bool {
        let at = offset(name);
        let (seen, _) = self
            .seen
            .changed
            .wait_timeout_while(self.seen.lock(), patience, |it| it.levels[at] == is)
            .unwrap_or_else(PoisonError::into_inner);
        seen.levels[at]
    }

    fn ask(&self, command: &str) -> anyhow::Result<()> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.seen.lock().answers;
        writeln!(stream, "{command}")?;
        let (seen, timed_out) = self
            .seen
            .changed
            .wait_timeout_while(self.seen.lock(), Duration::from_secs(60), |it| {
                it.answers == before && !it.ended
            })
            .unwrap_or_else(PoisonError::into_inner);
        (seen.answers > before && !timed_out.timed_out())
            .then_some(())
            .with_context(|| format!("no answer to {command}"))
    }
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, Levels> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, line: &str) {
        let now = Instant::now();
        let mut seen = self.lock();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["IRQ", edge, number] => {
                if let Some(at) = number.parse().ok().filter(|at: &usize| *at < LINES.len()) {
                    let level = *edge == "raise";
                    if seen.levels[at] != level {
                        seen.since[at] = Some(now);
                    }
                    seen.levels[at] = level;
                }
            }
            _ => seen.answers += 1,
        }
        drop(seen);
        self.changed.notify_all();
    }
}

fn offset(name: &str) -> usize {
    let found = LINES.iter().position(|line| *line == name);
    found.unwrap_or_else(|| panic!("the board has no line {name}"))
}
