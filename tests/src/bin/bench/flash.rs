//! `cargo xtask bench flash`: what the program writes to flash, by what it does: at
//! rest, for each sample that is acknowledged, for each that is made offline, and for a
//! whole transaction. Bytes are those that the kernel counts for each of its threads
//! (`write_bytes` of /proc/PID/task/TID/io), so the database's checkpoints and the
//! recorder's files are in, and the file in which the simulated meters keep their
//! registers can be left out: real meters have flash of their own.
//!
//! What the file system itself adds (its journal) is in what reaches the disk, which is
//! printed too with `--place`; a flash block that is erased for a few bytes is in neither.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use plugpoint_terminal::say;
use plugpoint_tests::charger::Control;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::central::{self, Central};
use crate::start;

/// Threads that write for the simulated hardware only.
const SIMULATION: [&str; 2] = ["sim-keeper", "outlet-teller"];
/// What is lazy is written after 10 s, the record of what happens after that: it all
/// counts to what caused it.
const AFTERWARDS: Duration = Duration::from_secs(20);
/// The charger says something at least this often, or is asked.
const SLICE: Duration = Duration::from_millis(500);

/// How long, and how often.
#[derive(Debug, Args)]
pub struct Options {
    /// Minutes of each part.
    #[arg(long, default_value_t = 5)]
    minutes: u64,
    /// Seconds between two samples.
    #[arg(long, default_value_t = 10)]
    interval: u64,
    /// Without the flight recorder.
    #[arg(long)]
    no_recorder: bool,
    /// Where the state lies: on a file system that nobody else writes to. What reaches its
    /// disk is printed too.
    #[arg(long)]
    place: Option<PathBuf>,
}

/// Bytes written so far, by the thread's name.
type Written = BTreeMap<String, u64>;

struct Bench {
    central: Central,
    control: Control,
    process: u32,
    /// MeterValues that the central system has acknowledged.
    samples: u64,
    /// The names of threads: those that have ended count no more, but what they wrote does.
    last: BTreeMap<u32, (String, u64)>,
    /// Of the disk, with `--place`: a file that tells what was written to it.
    disk: Option<PathBuf>,
}

/// What was counted up to some moment.
struct Counted {
    by_thread: Written,
    /// By the disk.
    bytes: u64,
}

/// Plays it once and prints the figures.
pub async fn measure(options: &Options) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let place = match &options.place {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let disk = options.place.as_deref().map(disk_of).transpose()?;
    let interval = options.interval.to_string();
    let charger = start::start(place.path(), &listener, |config| {
        config
            .set("recorder.enabled", !options.no_recorder)
            .ocpp("MeterValueSampleInterval", &interval)
            .ocpp("HeartbeatInterval", "60")
    })
    .await?;
    let mut bench = Bench {
        control: control(place.path())?,
        process: charger.process.id(),
        central: charger.central,
        samples: 0,
        last: BTreeMap::new(),
        disk,
    };
    bench.central.answer(&charger.first).await?;
    bench.run(AFTERWARDS).await?;
    let part = Duration::from_secs(options.minutes * 60);
    say!(
        "samples every {} s; {} minutes of each\n",
        options.interval,
        options.minutes
    );

    let before = bench.written()?;
    bench.run(part).await?;
    let hours = part.as_secs_f64() / 3600.0;
    bench.print("at rest, an hour", &before, hours, Some(100.0))?;

    let before = bench.written()?;
    bench.begin().await?;
    bench.end().await?;
    bench.run(AFTERWARDS).await?;
    bench.print("a transaction, complete", &before, 1.0, Some(64.0))?;

    bench.begin().await?;
    bench.run(AFTERWARDS).await?;
    let (before, first) = (bench.written()?, bench.samples);
    bench.run(part).await?;
    let samples = bench.samples - first;
    bench.print("a sample, acknowledged", &before, samples as f64, Some(1.0))?;

    bench.control.network(false)?;
    let before = bench.written()?;
    let first = bench.waiting()?;
    tokio::time::sleep(part).await;
    let samples = bench.waiting()? - first;
    bench.print("a sample, made offline", &before, samples as f64, Some(8.0))?;

    let before = bench.written()?;
    bench.control.network(true)?;
    bench.central = central::accept(&listener).await?;
    while bench.waiting()? > 0 {
        bench.run(SLICE).await?;
    }
    bench.run(AFTERWARDS).await?;
    bench.print("a sample, delivered later", &before, samples as f64, None)?;
    bench.end().await?;
    charger.process.kill();
    Ok(())
}

/// What the kernel tells of the disk under a folder.
fn disk_of(folder: &Path) -> anyhow::Result<PathBuf> {
    let device = std::fs::metadata(folder)?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let file = PathBuf::from(format!("/sys/dev/block/{major}:{minor}/stat"));
    anyhow::ensure!(file.exists(), "{} is on no disk", folder.display());
    Ok(file)
}

/// Bytes that were written to a disk.
fn on_disk(disk: &Path) -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string(disk)?;
    let sectors = stat
        .split_whitespace()
        .nth(6)
        .context("no count of sectors")?;
    Ok(sectors.parse::<u64>()? * 512)
}

fn control(place: &Path) -> anyhow::Result<Control> {
    let address = std::fs::read_to_string(place.join("state/control.addr"))?;
    Ok(Control::new(address.trim()))
}

impl Bench {
    /// Answers the charger for this long.
    async fn run(&mut self, how_long: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + how_long;
        while let Ok(text) = tokio::time::timeout_at(until, self.central.text()).await {
            let text = text?;
            self.samples += u64::from(text.contains("\"MeterValues\""));
            self.central.answer(&text).await?;
        }
        Ok(())
    }

    async fn begin(&mut self) -> anyhow::Result<()> {
        self.control.plug(1)?;
        self.control.card("BENCH-CARD")?;
        self.contactor("closed").await
    }

    async fn end(&mut self) -> anyhow::Result<()> {
        self.control.card("BENCH-CARD")?;
        self.contactor("open").await?;
        self.control.unplug(1)?;
        self.run(SLICE).await
    }

    async fn contactor(&mut self, wanted: &str) -> anyhow::Result<()> {
        let until = Instant::now() + Duration::from_secs(60);
        while self.control.status()?["connectors"][0]["contactor"] != wanted {
            anyhow::ensure!(Instant::now() < until, "the contactor is not {wanted}");
            self.run(SLICE).await?;
        }
        Ok(())
    }

    /// Messages of transactions that wait for the central system.
    fn waiting(&self) -> anyhow::Result<u64> {
        let status = self.control.status()?;
        status["queue"]
            .as_u64()
            .with_context(|| format!("no length of the queue in {status}"))
    }

    fn written(&mut self) -> anyhow::Result<Counted> {
        let tasks = format!("/proc/{}/task", self.process);
        for task in std::fs::read_dir(&tasks).with_context(|| tasks.clone())? {
            let folder = task?.path();
            let read = |file: &str| std::fs::read_to_string(folder.join(file));
            // One that ends while it is looked at.
            let (Ok(name), Ok(io)) = (read("comm"), read("io")) else {
                continue;
            };
            let line = io.lines().find_map(|it| it.strip_prefix("write_bytes: "));
            let bytes = line.context("no write_bytes")?.trim().parse()?;
            let number = folder.file_name().and_then(|it| it.to_str()?.parse().ok());
            let number = number.context("no number of a thread")?;
            self.last.insert(number, (name.trim().to_owned(), bytes));
        }
        let mut written = Written::new();
        for (name, bytes) in self.last.values() {
            *written.entry(name.clone()).or_default() += bytes;
        }
        let disk = self.disk.as_deref();
        Ok(Counted {
            by_thread: written,
            bytes: disk.map_or(Ok(0), on_disk)?,
        })
    }

    /// What was written since, in kB for each.
    fn print(
        &mut self,
        what: &str,
        before: &Counted,
        count: f64,
        target_kb: Option<f64>,
    ) -> anyhow::Result<()> {
        let now = self.written()?;
        let each = |name: &str| {
            let of = |counted: &Counted| counted.by_thread.get(name).copied().unwrap_or(0);
            (of(&now) - of(before)) as f64 / 1000.0 / count
        };
        let (simulated, own): (Vec<&String>, Vec<&String>) = now
            .by_thread
            .keys()
            .partition(|name| SIMULATION.contains(&name.as_str()));
        let sum = |names: &[&String]| names.iter().map(|name| each(name)).sum::<f64>();
        let total = sum(&own);
        let parts: Vec<String> = own
            .iter()
            .filter(|name| each(name) > 0.0)
            .map(|name| format!("{name} {:.1}", each(name)))
            .collect();
        let verdict = target_kb.map_or(String::new(), |target| {
            let word = if total <= target { "met" } else { "MISSED" };
            format!("  (target {target}: {word})")
        });
        say!(
            "{what:<26} {total:>8.1} kB{verdict}\n    {} of {count:.2}; beside them the simulated meter's {:.1}",
            parts.join(", "),
            sum(&simulated),
        );
        if self.disk.is_some() {
            let bytes = (now.bytes - before.bytes) as f64;
            say!(
                "    the disk, with all of that and the file system's own: {:.1}",
                bytes / 1000.0 / count
            );
        }
        Ok(())
    }
}
