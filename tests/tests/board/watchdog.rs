//! The hardware watchdog, which the guard feeds: it bites when both processes
//! hang, and then the board's reset opens the contactor; it does not bite in
//! ordinary running, when one of them is replaced, or after an end in good order.

use std::time::Duration;

use plugpoint_tests::board::{Board, Extras};
use plugpoint_tests::central_system::CentralSystem;

use crate::stage::{PATIENCE, Steps, central, config, guard, start};

/// Without food for so long, s: the least that the chip's driver takes is 2.
const BITES_AFTER: u32 = 4;
/// Twice as long as it would take.
const WELL_OVER: Duration = Duration::from_secs(2 * BITES_AFTER as u64);

const BITE: &str = "WATCHDOG";

struct Kennel {
    board: Board,
    central: CentralSystem,
    steps: Steps,
}

impl Kennel {
    fn shell(&self, line: &str) -> String {
        let said = self.board.shell().run(line).expect("done");
        said.trim().to_owned()
    }

    /// What the kernel says of the watchdog: `active`, from when it is opened
    /// until it is stopped.
    fn state(&self) -> String {
        self.shell("cat /sys/class/watchdog/watchdog0/state")
    }

    fn line(&self, start: &str) {
        self.central
            .expect_text(start, |text| text.starts_with(start));
    }

    /// Starts the program and lets a car charge; the program's process id.
    fn charge(&self) -> u32 {
        let guest = "[components]\nocpp = \"/bad-component.wasm\"\n";
        let config = config(&self.central, guest);
        let config = config.replace("contactor_feedback = \"K1_FB\"\n", "");
        let pins = self.board.pins();
        pins.set("PLUG", false);
        let main = start(&self.board, &config);
        self.line("hello LinkUp");
        pins.set("PLUG", true);
        pins.set("CP", true);
        self.line("plugged 1");
        self.permit();
        main
    }

    fn permit(&self) {
        self.central.send_text("permit 1 16000");
        self.line("permitted 1");
        self.board.pins().wait("K1", true, PATIENCE);
    }

    fn guard(&self) -> u32 {
        guard(&self.board)
    }

    /// The guard has ended too.
    fn is_gone(&self, guard: u32) {
        self.shell(&format!(
            "while kill -0 {guard} 2>/dev/null; do usleep 20000; done"
        ));
    }

    /// For well over the time in which it bites who is silent, it does not.
    fn does_not_bite(&mut self, when: &str) {
        let bitten = self.board.monitor().event(BITE, 0, WELL_OVER);
        assert!(bitten.is_err(), "it has bitten: {when}");
        self.steps.done(&format!("no bite: {when}"));
    }
}

#[test]
fn the_watchdog_resets_a_board_on_which_all_hangs_and_no_other() {
    let mut steps = Steps::begin();
    let central = central("bad.v1");
    let board = Board::boot(Extras {
        restarts: true,
        ..Extras::default()
    });
    steps.done("board is up");
    let mut it = Kennel {
        board: board.expect("a board"),
        central,
        steps,
    };
    it.shell(&format!(
        "rmmod i6300esb && insmod /modules/*i6300esb.ko heartbeat={BITES_AFTER}"
    ));
    let timeout = it.shell("cat /sys/class/watchdog/watchdog0/timeout");
    assert_eq!(timeout, BITES_AFTER.to_string());
    assert_eq!(it.state(), "inactive");

    let main = it.charge();
    assert_eq!(it.state(), "active");
    it.does_not_bite("a car charges");

    // The kernel does not stop a watchdog whose owner was killed: the next guard
    // has to feed it.
    let first = it.guard();
    it.shell(&format!("kill -KILL {first}"));
    it.board.pins().wait("K1", false, PATIENCE);
    it.permit();
    assert_ne!(it.guard(), first);
    assert_eq!(it.state(), "active");
    it.does_not_bite("the guard was killed and replaced");

    // The main process is gone; the guard ends in good order.
    let guard = it.guard();
    it.shell(&format!("kill -KILL {main}"));
    it.board.pins().wait("K1", false, PATIENCE);
    it.is_gone(guard);
    assert_eq!(it.state(), "inactive");
    it.does_not_bite("the main process was killed");

    let main = it.charge();
    assert_eq!(it.state(), "active");
    let guard = it.guard();
    it.shell(&format!("kill -TERM {main}"));
    it.board.pins().wait("K1", false, PATIENCE);
    it.is_gone(guard);
    assert_eq!(it.state(), "inactive");
    it.does_not_bite("the end in good order");

    // Both hang: nobody opens the contactor, but the reset does.
    let main = it.charge();
    let guard = it.guard();
    let boots = it.board.boots();
    it.shell(&format!("kill -STOP {main} {guard}"));
    assert!(it.board.pins().level("K1"), "nobody is left to open it");
    let monitor = it.board.monitor();
    let bitten = monitor.event(BITE, 0, PATIENCE).expect("a bite");
    let opened = it.board.pins().wait("K1", false, PATIENCE);
    monitor.event("RESET", 0, PATIENCE).expect("a reset");
    assert!(
        opened + Duration::from_millis(500) > bitten,
        "it was the bite that opened"
    );
    it.steps
        .done("both hang: bitten, and the contactor is open");
    it.board.wait_boots(boots + 1).expect("a board again");
    assert!(!it.board.pins().level("K1"), "and it stays open");
    it.steps.done("the board is up again");
}
