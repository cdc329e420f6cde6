//! Lines that another process has or that there are not, and a reader that is
//! pulled out, on a real kernel: each is said once, told to the central system
//! with its code, and the connector that has everything it needs charges.

use plugpoint_tests::board::{Board, Extras};
use plugpoint_tests::central_system::CentralSystem;

use crate::stage::{PATIENCE, Steps, central, log, start_as, url};

/// A charger that has the line K1 already.
const FIRST: &str = r#"
[charge_point]
id = "CP001"
state_dir = "/tmp/first"
[control]
listen = "unix:/tmp/first.sock"
[limits]
time_factor = 20
[[connector]]
id = 1
driver = "gpio"
lines = { contactor = "K1", plug_present = "SPARE", energy_request = "K1_FB" }
"#;

/// One that would like to have it too, and a line that there is not.
const SECOND: &str = r#"
[charge_point]
id = "CP002"
state_dir = "/tmp/second"
[control]
listen = "unix:/tmp/second.sock"
[limits]
time_factor = 20
[[connector]]
id = 1
driver = "gpio"
lines = { contactor = "K1", plug_present = "ESTOP", energy_request = "RCD" }
[[connector]]
id = 2
driver = "gpio"
lines = { contactor = "LED", plug_present = "PLUG", energy_request = "CP" }
[[connector]]
id = 3
driver = "gpio"
lines = { contactor = "K9", plug_present = "RCD", energy_request = "ESTOP" }
[[reader]]
driver = "evdev"
path = "/dev/input/event0"
connectors = [2]
"#;

fn told(central: &CentralSystem, connector: u32, status: &str, code: &str) {
    central.expect("StatusNotification", |it| {
        it["connectorId"] == connector && it["status"] == status && it["errorCode"] == code
    });
}

/// How often the second charger's log says something.
fn said(board: &Board, words: &str) -> usize {
    let count = format!("grep -cF '{words}' {}; true", log("second"));
    let count = board.shell().run(&count).expect("a count");
    count.trim().parse().expect("a number")
}

#[test]
fn what_is_busy_wrong_or_gone_is_told_and_the_rest_works() {
    let mut steps = Steps::begin();
    let (one, two) = (central("ocpp1.6"), central("ocpp1.6"));
    let board = Board::boot(Extras::default()).expect("a board");
    steps.done("board is up");
    let csms = |of: &CentralSystem| format!("[csms]\nurl = \"{}\"\n", url(of));
    start_as(&board, "first", &format!("{}{FIRST}", csms(&one)));
    one.expect_status(1, "Available");
    one.forget_earlier();
    start_as(&board, "second", &format!("{}{SECOND}", csms(&two)));
    told(&two, 1, "Faulted", "PowerSwitchFailure");
    told(&two, 3, "Faulted", "PowerSwitchFailure");
    told(&two, 2, "Available", "NoError");
    steps.done("two chargers are up, and the second has told what it lacks");
    let busy = "line \"K1\" is busy: it is used by \"plugpoint-guard\"";
    let unknown = "line \"K9\": no GPIO chip has a line of this name; there are K1, K1_FB";
    assert_eq!(said(&board, busy), 1);
    assert_eq!(said(&board, unknown), 1);
    board.pins().set("PLUG", true);
    told(&two, 2, "Preparing", "NoError");
    board.pins().set("CP", true);
    board.monitor().type_line("04a1b2c3").expect("a card");
    board.pins().wait("LED", true, PATIENCE);
    told(&two, 2, "Charging", "NoError");
    steps.done("the connector that has its lines charges");

    board.monitor().unplug_keyboard().expect("pulled out");
    told(&two, 2, "Charging", "ReaderFailure");
    assert!(board.pins().level("LED"), "who charges goes on charging");
    assert_eq!(said(&board, "/dev/input/event0 is gone"), 1);
    steps.done("the reader is pulled out: told, and the car charges on");
    board.pins().set("CP", false);
    board.pins().set("PLUG", false);
    board.pins().wait("LED", false, PATIENCE);
    told(&two, 2, "Available", "ReaderFailure");

    two.forget_earlier();
    board.monitor().plug_keyboard().expect("put in again");
    told(&two, 2, "Available", "NoError");
    assert_eq!(said(&board, "ready: keyboard"), 2);
    assert_eq!(said(&board, "/dev/input/event0 is gone"), 1);
    steps.done("it is put in again: told");
    board.pins().set("PLUG", true);
    board.pins().set("CP", true);
    told(&two, 2, "Preparing", "NoError");
    board.monitor().type_line("04a1b2c3").expect("a card");
    board.pins().wait("LED", true, PATIENCE);
    steps.done("and reads: the next car charges");
    // All the while.
    one.assert_none("StatusNotification");
}
