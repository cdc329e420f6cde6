//! How long it takes from what happens to the open contactor, measured outside
//! the board: from the edge at an input, or from the mark that the board's shell
//! sets just before it sends a signal, to the edge of the contactor's line. Few
//! times in the tests, a hundred by `cargo xtask board --safety`, which prints a
//! table and writes JSON.
//!
//! * `bench`: the board, and a contactor that is closed anew after each time;
//! * `figures`: the table.
//!
//! Nothing here asserts a time: what misses its target is marked.

mod bench;
mod figures;

use bench::{Bench, Line};
use figures::Figures;

/// What is to be opened at once, ms, in the emulation.
const AT_ONCE: f64 = 20.0;
/// What is to be opened when a process hangs, ms.
const HUNG: f64 = 1_000.0;

/// So long that what opens is the edge and not the missing heartbeat.
const LONG_BOUND: &str = "[guard]\nbound_ms = 5000\nwatchdog = \"/dev/watchdog\"\n";
const USUAL_BOUND: &str = "[guard]\nwatchdog = \"/dev/watchdog\"\n";

const INPUTS: [(Line, &str); 3] = [
    (Line::EMERGENCY_STOP, "emergency stop"),
    (Line::RESIDUAL_CURRENT, "fault (residual current)"),
    (Line::UNPLUG, "unplug"),
];

#[test]
fn safety_is_measured_from_outside() {
    let count = times();
    let mut figures = Figures::default();
    let mut bench = Bench::boot();

    bench.program(USUAL_BOUND);
    bench.charge();
    for (line, what) in INPUTS {
        figures.measure(what, AT_ONCE, count, || {
            bench.is_at(what);
            let took = bench.open_by(line);
            bench.close_again(line);
            Some(took)
        });
    }
    let what = "SIGSTOP of the main process (bound 400 ms)";
    figures.measure(what, HUNG, count, || {
        bench.is_at(what);
        let took = bench.open_by_signal("STOP", bench.main());
        bench.go_on();
        bench.permit_again();
        Some(took)
    });
    let what = "emergency stop, guest in an endless loop";
    bench.is_at(what);
    let spins = bench.spin();
    figures.measure(what, AT_ONCE, count, || {
        let took = bench.open_by(Line::EMERGENCY_STOP);
        bench.closes_by_itself(Line::EMERGENCY_STOP);
        Some(took)
    });
    bench.still_spins(spins);

    bench.program(LONG_BOUND);
    bench.charge();
    for (line, what) in INPUTS {
        let what = format!("{what}, main process stopped");
        figures.measure(&what, AT_ONCE, count, || {
            bench.is_at(&what);
            bench.stop_main();
            let took = bench.open_by_edge(line);
            bench.go_on();
            bench.close_again(line);
            took
        });
    }

    // Together, since a guard that dies young is replaced later and later, and a
    // killed program is started anew anyway.
    let (guard, main) = ("SIGKILL of the guard", "SIGKILL of the main process");
    figures.measure_both([guard, main], AT_ONCE, count, || {
        bench.is_at("SIGKILL");
        bench.program(USUAL_BOUND);
        bench.charge();
        let guard = bench.open_by_signal("KILL", bench.guard());
        bench.permit_again();
        let main = bench.open_by_signal("KILL", bench.main());
        [guard, main]
    });
    figures.write();
}

fn times() -> usize {
    let given = std::env::var("PLUGPOINT_BOARD_COUNT");
    given.ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}
