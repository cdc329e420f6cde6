//! One charging session through real interfaces only: lines of a GPIO chip, a
//! meter on the serial line, a reader on the USB, a central system behind the
//! network.

use std::sync::Arc;
use std::time::Duration;

use plugpoint_tests::board::{Board, Extras};
use plugpoint_tests::ledger::{Ledger, Rules};

use crate::keyboard::Eavesdroppers;
use crate::meter::Meter;
use crate::stage::{Contacts, PATIENCE, Steps, central, config, start_program};

const CARD: &str = "04a1b2c3d4e5f6";

/// Meter and reader of the connector.
const DEVICES: &str = r#"
[connector.meter]
driver = "modbus-rtu"
path = "/dev/ttyS0"
baud = 9600
unit = 1
map = "sdm120"
timeout_ms = 2000
[[reader]]
driver = "evdev"
path = "/dev/input/event0"
connectors = [1]
[ocpp]
MeterValueSampleInterval = "0"
"#;

#[test]
fn session_through_real_interfaces() {
    session("plugpoint");
}

/// The program for 32-bit ARM on the same kernel: without a compiler, its guests
/// are interpreted.
#[test]
fn armv7_session_through_real_interfaces() {
    session("plugpoint-armv7");
}

fn session(program: &str) {
    let mut steps = Steps::begin();
    let mut meter = Meter::start();
    let central = central("ocpp1.6");
    let extras = Extras {
        serial: Some(meter.port),
        ..Extras::default()
    };
    let board = Arc::new(Board::boot(extras).expect("a board"));
    let contacts = Contacts::follow(&board);
    steps.done("the board is up");
    let others = Eavesdroppers::listen(&board);
    steps.done("others on the board hear what is typed on the reader");

    start_program(&board, program, &config(&central, DEVICES));
    central.expect_any("BootNotification");
    steps.done("the program is up: BootNotification over the network");
    central.expect_status(0, "Available");
    central.expect_status(1, "Available");
    steps.done("the connector is available");
    assert!(!board.pins().level("K1"));

    board.pins().set("PLUG", true);
    central.expect_status(1, "Preparing");
    steps.done("plugged in, on a GPIO line: Preparing");

    board.monitor().type_line(CARD).expect("a card");
    let token = CARD.to_uppercase();
    central.expect("Authorize", |p| {
        p["idTag"].as_str().map(str::to_uppercase) == Some(token.clone())
    });
    steps.done("a card typed on the USB reader: Authorize");
    others.heard_nothing();
    steps.done("others heard nothing of it, and cannot grab the reader");
    let started = central.expect_any("StartTransaction");
    steps.done("StartTransaction");
    assert!(!board.pins().level("K1"), "nobody asks for energy yet");

    board.pins().set("CP", true);
    board.pins().wait("K1", true, PATIENCE);
    steps.done("the car asks for energy, on a GPIO line: the contactor's line is high");
    // 20 Wh a second.
    meter.power(72_000);
    central.expect_status(1, "Charging");
    board.pins().wait("LED", true, PATIENCE);
    steps.done("Charging, and the lamp is lit");
    std::thread::sleep(Duration::from_secs(5));
    steps.done("energy flows");

    board.monitor().type_line(CARD).expect("a card");
    board.pins().wait("K1", false, PATIENCE);
    meter.power(0);
    steps.done("the card again: the contactor's line is low");
    let stopped = central.expect_any("StopTransaction");
    steps.done("StopTransaction");
    let number = |value: &serde_json::Value| value.as_i64().expect("a register");
    let used = number(&stopped.payload["meterStop"]) - number(&started.payload["meterStart"]);
    // 5 s and what the steps took; the meter's own clock counts.
    assert!((60..10_000).contains(&used), "{used} Wh");
    plugpoint_tests::tell(&format!("             {used} Wh by the Modbus meter"));

    board.pins().set("CP", false);
    board.pins().set("PLUG", false);
    central.expect_status(1, "Available");
    steps.done("unplugged: Available");
    let ledger = Ledger::of(&central.journal().entries(), &Rules::default());
    ledger.assert_clean(|| central.journal().transcript());

    tell_size_and_memory(&board, program);
    drop(contacts);
}

/// What the program and its processes need: the guard is the smaller one.
fn tell_size_and_memory(board: &Board, program: &str) {
    let size = board
        .shell()
        .run(&format!("stat -c %s /bin/{program}"))
        .expect("its size");
    plugpoint_tests::tell(&format!("             {program}: {} bytes", size.trim()));
    let find = format!(
        "for p in $(pidof {program}); do echo $(sed -n 's/^\\(Rss\\|Pss\\|Pss_Anon\\): *//p' /proc/$p/smaps_rollup); done"
    );
    let told = board.shell().run(&find).expect("what they need");
    for process in told.lines() {
        plugpoint_tests::tell(&format!(
            "             {program}: {process} (resident, proportional, of it anonymous)"
        ));
    }
    assert_eq!(told.lines().count(), 2, "main process and guard: {told}");
}
