//! The service `logs@1`: a file about this charger, for whoever has to find out what is
//! wrong with it. What is secret is in none of it.

mod archive;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use self::archive::Archive;
use super::operation::{Failed, Outcome, body, done};
use super::transfer::Transfers;
use crate::clock::Clock;
use crate::logging;
use crate::recorder::Recorder;

/// What the file is made of.
pub struct Logs {
    /// Who this charger is; part of the file's name.
    pub station: String,
    /// Its configuration, without secrets.
    pub configuration: String,
    /// As the control API shows it.
    pub status: Box<dyn Fn() -> Value + Send + Sync>,
    /// Who writes records, in which stand-ins take the place of secrets.
    pub recorder: Option<Recorder>,
    /// The slots that have one.
    pub slots: Vec<String>,
    /// For names and times.
    pub clock: Clock,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    kind: String,
    from_unix_ms: Option<i64>,
    to_unix_ms: Option<i64>,
}

impl Logs {
    /// Does one operation; blocks.
    pub(super) fn run(&self, transfers: &Transfers, operation: &str, text: &str) -> Outcome {
        if operation != "export" {
            return Err(Failed::no_operation(super::LOGS, operation));
        }
        let export: Export = body(text)?;
        if export.kind != "diagnostics" {
            return Err(Failed::bad_request("kind: diagnostics is expected"));
        }
        let (from, to) = (export.from_unix_ms, export.to_unix_ms);
        let is_empty = from.zip(to).is_some_and(|(from, to)| from > to);
        let lines = lines_of(from, to);
        // What is asked for was before anything that is known.
        if is_empty || (lines.is_empty() && to.is_some()) {
            return Err(Failed::new("nothing", "nothing is known of that time"));
        }
        let file = transfers.make(|out| self.write(out, &lines))?;
        let now = self.clock.now().wall_ms.map(crate::rfc3339::format);
        let name = file_name(&self.station, now.as_deref().unwrap_or("unknown-time"));
        done(&json!({
            "handle": file.handle,
            "file_name": name,
            "size": file.size,
            "sha256": file.sha256,
        }))
    }

    fn write(&self, out: &mut dyn Write, lines: &[String]) -> io::Result<()> {
        let mut archive = Archive::new(out);
        let mut log = lines.join("\n");
        log.push('\n');
        archive.add("log.txt", log.as_bytes())?;
        let status = serde_json::to_vec_pretty(&(self.status)())?;
        archive.add("status.json", &status)?;
        archive.add("configuration.txt", self.configuration.as_bytes())?;
        let Some(recorder) = &self.recorder else {
            return archive.finish();
        };
        recorder.flush();
        for slot in &self.slots {
            for path in files_in(&recorder.directory(slot)) {
                // One that is being removed is not there.
                let Ok(bytes) = std::fs::read(&path) else {
                    continue;
                };
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                archive.add(&format!("record/{slot}/{name}"), &bytes)?;
            }
        }
        archive.finish()
    }
}

fn files_in(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

/// The lines of the log that are held in memory and of that time.
fn lines_of(from: Option<i64>, to: Option<i64>) -> Vec<String> {
    let is_of_it = |line: &String| {
        let time = line.split_whitespace().next().and_then(time_of);
        // What has no time goes with the rest.
        time.is_none_or(|time| {
            from.is_none_or(|from| time >= from) && to.is_none_or(|to| time <= to)
        })
    };
    logging::recent().into_iter().filter(is_of_it).collect()
}

fn time_of(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(time.as_millisecond())
}

/// Nothing that is special in an address or to a shell.
fn file_name(station: &str, time: &str) -> String {
    let plain = |text: &str| -> String {
        let kept = text
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-');
        kept.take(40).collect()
    };
    let time: String = time.split('.').next().unwrap_or(time).to_owned();
    let time: String = time.chars().filter(|c| *c != '-' && *c != ':').collect();
    format!("diagnostics-{}-{}.tar.gz", plain(station), plain(&time))
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn names_are_plain() {
        assert_eq!(
            file_name("CP 001/..", "2026-11-22T12:00:00.123Z"),
            "diagnostics-CP001-20261122T120000.tar.gz"
        );
    }
}
