//! The command line: which commands there are, and how each ends. Not here: what
//! they do, which is in the library.

mod charger;
mod component;
mod desk;
#[cfg(feature = "kit")]
mod manual;
mod run;
mod sim;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use plugpoint::operator;
use plugpoint_terminal::{complain, trouble};

use charger::ChargerArguments;
use component::ComponentCommand;

/// Runtime of an EV charge point.
#[derive(Parser)]
#[command(version, about)]
#[command(
    after_help = "RUST_LOG chooses what `run` logs: error, warn, info (the default), debug or trace, \
    for all or for a part of the program (RUST_LOG=plugpoint::link=debug,info)."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the charge point until SIGTERM.
    Run {
        /// The configuration; without it, one simulated connector.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Look at everything that a configuration names: hardware, components, keys and
    /// certificates. Not while the charger runs: it holds the hardware.
    Check {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Also connect to the central system.
        #[arg(long)]
        online: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run a component on a record that was taken from a charger, and say on which
    /// event it differs first. Exit code 0: nowhere, 1: it differs, 2: it could
    /// not be tried.
    Replay(desk::ReplayArguments),
    /// Show what a running charger is doing.
    Status {
        /// As the control API gives it.
        #[arg(long)]
        json: bool,
        /// Show it again whenever it changes, until Ctrl-C.
        #[arg(long)]
        watch: bool,
        #[command(flatten)]
        charger: ChargerArguments,
    },
    /// Print what happens at a running charger, from now on, until Ctrl-C or until
    /// the charger ends.
    Events {
        /// Go on when the charger ends: wait for it to come back.
        #[arg(long)]
        follow: bool,
        /// Only events of this kind, such as frame or component; may be given
        /// several times.
        #[arg(long, value_name = "KIND")]
        kind: Vec<String>,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        charger: ChargerArguments,
    },
    /// Show what can be set at a running charger, such as the configuration keys of OCPP,
    /// or set one of them.
    Settings {
        /// Only this one, with what it means.
        name: Option<String>,
        /// It is to have this value from now on.
        value: Option<String>,
        /// As the control API gives it.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        charger: ChargerArguments,
    },
    /// Act on the simulated hardware of a running charger: plug a car in, present a
    /// card, cut the network.
    Sim {
        #[command(flatten)]
        charger: ChargerArguments,
        #[command(subcommand)]
        command: sim::SimCommand,
    },
    /// Look at components, and change those of a running charger.
    Component {
        #[command(subcommand)]
        command: ComponentCommand,
    },
    #[cfg(feature = "kit")]
    #[command(flatten)]
    Manual(manual::ManualCommand),
}

/// The command did its work, and this is what it says of what it looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Good,
    /// A difference, a finding, a component that would be refused.
    Bad,
}

type Failed = Box<dyn std::error::Error>;

/// Wrong use, files or a configuration that cannot be used, or where 1 is an answer
/// anything that kept the command from answering.
const EXIT_UNUSABLE: u8 = 2;
/// The answer is no; or the charger did not do what it was asked for.
const EXIT_FAILED: u8 = 1;

/// Does what the command line says.
pub(crate) fn main() -> ExitCode {
    // These two are ours to start and nobody's to type, so they are no part of the
    // command line: not in its help, and not among its suggestions.
    match std::env::args_os()
        .nth(1)
        .as_deref()
        .and_then(|it| it.to_str())
    {
        Some("guard") => return plugpoint::guard::run(),
        #[cfg(feature = "compiler")]
        Some("compile") => return plugpoint::guest::compiler::run(),
        _ => {}
    }
    let command = Cli::parse().command;
    let failed = command.exit_code_of_failure();
    let done = command.perform();
    let code = match done {
        Ok(Answer::Good) => 0,
        Ok(Answer::Bad) => EXIT_FAILED,
        Err(error) => {
            complain!("plugpoint: {error}");
            failed
        }
    };
    match trouble() {
        None => ExitCode::from(code),
        Some(error) => {
            complain!("plugpoint: cannot write to standard output: {error}");
            ExitCode::from(EXIT_UNUSABLE)
        }
    }
}

impl Command {
    /// At a running charger 1 is a failure, unless 1 is an answer there.
    fn exit_code_of_failure(&self) -> u8 {
        match self {
            Self::Status { .. }
            | Self::Events { .. }
            | Self::Settings { .. }
            | Self::Sim { .. } => EXIT_FAILED,
            Self::Component { command } => command.exit_code_of_failure(),
            _ => EXIT_UNUSABLE,
        }
    }

    fn perform(self) -> Result<Answer, Failed> {
        match self {
            Self::Run { config } => run::run(config).map(|()| Answer::Good),
            Self::Check {
                config,
                online,
                json,
            } => desk::check(&config, online, json),
            Self::Replay(arguments) => desk::replay(arguments),
            Self::Status {
                json,
                watch,
                charger,
            } => {
                let how = operator::Show { json, watch };
                charger.ask(async |control| operator::status(control, how).await)
            }
            Self::Events {
                follow,
                kind,
                json,
                charger,
            } => {
                let what = operator::Events {
                    follow,
                    kind,
                    slot: None,
                    json,
                };
                charger.ask(async |control| operator::events(control, &what).await)
            }
            Self::Settings {
                name,
                value,
                json,
                charger,
            } => {
                let what = operator::Settings { name, value, json };
                charger.ask(async |control| operator::settings(control, &what).await)
            }
            Self::Sim { charger, command } => {
                let act = command.act();
                charger.ask(async |control| operator::act(control, &act).await)
            }
            Self::Component { command } => command.perform(),
            #[cfg(feature = "kit")]
            Self::Manual(command) => command.perform(<Cli as clap::CommandFactory>::command()),
        }
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
