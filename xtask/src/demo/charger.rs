//! The charge point: its configuration, its process, its control API.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};

use super::child::Child;
use super::happenings::{Happening, Happenings};
use super::http;
use crate::program;
use crate::workspace::Workspace;

/// A running charge point; ends when this is dropped.
pub struct Charger {
    _process: Child,
    /// `HOST:PORT` of the control API.
    address: String,
    log: PathBuf,
}

impl Charger {
    /// Starts it and listens to its journal.
    pub fn start(
        workspace: &Workspace,
        folder: &Path,
        id: &str,
        csms: &str,
        happenings: &Happenings,
    ) -> Result<Self> {
        let config = folder.join("plugpoint.toml");
        fs::write(&config, configuration(folder, id, csms))
            .with_context(|| format!("cannot write {}", config.display()))?;
        let log = folder.join("plugpoint.log");
        let mut command = Command::new(program::path(workspace, false, "plugpoint"));
        command.args(["run", "--config"]).arg(&config);
        let (process, url) = Child::start(
            &mut command,
            "the charge point",
            &log,
            "control api: ",
            happenings,
        )?;
        let address = url
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        let events = http::events(&address, "/v1/events")?;
        let sender = happenings.sender();
        thread::spawn(move || {
            for data in events {
                if let Ok(entry) = serde_json::from_str(&data) {
                    let _ = sender.send(Happening::Journal(entry));
                }
            }
        });
        Ok(Self {
            _process: process,
            address,
            log,
        })
    }

    /// A command by the control API.
    pub fn post(&self, path: &str, body: &str) -> Result<String> {
        http::request(&self.address, "POST", path, body)
    }

    /// The central system has accepted it, perhaps before we listened.
    pub fn is_registered(&self) -> Result<bool> {
        let status = http::request(&self.address, "GET", "/v1/status", "")?;
        let status: serde_json::Value = serde_json::from_str(&status)?;
        Ok(status["shows"]["registration"] == "Accepted")
    }

    /// What to do by hand, now that it runs.
    pub fn how_to_go_on(&self, card: &str) -> String {
        let url = format!("http://{}", self.address);
        format!(
            "The charge point stays up; Ctrl-C ends it. Its log is {log}\n\
             Control API: {url}   Three things to try in another terminal:\n\n  \
             curl -X POST {url}/sim/connectors/1/plug\n  \
             curl -X POST {url}/sim/rfid -d '{{\"id_tag\": \"{card}\"}}'\n  \
             curl {url}/v1/status\n",
            log = self.log.display()
        )
    }
}

fn configuration(folder: &Path, id: &str, csms: &str) -> String {
    // The usual port, if it is free; else any.
    let usual = "127.0.0.1:8080";
    let listen = match TcpListener::bind(usual) {
        Ok(_) => usual,
        Err(_) => "127.0.0.1:0",
    };
    let text = |text: &str| toml_string(text);
    format!(
        r#"# Written by `cargo xtask run`.
[charge_point]
id = {id}
vendor = "Plugpoint"
model = "Demo"
serial_number = "DEMO-1"
state_dir = {state}

[csms]
url = {csms}

[ocpp]
MeterValueSampleInterval = "2"
MeterValuesSampledData = "Energy.Active.Import.Register,Power.Active.Import"

[control]
listen = "{listen}"

[[connector]]
id = 1
driver = "sim"
cable = "fixed"
max_current_a = 32
phases = 3

[[reader]]
driver = "sim"
connectors = [1]
"#,
        id = text(id),
        csms = text(csms),
        state = text(&folder.join("state").to_string_lossy()),
    )
}

/// A basic string of TOML, quoted.
fn toml_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
