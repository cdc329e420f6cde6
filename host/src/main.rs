//! The program `plugpoint`: the command line, logging, signals, exit codes.
//! What a charger does is in the library.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use plugpoint::check::Verdict;
use plugpoint::component;
use plugpoint::config::Config;
#[cfg(feature = "compiler")]
use plugpoint::guest::compiler::{Compiler, CompilerProcess};
use plugpoint::guest::{Backend, EngineSettings};
use plugpoint::recorder::Desk;
use plugpoint::residue;
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
    /// Run a component on a record that was taken from a charger, and say on which
    /// event it differs first. Exit code 0: nowhere, 1: it differs, 2: it could
    /// not be tried.
    Replay(ReplayArguments),
    /// The second process, which owns the contactors; started by `run`.
    #[command(hide = true)]
    Guard,
    /// Another process, which compiles one component; started by `run`.
    #[cfg(feature = "compiler")]
    #[command(hide = true)]
    Compile,
    /// Look at components, and change those of a running charger.
    Component {
        #[command(subcommand)]
        command: ComponentCommand,
    },
}

#[derive(Subcommand)]
enum ComponentCommand {
    #[cfg(feature = "kit")]
    #[command(flatten)]
    Kit(plugpoint::kit::Command),
    /// Say what a component is, what it imports, and so what it can do.
    Inspect {
        /// A `.wasm` file, or one that was compiled beforehand.
        file: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Compile a component for chargers whose program has no compiler. Sign what
    /// comes of it, as any component.
    Precompile {
        /// A `.wasm` file.
        file: PathBuf,
        /// The chargers' processor: x86_64, aarch64, or for the interpreter
        /// pulley32 (armv7, i686) or pulley64.
        #[arg(long, value_name = "NAME")]
        target: plugpoint::guest::Target,
        /// Where it goes; by default beside the file, as `NAME.TARGET.ppc`.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Put a component into a slot of a running charger.
    Install {
        #[command(flatten)]
        it: CandidateArguments,
        /// An older version than the one in the slot is meant.
        #[arg(long)]
        allow_downgrade: bool,
        /// Also if the version before could not read what this one keeps.
        #[arg(long)]
        one_way: bool,
        /// Let it look on only: its verdicts are compared and never used
        /// (policies).
        #[arg(long)]
        shadow: bool,
        /// Wait until it has proved itself, not only until it runs.
        #[arg(long)]
        wait: bool,
    },
    /// Ask a running charger what a component would have done in its last hours;
    /// nothing is changed. Exit code 0: the same, 1: it differs, 2: it could not
    /// be tried.
    Preflight(CandidateArguments),
    /// Go back to the version before.
    Rollback {
        /// `ocpp`, or `policy/NAME`.
        #[arg(long)]
        slot: String,
        #[command(flatten)]
        charger: ChargerArguments,
    },
    /// Say what is in which slot.
    List {
        #[command(flatten)]
        charger: ChargerArguments,
    },
}

/// What is replayed.
#[derive(Args)]
struct ReplayArguments {
    /// A file of a record, or the directory of a slot's (`state_dir/records/…`).
    record: PathBuf,
    /// A `.wasm` file.
    component: PathBuf,
    /// Settings that a record leaves out: the charger's configuration, or a file
    /// with nothing but `name = "value"`.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Go on after the first difference. What comes later may follow from it.
    #[arg(long)]
    all: bool,
    /// Run it as byte code, as on a board without a native back end.
    #[arg(long)]
    pulley: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// A component, and the charger that is to look at it.
#[derive(Args)]
struct CandidateArguments {
    #[command(flatten)]
    candidate: component::Candidate,
    #[command(flatten)]
    charger: ChargerArguments,
}

/// Which charger.
#[derive(Args)]
struct ChargerArguments {
    /// Its control API: `http://ADDRESS:PORT` or `unix:PATH`.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    control: String,
    /// The file whose first line is the bearer token.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// The charger did not do what it was asked for.
const EXIT_FAILED: u8 = 1;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run { config } => run(config),
        Command::Guard => return plugpoint::guard::run(),
        #[cfg(feature = "compiler")]
        Command::Compile => return plugpoint::guest::compiler::run(),
        Command::Check { config, json } => match check(&config, json) {
            Ok(true) => Ok(()),
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
        Command::Replay(arguments) => match replay(arguments) {
            Ok(true) => Ok(()),
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
        Command::Component {
            command: ComponentCommand::Inspect { file, json },
        } => inspect(&file, json),
        Command::Component {
            command:
                ComponentCommand::Precompile {
                    file,
                    target,
                    output,
                },
        } => precompile(&file, target, output),
        #[cfg(feature = "kit")]
        Command::Component {
            command: ComponentCommand::Kit(command),
        } => match command.run() {
            Ok(plugpoint::kit::Verdict::NotWell) => return ExitCode::FAILURE,
            Ok(plugpoint::kit::Verdict::Well) => Ok(()),
            Err(error) => Err(error.into()),
        },
        Command::Component { command } => return at_a_charger(command),
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
    residue::keep_no_heap();
    let config = match file {
        Some(file) => Config::load(&file)?,
        None => Config::built_in(),
    };
    log_to_stderr();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ran = runtime.block_on(async {
        let station = Station::start(config, engine_of_a_charger())?;
        let url = station.control_url().to_owned();
        // For people and for tests that asked for port 0.
        println!("control api: {url}");
        tokio::spawn(let_go_of_the_start());
        station.run(asked_to_end()).await;
        Ok::<_, StartError>(())
    });
    // A look-up of a name that hangs must not hold up the end.
    runtime.shutdown_background();
    Ok(ran?)
}

/// Once this has started, and once more when its guests and links have.
async fn let_go_of_the_start() {
    const STARTED: Duration = Duration::from_millis(250);
    const SETTLED: Duration = Duration::from_secs(5);
    for after in [STARTED, SETTLED] {
        tokio::time::sleep(after).await;
        match residue::let_go() {
            Ok(bytes) => tracing::debug!(bytes, "pages of the program let go"),
            Err(error) => tracing::debug!(%error, "pages of the program are kept"),
        }
    }
}

/// Nothing is compiled within the process that keeps people safe.
fn engine_of_a_charger() -> EngineSettings {
    EngineSettings {
        #[cfg(feature = "compiler")]
        compiler: Compiler::Process(CompilerProcess::own()),
        ..EngineSettings::default()
    }
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

/// Whether there is no difference.
fn replay(arguments: ReplayArguments) -> Result<bool, Failed> {
    let mut engine = EngineSettings::default();
    if arguments.pulley {
        engine.backend = Backend::Pulley;
    }
    let desk = Desk {
        record: arguments.record,
        component: arguments.component,
        settings: arguments.settings,
        all: arguments.all,
        engine,
    };
    let report = desk.run()?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(report.is_same())
}

/// Commands that talk to a running charger.
fn at_a_charger(command: ComponentCommand) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    // 1 is an answer there.
    let failed = match command {
        ComponentCommand::Preflight(_) => EXIT_UNUSABLE,
        _ => EXIT_FAILED,
    };
    let done = match runtime {
        Ok(runtime) => runtime.block_on(ask(command)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(EXIT_FAILED),
        Err(error) => {
            eprintln!("plugpoint: {error}");
            ExitCode::from(failed)
        }
    }
}

/// Whether the answer is yes, where that is the question.
async fn ask(command: ComponentCommand) -> Result<bool, Failed> {
    match command {
        ComponentCommand::Inspect { file, json } => inspect(&file, json)?,
        ComponentCommand::Precompile {
            file,
            target,
            output,
        } => precompile(&file, target, output)?,
        #[cfg(feature = "kit")]
        ComponentCommand::Kit(command) => drop(command.run()?),
        ComponentCommand::Install {
            it: CandidateArguments { candidate, charger },
            allow_downgrade,
            one_way,
            shadow,
            wait,
        } => {
            let it = component::Install {
                candidate,
                allow_downgrade,
                one_way,
                shadow,
                wait,
            };
            component::install(&charger.control()?, &it).await?;
        }
        ComponentCommand::Preflight(CandidateArguments { candidate, charger }) => {
            return Ok(component::preflight(&charger.control()?, &candidate).await?);
        }
        ComponentCommand::Rollback { slot, charger } => {
            component::roll_back(&charger.control()?, &slot).await?;
        }
        ComponentCommand::List { charger } => {
            println!("{}", component::list(&charger.control()?).await?);
        }
    }
    Ok(true)
}

impl ChargerArguments {
    fn control(&self) -> Result<component::Control, Failed> {
        let token = match &self.token_file {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                text.lines().next().map(|line| line.trim().to_owned())
            }
            None => None,
        };
        Ok(component::Control::parse(&self.control, token)?)
    }
}

fn precompile(
    file: &std::path::Path,
    target: plugpoint::guest::Target,
    output: Option<PathBuf>,
) -> Result<(), Failed> {
    let output = output.unwrap_or_else(|| file.with_extension(format!("{target}.ppc")));
    let bytes = component::precompile(file, target, &output)?;
    println!("{} ({} KiB)", output.display(), bytes.div_ceil(1024));
    Ok(())
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
