//! The charge point: its configuration, its process, its control API.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};
use toml::{Table, Value};

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
        fs::write(&config, configuration(workspace, folder, id, csms)?)
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

/// The seed product's configuration, with what is this charger's own.
fn configuration(workspace: &Workspace, folder: &Path, id: &str, csms: &str) -> Result<String> {
    // The usual port, if it is free; else any.
    let usual = "127.0.0.1:8080";
    let listen = match TcpListener::bind(usual) {
        Ok(_) => usual,
        Err(_) => "127.0.0.1:0",
    };
    let seed = workspace.seed_config();
    let text =
        fs::read_to_string(&seed).with_context(|| format!("cannot read {}", seed.display()))?;
    let mut config: Table = text
        .parse()
        .with_context(|| format!("{} is no TOML", seed.display()))?;
    let state = folder.join("state").to_string_lossy().into_owned();
    for (section, key, value) in [
        ("charge_point", "id", id),
        ("charge_point", "state_dir", state.as_str()),
        ("csms", "url", csms),
        ("control", "listen", listen),
    ] {
        let table = config.get_mut(section).and_then(Value::as_table_mut);
        table
            .with_context(|| format!("{} has no [{section}]", seed.display()))?
            .insert(key.to_owned(), value.into());
    }
    Ok(format!(
        "# Written by `cargo xtask run`, from {}.\n{config}",
        seed.display()
    ))
}
