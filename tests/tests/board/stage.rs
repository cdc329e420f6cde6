//! A board that is up and runs the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use plugpoint_tests::board::Board;
use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::tell;

/// An emulated board on a busy machine is slow.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Where the machine's loopback is, seen from the board.
const OUTSIDE: &str = "10.0.2.2";

/// Says how long each step took.
pub struct Steps {
    since: Instant,
}

impl Steps {
    pub fn begin() -> Steps {
        Steps {
            since: Instant::now(),
        }
    }

    pub fn done(&mut self, what: &str) {
        let took = self.since.elapsed();
        tell(&format!("  {:>8.3} s  {what}", took.as_secs_f64()));
        self.since = Instant::now();
    }
}

pub fn central(subprotocol: &str) -> CentralSystem {
    CentralSystem::start_with(Settings {
        subprotocols: vec![subprotocol.to_owned()],
        patience: PATIENCE,
        ..Settings::default()
    })
    .expect("a central system")
}

/// Where a central system is, seen from the board.
pub fn url(central: &CentralSystem) -> String {
    central.url().replace("127.0.0.1", OUTSIDE)
}

/// The lines of the one connector, and what every board has.
pub fn config(central: &CentralSystem, more: &str) -> String {
    let url = url(central);
    format!(
        r#"
[charge_point]
id = "CP001"
vendor = "Plugpoint"
model = "Board"
state_dir = "/tmp/state"
[csms]
url = "{url}"
[control]
listen = "unix:/tmp/control.sock"
[limits]
time_factor = 20
[guard]
watchdog = "/dev/watchdog"
[[connector]]
id = 1
driver = "gpio"
cable = "fixed"
max_current_a = 32
phases = 3
[connector.lines]
contactor = "K1"
contactor_feedback = "K1_FB"
emergency_stop = "ESTOP"
residual_current = "RCD"
plug_present = "PLUG"
energy_request = "CP"
[[connector.lamp]]
line = "LED"
on = ["charging"]
{more}
"#
    )
}

/// Starts the program on the board; its process id.
pub fn start(board: &Board, config: &str) -> u32 {
    start_program(board, "plugpoint", config)
}

/// The same, with another program than the one for the board's own processor.
pub fn start_program(board: &Board, program: &str, config: &str) -> u32 {
    launch(board, "charger", program, config)
}

/// The same, where there are several.
pub fn start_as(board: &Board, name: &str, config: &str) -> u32 {
    launch(board, name, "plugpoint", config)
}

fn launch(board: &Board, name: &str, program: &str, config: &str) -> u32 {
    let shell = board.shell();
    let file = format!("/tmp/{name}.toml");
    shell.write(&file, config).expect("a configuration");
    let log = log(name);
    let started = shell.run(&format!(
        "RUST_LOG=info {program} run --config {file} >> {log} 2>&1 < /dev/null & echo $!"
    ));
    let started = started.expect("a process");
    started.trim().parse().expect("a process id")
}

/// The process id of the guard that the program of [`start`] has started last.
pub fn guard(board: &Board) -> u32 {
    let find = format!("sed -n 's/.*guard started pid=//p' {}", log("charger"));
    let found = board.shell().run(&find).expect("a log");
    let last = found.lines().last().expect("a guard that was started");
    // Behind it may come what else there is to say.
    let digits = last.split(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|id| id.parse().ok()).expect("a process id")
}

/// What a program says; all are shown when a test fails.
pub fn log(name: &str) -> String {
    format!("/tmp/{name}.log")
}

/// The contactor's own contacts: feedback follows the coil.
pub struct Contacts {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Contacts {
    /// As long as this lives.
    pub fn follow(board: &Arc<Board>) -> Contacts {
        let ends = Arc::new(AtomicBool::new(false));
        let (board, end) = (board.clone(), ends.clone());
        let thread = std::thread::spawn(move || {
            let mut is = false;
            while !end.load(Ordering::Relaxed) {
                let coil = board.pins().next("K1", is, Duration::from_millis(200));
                if coil != is {
                    board.pins().set("K1_FB", coil);
                    is = coil;
                }
            }
        });
        Contacts {
            ends,
            thread: Some(thread),
        }
    }
}

impl Drop for Contacts {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        // It has the board too, which is switched off only when all let go of it.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
