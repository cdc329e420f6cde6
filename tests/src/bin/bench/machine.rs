//! What is asked of the machine: cores, memory, processor time.

use std::process::Command;

use anyhow::{Context as _, bail};

/// All that is started from now on runs on these cores (`0`, `0-1`).
pub fn pin(cores: &str) -> anyhow::Result<()> {
    let done = Command::new("taskset")
        .args(["-cp", cores, &std::process::id().to_string()])
        .output()
        .context("taskset (Debian's util-linux)")?;
    if !done.status.success() {
        bail!("taskset: {}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}

/// The highest number of a core.
pub fn last_core() -> usize {
    std::thread::available_parallelism().map_or(0, |n| n.get() - 1)
}

/// Processor time used so far, in ms.
pub fn cpu_ms(process: u32) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = text.rsplit_once(')').context("no name in stat")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: u64 = [11, 12]
        .iter()
        .filter_map(|n| fields.get(*n)?.parse::<u64>().ok())
        .sum();
    // USER_HZ is 100 on every Linux that we know.
    Ok(ticks * 10)
}
