//! What came of a trial, for people and as JSON.

use std::fmt;

use plugpoint_terminal::{Style, painted};
use serde_json::{Value, json};

use super::trial::Report;
use crate::wit::authorization::{Decision, Verdict};

impl Report {
    pub(super) fn json(&self) -> Value {
        let steps: Vec<Value> = self
            .steps
            .iter()
            .map(|step| {
                let log = step.said.iter();
                let log = log.map(|it| json!({ "level": it.level, "text": it.text }));
                json!({
                    "say": step.say, "verdict": step.word, "told": step.told, "why": step.why,
                    "limits": step.decision.as_ref().and_then(limits),
                    "status": step.decision.as_ref().and_then(status),
                    "sessions": step.sessions,
                    "log": log.collect::<Vec<_>>(),
                    "ok": step.complaint.is_none(), "complaint": step.complaint,
                })
            })
            .collect();
        let decisions = sorted(&self.usage.decisions_us);
        json!({
            "name": self.info.name, "version": self.info.version, "hash": self.info.hash,
            "size": self.info.size, "imports": self.info.imports,
            "compiled_ms": self.compiled.as_millis() as u64,
            "memory_bytes": self.memory_bytes(),
            "memory_limit_bytes": self.limits.memory_bytes,
            "entries_bytes": self.usage.entries_bytes,
            "decisions": decisions.len(),
            "decision_us": {"median": middle(&decisions), "worst": decisions.last()},
            "event_limit_us": self.limits.handle_time().as_micros() as u64,
            "start_us": {"median": middle(&self.starts()), "worst": self.starts().last()},
            "log_dropped": self.usage.log_dropped,
            "steps": steps,
            "ok": self.is_well(),
        })
    }

    fn memory_bytes(&self) -> usize {
        self.usage.memory_bytes.max(self.fresh.memory_bytes)
    }

    fn starts(&self) -> Vec<u64> {
        let all = [&self.usage.starts_us[..], &self.fresh.starts_us[..]].concat();
        sorted(&all)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.info.version.as_deref().unwrap_or("without version");
        writeln!(f, "{} {version}", self.info.name_or_hash())?;
        writeln!(f)?;
        for step in &self.steps {
            let mark = if step.complaint.is_none() {
                painted(Style::Good, "ok  ")
            } else {
                painted(Style::Bad, "FAIL")
            };
            writeln!(f, "  {mark}  {:<44}  {}", step.say, step.told)?;
            if !step.why.is_empty() {
                writeln!(f, "        {:<44}  {}", "", step.why)?;
            }
            for line in &step.sessions {
                writeln!(f, "        {line}")?;
            }
            for line in &step.said {
                writeln!(f, "        log {}: {}", line.level, line.text)?;
            }
            if let Some(complaint) = &step.complaint {
                writeln!(f, "        {complaint}")?;
            }
        }
        let limits = &self.limits;
        let decisions = sorted(&self.usage.decisions_us);
        let starts = self.starts();
        writeln!(f)?;
        writeln!(f, "size      {} KiB", self.info.size.div_ceil(1024))?;
        writeln!(f, "imports   {}", self.info.imports.join(", "))?;
        writeln!(
            f,
            "memory    {} KiB at most, of {} KiB allowed",
            self.memory_bytes() / 1024,
            limits.memory_bytes / 1024,
        )?;
        writeln!(f, "entries   {} bytes at most", self.usage.entries_bytes)?;
        writeln!(
            f,
            "decision  median {}, worst {}, of {} allowed ({} decisions)",
            time(middle(&decisions)),
            time(decisions.last().copied()),
            time(Some(limits.handle_time().as_micros() as u64)),
            decisions.len(),
        )?;
        writeln!(
            f,
            "start     median {}, worst {}, of {} allowed ({} starts)",
            time(middle(&starts)),
            time(starts.last().copied()),
            time(Some(limits.start_time().as_micros() as u64)),
            starts.len(),
        )?;
        writeln!(f, "compiled  in {} ms", self.compiled.as_millis())?;
        if self.usage.log_dropped > 0 {
            writeln!(
                f,
                "log       {} lines over the bound",
                self.usage.log_dropped
            )?;
        }
        let wrong = self
            .steps
            .iter()
            .filter(|step| step.complaint.is_some())
            .count();
        match wrong {
            0 => write!(f, "verdict   well, on one instance and on fresh ones"),
            wrong => write!(
                f,
                "verdict   {wrong} of {} steps are not well",
                self.steps.len()
            ),
        }
    }
}

/// Of an acceptance, as the contract names them.
fn limits(decision: &Decision) -> Option<Value> {
    match &decision.verdict {
        Verdict::Accept(it) => Some(json!({
            "limit_ma": it.limit_ma, "energy_limit_wh": it.energy_limit_wh,
            "expires": it.expires_ms.map(crate::rfc3339::format), "parent": it.parent,
            "session_until": it.session_until_ms.map(crate::rfc3339::format),
        })),
        _ => None,
    }
}

/// Of a rejection.
fn status(decision: &Decision) -> Option<String> {
    match &decision.verdict {
        Verdict::Reject(it) => Some(crate::words::of(&it.status)),
        _ => None,
    }
}

fn sorted(times: &[u64]) -> Vec<u64> {
    let mut times = times.to_vec();
    times.sort_unstable();
    times
}

fn middle(sorted: &[u64]) -> Option<u64> {
    sorted.get(sorted.len() / 2).copied()
}

fn time(us: Option<u64>) -> String {
    match us {
        None => "unknown".into(),
        Some(us) if us < 10_000 => format!("{us} µs"),
        Some(us) => format!("{} ms", us / 1000),
    }
}
