//! Files that are no bundles go to the manufacturer's installer: when nobody charges,
//! again after a power cut, and with a reboot where it wants one.

use std::fs;

use plugpoint_conformance::files::FileServer;
use serde_json::json;
use tempfile::TempDir;

use crate::server::{expect, expect_next, through, update};
use crate::stage::{Setup, Stage};

/// Notes each call; what comes of it is in files beside it.
const SCRIPT: &str = r#"
cd "$(dirname "$0")"
echo "$1 $([ "$1" = install ] && head -c 5 "$2") $(for job; do :; done; echo "$job")" >> calls
echo progress 40
while [ -e hold ]; do sleep 0.02; done
echo 'the last word' >&2
exit "$(cat "code-$1")"
"#;

struct Bench {
    stage: Stage,
    files: FileServer,
    // What still waits in it ends with it.
    folder: TempDir,
}

impl Bench {
    /// `install` and `confirm` end with these codes.
    fn new(install: u8, confirm: u8) -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| fs::write(file(name), text).expect("a file");
        write("installer", SCRIPT);
        write("code-install", &install.to_string());
        write("code-confirm", &confirm.to_string());
        let command = vec!["sh".to_owned(), file("installer").display().to_string()];
        let reboot = vec!["touch".to_owned(), file("rebooted").display().to_string()];
        let stage = Setup { amnesia: false }.stage_with(2, |config| {
            config
                .persistent()
                .set("installer.command", command)
                .set("installer.reboot", reboot)
        });
        let files = FileServer::start(&[("image", b"image of a firmware")]);
        Bench {
            stage,
            files: files.expect("a server of files"),
            folder,
        }
    }

    fn update(&self) {
        update(&self.stage, &self.files, "image");
    }

    fn hold(&self, on: bool) {
        let file = self.folder.path().join("hold");
        match on {
            true => fs::write(file, "").expect("a file"),
            false => fs::remove_file(file).expect("gone"),
        }
    }

    /// Waits until the installer has been called so many times; the calls.
    fn calls(&self, count: usize) -> Vec<String> {
        self.stage
            .charger
            .wait_status("a call of the installer", |_| {
                self.calls_so_far().len() >= count
            });
        let calls = self.calls_so_far();
        assert_eq!(calls.len(), count, "{calls:?}");
        calls
    }

    fn calls_so_far(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The power is cut, once the charger knows what has been answered.
    fn after_kill(self) -> Bench {
        self.stage.fence();
        Bench {
            stage: self.stage.after_kill(),
            ..self
        }
    }
}

#[test]
fn an_image_waits_until_nobody_charges() {
    let bench = Bench::new(0, 2);
    let Bench { stage, .. } = &bench;
    let transaction = stage.charge(1, "TAG1");
    bench.hold(true);
    bench.update();
    expect(stage, &["Downloading", "Downloaded"]);
    // Nobody begins there, and here it goes on.
    stage.central.expect_status(2, "Unavailable");
    stage.wait_energy(1, 1.0);
    assert!(bench.calls_so_far().is_empty());
    stage.card("TAG1");
    stage.expect_stop(transaction, "Local");
    expect_next(stage, "Installing");
    let calls = bench.calls(1);
    assert!(calls[0].starts_with("install image "), "{calls:?}");
    stage.central.expect_status(1, "Unavailable");
    stage.unplug(1);
    stage.fence();
    assert_eq!(
        statuses_of(stage, 1),
        ["Available", "Preparing", "Charging", "Unavailable"]
    );
    bench.hold(false);
    expect_next(stage, "Installed");
    for connector in [1, 2] {
        stage.central.expect_status(connector, "Available");
    }
    let boot = stage.central.expect_any("BootNotification");
    // What an image is called nobody knows but who has made it.
    assert_eq!(boot.payload["firmwareVersion"], "1.0");
    stage.fence();
    stage.central.assert_none("FirmwareStatusNotification");
    stage.ledger();
}

/// All that was told of a connector.
fn statuses_of(stage: &Stage, connector: u32) -> Vec<String> {
    let all = stage.central.calls("StatusNotification");
    all.iter()
        .filter(|call| call.payload["connectorId"] == connector)
        .filter_map(|call| call.payload["status"].as_str().map(str::to_owned))
        .collect()
}

#[test]
fn one_that_fails_changes_nothing() {
    let bench = Bench::new(3, 2);
    bench.update();
    expect(&bench.stage, &through("InstallationFailed"));
    bench.stage.fence();
    bench.stage.central.assert_none("BootNotification");
    let transaction = bench.stage.charge(1, "TAG1");
    bench.stage.card("TAG1");
    bench.stage.expect_stop(transaction, "Local");
    let printed = bench.stage.charger.process().printed().join("\n");
    assert!(printed.contains("installer: 40 %"), "{printed}");
    assert!(printed.contains("the last word"), "{printed}");
}

#[test]
fn a_power_cut_while_it_installs_is_made_up_for() {
    let bench = Bench::new(0, 2);
    bench.hold(true);
    bench.update();
    expect(&bench.stage, &through("Installing")[..3]);
    let first = bench.calls(1);
    let bench = bench.after_kill();
    let calls = bench.calls(2);
    assert_eq!(calls, [&*first[0], &*first[0]], "the same file and word");
    bench.stage.central.expect_any("BootNotification");
    bench.hold(false);
    expect_next(&bench.stage, "Installed");
    bench.stage.fence();
    bench
        .stage
        .central
        .assert_none("FirmwareStatusNotification");
}

/// The installer wants a reboot, and this comes of it.
fn rebooted(confirm: u8, end: &str) {
    let bench = Bench::new(10, confirm);
    bench.update();
    expect(&bench.stage, &through("Installing")[..3]);
    let rebooted = bench.folder.path().join("rebooted");
    bench
        .stage
        .charger
        .wait_status("a reboot", |_| rebooted.exists());
    let bench = bench.after_kill();
    let calls = bench.calls(2);
    let word = calls[0].strip_prefix("install image ").expect("a call");
    assert_eq!(calls[1], format!("confirm  {word}"));
    bench.stage.central.expect_any("BootNotification");
    expect_next(&bench.stage, end);
    bench.stage.fence();
    // It has booted already.
    bench.stage.central.assert_none("BootNotification");
    bench
        .stage
        .central
        .assert_none("FirmwareStatusNotification");
    assert_eq!(bench.calls_so_far().len(), 2);
}

#[test]
fn a_reboot_is_confirmed() {
    rebooted(0, "Installed");
}

#[test]
fn a_reboot_into_the_version_before_is_found_out() {
    rebooted(1, "InstallationFailed");
}

/// A charger without an installer, whose hardware is simulated.
fn simulated(reboots: bool) -> (Stage, FileServer) {
    let stage = Setup { amnesia: false }.stage_with(1, |config| {
        config.set("sim.reboot_after_firmware_update", reboots)
    });
    let files = [
        ("image", &b"image of a firmware"[..]),
        ("invalid", b"invalid image"),
    ];
    let files = FileServer::start(&files).expect("a server of files");
    (stage, files)
}

#[test]
fn a_simulated_board_reboots() {
    let (stage, files) = simulated(true);
    update(&stage, &files, "image");
    expect(&stage, &through("Installing")[..3]);
    stage.central.expect_ended();
    stage.central.note_restart();
    let boot = stage.central.expect_any("BootNotification");
    let installed = stage
        .central
        .expect("FirmwareStatusNotification", |p| p["status"] == "Installed");
    assert!(boot.number < installed.number);
    stage.fence();
    stage.central.assert_none("BootNotification");
    stage.central.assert_none("FirmwareStatusNotification");
    update(&stage, &files, "invalid");
    expect(&stage, &through("InstallationFailed"));
    let trigger = json!({"requestedMessage": "FirmwareStatusNotification"});
    stage.ask_status("TriggerMessage", trigger, "Accepted");
    expect_next(&stage, "Idle");
}

#[test]
fn a_simulated_board_need_not_reboot() {
    let (stage, files) = simulated(false);
    update(&stage, &files, "image");
    expect(&stage, &through("Installed"));
    stage.central.expect_any("BootNotification");
    stage.fence();
    assert!(stage.central.is_connected());
}
