//! FirmwareManagement: a file is fetched and installed, and one is sent. Where the files
//! are is the tester's to say ([`Files`]).

use serde_json::{Value, json};

use crate::expected::{Expected, any, boot};
use crate::outcome::{Failure, Outcome};
use crate::session::Session;
use crate::station::Files;

/// Where nobody takes a file.
const NOBODY: &str = "ftp://127.0.0.1:21/files/failedLocation";
/// So many times longer than what comes at once an installation may take.
const LONG: u32 = 4;

const FIRMWARE: &str = "FirmwareStatusNotification";
const DIAGNOSTICS: &str = "DiagnosticsStatusNotification";

/// A good file is fetched and installed, and the station boots.
pub fn tc_044_1(s: &mut Session<'_>) -> Outcome {
    let files = offered(s)?;
    let mark = s.mark();
    update(s, &files.good)?;
    for status in ["Downloading", "Downloaded", "Installing"] {
        hear(s, FIRMWARE, status)?;
    }
    s.connection_ends();
    // The boot, the connectors and the end come in any order.
    let mut all = vec![boot(), any(FIRMWARE).with("status", "Installed")];
    all.extend(s.all_statuses(&[]));
    let until = s.now() + s.traits().patience * LONG;
    s.expect_all_until(&all, &[any("StatusNotification")], until)?;
    rest(s)?;
    let wanted = ["Downloading", "Downloaded", "Installing", "Installed"];
    told(s, mark, FIRMWARE, &[&wanted])
}

/// There is no such file: nothing changes.
pub fn tc_044_2(s: &mut Session<'_>) -> Outcome {
    let files = offered(s)?;
    let mark = s.mark();
    let (folder, file) = files
        .good
        .rsplit_once('/')
        .ok_or_else(|| Failure::Surroundings(format!("{} has no file name", files.good)))?;
    update(s, &format!("{folder}/does_not_exist_{file}"))?;
    hear(s, FIRMWARE, "DownloadFailed")?;
    rest(s)?;
    let failed: &[&str] = &["DownloadFailed"];
    told(
        s,
        mark,
        FIRMWARE,
        &[&["Downloading", "DownloadFailed"], failed],
    )
}

/// The file is fetched, and is no good.
pub fn tc_044_3(s: &mut Session<'_>) -> Outcome {
    let files = offered(s)?;
    let mark = s.mark();
    update(s, &files.bad)?;
    for status in ["Downloading", "Downloaded"] {
        hear(s, FIRMWARE, status)?;
    }
    s.connection_ends();
    let failed = any(FIRMWARE).with("status", "InstallationFailed");
    let until = s.now() + s.traits().patience * LONG;
    s.expect_all_until(&[failed], &[any("StatusNotification"), boot()], until)?;
    rest(s)?;
    told(
        s,
        mark,
        FIRMWARE,
        &[
            &[
                "Downloading",
                "Downloaded",
                "Installing",
                "InstallationFailed",
            ],
            &["Downloading", "Downloaded", "InstallationFailed"],
        ],
    )
}

/// A file about the station is sent.
pub fn tc_045_1(s: &mut Session<'_>) -> Outcome {
    let files = offered(s)?;
    let mark = s.mark();
    let name = diagnostics(s, json!({"location": files.folder}))?;
    for status in ["Uploading", "Uploaded"] {
        hear(s, DIAGNOSTICS, status)?;
    }
    if s.has_received(&name) == Some(false) {
        return Err(s.failure(format!(
            "{name} should lie in {}, and does not",
            files.folder
        )));
    }
    rest(s)?;
    told(s, mark, DIAGNOSTICS, &[&["Uploading", "Uploaded"]])
}

/// Nobody takes the file.
pub fn tc_045_2(s: &mut Session<'_>) -> Outcome {
    offered(s)?;
    let mark = s.mark();
    diagnostics(s, json!({"location": NOBODY, "retries": 0}))?;
    for status in ["Uploading", "UploadFailed"] {
        hear(s, DIAGNOSTICS, status)?;
    }
    rest(s)?;
    told(s, mark, DIAGNOSTICS, &[&["Uploading", "UploadFailed"]])
}

/// A station without the profile refuses both, and says nothing.
pub fn pp_044(s: &mut Session<'_>) -> Outcome {
    if s.offers("FirmwareManagement")? {
        return Err(Failure::NotApplicable(
            "the station offers FirmwareManagement".to_owned(),
        ));
    }
    let refusals = ["NotSupported", "NotImplemented"];
    let request = json!({"location": NOBODY, "retrieveDate": s.time()});
    s.call_for_or_error("UpdateFirmware", request, &[], &refusals)?;
    let request = json!({"location": NOBODY});
    s.call_for_or_error("GetDiagnostics", request, &[], &refusals)?;
    s.expect_nothing()
}

fn update(s: &mut Session<'_>, location: &str) -> Outcome {
    let request = json!({"location": location, "retrieveDate": s.time(), "retries": 0});
    s.call("UpdateFirmware", request).map(drop)
}

/// The name of the file that will be sent.
fn diagnostics(s: &mut Session<'_>, request: Value) -> Result<String, Failure> {
    let answer = s.call("GetDiagnostics", request)?;
    match answer["fileName"].as_str() {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(s.failure("GetDiagnostics must be answered with a fileName, and was with none")),
    }
}

/// This status is told. The connectors may go out of service meanwhile.
fn hear(s: &mut Session<'_>, action: &'static str, status: &str) -> Outcome {
    let wanted: Expected = any(action).with("status", status);
    s.expect_among(wanted, &[any("StatusNotification")])
        .map(drop)
}

/// All connectors are as they were: available.
fn rest(s: &mut Session<'_>) -> Outcome {
    s.expect_only(&[any("StatusNotification")])?;
    match s.unavailable() {
        None => Ok(()),
        Some(which) => Err(s.failure(format!("everything should be available, but {which}"))),
    }
}

/// Nothing but one of these series was told.
fn told(s: &mut Session<'_>, mark: usize, action: &str, wanted: &[&[&str]]) -> Outcome {
    let all = s.since(mark, action);
    let told: Vec<&str> = all
        .iter()
        .filter_map(|message| message.payload["status"].as_str())
        .collect();
    if wanted.iter().any(|series| *series == told) {
        return Ok(());
    }
    Err(s.failure(format!(
        "{action} should have been {}, and was {}",
        wanted
            .iter()
            .map(|series| series.join(", "))
            .collect::<Vec<_>>()
            .join("; or "),
        told.join(", ")
    )))
}

fn offered(s: &mut Session<'_>) -> Result<Files, Failure> {
    if !s.offers("FirmwareManagement")? {
        return Err(Failure::NotApplicable(
            "the station does not offer FirmwareManagement".to_owned(),
        ));
    }
    s.traits().files.clone().ok_or_else(|| {
        Failure::NotApplicable("nobody has said where files are for the station".to_owned())
    })
}
