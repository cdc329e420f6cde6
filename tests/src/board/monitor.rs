//! QEMU's machine protocol: finds devices, types keys.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

/// The connection.
#[derive(Debug)]
pub struct Monitor {
    stream: Mutex<BufReader<UnixStream>>,
}

impl Monitor {
    pub(super) fn connect(path: &Path) -> anyhow::Result<Monitor> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let monitor = Monitor {
            stream: Mutex::new(BufReader::new(stream)),
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
            self.ask("send-key", json!({ "keys": keys, "hold-time": 20 }))?;
            // The next key goes down only after this one is up.
            std::thread::sleep(Duration::from_millis(60));
        }
        Ok(())
    }

    fn ask(&self, command: &str, arguments: Value) -> anyhow::Result<Value> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let ask = json!({ "execute": command, "arguments": arguments });
        writeln!(stream.get_mut(), "{ask}")?;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                bail!("qemu's monitor has ended");
            }
            let answer: Value = serde_json::from_str(&line)?;
            if !answer["error"].is_null() {
                bail!("{command}: {}", answer["error"]);
            }
            // Greeting and events come in between.
            if let Some(answer) = answer.get("return") {
                return Ok(answer.clone());
            }
        }
    }
}
