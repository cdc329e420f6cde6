//! The command line. Not here: what is done with it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use plugpoint_conformance::attached::Attachment;
use plugpoint_conformance::native::Variant;
use plugpoint_conformance::{Files, Power, Traits};

/// The conformance suite for OCPP 1.6-J charge points.
#[derive(Debug, Parser)]
#[command(name = "conformance", version)]
pub struct Cli {
    #[command(subcommand)]
    pub task: Task,
}

#[derive(Debug, Subcommand)]
pub enum Task {
    /// Names the cases.
    List,
    /// Runs cases and prints the verdict of each; the exit code is 0 if none
    /// failed, 1 if one did, and 2 if there was no run.
    Run(Box<Run>),
}

#[derive(Debug, Args)]
pub struct Run {
    /// Only this case; may be given several times.
    #[arg(long, value_name = "TC_003")]
    pub case: Vec<String>,
    /// The station under test: a new process of the real program for each case.
    #[arg(long, value_enum, default_value = "plugpoint", conflicts_with_all = ["control", "native"])]
    pub against: Against,
    /// The station under test is the library, in virtual time.
    #[arg(long, conflicts_with = "control")]
    pub native: bool,
    /// The station under test is a charge point that runs already, with this
    /// control API: http://HOST:PORT.
    #[arg(long, value_name = "URL")]
    pub control: Option<String>,
    /// How many connectors it has.
    #[arg(long, default_value_t = 1)]
    pub connectors: u32,
    /// How their cables are attached.
    #[arg(long, value_enum, default_value = "fixed")]
    pub cable: Cable,
    /// Also print all that was said in a case that failed.
    #[arg(long)]
    pub transcript: bool,
    /// The results as JSON, into this file.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    #[command(flatten)]
    ours: Ours,
    #[command(flatten)]
    stranger: Stranger,
}

/// Of a station that we start.
#[derive(Debug, Args)]
#[command(next_help_heading = "Only for the real program and the library")]
struct Ours {
    /// Its configuration file; where it dials, listens and writes is replaced.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["control", "native", "connectors", "cable"])]
    config: Option<PathBuf>,
    /// The guests' instances are thrown away after every event.
    #[arg(long, conflicts_with = "control")]
    amnesia: bool,
    /// So many cases at once.
    #[arg(long, default_value_t = 12, conflicts_with = "control")]
    at_once: usize,
}

/// Of a station that is somebody else's.
#[derive(Debug, Args)]
#[command(next_help_heading = "Only with --control")]
struct Stranger {
    /// Where the charge point dials: our central system listens here.
    #[arg(
        long,
        default_value = "127.0.0.1:9000",
        value_name = "ADDRESS",
        requires = "control"
    )]
    listen: SocketAddr,
    /// The bearer token of its control API.
    #[arg(long, requires = "control")]
    token: Option<String>,
    /// A shell command that cuts its power and restores it.
    #[arg(
        long,
        value_name = "CMD",
        requires = "control",
        conflicts_with = "start"
    )]
    power_cycle: Option<String>,
    /// A shell command that is its program: started first, killed for each loss
    /// of power, and in the end.
    #[arg(long, value_name = "CMD", requires = "control")]
    start: Option<String>,
    /// It has something to say while its mains fail (needs --start).
    #[arg(long, requires = "start")]
    holds_up: bool,
    /// Its reader serves only the first connector.
    #[arg(long, requires = "control")]
    own_reader: bool,
    /// How long a wait for something that must come may be, in s.
    #[arg(long, default_value_t = 30, value_name = "S", requires = "control")]
    patience: u64,
    /// How long the absence of something is observed, in s.
    #[arg(long, default_value_t = 3, value_name = "S", requires = "control")]
    observation: u64,
    /// The shortest time that is sensible for its time-outs and intervals, in s.
    #[arg(long, default_value_t = 3, value_name = "S", requires = "control")]
    short: u64,
    /// How long a car takes at most to draw the energy it is offered, in s.
    #[arg(long, default_value_t = 5, value_name = "S", requires = "control")]
    car_reacts: u64,
    /// A file that it can install: for the cases about updates and diagnostics.
    #[arg(long, value_name = "URL", requires_all = ["control", "bad_firmware", "upload_folder"])]
    firmware: Option<String>,
    /// A file that it can fetch, and cannot install.
    #[arg(long, value_name = "URL", requires = "firmware")]
    bad_firmware: Option<String>,
    /// A folder to which it can send files.
    #[arg(long, value_name = "URL", requires = "firmware")]
    upload_folder: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Against {
    Plugpoint,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Cable {
    Fixed,
    Socket,
}

impl From<Cable> for plugpoint_conformance::Cable {
    fn from(cable: Cable) -> plugpoint_conformance::Cable {
        match cable {
            Cable::Fixed => plugpoint_conformance::Cable::Fixed,
            Cable::Socket => plugpoint_conformance::Cable::Socket,
        }
    }
}

impl Stranger {
    fn files(&self) -> Option<Files> {
        Some(Files {
            good: self.firmware.clone()?,
            bad: self.bad_firmware.clone()?,
            folder: self.upload_folder.clone()?,
        })
    }
}

impl Run {
    /// The configuration file of the real program.
    pub fn config(&self) -> Option<&PathBuf> {
        self.ours.config.as_ref()
    }

    /// So many cases at once.
    pub fn at_once(&self) -> usize {
        self.ours.at_once
    }

    /// Whether instances are thrown away.
    pub fn amnesia(&self) -> bool {
        self.ours.amnesia
    }

    /// The station in a few words.
    pub fn label(&self) -> String {
        if let Some(control) = &self.control {
            return control.clone();
        }
        let memory = if self.amnesia() { ", amnesia" } else { "" };
        if let Some(file) = self.config() {
            return format!("{}{memory}", file.display());
        }
        let cable = match self.cable {
            Cable::Fixed => "fixed cable",
            Cable::Socket => "socket",
        };
        format!("{} x {cable}{memory}", self.connectors)
    }

    /// The library, as it is to be.
    pub fn variant(&self) -> Variant {
        Variant {
            cables: self.cables(),
            reader: (1..=self.connectors).collect(),
            amnesia: self.amnesia(),
            ..Variant::single(self.cable.into())
        }
    }

    /// Somebody's charge point, as it is said to be.
    pub fn attachment(&self) -> anyhow::Result<Attachment> {
        let stranger = &self.stranger;
        let power = match (&stranger.start, &stranger.power_cycle) {
            (Some(start), _) => Power::program(start),
            (None, Some(cycle)) => Power::Cycle(cycle.clone()),
            (None, None) => Power::Untouchable,
        };
        let reader = match stranger.own_reader {
            true => vec![1],
            false => (1..=self.connectors).collect(),
        };
        let seconds = Duration::from_secs;
        Ok(Attachment {
            control: self.control.clone().context("--control is missing")?,
            token: stranger.token.clone(),
            listen: stranger.listen,
            power,
            traits: Traits {
                cables: self.cables(),
                connector: 1,
                reader,
                holds_up: stranger.holds_up,
                car_reacts: seconds(stranger.car_reacts),
                patience: seconds(stranger.patience),
                observation: seconds(stranger.observation),
                short: seconds(stranger.short),
                files: stranger.files(),
            },
        })
    }

    fn cables(&self) -> Vec<plugpoint_conformance::Cable> {
        (0..self.connectors).map(|_| self.cable.into()).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_command_line_fits_together() {
        Cli::command().debug_assert();
    }
}
