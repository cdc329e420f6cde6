//! The program for boards with little flash and memory: how large it is, and what it
//! takes of memory with both standard components at work, from its start to behind a
//! charging session.

use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;

use plugpoint_tests::charger::{Control, Memory};

use crate::report::Report;
use crate::start::{self, start};

const SIZE_MB: f64 = 6.0;
const MEMORY_MB: f64 = 7.0;

/// The program lets go of what only its start needed after 5 s.
const AT_WORK: Duration = Duration::from_secs(7);
const QUIET: Duration = Duration::from_millis(700);
const CALLS: usize = 500;

/// Measures it.
pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    report.sizes(Some(SIZE_MB))?;
    start::measure(report).await.context("start")?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let directory = tempfile::tempdir()?;
    let mut charger = start(directory.path(), &listener, |c| c).await?;
    let process = charger.process.id();
    let url = std::fs::read_to_string(directory.path().join("state/control.addr"))?;
    let control = Control::new(url.trim());
    let central = &mut charger.central;
    central.answer(&charger.first).await?;
    // What it says meanwhile is answered; that it is never quiet for so long is no fault.
    let _ = tokio::time::timeout(AT_WORK, central.settle(AT_WORK)).await;
    report.memory_in_parts("some seconds later", Memory::of(process)?, Some(MEMORY_MB));

    control.plug(1)?;
    control.card("BENCH-CARD")?;
    central.settle(QUIET).await?;
    let status = control.status()?;
    anyhow::ensure!(
        status["connectors"][0]["contactor"] == "closed",
        "the car does not charge: {}",
        status["connectors"][0]
    );
    report.memory_in_parts("while a car charges", Memory::of(process)?, Some(MEMORY_MB));
    for _ in 0..CALLS {
        central.call("GetConfiguration", "{}").await?;
    }
    // The record of what happens is in memory first, so this is more for a while.
    let now = Memory::of(process)?;
    report.memory_in_parts("after 500 large answers at once", now, None);
    control.card("BENCH-CARD")?;
    control.unplug(1)?;
    central.settle(QUIET).await?;
    report.memory_in_parts("after the session", Memory::of(process)?, Some(MEMORY_MB));
    charger.process.kill();
    Ok(())
}
