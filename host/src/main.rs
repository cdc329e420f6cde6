//! The program `plugpoint`: the command line, logging, signals, exit codes.
//! What a charger does is in the library.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use plugpoint::check::Verdict;
use plugpoint::config::Config;
use plugpoint::station::{StartError, Station};

/// Wrong use, a bad configuration, or a state_dir that cannot be used.
const EXIT_UNUSABLE: u8 = 2;

/// Runtime of an EV charge point.
#[derive(Parser)]
#[command(version, about)]
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
    /// Look at the hardware that a configuration names, and say what is there.
    /// Not while the charger runs: it holds the hardware.
    Check {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// The second process, which owns the contactors; started by `run`.
    #[command(hide = true)]
    Guard,
    /// Look at components.
    Component {
        #[command(subcommand)]
        command: ComponentCommand,
    },
}

#[derive(Subcommand)]
enum ComponentCommand {
    /// Say what a component is, what it imports, and so what it can do.
    Inspect {
        /// A `.wasm` file.
        file: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run { config } => run(config),
        Command::Guard => return plugpoint::guard::run(),
        Command::Check { config, json } => match check(&config, json) {
            Ok(true) => Ok(()),
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
        Command::Component {
            command: ComponentCommand::Inspect { file, json },
        } => inspect(&file, json),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plugpoint: {error}");
            ExitCode::from(EXIT_UNUSABLE)
        }
    }
}

type Failed = Box<dyn std::error::Error>;

fn run(file: Option<PathBuf>) -> Result<(), Failed> {
    let config = match file {
        Some(file) => Config::load(&file)?,
        None => Config::built_in(),
    };
    log_to_stderr();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ran = runtime.block_on(async {
        let station = Station::start(config)?;
        let url = station.control_url().to_owned();
        // For people and for tests that asked for port 0.
        println!("control api: {url}");
        station.run(asked_to_end()).await;
        Ok::<_, StartError>(())
    });
    // A look-up of a name that hangs must not hold up the end.
    runtime.shutdown_background();
    Ok(ran?)
}

/// Resolves when the process is asked to end.
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::error!("signals cannot be watched; only SIGKILL ends this process");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => tracing::info!("SIGTERM: ending in good order"),
        _ = int.recv() => tracing::info!("SIGINT: ending in good order"),
    }
}

/// Whether all is well.
fn check(file: &std::path::Path, json: bool) -> Result<bool, Failed> {
    let config = Config::load(file)?;
    let findings = plugpoint::check::run(&config);
    if json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        for finding in &findings {
            println!("{finding}");
        }
    }
    Ok(!findings.iter().any(|it| it.verdict == Verdict::Bad))
}

fn inspect(file: &std::path::Path, json: bool) -> Result<(), Failed> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let inspection = plugpoint::guest::Inspection::of(&bytes)
        .map_err(|error| format!("{}: {error}", file.display()))?;
    if json {
        println!("{}", serde_json::to_string_pretty(&inspection)?);
    } else {
        println!("{inspection}");
    }
    Ok(())
}

/// `RUST_LOG` chooses what is logged (`info`, or `plugpoint::link=debug,info`);
/// by default what a technician wants.
fn log_to_stderr() {
    use std::io::IsTerminal as _;
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::prelude::*;
    let asked = std::env::var("RUST_LOG").ok();
    let filter = match asked.as_deref().map(str::parse::<Targets>) {
        Some(Ok(filter)) => filter,
        Some(Err(_)) | None => Targets::new().with_default(LevelFilter::INFO),
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    tracing_subscriber::registry()
        .with(layer)
        .with(filter)
        .init();
}
