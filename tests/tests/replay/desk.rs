//! `plugpoint replay`, as at a vendor's desk, and the files of records.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use plugpoint_tests::charger::{Site, component, program};
use serde_json::Value;

use crate::stage::Stage;

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the program.
pub fn plugpoint(arguments: &[&str]) -> Ended {
    let program = program("PLUGPOINT_BIN", "plugpoint").expect("the program");
    let output = Command::new(program).args(arguments).output();
    let output = output.expect("an end");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The charger ends in good order; what it leaves lasts as long as its place.
pub fn ended(stage: Stage) -> Site {
    let Stage { charger, site, .. } = stage;
    assert!(charger.stop().success());
    site
}

/// `plugpoint replay RECORD COMPONENT …`, with a component of the tests.
pub fn replay(record: &Path, name: &str, more: &[&str]) -> Ended {
    let component = component(name).expect("a component");
    let (record, component) = (record.to_string_lossy(), component.to_string_lossy());
    plugpoint(&[&["replay", &record, &component], more].concat())
}

/// The same, and its report.
pub fn report(record: &Path, name: &str, more: &[&str]) -> (i32, Value) {
    let ended = replay(record, name, &[&["--json"], more].concat());
    let report = serde_json::from_str(&ended.stdout);
    let report = report.unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    (ended.code.expect("a code"), report)
}

/// There is no difference; the report.
#[track_caller]
pub fn assert_same(record: &Path, name: &str, more: &[&str]) -> Value {
    let (code, report) = report(record, name, more);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["differences"], 0, "{report:#}");
    report
}

/// Where the record of a slot is.
pub fn record_of(site: &Site, slot: &str) -> PathBuf {
    site.state_dir()
        .join("records")
        .join(slot.replace('/', "-"))
}

/// The files of a record, oldest first, with their sizes.
pub fn files(record: &Path) -> Vec<(PathBuf, u64)> {
    let Ok(entries) = fs::read_dir(record) else {
        return Vec::new();
    };
    let mut files: Vec<(PathBuf, u64)> = entries
        .flatten()
        .map(|it| (it.path(), it.metadata().map_or(0, |it| it.len())))
        .collect();
    files.sort();
    files
}

/// All files together.
pub fn bytes(record: &Path) -> u64 {
    files(record).iter().map(|(_, bytes)| bytes).sum()
}

/// All that stands in a record, unpacked: by the documented format, not by the
/// program's own command.
pub fn unpacked(record: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for (file, _) in files(record) {
        let bytes = fs::read(file).expect("a segment");
        let mut rest = bytes.strip_prefix(b"PPRECORD\x01").expect("a record");
        while let Some((length, _)) = rest.split_first_chunk::<4>() {
            let end = 12 + u32::from_le_bytes(*length) as usize;
            let packed = &rest[12..end];
            all.extend(miniz_oxide::inflate::decompress_to_vec(packed).expect("a block"));
            rest = &rest[end..];
        }
    }
    all
}
