//! A board whose contactor is opened again and again, and closed anew as soon as
//! may be: by a permit of a new session, which is not held back as one that
//! flaps. The guest is the toy protocol's, so that the test gives the permits.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plugpoint_tests::board::{Board, Extras};
use plugpoint_tests::central_system::{CentralSystem, What};
use plugpoint_tests::tell;

use crate::stage::{PATIENCE, Steps, central, config, start};

/// Shorter closings count as flapping, and the charger waits longer after each.
const CALM: Duration = Duration::from_millis(1_100);
/// The line by which the board's shell says that a signal is sent now.
const MARK: &str = "SPARE";

/// An input that opens the contactor.
#[derive(Clone, Copy)]
pub struct Line {
    name: &'static str,
    /// The level that opens.
    level: bool,
}

impl Line {
    pub const EMERGENCY_STOP: Line = Line::new("ESTOP", true);
    pub const RESIDUAL_CURRENT: Line = Line::new("RCD", true);
    pub const UNPLUG: Line = Line::new("PLUG", false);

    const fn new(name: &'static str, level: bool) -> Line {
        Line { name, level }
    }
}

pub struct Bench {
    board: Arc<Board>,
    central: CentralSystem,
    /// The process id of the program that runs.
    main: Option<u32>,
    /// For who reads why it failed.
    at: RefCell<(String, usize)>,
    /// Where the shell writes the level of its mark.
    mark: String,
}

impl Bench {
    pub fn boot() -> Bench {
        let mut steps = Steps::begin();
        let central = central("bad.v1");
        let board = Arc::new(Board::boot(Extras::default()).expect("a board"));
        steps.done("board is up");
        let mark = mark(&board);
        Bench {
            board,
            central,
            main: None,
            at: RefCell::default(),
            mark,
        }
    }

    /// Says what is being done, and for the how manyth time.
    pub fn is_at(&self, what: &str) {
        let mut at = self.at.borrow_mut();
        if at.0 == what {
            at.1 += 1;
        } else {
            *at = (what.to_owned(), 1);
        }
    }

    /// Starts the program with these sections beside the usual ones, in place of
    /// the one that runs, and waits until it is at its central system.
    pub fn program(&mut self, sections: &str) {
        if let Some(main) = self.main.take() {
            // Measured ones are gone already.
            self.shell(&format!("kill -KILL {main} 2>/dev/null; true"));
            self.board.pins().wait("K1", false, PATIENCE);
        }
        self.central.forget_earlier();
        self.set("PLUG", false);
        self.set("CP", false);
        let config = config(
            &self.central,
            // Spinning takes as long as it is wanted.
            "[components]\nocpp = \"/bad-component.wasm\"\n[limits.ocpp]\nevent_ms = 60000\n",
        );
        // The contacts would be this test's own, and on a busy machine slower than
        // a contactor may be.
        let config = config.replace("contactor_feedback = \"K1_FB\"\n", "");
        let config = config.replace("[guard]\nwatchdog = \"/dev/watchdog\"\n", sections);
        let mut steps = Steps::begin();
        self.main = Some(start(&self.board, &config));
        self.line("hello LinkUp");
        if self.at.borrow().1 <= 1 {
            steps.done("program is up and at its central system");
        }
    }

    /// A car comes, is permitted and charges.
    pub fn charge(&self) {
        self.set("PLUG", true);
        self.set("CP", true);
        self.line("plugged 1");
        self.permit();
    }

    /// From the edge at the input to the open contactor.
    pub fn open_by(&self, line: Line) -> Duration {
        assert!(self.board.pins().level("K1"), "the contactor is closed");
        let at = self.set(line.name, line.level);
        self.opened_after(at)
    }

    /// The same with a main process that does not live; none if the contactor was
    /// open before the edge, since a busy machine took too long to get there.
    pub fn open_by_edge(&self, line: Line) -> Option<Duration> {
        let closed = self.board.pins().level("K1");
        let at = self.set(line.name, line.level);
        let took = self.opened_after(at);
        (closed && !took.is_zero()).then_some(took)
    }

    /// From a signal to the open contactor.
    pub fn open_by_signal(&self, signal: &str, process: u32) -> Duration {
        assert!(self.board.pins().level("K1"), "the contactor is closed");
        let mark = &self.mark;
        self.shell(&format!("echo 1 > {mark}; kill -{signal} {process}"));
        let at = self.board.pins().wait(MARK, true, PATIENCE);
        let took = self.opened_after(at);
        self.shell(&format!("echo 0 > {mark}"));
        self.board.pins().wait(MARK, false, PATIENCE);
        took
    }

    /// The input is as it was, and there is a new permit.
    pub fn close_again(&self, line: Line) {
        if line.name == "PLUG" {
            self.line("unplugged 1");
            self.line("ended 1");
            self.set(line.name, !line.level);
            self.line("plugged 1");
            return self.permit();
        }
        self.say("revoke 1", "revoked 1");
        self.set(line.name, !line.level);
        self.permit();
    }

    /// A new permit in place of the former.
    pub fn permit_again(&self) {
        self.say("revoke 1", "revoked 1");
        self.permit();
    }

    /// Closed by the rules alone; calm enough not to count as flapping.
    pub fn closes_by_itself(&self, line: Line) {
        self.set(line.name, !line.level);
        self.board.pins().wait("K1", true, PATIENCE);
        std::thread::sleep(CALM);
        self.board.pins().wait("K1", true, PATIENCE);
    }

    pub fn stop_main(&self) {
        self.shell(&format!("kill -STOP {}", self.main()));
    }

    pub fn go_on(&self) {
        self.shell(&format!("kill -CONT {}", self.main()));
    }

    pub fn main(&self) -> u32 {
        self.main.expect("a program that runs")
    }

    pub fn guard(&self) -> u32 {
        crate::stage::guard(&self.board)
    }

    /// The guest spins from now on, for longer than this test takes. How much the
    /// central system has heard until then.
    pub fn spin(&self) -> usize {
        self.central.send_text("bad loop");
        let heard = self.heard();
        self.central.send_text("ping");
        // Two frames on a line that is up are there long before.
        std::thread::sleep(CALM);
        heard
    }

    /// The guest has said nothing since, not even that it lives.
    pub fn still_spins(&self, heard: usize) {
        assert_eq!(self.heard(), heard, "the guest did not spin all the time");
    }

    fn heard(&self) -> usize {
        let entries = self.central.journal().entries();
        let words = entries.iter();
        words
            .filter(|entry| matches!(entry.what, What::Nonsense(_)))
            .count()
    }

    /// A permit, and everything that comes of it is over.
    fn permit(&self) {
        self.say("permit 1 16000", "permitted 1");
        self.board.pins().wait("K1", true, PATIENCE);
        self.say("ping", "pong");
        self.board.pins().wait("K1", true, PATIENCE);
        self.central.forget_earlier();
    }

    fn opened_after(&self, at: Instant) -> Duration {
        let opened = self.board.pins().wait("K1", false, PATIENCE);
        opened.saturating_duration_since(at)
    }

    fn say(&self, words: &str, answer: &str) {
        self.central.send_text(words);
        self.line(answer);
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
}

/// Takes the line of the mark for the shell: by the kernel's old interface of
/// files, so that a mark is one write. The file of its level.
fn mark(board: &Board) -> String {
    let found = board.shell().run(
        "cd /sys/class/gpio && n=$(( $(cat gpiochip*/base) + 7 )) && echo $n > export && \
         d=$(ls -d SPARE gpio$n 2>/dev/null | head -n 1) && echo low > $d/direction && echo $PWD/$d/value; cd /",
    );
    let found = found.expect("a line for the shell");
    let file = found.trim();
    assert!(file.starts_with('/'), "no line for the shell: {file}");
    file.to_owned()
}

/// What was done is the first question when something fails; what the program
/// and the kernel had to say comes with the end of the board.
impl Drop for Bench {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (what, time) = &*self.at.borrow();
            tell(&format!("it failed at: {what}, time {time}"));
        }
    }
}
