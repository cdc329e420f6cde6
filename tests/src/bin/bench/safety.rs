//! From an input to the open contactor, while a guest spins through a budget
//! of a minute and the database does nothing.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;

use plugpoint_tests::charger::{Control, component};

use crate::report::Report;
use crate::start;

/// Contactors that are watched at the same time.
const OUTLETS: u32 = 10;
const ROUNDS: usize = 10;
/// A contactor that closes again sooner than this after it had opened is held
/// back by the charger, to spare it.
const CLOSED_FOR: Duration = Duration::from_millis(1100);

/// What opens the contactors.
const EDGES: [&str; 3] = ["unplug", "fault", "emergency stop"];

pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    for edge in EDGES {
        let directory = tempfile::tempdir()?;
        let block = directory.path().join("block");
        let bad = component("bad-component")?;
        let mut charger = start::start(directory.path(), &listener, |config| {
            config
                .connectors(OUTLETS)
                .set("components.ocpp", bad.to_string_lossy().into_owned())
                .set("limits.ocpp.event_ms", 60_000)
                .set("permit.orphan_life_s", 600)
                .set("debug.block_store", block.to_string_lossy().into_owned())
        })
        .await?;
        let address = std::fs::read_to_string(directory.path().join("state/control.addr"))?;
        let control = Control::new(address.trim());
        for outlet in 1..=OUTLETS {
            charger
                .central
                .say(format!("permit {outlet} 16000"))
                .await?;
            control.plug(outlet)?;
        }
        wait(&control, "closed").await?;
        std::fs::write(&block, "")?;
        charger.central.say("bad loop".into()).await?;
        for _ in 0..ROUNDS {
            tokio::time::sleep(CLOSED_FOR).await;
            open(&control, edge)?;
            wait(&control, "open").await?;
            close(&control, edge)?;
            wait(&control, "closed").await?;
        }
        let status = control.status()?;
        if status["components"][0]["restarts"] != 0 {
            bail!("the guest did not spin all the time");
        }
        report.safety(edge, &status["safety"]);
        charger.process.kill();
    }
    Ok(())
}

fn open(control: &Control, edge: &str) -> anyhow::Result<()> {
    match edge {
        "emergency stop" => drop(control.emergency_stop(true)?),
        _ => {
            for outlet in 1..=OUTLETS {
                match edge {
                    "unplug" => control.unplug(outlet)?,
                    _ => control.fault(outlet, "GroundFailure")?,
                };
            }
        }
    }
    Ok(())
}

fn close(control: &Control, edge: &str) -> anyhow::Result<()> {
    match edge {
        "emergency stop" => drop(control.emergency_stop(false)?),
        _ => {
            for outlet in 1..=OUTLETS {
                match edge {
                    "unplug" => control.plug(outlet)?,
                    _ => control.clear_fault(outlet)?,
                };
            }
        }
    }
    Ok(())
}

async fn wait(control: &Control, contactors: &str) -> anyhow::Result<()> {
    let begin = Instant::now();
    loop {
        let status = control.status()?;
        let all = status["connectors"]
            .as_array()
            .context("no connectors in the status")?
            .iter()
            .all(|connector| connector["contactor"] == contactors);
        if all {
            return Ok(());
        }
        if begin.elapsed() > Duration::from_secs(10) {
            bail!("not all contactors are {contactors}: {status}");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
