//! What a process takes of the machine's memory, as Linux counts it.

use anyhow::Context as _;

/// In KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Proportional set size: pages shared with others count in part.
    pub pss_kib: u64,
    /// Resident set size.
    pub rss_kib: u64,
    /// Of the proportional set size, what is not in a file: it could only be swapped.
    pub anonymous_kib: u64,
}

impl Memory {
    /// Of this process, at this moment.
    ///
    /// # Errors
    /// If there is no such process.
    pub fn of(process: u32) -> anyhow::Result<Memory> {
        let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
        Ok(Memory {
            pss_kib: field(&text, "Pss:")?,
            rss_kib: field(&text, "Rss:")?,
            anonymous_kib: field(&text, "Pss_Anon:")?,
        })
    }
}

fn field(text: &str, name: &str) -> anyhow::Result<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .with_context(|| format!("no {name} in smaps_rollup"))
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn our_own_is_there() {
        let it = Memory::of(std::process::id()).expect("this process");
        assert!(0 < it.pss_kib && it.pss_kib <= it.rss_kib, "{it:?}");
    }
}
