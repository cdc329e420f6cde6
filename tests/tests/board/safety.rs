//! How long it takes from what happens to the open contactor, measured outside
//! the board: from the pull at an input, or the command to kill, to the
//! contactor's line. Few times in the tests, a hundred by `cargo xtask board --safety`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plugpoint_tests::board::Board;
use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::tell;

use crate::stage::{Contacts, PATIENCE, Steps, central, config, restart, start};

/// Shorter closings count as flapping, and the charger waits longer after each.
const CALM: Duration = Duration::from_millis(1_200);

struct Bench {
    board: Arc<Board>,
    central: CentralSystem,
    main: u32,
    _contacts: Contacts,
}

impl Bench {
    fn new() -> Bench {
        let mut steps = Steps::begin();
        let central = central("bad.v1");
        let board = Arc::new(Board::boot(None).expect("a board"));
        steps.done("board is up");
        let contacts = Contacts::follow(&board);
        let config = config(
            &central,
            "[components]\nocpp = \"/bad-component.wasm\"\n[limits.ocpp]\nevent_ms = 500\n",
        );
        let main = start(&board, &config);
        let bench = Bench {
            board,
            central,
            main,
            _contacts: contacts,
        };
        bench.line("hello LinkUp");
        steps.done("program is up and at its central system");
        bench
    }

    fn line(&self, start: &str) {
        self.central
            .expect_text(start, |text| text.starts_with(start));
    }

    fn set(&self, line: &str, level: bool) -> Instant {
        self.board.pins().set(line, level)
    }

    fn shell(&self, line: &str) {
        self.board.shell().run(line).expect("done");
    }

    /// A car is there, is permitted and has charged for a while.
    fn charge(&self) {
        self.set("PLUG", true);
        self.set("CP", true);
        self.central.send_text("permit 1 16000");
        self.line("permitted 1");
        self.closed();
    }

    fn closed(&self) {
        self.board.pins().wait("K1", true, PATIENCE);
        std::thread::sleep(CALM);
        self.board.pins().wait("K1", true, PATIENCE);
    }

    fn open_after(&self, at: Instant) -> Duration {
        let opened = self.board.pins().wait("K1", false, PATIENCE);
        opened.saturating_duration_since(at)
    }

    fn stop_main(&self) {
        self.shell(&format!("kill -STOP {}", self.main));
    }

    fn go_on(&self) {
        self.shell(&format!("kill -CONT {}", self.main));
    }

    /// An input is pulled, and let go once the charger has noticed.
    fn input(&self, line: &str, level: bool) -> Duration {
        let took = self.open_after(self.set(line, level));
        self.let_go(line, level);
        took
    }

    fn let_go(&self, line: &str, level: bool) {
        if line == "PLUG" {
            self.line("unplugged 1");
            self.line("ended 1");
        }
        self.set(line, !level);
    }

    /// The same with the main process stopped. Measured only if the heartbeat has
    /// not run out before.
    fn input_stopped(&self, line: &str, level: bool) -> Option<Duration> {
        self.stop_main();
        let at = self.set(line, level);
        let took = self.open_after(at);
        // Opened before the edge: by the heartbeat.
        let by_edge = !took.is_zero();
        self.go_on();
        self.let_go(line, level);
        by_edge.then_some(took)
    }

    /// Plugged in again, and permitted.
    fn plugged_again(&self) {
        self.line("plugged 1");
        self.charge();
    }
}

fn times() -> usize {
    let given = std::env::var("PLUGPOINT_BOARD_COUNT");
    given.ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// Measures one kind and prints it.
fn measure(what: &str, mut once: impl FnMut() -> Option<Duration>) {
    let mut all = Vec::new();
    let mut tries = 0;
    while all.len() < times() {
        tries += 1;
        assert!(tries <= times() * 2 + 10, "{what}: too often not measured");
        all.extend(once());
    }
    all.sort_unstable();
    let part = |percent: usize| all[(all.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    tell(&format!(
        "  {what:<58} {:>4} times, ms: p50 {:>7.2}  p99 {:>7.2}  max {:>7.2}",
        all.len(),
        part(50),
        part(99),
        part(100)
    ));
}

#[test]
fn safety_is_measured_from_outside() {
    let mut bench = Bench::new();
    bench.charge();
    let it = &bench;
    for (line, level, what) in [
        ("ESTOP", true, "emergency stop"),
        ("RCD", true, "fault (residual current)"),
        ("PLUG", false, "unplug"),
    ] {
        let again = || match line {
            "PLUG" => it.plugged_again(),
            _ => it.closed(),
        };
        measure(what, || {
            let took = it.input(line, level);
            again();
            Some(took)
        });
        measure(&format!("{what}, main process stopped"), || {
            let took = it.input_stopped(line, level);
            again();
            took
        });
    }
    measure("emergency stop, guest in an endless loop", || {
        it.central.send_text("bad loop");
        let took = it.input("ESTOP", true);
        it.line("dropped frame");
        // So that the guest's failures are forgiven.
        for _ in 0..12 {
            it.central.send_text("ping");
            it.line("pong");
        }
        it.closed();
        Some(took)
    });
    measure("SIGSTOP of the main process (bound 400 ms)", || {
        let at = Instant::now();
        it.stop_main();
        let took = it.open_after(at);
        it.go_on();
        it.closed();
        Some(took)
    });
    measure("SIGKILL of the guard", || {
        let at = Instant::now();
        it.shell("kill -KILL $(pidof exe)");
        let took = it.open_after(at);
        it.closed();
        Some(took)
    });
    measure("SIGKILL of the main process", || {
        let at = Instant::now();
        bench.shell(&format!("kill -KILL {}", bench.main));
        let took = bench.open_after(at);
        bench.main = restart(&bench.board);
        // Not what it says after a failure of the guest.
        bench.line("hello LinkUp");
        bench.charge();
        Some(took)
    });
}
