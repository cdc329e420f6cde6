//! The program of this machine with a car that charges, watched by `strace`: it
//! makes no system call that the unit forbids.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Config, LineBench, Site};

use crate::unit::allowed_calls;

/// SQLite gives its files to the database's owner if it runs as root, which the unit
/// does not let it.
const ONLY_AS_ROOT: [&str; 1] = ["fchown"];

/// Runs a session; all lines of the trace.
fn trace(edit: impl FnOnce(Config) -> Config) -> Vec<String> {
    let central = CentralSystem::start().expect("a central system");
    let site = Site::cold().expect("a place");
    let chip = LineBench::new(&site.file("chip"), &["K2", "ESTOP", "PLUG2", "CP2"]);
    let chip = chip.expect("a chip");
    let file = site.file("trace");
    // A connector on lines too, so that there is a guard.
    let lines = "contactor = 'K2', emergency_stop = 'ESTOP', plug_present = 'PLUG2', \
                 energy_request = 'CP2'";
    let config = Config::new(central.url())
        .gpio(&["contactor = 'none'", lines])
        .set("debug.line_bench", chip.path().to_str().expect("a path"))
        .simulated(1);
    let charger = site
        .start_under(&edit(config), &traced(&file))
        .expect("a charger");
    central.expect_status(1, "Available");
    charger.control().plug(1).expect("a car");
    charger.control().card("CARD1").expect("a card");
    central.expect_status(1, "Charging");
    charger.wait_contactor(1, "closed");
    // The program itself is strace's child.
    let children = format!("/proc/{0}/task/{0}/children", charger.process().id());
    let children = fs::read_to_string(children).expect("children");
    let program = children.split_whitespace().next().expect("the program");
    crate::package::output(Command::new("kill").args(["-TERM", program]));
    assert!(charger.wait_end().success());
    let text = fs::read(file).expect("a trace");
    String::from_utf8_lossy(&text)
        .lines()
        .map(str::to_owned)
        .collect()
}

fn traced(file: &Path) -> [String; 5] {
    let file = file.to_string_lossy().into_owned();
    ["strace", "-f", "-qq", "-o", &file].map(str::to_owned)
}

/// `123 openat(AT_FDCWD, …` and `123 <... openat resumed>`.
fn call(line: &str) -> Option<&str> {
    let rest = line.split_once(' ')?.1.trim_start();
    let name = rest.split('(').next()?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_name && rest.contains('(')).then_some(name)
}

/// Gives a mapping the right to be run, in a way that `MemoryDenyWriteExecute=`
/// forbids.
fn makes_code(line: &str) -> bool {
    let exec = line.contains("PROT_EXEC");
    match call(line) {
        Some("mprotect" | "pkey_mprotect") => exec,
        Some("mmap") => exec && line.contains("PROT_WRITE"),
        _ => false,
    }
}

#[test]
fn the_unit_lets_through_what_the_program_calls() {
    let trace = trace(|config| config);
    let called: BTreeSet<&str> = trace.iter().filter_map(|line| call(line)).collect();
    // The sets are read, and so is the trace: the guard and the database are in it.
    let allowed = allowed_calls();
    for it in ["openat", "fdatasync", "sched_setscheduler"] {
        assert!(
            allowed.contains(it) && called.contains(it),
            "{it}: {called:?}"
        );
    }
    for it in ["mount", "chown", "setuid", "reboot", "ptrace"] {
        assert!(!allowed.contains(it), "{it}");
    }
    let forbidden: Vec<_> = called
        .iter()
        .filter(|it| !allowed.contains(**it) && !ONLY_AS_ROOT.contains(it))
        .collect();
    assert!(forbidden.is_empty(), "{forbidden:?}");
    // Machine code does what the strict setting forbids: it would not be needed else.
    assert!(trace.iter().any(|line| makes_code(line)));
}

#[test]
fn byte_code_needs_no_memory_that_is_written_and_run() {
    let trace = trace(|config| config.set("guests.backend", "pulley"));
    let made: Vec<_> = trace.iter().filter(|line| makes_code(line)).collect();
    assert!(made.is_empty(), "{made:#?}");
}
