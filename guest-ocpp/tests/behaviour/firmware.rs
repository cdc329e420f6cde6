//! FirmwareManagement: updates and diagnostics with what can go wrong on the way.

use plugpoint_guest::protocol::Cable;
use plugpoint_ocpp_world::{Fate, Reply, World};
use serde_json::{Value, json};

use crate::{charge, fixed, now_of, worlds};

const FILE: &str = "http://files/new.bin";
const BUNDLE: &str = "http://files/new.bundle";
const FOLDER: &str = "http://user:secret@files/logs";

fn update(world: &mut World, location: &str, more: Value) {
    let mut request = json!({"location": location, "retrieveDate": "2026-11-22T00:00:00Z"});
    for (name, value) in more.as_object().expect("fields") {
        request[name] = value.clone();
    }
    assert_eq!(world.call("UpdateFirmware", request), json!({}));
}

fn serving(fate: Fate) -> [World; 2] {
    fixed(&[]).map(|mut world| {
        world.depot.files.insert(FILE.to_owned(), fate);
        world.depot.files.insert(BUNDLE.to_owned(), Fate::Component);
        world
    })
}

/// Statuses of updates so far, with what else is of interest.
fn told(world: &mut World) -> String {
    let words: Vec<String> = world
        .sent
        .iter()
        .filter_map(|sent| {
            let word = sent.payload["status"].as_str().unwrap_or_default();
            match sent.action.as_str() {
                "FirmwareStatusNotification" | "DiagnosticsStatusNotification" => {
                    Some(word.to_owned())
                }
                "StatusNotification" => Some(format!("{}={word}", sent.payload["connectorId"])),
                "BootNotification" => Some("Boot".to_owned()),
                "StopTransaction" => Some("Stop".to_owned()),
                _ => None,
            }
        })
        .collect();
    world.forget_sent();
    words.join(" ")
}

const BOOTED: &str = "Boot 0=Available 1=Available";

fn ready(world: &mut World) {
    assert_eq!(told(world), BOOTED);
}

#[test]
fn a_slow_central_system_hears_of_the_installation_before_it_begins() {
    for mut world in serving(Fate::Image) {
        ready(&mut world);
        world.depot.install_ms = 10;
        world
            .central
            .plan("FirmwareStatusNotification", Reply::Late(20_000));
        update(&mut world, FILE, json!({}));
        world.run(15_000);
        assert!(world.depot.installed.is_empty());
        world.run(45_000);
        assert_eq!(
            told(&mut world),
            "Downloading 1=Unavailable Downloaded Installing Boot 0=Available 1=Available Installed"
        );
    }
}

#[test]
fn an_image_is_fetched_and_installed_while_nobody_can_begin() {
    for mut world in serving(Fate::Image) {
        ready(&mut world);
        update(&mut world, FILE, json!({}));
        world.run(10_000);
        assert_eq!(
            told(&mut world),
            "Downloading Downloaded 1=Unavailable Installing"
        );
        world.plug(1);
        world.card("TAG1");
        world.run(5_000);
        assert_eq!(told(&mut world), "");
        world.run(30_000);
        assert_eq!(told(&mut world), "Boot 0=Available 1=Preparing Installed");
        assert_eq!(world.depot.installed, [FILE]);
        world.card("TAG1");
        world.run(2_000);
        assert_eq!(told(&mut world), "1=Charging");
    }
}

#[test]
fn an_image_that_needs_a_reboot_is_installed_once_and_boots_once() {
    for mut world in serving(Fate::ImageWithReboot) {
        ready(&mut world);
        update(&mut world, FILE, json!({}));
        world.run(10_000);
        told(&mut world);
        world.run(40_000);
        assert_eq!(told(&mut world), "Boot 0=Available 1=Available Installed");
        assert_eq!(world.depot.installed, [FILE]);
    }
}

#[test]
fn a_component_is_installed_during_a_transaction() {
    for mut world in serving(Fate::Image) {
        charge(&mut world, "TAG1");
        told(&mut world);
        update(&mut world, BUNDLE, json!({}));
        world.run(60_000);
        assert_eq!(
            told(&mut world),
            "Downloading Downloaded Installing Installed"
        );
        assert_eq!(world.shows(1, "status"), "Charging");
        // Only then: a central system may take a boot for the end of what goes on.
        world.card("TAG1");
        world.run(5_000);
        let expected = "Stop 1=Finishing Boot 0=Available 1=Finishing";
        assert_eq!(told(&mut world), expected);
    }
}

#[test]
fn what_is_no_good_leaves_everything_as_it_was() {
    for (fate, expected) in [
        (Fate::BadCheck, "Downloading Downloaded InstallationFailed"),
        (
            Fate::BadInstall,
            "Downloading Downloaded 1=Unavailable Installing InstallationFailed 1=Available",
        ),
        (
            Fate::RollsBack,
            "Downloading Downloaded Installing InstallationFailed",
        ),
    ] {
        for mut world in serving(fate) {
            ready(&mut world);
            update(&mut world, FILE, json!({}));
            world.run(60_000);
            assert_eq!(told(&mut world), expected, "{fate:?}");
            assert!(world.depot.installed.is_empty());
        }
    }
}

#[test]
fn what_the_central_system_ordered_comes_back_behind_it() {
    for mut world in serving(Fate::BadInstall) {
        let order = |kind: &str| json!({"connectorId": 1, "type": kind});
        world.call("ChangeAvailability", order("Inoperative"));
        world.run(1_000);
        told(&mut world);
        update(&mut world, FILE, json!({}));
        world.run(60_000);
        let expected = "Downloading Downloaded Installing InstallationFailed";
        assert_eq!(told(&mut world), expected);
        assert_eq!(world.shows(1, "status"), "Unavailable");
        // Nothing of the update is kept of it.
        update(&mut world, FILE, json!({}));
        world.run(10_000);
        let answer = world.call("ChangeAvailability", order("Operative"));
        assert_eq!(answer["status"], "Accepted");
        world.run(60_000);
        assert_eq!(world.shows(1, "status"), "Available");
    }
}

#[test]
fn it_waits_for_a_transaction_whose_connector_never_seems_free() {
    for mut world in worlds(&[Cable::Fixed, Cable::Fixed], &[]) {
        world.depot.files.insert(FILE.to_owned(), Fate::BadInstall);
        charge(&mut world, "TAG1");
        told(&mut world);
        update(&mut world, FILE, json!({}));
        world.run(60_000);
        assert_eq!(told(&mut world), "Downloading Downloaded 2=Unavailable");
        let start = json!({"connectorId": 2, "idTag": "TAG2"});
        let answer = world.call("RemoteStartTransaction", start);
        assert_eq!(answer["status"], "Rejected");
        world.card("TAG1");
        world.run(2_000);
        assert_eq!(told(&mut world), "Installing Stop 1=Unavailable");
        world.unplug(1);
        world.run(30_000);
        assert_eq!(
            told(&mut world),
            "InstallationFailed 1=Available 2=Available"
        );
    }
}

#[test]
fn somebody_who_was_let_in_may_still_begin() {
    for mut world in serving(Fate::Image) {
        ready(&mut world);
        world.card("TAG1");
        world.run(1_000);
        update(&mut world, FILE, json!({}));
        world.run(20_000);
        assert_eq!(told(&mut world), "1=Preparing Downloading Downloaded");
        world.plug(1);
        world.run(20_000);
        assert_eq!(told(&mut world), "1=Charging");
        world.unplug(1);
        world.run(5_000);
        assert!(told(&mut world).ends_with("1=Unavailable"));
    }
}

#[test]
fn somebody_who_was_let_in_and_does_not_come_is_not_waited_for() {
    for mut world in serving(Fate::Image) {
        world.card("TAG1");
        world.run(1_000);
        told(&mut world);
        update(&mut world, FILE, json!({}));
        world.run(300_000);
        assert_eq!(world.depot.installed, [FILE]);
    }
}

#[test]
fn downloads_are_tried_as_often_as_is_wanted() {
    for (location, failing, more, transfers, last) in [
        (
            "http://files/none",
            0,
            json!({"retries": 0}),
            1,
            "DownloadFailed",
        ),
        (
            "ftp://127.0.0.1:21/x.fwi",
            0,
            json!({"retries": 5}),
            1,
            "DownloadFailed",
        ),
        (
            FILE,
            9,
            json!({"retries": 2, "retryInterval": 10}),
            2,
            "DownloadFailed",
        ),
        (
            FILE,
            2,
            json!({"retries": 3, "retryInterval": 10}),
            3,
            "Installed",
        ),
        (FILE, 9, json!({}), 3, "DownloadFailed"),
        (FILE, 9, json!({"retries": -1}), 1, "DownloadFailed"),
    ] {
        for mut world in serving(Fate::Image) {
            ready(&mut world);
            world.depot.failing = failing;
            update(&mut world, location, more.clone());
            world.run(150_000);
            assert_eq!(world.depot.transfers, transfers, "{location} {more}");
            let told = told(&mut world);
            assert!(told.starts_with("Downloading D"), "{told}");
            assert!(told.contains(last), "{told}");
            if last == "DownloadFailed" {
                assert_eq!(told, "Downloading DownloadFailed");
            }
        }
    }
}

#[test]
fn retries_are_apart_as_is_wanted() {
    for mut world in serving(Fate::Image) {
        world.depot.failing = 1;
        update(
            &mut world,
            FILE,
            json!({"retries": 2, "retryInterval": 600}),
        );
        world.run(599_000);
        assert_eq!(world.depot.transfers, 1);
        world.run(20_000);
        assert_eq!(world.depot.transfers, 2);
    }
}

#[test]
fn nothing_is_fetched_before_its_date() {
    for mut world in serving(Fate::Image) {
        ready(&mut world);
        let date = json!({"retrieveDate": "2026-11-22T13:00:00Z"});
        update(&mut world, FILE, date);
        world.run(10 * 60_000);
        world.power_cycle();
        while now_of(&world) < 13 * 3_600_000 - 1_000 {
            assert_eq!(world.depot.transfers, 0);
            world.run(1_000);
        }
        assert!(!told(&mut world).contains("Downloading"));
        world.run(60_000);
        assert!(told(&mut world).starts_with("Downloading Downloaded"));
    }
}

#[test]
fn a_date_that_comes_nearer_is_found_out() {
    for mut world in serving(Fate::Image) {
        let date = json!({"retrieveDate": "2026-11-22T13:00:00Z"});
        update(&mut world, FILE, date);
        world.run(1_000);
        world.central.clock_off_ms = 3_600_000;
        world.shift_clock(3_600_000);
        world.run(60_000);
        assert_eq!(world.depot.installed, [FILE]);
    }
}

#[test]
fn a_later_request_takes_the_place_of_the_present_one() {
    for mut world in serving(Fate::Image) {
        ready(&mut world);
        let other = "http://files/other.bin".to_owned();
        world.depot.files.insert(other.clone(), Fate::Image);
        update(&mut world, FILE, json!({}));
        world.run(2_000);
        update(&mut world, &other, json!({}));
        world.run(60_000);
        assert_eq!(world.depot.installed, [other]);
        let told = told(&mut world);
        assert!(
            told.starts_with("Downloading Downloading Downloaded 1=Unavailable Installing"),
            "{told}"
        );
    }
}

#[test]
fn a_request_during_an_installation_waits_for_it() {
    for mut world in serving(Fate::Image) {
        update(&mut world, FILE, json!({}));
        world.run(10_000);
        update(&mut world, BUNDLE, json!({}));
        world.run(120_000);
        assert_eq!(world.depot.installed, [FILE, BUNDLE]);
    }
}

#[test]
fn what_is_told_while_the_link_is_down_is_told_afterwards_in_order_and_once() {
    for mut world in serving(Fate::Image) {
        ready(&mut world);
        update(&mut world, FILE, json!({}));
        world.run(1_000);
        world.set_online(false);
        world.run(60_000);
        world.set_online(true);
        world.run(60_000);
        let told = told(&mut world);
        let words: Vec<&str> = told.split(' ').filter(|it| !it.contains('=')).collect();
        assert_eq!(
            words,
            [
                "Downloading",
                "Downloaded",
                "Installing",
                "Boot",
                "Installed"
            ]
        );
    }
}

#[test]
fn a_status_that_is_never_answered_does_not_hold_up_the_rest_for_ever() {
    for mut world in serving(Fate::Image) {
        ready(&mut world);
        for _ in 0..3 {
            world
                .central
                .plan("FirmwareStatusNotification", Reply::Silence);
        }
        update(&mut world, "http://files/none", json!({"retries": 1}));
        world.run(600_000);
        let expected = "Downloading Downloading Downloading DownloadFailed";
        assert_eq!(told(&mut world), expected);
    }
}

#[test]
fn an_error_is_an_answer() {
    for mut world in serving(Fate::Image) {
        ready(&mut world);
        world
            .central
            .always("FirmwareStatusNotification", Reply::Error("NotSupported"));
        update(&mut world, FILE, json!({}));
        world.run(60_000);
        let told = told(&mut world);
        assert_eq!(told.matches("Downloading").count(), 1, "{told}");
        assert!(told.contains(" Installed"), "{told}");
    }
}

#[test]
fn malformed_requests_are_refused_with_the_right_code() {
    let good = |field: &str, value: Value| {
        let mut request = json!({"location": FILE, "retrieveDate": "2026-11-22T00:00:00Z"});
        request[field] = value;
        request
    };
    for mut world in serving(Fate::Image) {
        for (action, request, code) in [
            (
                "UpdateFirmware",
                json!({"location": FILE}),
                "OccurenceConstraintViolation",
            ),
            (
                "UpdateFirmware",
                good("location", json!(7)),
                "TypeConstraintViolation",
            ),
            (
                "UpdateFirmware",
                good("retries", json!("3")),
                "TypeConstraintViolation",
            ),
            (
                "UpdateFirmware",
                good("retryInterval", json!(1.5)),
                "TypeConstraintViolation",
            ),
            (
                "UpdateFirmware",
                good("retrieveDate", json!("soon")),
                "PropertyConstraintViolation",
            ),
            (
                "UpdateFirmware",
                good("location", json!("x".repeat(2001))),
                "PropertyConstraintViolation",
            ),
            ("GetDiagnostics", json!({}), "OccurenceConstraintViolation"),
            (
                "GetDiagnostics",
                json!({"location": FOLDER, "startTime": "then"}),
                "PropertyConstraintViolation",
            ),
        ] {
            assert_eq!(
                world.call(action, request.clone()),
                code,
                "{action} {request}"
            );
        }
        world.run(60_000);
        assert_eq!(world.depot.transfers, 0);
    }
}

#[test]
fn diagnostics_are_sent_under_the_name_that_was_told() {
    for mut world in serving(Fate::Image) {
        ready(&mut world);
        let answer = world.call("GetDiagnostics", json!({"location": FOLDER}));
        assert_eq!(answer, json!({"fileName": "diagnostics-1.tar.gz"}));
        world.run(60_000);
        assert_eq!(told(&mut world), "Uploading Uploaded");
        let expected = format!("{FOLDER}/diagnostics-1.tar.gz");
        assert_eq!(world.depot.uploads, [expected]);
        let log = world.log().join("\n");
        assert!(!log.contains("secret"), "{log}");
    }
}

#[test]
fn without_anything_to_send_there_is_no_name_and_no_status() {
    for mut world in serving(Fate::Image) {
        ready(&mut world);
        world.depot.has_logs = false;
        let answer = world.call("GetDiagnostics", json!({"location": FOLDER}));
        assert_eq!(answer, json!({}));
        world.run(60_000);
        assert_eq!(told(&mut world), "");
    }
}

#[test]
fn uploads_are_tried_as_often_as_is_wanted() {
    for (location, failing, retries, transfers, last) in [
        (
            "ftp://127.0.0.1:21/files/failedLocation",
            0,
            0,
            1,
            "UploadFailed",
        ),
        (FOLDER, 1, 0, 1, "UploadFailed"),
        (FOLDER, 2, 3, 3, "Uploaded"),
        (FOLDER, 9, 3, 3, "UploadFailed"),
    ] {
        for mut world in serving(Fate::Image) {
            ready(&mut world);
            world.depot.failing = failing;
            let request = json!({"location": location, "retries": retries, "retryInterval": 5});
            world.call("GetDiagnostics", request);
            world.run(120_000);
            assert_eq!(
                told(&mut world),
                format!("Uploading {last}"),
                "{location} {retries}"
            );
            assert_eq!(world.depot.transfers, transfers);
        }
    }
}

#[test]
fn a_later_request_for_diagnostics_takes_the_place_of_the_present_one() {
    for mut world in serving(Fate::Image) {
        ready(&mut world);
        world.call("GetDiagnostics", json!({"location": FOLDER}));
        world.run(1_000);
        let answer = world.call("GetDiagnostics", json!({"location": "http://other"}));
        assert_eq!(answer["fileName"], "diagnostics-2.tar.gz");
        world.run(60_000);
        assert_eq!(world.depot.uploads, ["http://other/diagnostics-2.tar.gz"]);
        assert_eq!(told(&mut world), "Uploading Uploading Uploaded");
    }
}

#[test]
fn what_goes_on_is_told_when_it_is_asked_for() {
    fn ask(world: &mut World, message: &str) -> String {
        world.forget_sent();
        let answer = world.call("TriggerMessage", json!({"requestedMessage": message}));
        assert_eq!(answer["status"], "Accepted");
        world.run(500);
        told(world)
    }
    const FIRMWARE: &str = "FirmwareStatusNotification";
    const DIAGNOSTICS: &str = "DiagnosticsStatusNotification";
    for mut world in serving(Fate::BadInstall) {
        ready(&mut world);
        assert_eq!(ask(&mut world, FIRMWARE), "Idle");
        assert_eq!(ask(&mut world, DIAGNOSTICS), "Idle");
        update(&mut world, FILE, json!({}));
        world.call("GetDiagnostics", json!({"location": FOLDER}));
        world.run(1_000);
        assert_eq!(ask(&mut world, FIRMWARE), "Downloading");
        assert_eq!(ask(&mut world, DIAGNOSTICS), "Uploading");
        world.run(10_000);
        assert_eq!(ask(&mut world, FIRMWARE), "Installing");
        assert_eq!(ask(&mut world, DIAGNOSTICS), "Idle");
        world.run(60_000);
        assert_eq!(ask(&mut world, FIRMWARE), "Idle");
        world.power_cycle();
        world.run(3_000);
        assert_eq!(ask(&mut world, FIRMWARE), "Idle");
        assert_eq!(ask(&mut world, DIAGNOSTICS), "Idle");
    }
}

#[test]
fn a_host_without_the_services_does_not_offer_it() {
    let mut world = World::new(plugpoint_ocpp_world::Settings {
        has_files: false,
        ..Default::default()
    });
    world.run(1_000);
    for action in ["UpdateFirmware", "GetDiagnostics"] {
        assert_eq!(world.call(action, json!({})), "NotSupported");
    }
    let ask = json!({"key": ["SupportedFeatureProfiles", "SupportedFileTransferProtocols"]});
    let answer = world.call("GetConfiguration", ask);
    assert_eq!(
        answer["unknownKey"],
        json!(["SupportedFileTransferProtocols"])
    );
    let features = answer["configurationKey"][0]["value"].to_string();
    assert!(!features.contains("FirmwareManagement"), "{features}");
}
