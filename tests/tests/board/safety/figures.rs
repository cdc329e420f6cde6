//! What was measured: gathered, printed as a table, written as JSON. Asserts
//! nothing.

use std::path::Path;
use std::time::Duration;

use plugpoint_tests::tell;
use serde_json::{Value, json};

/// Everything measured in one run.
#[derive(Default)]
pub struct Figures {
    rows: Vec<Value>,
}

impl Figures {
    /// Measures one kind so many times, and prints it. A time that could not be
    /// measured is taken again.
    pub fn measure(
        &mut self,
        what: &str,
        target_ms: f64,
        count: usize,
        mut once: impl FnMut() -> Option<Duration>,
    ) {
        let mut all = Vec::new();
        for _ in 0..count * 2 + 10 {
            all.extend(once());
            if all.len() == count {
                return self.row(what, target_ms, all);
            }
        }
        panic!(
            "{what}: only {} of {count} times could be measured",
            all.len()
        );
    }

    /// Measures two kinds in turn.
    pub fn measure_both(
        &mut self,
        what: [&str; 2],
        target_ms: f64,
        count: usize,
        mut once: impl FnMut() -> [Duration; 2],
    ) {
        let (one, other) = (0..count).map(|_| once().into()).unzip();
        self.row(what[0], target_ms, one);
        self.row(what[1], target_ms, other);
    }

    /// Writes the JSON, if it is wanted.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self) {
        let Some(path) = std::env::var_os("PLUGPOINT_BOARD_FIGURES") else {
            return;
        };
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let all = json!({
            "unit": "ms, from the edge or the signal to the edge of the contactor's line",
            "load_of_the_machine": load.trim(),
            "kinds": self.rows,
        });
        let path = Path::new(&path);
        std::fs::write(path, format!("{all:#}\n")).expect("a file");
        tell(&format!("  written to {}", path.display()));
    }

    fn row(&mut self, what: &str, target_ms: f64, mut all: Vec<Duration>) {
        all.sort_unstable();
        let part = |percent: usize| all[(all.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
        let (p50, p99, max) = (part(50), part(99), part(100));
        let met = p99 <= target_ms;
        tell(&format!(
            "  {what:<46} {:>4} times, ms: p50 {p50:>7.2}  p99 {p99:>7.2}  max {max:>7.2}  \
             target p99 {target_ms:>4}{}",
            all.len(),
            if met { "" } else { "  MISSED" }
        ));
        let round = |ms: f64| (ms * 1000.0).round() / 1000.0;
        self.rows.push(json!({
            "what": what, "times": all.len(),
            "p50": round(p50), "p99": round(p99), "max": round(max),
            "target_p99": target_ms, "met": met,
        }));
    }
}
