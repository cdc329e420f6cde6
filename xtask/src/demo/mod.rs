//! The task `run`: a charge point with simulated hardware and a central system,
//! a whole charging session told in plain words, then both stay up for you.
//!
//! Reading order: `session` (what is done to the charger), `story` (what is told
//! of it), then the tools: `charger` (its configuration and process), `happenings`
//! (everything that the task waits for), `child`, `http`.
//!
//! It sees of the charger what anybody can: its control API.

mod charger;
mod child;
mod happenings;
mod http;
mod session;
mod story;

use std::fs;
use std::net::TcpListener;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Args;
use plugpoint_terminal::say;

use crate::program;
use crate::workspace::{self, Workspace};
use charger::Charger;
use child::Child;
use happenings::{Happening, Happenings};

/// What can be chosen.
#[derive(Args)]
pub struct Options {
    /// Talk to this central system (OCPP 1.6-J) instead of our own on loopback.
    #[arg(long, value_name = "WS-URL")]
    csms: Option<String>,
    /// The identity of the charge point; appended to the URL.
    #[arg(long, default_value = "CP001")]
    id: String,
    /// The card that charges.
    #[arg(long, default_value = "04A1B2C3", value_name = "ID-TAG")]
    card: String,
    /// End after the session; the exit code tells whether it went well.
    #[arg(long)]
    pub once: bool,
}

/// Runs it.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    build(workspace)?;
    let folder = workspace.target("demo").join(&options.id);
    if options.csms.is_none() {
        // Our own central system remembers nothing either.
        let _ = fs::remove_dir_all(&folder);
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;

    let happenings = Happenings::watch_signals()?;
    let (url, port) = match &options.csms {
        Some(url) => (url.clone(), None),
        None => {
            let port = free_port()?;
            (format!("ws://127.0.0.1:{port}/ocpp"), Some(port))
        }
    };
    let charger = Charger::start(workspace, &folder, &options.id, &url, &happenings)?;
    // Ours starts only when the charger is listened to: nothing is missed.
    let _central = match port {
        Some(port) => {
            charger.post("/sim/network", r#"{"online": false}"#)?;
            let central = central_system(workspace, port, &happenings)?;
            charger.post("/sim/network", r#"{"online": true}"#)?;
            Some(central)
        }
        None => None,
    };
    say!("The charge point {} dials {url}", options.id);

    let played = session::play(&charger, &options.card, &happenings);
    match &played {
        Ok(summary) => say!("\n{summary}"),
        Err(error) => say!("\nThe session did not go as it should: {error:#}"),
    }
    if options.once || matches!(&played, Err(error) if error.is::<happenings::Over>()) {
        return Ok(match played {
            Ok(_) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        });
    }
    say!("{}", charger.how_to_go_on(&options.card));
    stay_up(&happenings)
}

fn build(workspace: &Workspace) -> Result<()> {
    // With the same features as the tests, so that it is compiled once for both.
    let mut command = workspace.cargo("build");
    workspace::over_workspace(command.arg("--quiet"));
    command.args(["--bin", "plugpoint", "--bin", "central-system"]);
    workspace::run(&mut command)
}

/// Tells what happens until Ctrl-C, or until a program ends by itself.
fn stay_up(happenings: &Happenings) -> Result<ExitCode> {
    let mut story = story::Story::default();
    loop {
        match happenings.next() {
            Happening::Journal(entry) => story.tell(&entry),
            Happening::Asked => return Ok(ExitCode::SUCCESS),
            Happening::Ended(what) => {
                say!("{what} has ended");
                return Ok(ExitCode::FAILURE);
            }
        }
    }
}

fn central_system(workspace: &Workspace, port: u16, happenings: &Happenings) -> Result<Child> {
    let log = workspace.target("demo").join("central-system.log");
    let mut command = Command::new(program::path(workspace, false, "central-system"));
    command.args(["--listen", &format!("127.0.0.1:{port}")]);
    let (child, _) = Child::start(
        &mut command,
        "the central system",
        &log,
        "listening ",
        happenings,
    )?;
    Ok(child)
}

/// A port that nobody uses at this moment.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
