//! From the start of the process to its first message, with and without
//! compiled components, and the memory after that.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use plugpoint_tests::charger::{Config, Memory, Process, program};

use crate::central::{self, Central};
use crate::report::Report;

const COLD: usize = 3;
const WARM: usize = 21;

/// A charger that has said its first message.
pub struct Started {
    pub process: Process,
    pub central: Central,
    /// Its first message.
    pub first: String,
    pub took: Duration,
}

/// Starts the program and waits for its first message.
pub async fn start(
    directory: &Path,
    listener: &TcpListener,
    config: impl Fn(Config) -> Config,
) -> anyhow::Result<Started> {
    let url = format!("ws://{}/ocpp", listener.local_addr()?);
    let file = directory.join("charger.toml");
    let config = config(Config::new(&url)).set(
        "charge_point.state_dir",
        directory.join("state").to_string_lossy().into_owned(),
    );
    std::fs::write(&file, config.to_text())?;
    let mut command = Command::new(program("PLUGPOINT_BIN", "plugpoint")?);
    command.args(["run", "--config"]).arg(&file);
    command.env("RUST_LOG", "warn");
    let begin = Instant::now();
    let process = Process::start(&mut command)?;
    let mut central = central::accept(listener).await?;
    let first = central.text().await?;
    let took = begin.elapsed();
    Ok(Started {
        process,
        central,
        first,
        took,
    })
}

/// Starts it often.
pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut cold = Vec::new();
    for _ in 0..COLD {
        let directory = tempfile::tempdir()?;
        let started = start(directory.path(), &listener, |c| c).await?;
        cold.push(started.took);
        started.process.kill();
    }
    let directory = tempfile::tempdir()?;
    start(directory.path(), &listener, |c| c)
        .await?
        .process
        .kill();
    let mut warm = Vec::new();
    let mut pss = 0;
    for _ in 0..WARM {
        let mut started = start(directory.path(), &listener, |c| c).await?;
        warm.push(started.took);
        started.central.answer(&started.first).await?;
        started.central.settle(Duration::from_millis(300)).await?;
        pss = Memory::of(started.process.id())?.pss_kib;
        started.process.kill();
    }
    report.start("cold component cache", &mut cold, None);
    report.start("warm component cache", &mut warm, Some(15.0));
    report.memory("0.3 s after boot, with the start let go", pss, Some(12.0));
    Ok(())
}
