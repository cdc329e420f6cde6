//! `plugpoint run`: logging, signals, and the charger between them. What a charger
//! does is in the library.

use std::path::PathBuf;
use std::time::Duration;

use plugpoint::config::Config;
use plugpoint::guest::EngineSettings;
#[cfg(feature = "compiler")]
use plugpoint::guest::compiler::{Compiler, CompilerProcess};
use plugpoint::logging::Lines;
use plugpoint::residue;
use plugpoint::station::{StartError, Station};
use plugpoint_terminal::say;

use super::Failed;

/// Runs the charger until it is asked to end.
pub(super) fn run(file: Option<PathBuf>) -> Result<(), Failed> {
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
        say!("control api: {url}");
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
    let colours = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(move || Lines { colours })
        .with_ansi(colours)
        .with_target(false)
        // Whoever read the log may have gone: that is no reason to panic.
        .log_internal_errors(false);
    tracing_subscriber::registry()
        .with(layer)
        .with(filter)
        .init();
}
