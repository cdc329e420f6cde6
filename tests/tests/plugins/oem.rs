//! From nothing to a signed protocol component with something of a vendor's own, which is
//! swapped in while a car charges: the commands of docs/plugins.md, taken from there, word
//! for word but for the ports.

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Control, Process};
use serde_json::{Value, json};

use crate::kit::component_command;
use crate::newcomer::{MOST_COMMANDS, PATIENCE, commands, shell, slot};
use crate::project::{assert_success, share_target};

const CARD: &str = "04A1B2C3";

fn sessions(central: &CentralSystem) -> Value {
    let request = json!({"vendorId": "com.example.night-rates", "messageId": "Sessions"});
    central.call("DataTransfer", request).expect("an answer")
}

fn start(command: &str, folder: &std::path::Path, central: &CentralSystem) -> (Process, Control) {
    let mut run = shell(folder, &format!("exec {command}"));
    let process = Process::start(&mut run).expect("a charger");
    let line = process.wait_line("control api: ", PATIENCE);
    let line = line.unwrap_or_else(|| panic!("{:#?}", process.printed()));
    let url = line.split("control api: ").nth(1).unwrap_or_default();
    let control = Control::new(url.trim());
    assert_eq!(slot(&control, "ocpp")["name"], "guest-ocpp");
    central.expect_status(1, "Available");
    (process, control)
}

#[test]
fn an_oem_needs_five_commands_and_no_car_stops_charging() {
    let commands = commands("docs/plugins.md", "A protocol of your own");
    assert!(
        (1..=MOST_COMMANDS).contains(&commands.len()),
        "{commands:#?}"
    );
    let central = CentralSystem::start().expect("a central system");
    let place = tempfile::tempdir().expect("a place");
    let project = place.path().join("night-rates");
    let mut running: Option<(Process, Control)> = None;
    let mut transaction = Value::Null;
    for command in &commands {
        println!("$ {command}");
        if command.starts_with("plugpoint run ") {
            let started = start(command, place.path(), &central);
            started.1.plug(1).expect("a car");
            started.1.card(CARD).expect("a card");
            let call = central.expect_any("StartTransaction");
            assert_eq!(call.payload["idTag"], CARD);
            central.expect_status(1, "Charging");
            transaction = sessions(&central);
            running = Some(started);
            continue;
        }
        let command = match &running {
            // The charger has a port of its own in a test.
            Some((_, control)) => format!("{command} --control {}", control.url()),
            None => command.clone(),
        };
        let output = shell(place.path(), &command).output().expect("a shell");
        println!("{}", assert_success(&output));
        if command.starts_with("plugpoint component new ") {
            share_target(&project);
            let charger = project.join("charger.toml");
            let text = std::fs::read_to_string(&charger).expect("charger.toml");
            let mut changed = text.clone();
            for (port, other) in [
                ("127.0.0.1:8080", "127.0.0.1:0".to_owned()),
                ("ws://127.0.0.1:9000/ocpp", central.url().to_owned()),
            ] {
                assert!(changed.contains(port), "{text}");
                changed = changed.replace(port, &other);
            }
            std::fs::write(&charger, changed).expect("charger.toml");
        }
    }
    let (process, control) = running.expect("a command that starts a charger");
    assert_eq!(transaction["status"], "UnknownVendorId", "before the swap");

    let component = slot(&control, "ocpp");
    assert_eq!(component["name"], "night-rates", "{component:#}");
    assert_eq!(
        sessions(&central),
        json!({"status": "Accepted", "data": "0"})
    );
    assert!(
        central.calls("StopTransaction").is_empty(),
        "it still charges"
    );
    let keys = json!({"key": ["NightRatesSessionReports"]});
    let keys = central.call("GetConfiguration", keys).expect("an answer");
    assert_eq!(keys["configurationKey"][0]["value"], "true");

    control.card(CARD).expect("the card");
    central.expect_any("StopTransaction");
    let report = central.expect_any("DataTransfer");
    assert_eq!(report.payload["vendorId"], "com.example.night-rates");
    assert_eq!(report.payload["messageId"], "SessionReport");
    assert_eq!(
        sessions(&central),
        json!({"status": "Accepted", "data": "1"})
    );
    assert!(!process.has_ended());
}

#[test]
fn what_does_not_go_together_is_refused() {
    let folder = tempfile::tempdir().expect("a place");
    let dir = folder.path().join("x").display().to_string();
    for (more, words) in [
        (&["--kind", "ocpp", "--lang", "js"][..], "written in rust"),
        (&[][..], "expected the policy's language"),
    ] {
        let command = [&["new", "x", "--dir", &dir], more].concat();
        let ended = component_command(&command);
        assert_eq!(ended.code, Some(2), "{}", ended.printed());
        assert!(ended.printed().contains(words), "{}", ended.printed());
    }
}
