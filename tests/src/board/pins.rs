//! The GPIO lines from outside, by QEMU's qtest socket: inputs are pulled, and
//! each change of an output is seen with its time.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::LINES;
use super::talk::{Listener, Talk};

const PATIENCE: Duration = Duration::from_secs(60);

/// All lines of the controller.
#[derive(Debug)]
pub struct Pins {
    controller: String,
    talk: Talk<Levels>,
}

#[derive(Debug, Default)]
struct Levels {
    levels: [bool; LINES.len()],
    since: [Option<Instant>; LINES.len()],
    answers: u64,
}

impl Pins {
    pub(super) fn connect(path: &Path, controller: &str) -> anyhow::Result<Pins> {
        let pins = Pins {
            controller: controller.to_owned(),
            talk: Talk::connect(path, "pins")?,
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
        self.talk.heard().levels[offset(name)]
    }

    /// Waits until an output has a level; when it got it.
    ///
    /// # Panics
    /// If it does not get there.
    pub fn wait(&self, name: &str, level: bool, patience: Duration) -> Instant {
        let at = offset(name);
        let seen = self.talk.wait(patience, |it| it.levels[at] == level);
        assert_eq!(seen.levels[at], level, "line {name} after {patience:?}");
        seen.since[at].unwrap_or_else(Instant::now)
    }

    /// The level of an output once it is another than `is`, or after a while.
    ///
    /// # Panics
    /// If there is no such line.
    pub fn next(&self, name: &str, is: bool, patience: Duration) -> bool {
        let at = offset(name);
        self.talk.wait(patience, |it| it.levels[at] != is).levels[at]
    }

    fn ask(&self, command: &str) -> anyhow::Result<()> {
        let mut stream = self.talk.speak();
        let before = self.talk.heard().answers;
        writeln!(stream, "{command}")?;
        let seen = self.talk.wait(PATIENCE, |it| it.answers > before);
        (seen.answers > before)
            .then_some(())
            .with_context(|| format!("no answer to {command}"))
    }
}

impl Listener for Levels {
    fn take(&mut self, line: &str, at: Instant) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["IRQ", edge, number] => {
                if let Some(which) = number.parse().ok().filter(|it: &usize| *it < LINES.len()) {
                    let level = *edge == "raise";
                    if self.levels[which] != level {
                        self.since[which] = Some(at);
                    }
                    self.levels[which] = level;
                }
            }
            _ => self.answers += 1,
        }
    }
}

fn offset(name: &str) -> usize {
    let found = LINES.iter().position(|line| *line == name);
    found.unwrap_or_else(|| panic!("the board has no line {name}"))
}
