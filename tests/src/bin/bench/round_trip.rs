//! Round trips of calls of the central system, beside the floor.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use plugpoint_tests::charger::{Control, Memory};

use crate::central::{self, Central};
use crate::machine;
use crate::report::{Report, RoundTrip};
use crate::start;

pub(super) const WARM_UP: usize = 300;
/// Calls before it is the other's turn.
pub(super) const BLOCK: usize = 100;
/// For the growth of memory.
const MANY: usize = 10_000;

pub(super) struct Kind {
    pub(super) name: &'static str,
    action: &'static str,
    payloads: [&'static str; 2],
    /// Writes to flash before it answers.
    durable: bool,
}

pub(super) const KINDS: [Kind; 4] = [
    Kind {
        name: "GetConfiguration, one key",
        action: "GetConfiguration",
        payloads: [r#"{"key":["HeartbeatInterval"]}"#; 2],
        durable: false,
    },
    Kind {
        name: "GetConfiguration, all",
        action: "GetConfiguration",
        payloads: ["{}"; 2],
        durable: false,
    },
    Kind {
        name: "DataTransfer, unknown vendor",
        action: "DataTransfer",
        payloads: [r#"{"vendorId":"com.example","messageId":"x","data":"y"}"#; 2],
        durable: false,
    },
    Kind {
        name: "ChangeConfiguration (on flash)",
        action: "ChangeConfiguration",
        payloads: [
            r#"{"key":"MeterValueSampleInterval","value":"61"}"#,
            r#"{"key":"MeterValueSampleInterval","value":"62"}"#,
        ],
        durable: true,
    },
];

/// A floor process that ends with this.
struct Floor {
    child: Child,
    central: Central,
}

impl Drop for Floor {
    fn drop(&mut self) {
        // Fails only if it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Both ends on one core from here to the end of this function.
pub async fn measure(report: &mut Report, calls: usize) -> anyhow::Result<()> {
    machine::pin("0")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let directory = tempfile::tempdir()?;
    // Compile first, so that the process measured is one with a warm cache.
    start::start(directory.path(), &listener, |c| c)
        .await?
        .process
        .kill();
    let mut charger = start::start(directory.path(), &listener, |c| c).await?;
    let address = std::fs::read_to_string(directory.path().join("state/control.addr"))?;
    let control = Control::new(address.trim());
    let central = &mut charger.central;
    central.answer(&charger.first).await?;
    central.settle(Duration::from_millis(300)).await?;

    for kind in &KINDS {
        let (_, answer) = central.call(kind.action, kind.payloads[0]).await?;
        let mut floor = start_floor(&listener, answer.len()).await?;
        run(central, kind, WARM_UP).await?;
        run(&mut floor.central, kind, WARM_UP).await?;
        let before = component(&control)?;
        let mut ours = Vec::with_capacity(calls);
        let mut theirs = Vec::with_capacity(calls);
        while ours.len() < calls {
            ours.extend(run(central, kind, BLOCK).await?);
            theirs.extend(run(&mut floor.central, kind, BLOCK).await?);
        }
        let after = component(&control)?;
        let inside_us = (after.1 - before.1) as f64 / (after.0 - before.0).max(1) as f64;
        report.round_trips.push(RoundTrip::new(
            kind.name,
            answer.len(),
            &mut ours,
            &mut theirs,
            inside_us,
            (!kind.durable).then_some(1.3),
        ));
    }

    let process = charger.process.id();
    let before_kib = Memory::of(process)?.pss_kib;
    let (cpu, begin) = (machine::cpu_ms(process)?, Instant::now());
    for n in 0..MANY {
        let kind = &KINDS[n % 3];
        central.call(kind.action, kind.payloads[0]).await?;
    }
    let took = begin.elapsed();
    report.mixed(
        MANY as f64 / took.as_secs_f64(),
        (machine::cpu_ms(process)? - cpu) as f64 * 1000.0 / MANY as f64,
    );
    let after_kib = Memory::of(process)?.pss_kib;
    report.memory("before 10,000 more calls", before_kib, None);
    report.memory("after 10,000 more calls", after_kib, None);
    charger.process.kill();
    machine::pin(&format!("0-{}", machine::last_core()))
}

async fn start_floor(listener: &TcpListener, length: usize) -> anyhow::Result<Floor> {
    let child = Command::new(std::env::current_exe()?)
        .arg("floor")
        .arg(format!("ws://{}/floor", listener.local_addr()?))
        .arg(length.to_string())
        .spawn()?;
    let central = central::accept(listener).await?;
    Ok(Floor { child, central })
}

pub(super) async fn run(
    central: &mut Central,
    kind: &Kind,
    calls: usize,
) -> anyhow::Result<Vec<Duration>> {
    let mut took = Vec::with_capacity(calls);
    for n in 0..calls {
        took.push(central.call(kind.action, kind.payloads[n % 2]).await?.0);
    }
    Ok(took)
}

/// Events handled by the protocol component so far, and the time that took.
fn component(control: &Control) -> anyhow::Result<(u64, u64)> {
    let status = control.status()?;
    let number = |name: &str| status["components"][0][name].as_u64().unwrap_or(0);
    Ok((number("events"), number("busy_us")))
}
