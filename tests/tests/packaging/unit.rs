//! The systemd unit, judged by systemd's own tools.

use std::collections::BTreeSet;
use std::process::Command;

use crate::package::{output, source, unpacked};

const UNIT: &str = "usr/lib/systemd/system/plugpoint.service";

/// `systemd-analyze security`: 0 is nothing exposed, 10 is everything.
const MOST_EXPOSED: f64 = 2.0;

#[test]
fn systemd_takes_the_unit() {
    let dir = unpacked();
    let root = format!("--root={}", dir.path().display());
    let mut verify = Command::new("systemd-analyze");
    let verified = verify.args([&root, "--man=no", "verify", "plugpoint.service"]);
    let verified = verified.output().expect("systemd-analyze");
    let text = String::from_utf8_lossy(&verified.stderr).into_owned();
    // Other units of the system are not in the folder.
    let ours: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("plugpoint"))
        .collect();
    let ours: Vec<&&str> = ours
        .iter()
        .filter(|line| !line.contains("not found"))
        .collect();
    assert!(ours.is_empty(), "{ours:#?}");
}

#[test]
fn little_is_exposed() {
    let dir = unpacked();
    let unit = dir.path().join(UNIT);
    let text = output(
        Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager"])
            .arg(&unit),
    );
    let verdict = text
        .lines()
        .find(|line| line.contains("Overall exposure level"));
    let verdict = verdict.unwrap_or_else(|| panic!("no verdict:\n{text}"));
    plugpoint_tests::tell(verdict.trim_start_matches(['→', ' ']));
    let number = verdict
        .split_once(": ")
        .and_then(|(_, rest)| rest.split(' ').next());
    let number: f64 = number.and_then(|it| it.parse().ok()).expect("a number");
    assert!(number <= MOST_EXPOSED, "{text}");
}

#[test]
fn byte_code_forbids_memory_that_is_written_and_run() {
    let dir = unpacked();
    let unit = std::fs::read_to_string(dir.path().join(UNIT)).expect("the unit");
    assert!(unit.contains("\nMemoryDenyWriteExecute=yes\n"), "{unit}");
    assert!(!unit.contains('@') || !unit.contains("@MEMORY"), "{unit}");
}

/// What a charger may use up of a board; that it needs less is measured by the tests
/// of attacks (`tests/tests/hardening/`).
#[test]
fn memory_files_threads_and_cores_are_bounded() {
    let dir = unpacked();
    let unit = std::fs::read_to_string(dir.path().join(UNIT)).expect("the unit");
    for bound in [
        "MemoryMax=80%",
        "LimitNOFILE=512",
        "TasksMax=128",
        "LimitCORE=0",
    ] {
        let set = unit.lines().any(|line| line == bound);
        assert!(set, "no {bound} in {unit}");
    }
}

/// The calls that the unit's `SystemCallFilter=` lets through.
pub fn allowed_calls() -> BTreeSet<String> {
    let text = source("host/packaging/plugpoint.service");
    let mut allowed = set("@default");
    for line in text.lines() {
        let Some(filter) = line.strip_prefix("SystemCallFilter=") else {
            continue;
        };
        let (taken_away, names) = match filter.strip_prefix('~') {
            Some(names) => (true, names),
            None => (false, filter),
        };
        for call in names.split_whitespace().flat_map(set) {
            if taken_away {
                allowed.remove(&call);
            } else {
                allowed.insert(call);
            }
        }
    }
    allowed
}

/// The calls of one of systemd's sets, with those of the sets in it.
fn set(name: &str) -> BTreeSet<String> {
    if !name.starts_with('@') {
        return BTreeSet::from([name.to_owned()]);
    }
    let text = output(Command::new("systemd-analyze").args(["syscall-filter", name]));
    let names = text.lines().skip(1).map(str::trim);
    names
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .flat_map(set)
        .collect()
}
