//! QEMU's machine protocol: finds devices, types keys, pulls the keyboard out and
//! puts it in again, and hears of what happens to the machine.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::talk::{Listener, Talk};

/// The id of the USB keyboard.
pub(super) const KEYBOARD: &str = "reader";

const PATIENCE: Duration = Duration::from_secs(60);
/// How long a key is held, and between two keys, ms.
const HOLD_MS: u64 = 20;
const BETWEEN: Duration = Duration::from_millis(60);

/// The connection.
#[derive(Debug)]
pub struct Monitor {
    talk: Talk<Messages>,
}

#[derive(Debug, Default)]
struct Messages {
    answers: Vec<Value>,
    events: Vec<(Instant, Value)>,
}

impl Monitor {
    pub(super) fn connect(path: &Path) -> anyhow::Result<Monitor> {
        let monitor = Monitor {
            talk: Talk::connect(path, "monitor")?,
        };
        monitor.ask("qmp_capabilities", json!({}))?;
        Ok(monitor)
    }

    /// The path of the device whose type contains `part`.
    pub(super) fn find(&self, part: &str) -> anyhow::Result<String> {
        const PLACE: &str = "/machine/unattached";
        let listed = self.ask("qom-list", json!({ "path": PLACE }))?;
        listed
            .as_array()
            .into_iter()
            .flatten()
            .find(|it| it["type"].as_str().is_some_and(|kind| kind.contains(part)))
            .and_then(|it| it["name"].as_str())
            .map(|name| format!("{PLACE}/{name}"))
            .with_context(|| format!("no {part} on the board"))
    }

    /// Types digits and letters on the USB keyboard, and the enter key.
    ///
    /// # Errors
    /// If QEMU does not take them.
    pub fn type_line(&self, text: &str) -> anyhow::Result<()> {
        let keys = text.chars().map(|c| c.to_ascii_lowercase().to_string());
        for key in keys.chain(["ret".to_owned()]) {
            let keys = json!([{ "type": "qcode", "data": key }]);
            self.ask("send-key", json!({ "keys": keys, "hold-time": HOLD_MS }))?;
            // The next key goes down only after this one is up.
            std::thread::sleep(BETWEEN);
        }
        Ok(())
    }

    /// Pulls the USB keyboard out, and waits until it is gone.
    ///
    /// # Errors
    /// If there is none.
    pub fn unplug_keyboard(&self) -> anyhow::Result<()> {
        let before = self.count("DEVICE_DELETED");
        self.ask("device_del", json!({ "id": KEYBOARD }))?;
        self.event("DEVICE_DELETED", before, PATIENCE).map(|_| ())
    }

    /// Puts the USB keyboard in again.
    ///
    /// # Errors
    /// If there is one.
    pub fn plug_keyboard(&self) -> anyhow::Result<()> {
        self.ask("device_add", json!({ "driver": "usb-kbd", "id": KEYBOARD }))?;
        Ok(())
    }

    /// How often this has happened so far.
    pub fn count(&self, event: &str) -> usize {
        self.talk.heard().of(event).count()
    }

    /// Waits until this has happened more often than `before`; when it did.
    ///
    /// # Errors
    /// If it does not.
    pub fn event(&self, event: &str, before: usize, patience: Duration) -> anyhow::Result<Instant> {
        let heard = self
            .talk
            .wait(patience, |it| it.of(event).nth(before).is_some());
        let found = heard.of(event).nth(before);
        found.with_context(|| format!("no {event} of the board within {patience:?}"))
    }

    fn ask(&self, command: &str, arguments: Value) -> anyhow::Result<Value> {
        let mut stream = self.talk.speak();
        let ask = json!({ "execute": command, "arguments": arguments });
        writeln!(stream, "{ask}")?;
        let mut heard = self.talk.wait(PATIENCE, |it| !it.answers.is_empty());
        let Some(answer) = heard.answers.pop() else {
            bail!("{command}: qemu's monitor does not answer");
        };
        if !answer["error"].is_null() {
            bail!("{command}: {}", answer["error"]);
        }
        Ok(answer["return"].clone())
    }
}

impl Listener for Messages {
    fn take(&mut self, line: &str, at: Instant) {
        // The greeting is neither, and a broken line shows as no answer.
        let message: Value = serde_json::from_str(line).unwrap_or_default();
        if message.get("event").is_some() {
            self.events.push((at, message));
        } else if message.get("return").is_some() || message.get("error").is_some() {
            self.answers.push(message);
        }
    }
}

impl Messages {
    fn of(&self, event: &str) -> impl Iterator<Item = Instant> {
        let events = self.events.iter();
        events.filter_map(move |(at, it)| (it["event"] == event).then_some(*at))
    }
}
