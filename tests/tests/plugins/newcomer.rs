//! From nothing to a signed plugin that is swapped into a running charger: the
//! commands of the README, taken from there, word for word but for the port.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use plugpoint_tests::charger::{Control, Process};
use serde_json::Value;

use crate::kit::repository;
use crate::project::{assert_success, share_target, with_tools};

pub const MOST_COMMANDS: usize = 5;
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What stands behind `$ ` in the first console block of a section.
pub fn commands(file: &str, heading: &str) -> Vec<String> {
    let text = std::fs::read_to_string(repository(file)).expect(file);
    let (_, section) = text
        .split_once(&format!("\n## {heading}\n"))
        .expect("the section");
    let (_, block) = section.split_once("```console\n").expect("a block");
    let (block, _) = block.split_once("```").expect("its end");
    let commands = block.lines().filter_map(|line| line.strip_prefix("$ "));
    commands.map(str::to_owned).collect()
}

/// A command as somebody types it.
pub fn shell(folder: &Path, command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(folder);
    with_tools(&mut shell);
    shell
}

/// What the status says of a slot.
pub fn slot(control: &Control, slot: &str) -> Value {
    let status = control.status().expect("the status");
    let components = status["components"].as_array().cloned().unwrap_or_default();
    components
        .into_iter()
        .find(|it| it["slot"] == slot)
        .unwrap_or_else(|| panic!("no {slot} in {status:#}"))
}

#[test]
fn a_newcomer_needs_five_commands() {
    let commands = commands("README.md", "How to write a plugin");
    assert!(
        (1..=MOST_COMMANDS).contains(&commands.len()),
        "{commands:#?}"
    );
    let place = tempfile::tempdir().expect("a place");
    let mut running: Option<(Process, Control)> = None;
    for command in &commands {
        println!("$ {command}");
        if command.starts_with("plugpoint run ") {
            let process = Process::start(&mut shell(place.path(), &format!("exec {command}")))
                .expect("a charger");
            let line = process.wait_line("control api: ", PATIENCE);
            let line = line.unwrap_or_else(|| panic!("{:#?}", process.printed()));
            let url = line
                .split("control api: ")
                .nth(1)
                .unwrap_or_default()
                .trim();
            let control = Control::new(url);
            assert_eq!(slot(&control, "policy/evenings")["name"], "guest-policy");
            running = Some((process, control));
            continue;
        }
        let command = match &running {
            // The charger has a port of its own in a test.
            Some((_, control)) => format!("{command} --control {}", control.url()),
            None => command.clone(),
        };
        let output = shell(place.path(), &command).output().expect("a shell");
        println!("{}", assert_success(&output));
        let project = place.path().join("evenings");
        let charger = project.join("charger.toml");
        if command.starts_with("plugpoint component new ") {
            share_target(&project);
            let text = std::fs::read_to_string(&charger).expect("charger.toml");
            assert!(text.contains("127.0.0.1:8080"), "{text}");
            let text = text.replace("127.0.0.1:8080", "127.0.0.1:0");
            std::fs::write(&charger, text).expect("charger.toml");
        }
    }
    let (process, control) = running.expect("a command that starts a charger");

    let plugin = slot(&control, "policy/evenings");
    assert_eq!(plugin["name"], "evenings", "{plugin:#}");
    assert_eq!(plugin["version"], "0.1.0", "{plugin:#}");
    assert!(!process.has_ended());
    // The card that the README swipes.
    control.card("04A1B2C3").expect("a card");
    let end = std::time::Instant::now() + PATIENCE;
    let decision = loop {
        let status = control.status().expect("the status");
        if let Some(last) = status["decisions"].as_array().and_then(|all| all.last()) {
            break last.clone();
        }
        assert!(std::time::Instant::now() < end, "{status:#}");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(decision["by"], "evenings", "{decision:#}");
    assert_eq!(decision["verdict"], "accept", "{decision:#}");
    assert!(
        decision["why"].to_string().contains("one of our cards"),
        "{decision:#}"
    );
}
