//! `cargo xtask bench backlog`: how a charger gets rid of many transactions that
//! it made offline. What must be right about them is checked on the way; how
//! fast it was is only printed.

use std::time::Duration;

use clap::Args;
use plugpoint_terminal::say;
use plugpoint_tests::backlog::{Plan, run};

/// How much of it.
#[derive(Debug, Args)]
pub struct Options {
    /// Transactions made offline.
    #[arg(long, default_value_t = 1000)]
    transactions: u32,
    /// Connectors that make them at the same time.
    #[arg(long, default_value_t = 10)]
    connectors: u32,
    /// How long the central system takes to answer.
    #[arg(long, default_value_t = 10)]
    latency_ms: u64,
    /// Throw the guests' instances away after every event.
    #[arg(long)]
    amnesia: bool,
}

/// Plays it once and prints the figures.
pub fn measure(options: &Options) -> anyhow::Result<()> {
    let figures = run(&Plan {
        connectors: options.connectors,
        latency: Duration::from_millis(options.latency_ms),
        amnesia: options.amnesia,
        ..Plan::of(options.transactions)
    })?;
    say!("{figures}");
    Ok(())
}
