//! The figures: gathered, printed, written.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use plugpoint_terminal::say;
use serde::Serialize;
use serde_json::Value;

use plugpoint_tests::charger::{Memory, component, program};

/// Everything measured in one run.
#[derive(Default, Serialize)]
pub struct Report {
    pub round_trips: Vec<RoundTrip>,
    figures: Vec<Figure>,
}

/// One kind of call.
#[derive(Serialize)]
pub struct RoundTrip {
    call: &'static str,
    answer_bytes: usize,
    p50_us: f64,
    p99_us: f64,
    floor_p50_us: f64,
    floor_p99_us: f64,
    ratio_p50: f64,
    /// Time in the component per event, with copying to and fro.
    component_us: f64,
    target_ratio: Option<f64>,
}

#[derive(Serialize)]
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    target: Option<f64>,
}

impl RoundTrip {
    pub fn new(
        call: &'static str,
        answer_bytes: usize,
        ours: &mut [Duration],
        floor: &mut [Duration],
        component_us: f64,
        target_ratio: Option<f64>,
    ) -> Self {
        let (p50_us, p99_us) = (percentile(ours, 50), percentile(ours, 99));
        let (floor_p50_us, floor_p99_us) = (percentile(floor, 50), percentile(floor, 99));
        Self {
            call,
            answer_bytes,
            p50_us,
            p99_us,
            floor_p50_us,
            floor_p99_us,
            ratio_p50: p50_us / floor_p50_us,
            component_us,
            target_ratio,
        }
    }
}

impl Report {
    /// Of the files.
    pub fn sizes(&mut self, target_mb: Option<f64>) -> anyhow::Result<()> {
        let program = program("PLUGPOINT_BIN", "plugpoint")?;
        let bytes = std::fs::metadata(&program)?.len();
        self.figure("size of the program", bytes as f64 / 1e6, "MB", target_mb);
        for name in ["guest-ocpp", "guest-policy"] {
            let bytes = std::fs::metadata(component(name)?)?.len();
            self.figure(
                format!("size of {name}.wasm"),
                bytes as f64 / 1e3,
                "kB",
                None,
            );
        }
        Ok(())
    }

    pub fn start(&mut self, what: &str, took: &mut [Duration], target_ms: Option<f64>) {
        let ms = percentile(took, 50) / 1000.0;
        let name = format!("spawn to BootNotification, {what}, p50");
        self.figure(name, ms, "ms", target_ms);
    }

    pub fn memory(&mut self, when: &str, kib: u64, target_mb: Option<f64>) {
        let mb = kib as f64 * 1024.0 / 1e6;
        self.figure(format!("PSS {when}"), mb, "MB", target_mb);
    }

    pub fn memory_in_parts(&mut self, when: &str, it: Memory, target_mb: Option<f64>) {
        self.memory(when, it.pss_kib, target_mb);
        let mb = it.anonymous_kib as f64 * 1024.0 / 1e6;
        self.figure(format!("  of which in no file, {when}"), mb, "MB", None);
    }

    pub fn mixed(&mut self, per_second: f64, cpu_ms: f64) {
        self.figure(
            "mixed calls per second, one at a time",
            per_second,
            "",
            None,
        );
        self.figure("processor time per 1,000 mixed calls", cpu_ms, "ms", None);
    }

    pub fn safety(&mut self, edge: &str, safety: &Value) {
        let openings = safety["openings"].as_u64().unwrap_or(0);
        for (name, key, target) in [
            ("p50", "p50_us", None),
            ("p99", "p99_us", Some(5.0)),
            ("max", "max_us", None),
        ] {
            let ms = safety[key].as_f64().unwrap_or(f64::NAN) / 1000.0;
            let name = format!("{edge} to contactor open, {openings} times, {name}");
            self.figure(name, ms, "ms", target);
        }
    }

    /// Of planned reductions, in ms.
    pub fn steps(&mut self, late_ms: &mut [f64]) {
        late_ms.sort_unstable_by(f64::total_cmp);
        let count = late_ms.len();
        let of = |percent: usize| late_ms.get((count * percent / 100).min(count.saturating_sub(1)));
        for (name, percent, target) in [
            ("p50", 50, None),
            ("p99", 99, None),
            ("max", 100, Some(50.0)),
        ] {
            let ms = of(percent).copied().unwrap_or(f64::NAN);
            let name =
                format!("planned reduction to pilot, without a component, {count} times, {name}");
            self.figure(name, ms, "ms", target);
        }
    }

    fn figure(
        &mut self,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        target: Option<f64>,
    ) {
        self.figures.push(Figure {
            name: name.into(),
            value,
            unit,
            target,
        });
    }

    /// As a table.
    pub fn print(&self) {
        if !self.round_trips.is_empty() {
            self.print_round_trips();
        }
        say!();
        for it in &self.figures {
            say!(
                "{:<56} {:>10.2} {:<3}{}",
                it.name,
                it.value,
                it.unit,
                mark(it.value, it.target)
            );
        }
    }

    fn print_round_trips(&self) {
        say!(
            "\n{:<32} {:>7} {:>9} {:>9} {:>9} {:>9} {:>6} {:>10}",
            "call of the central system",
            "bytes",
            "p50 µs",
            "p99 µs",
            "floor p50",
            "p99",
            "ratio",
            "component"
        );
        for it in &self.round_trips {
            say!(
                "{:<32} {:>7} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>6.2} {:>7.2} µs{}",
                it.call,
                it.answer_bytes,
                it.p50_us,
                it.p99_us,
                it.floor_p50_us,
                it.floor_p99_us,
                it.ratio_p50,
                it.component_us,
                mark(it.ratio_p50, it.target_ratio),
            );
        }
    }

    /// As JSON.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
        say!("\nwritten to {}", path.display());
        Ok(())
    }
}

fn mark(value: f64, target: Option<f64>) -> String {
    match target {
        None => String::new(),
        Some(target) if value <= target => format!("  (target {target}: met)"),
        Some(target) => format!("  (target {target}: MISSED)"),
    }
}

/// In microseconds.
fn percentile(took: &mut [Duration], percent: usize) -> f64 {
    took.sort_unstable();
    let Some(last) = took.len().checked_sub(1) else {
        return f64::NAN;
    };
    took[last * percent / 100].as_secs_f64() * 1e6
}
