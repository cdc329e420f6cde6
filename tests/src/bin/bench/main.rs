//! `cargo xtask bench`: what the real program costs, as a table and as JSON
//! (`target/bench.json`). Everything comes from one run.
//!
//! It asserts nothing: a figure that misses its target is marked, and the exit
//! code stays 0. Ratios to the floor count, not microseconds: the floor is the
//! same socket stack with a canned reply of the same length, in alternation, and
//! both ends are pinned to one core.
//!
//! `cargo xtask bench backlog`, `cargo xtask bench recorder`, `cargo xtask bench flash`,
//! `cargo xtask bench steps`
//! and `cargo xtask bench small` are runs of their own: see there.

mod backlog;
mod central;
mod flash;
mod floor;
mod machine;
mod recorder;
mod report;
mod round_trip;
mod safety;
mod small;
mod start;
mod steps;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use report::Report;

/// Measures the real program.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    task: Option<Task>,
    /// Calls of each kind.
    #[arg(long, default_value_t = 1500)]
    calls: usize,
    /// Where the JSON goes.
    #[arg(long, default_value = "target/bench.json")]
    json: PathBuf,
    /// Leave the safety latencies out (they take most of the time).
    #[arg(long)]
    no_safety: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Transactions made offline, a power cut, and their delivery to a slow central
    /// system that fails on every 50th message.
    Backlog(backlog::Options),
    /// Round trips of a charger that records what happens, beside one that does
    /// not.
    Recorder,
    /// Bytes written to flash: at rest, for each sample and for a transaction.
    Flash(flash::Options),
    /// Size, start and memory of the program for small boards, which has no compiler.
    Small,
    /// How late planned reductions reach the control pilot without a component.
    Steps,
    /// The floor itself: answers each text with a canned one.
    #[command(hide = true)]
    Floor { url: String, length: usize },
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    if let Some(Task::Backlog(options)) = &cli.task {
        return backlog::measure(options);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if let Some(Task::Floor { url, length }) = &cli.task {
            return floor::answer(url, *length).await;
        }
        if matches!(cli.task, Some(Task::Recorder)) {
            return recorder::measure(cli.calls).await;
        }
        if let Some(Task::Flash(options)) = &cli.task {
            return flash::measure(options).await;
        }
        let mut report = Report::default();
        if matches!(cli.task, Some(Task::Small)) {
            small::measure(&mut report).await?;
            report.print();
            return Ok(());
        }
        if matches!(cli.task, Some(Task::Steps)) {
            steps::measure(&mut report).await?;
            report.print();
            return Ok(());
        }
        report.sizes(None)?;
        start::measure(&mut report).await.context("start")?;
        round_trip::measure(&mut report, cli.calls)
            .await
            .context("round trips")?;
        if !cli.no_safety {
            safety::measure(&mut report).await.context("safety")?;
        }
        report.print();
        report.write(&cli.json)
    })
}
