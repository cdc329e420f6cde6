//! What GetDiagnostics sends, and what is in none of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use plugpoint_conformance::files::FileServer;
use serde_json::{Value, json};

use crate::server::{expect_next, update};
use crate::stage::{Setup, Stage};

const STATUS: &str = "DiagnosticsStatusNotification";
const KEY: &str = "4661c70f93b4ab3c8e64a7a1f2d0e3b5";
const OF_UPDATE: &str = "hunter2";
const OF_UPLOAD: &str = "hunter3";

/// Another user and password in the address.
fn with_password(url: &str, password: &str) -> String {
    url.replacen("http://", &format!("http://somebody:{password}@"), 1)
}

fn expect_status(stage: &Stage, wanted: &str) {
    let told = stage.central.expect_any(STATUS);
    assert_eq!(told.payload, json!({ "status": wanted }));
}

/// Sent and unpacked: where it lies.
fn diagnostics(stage: &Stage, files: &FileServer, location: &str) -> PathBuf {
    let answer = stage.ask("GetDiagnostics", json!({ "location": location }));
    let name = answer["fileName"].as_str().expect("a file").to_owned();
    assert!(name.starts_with("diagnostics-CP001-"), "{name}");
    expect_status(stage, "Uploading");
    expect_status(stage, "Uploaded");
    let archive = stage.site.file(&name);
    fs::write(&archive, files.received(&name).expect("it has come")).expect("a file");
    let folder = stage.site.file("diagnostics");
    fs::create_dir(&folder).expect("a folder");
    let tar = Command::new("tar")
        .arg("xzf")
        .arg(&archive)
        .arg("-C")
        .arg(&folder)
        .status();
    assert!(tar.expect("tar").success());
    folder
}

/// All files below, by their names.
fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => all.extend(all_below(&path)),
            false => all.push(path),
        }
    }
    all.sort();
    all
}

/// The blocks of a file of a record; the last may not be complete yet.
fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut rest = bytes.strip_prefix(b"PPRECORD\x01").expect("a record");
    let mut all = Vec::new();
    while let Some((length, _)) = rest.split_first_chunk::<4>() {
        let end = 12 + u32::from_le_bytes(*length) as usize;
        let Some(packed) = rest.get(12..end) else {
            break;
        };
        all.extend(miniz_oxide::inflate::decompress_to_vec(packed).expect("a block"));
        rest = &rest[end..];
    }
    all
}

#[track_caller]
fn assert_free_of_secrets(what: &str, bytes: &[u8]) {
    for secret in [KEY, OF_UPDATE, OF_UPLOAD] {
        let found = bytes
            .windows(secret.len())
            .any(|it| it.eq_ignore_ascii_case(secret.as_bytes()));
        assert!(!found, "{secret} is in {what}");
    }
}

#[test]
fn the_file_says_how_the_charger_is_and_no_secret() {
    let stage = Setup { amnesia: true }.stage_with(1, |config| {
        config
            .ocpp("AuthorizationKey", KEY)
            .ocpp("MeterValueSampleInterval", "1")
    });
    let files = FileServer::start(&[]).expect("a server of files");
    let transaction = stage.charge(1, "TAG1");
    stage.wait_energy(1, 1.0);
    stage.card("TAG1");
    stage.expect_stop(transaction, "Local");
    let request = json!({
        "location": with_password(&files.url("nothing.bin"), OF_UPDATE),
        "retrieveDate": "2024-01-01T00:00:00Z",
        "retries": 1,
    });
    stage.ask("UpdateFirmware", request);
    expect_next(&stage, "Downloading");
    expect_next(&stage, "DownloadFailed");

    let location = with_password(&files.url("logs"), OF_UPLOAD);
    let folder = diagnostics(&stage, &files, &location);
    let text = |name: &str| fs::read_to_string(folder.join(name)).expect("a text");
    assert!(text("log.txt").contains("update: get of http://127.0.0.1"));
    let status: Value = serde_json::from_str(&text("status.json")).expect("a status");
    assert_eq!(status["connectors"][0]["id"], 1);
    assert!(text("configuration.txt").contains("CP001"));
    let mut records = 0;
    for file in all_below(&folder) {
        let bytes = fs::read(&file).expect("a file");
        let name = file.display().to_string();
        if name.contains("/record/") {
            let all = unpacked(&bytes);
            records += 1;
            assert_free_of_secrets(&name, &all);
        }
        assert_free_of_secrets(&name, &bytes);
    }
    assert!(records > 0, "there is a record of the component");

    // Nor is it anywhere else where somebody may look.
    let status = stage.charger.status().to_string();
    assert_free_of_secrets("the status", status.as_bytes());
    let events = Value::from(stage.charger.events().all()).to_string();
    assert!(events.contains("UpdateFirmware") && events.contains("@127.0.0.1"));
    assert_free_of_secrets("the events", events.as_bytes());
    let components = stage.charger.control().get_text("/v1/components");
    assert_free_of_secrets("the components", components.expect("a text").as_bytes());
    let printed = stage.charger.process().printed().join("\n");
    assert_free_of_secrets("the log", printed.as_bytes());
}

#[test]
fn nothing_is_sent_of_a_time_of_which_nothing_is_known() {
    let stage = Setup { amnesia: false }.stage();
    let files = FileServer::start(&[]).expect("a server of files");
    let request = json!({
        "location": files.url("logs"),
        "startTime": "2001-01-01T00:00:00Z",
        "stopTime": "2001-01-02T00:00:00Z",
    });
    assert_eq!(stage.ask("GetDiagnostics", request), json!({}));
    stage.fence();
    stage.central.assert_none(STATUS);
}

#[test]
fn an_address_of_a_local_network_is_refused_where_that_is_configured() {
    let stage = Setup { amnesia: false }
        .stage_with(1, |config| config.set("transfer.local_networks", false));
    let files = FileServer::start(&[("image", b"image")]).expect("a server of files");
    update(&stage, &files, "image");
    expect_next(&stage, "Downloading");
    expect_next(&stage, "DownloadFailed");
    let request = json!({"location": files.url("logs"), "retries": 1});
    stage.ask("GetDiagnostics", request);
    expect_status(&stage, "Uploading");
    expect_status(&stage, "UploadFailed");
}
