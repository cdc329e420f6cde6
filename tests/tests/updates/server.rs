//! What a central system does for an update: a file is there, the charger is asked to
//! fetch it, and tells how far it is.

use plugpoint_conformance::files::FileServer;
use serde_json::json;

use crate::stage::Stage;

const STATUS: &str = "FirmwareStatusNotification";

/// Asks for an update with this file; it is tried once.
pub fn update(stage: &Stage, files: &FileServer, name: &str) {
    let request = json!({
        "location": files.url(name),
        "retrieveDate": "2024-01-01T00:00:00Z",
        "retries": 1,
    });
    assert_eq!(stage.ask("UpdateFirmware", request), json!({}));
}

/// Waits for each of these in turn: the next is told, and nothing else.
pub fn expect(stage: &Stage, statuses: &[&str]) {
    for wanted in statuses {
        expect_next(stage, wanted);
    }
}

/// The next status is this one.
pub fn expect_next(stage: &Stage, wanted: &str) {
    let told = stage.central.expect_any(STATUS);
    assert_eq!(
        told.payload,
        json!({ "status": wanted }),
        "{}",
        stage.central.journal().transcript()
    );
}

/// The statuses of an update that gets as far as its installation.
pub fn through(end: &'static str) -> [&'static str; 4] {
    ["Downloading", "Downloaded", "Installing", end]
}
