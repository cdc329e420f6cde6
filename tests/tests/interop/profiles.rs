//! The messages of the profiles beyond the core, each from the central system and each to
//! it. What they do is tested elsewhere; here is what both packages make of their forms.

use plugpoint_conformance::files::FileServer;
use plugpoint_tests::central_system::What;
use plugpoint_tests::frame::Frame;
use serde_json::{Value, json};

use crate::sessions::charge;
use crate::stage::Stage;

/// What a charge point that has all profiles is asked, and what it says of its own accord.
const ALL: [&str; 12] = [
    "SendLocalList",
    "GetLocalListVersion",
    "ReserveNow",
    "CancelReservation",
    "TriggerMessage",
    "SetChargingProfile",
    "ClearChargingProfile",
    "GetCompositeSchedule",
    "UpdateFirmware",
    "GetDiagnostics",
    "FirmwareStatusNotification",
    "DiagnosticsStatusNotification",
];
const LATER: &str = "2100-01-01T00:00:00Z";

/// One after another, with nobody charging in the beginning.
pub fn all(stage: &mut Stage) {
    local_list(stage);
    reservation(stage);
    smart_charging(stage);
    firmware(stage);
    remote_trigger(stage);
    let entries = stage.central.journal().entries();
    for action in ALL {
        let is_said = entries.iter().any(|entry| {
            let (What::Sent(frame) | What::Received(frame)) = &entry.what else {
                return false;
            };
            matches!(frame, Frame::Call { action: said, .. } if said == action)
        });
        assert!(is_said, "{action} was never said");
    }
}

fn local_list(stage: &mut Stage) {
    let listed = |id_tag: &str, info: Value| json!({"idTag": id_tag, "idTagInfo": info});
    let full = json!({
        "listVersion": 5,
        "updateType": "Full",
        "localAuthorizationList": [
            listed("LISTED1", json!({"status": "Accepted", "expiryDate": LATER, "parentIdTag": "P"})),
            listed("LISTED2", json!({"status": "Blocked"})),
        ],
    });
    let differential = |version: u32| {
        json!({
            "listVersion": version,
            "updateType": "Differential",
            "localAuthorizationList": [{"idTag": "LISTED2"}],
        })
    };
    let twice = json!({
        "listVersion": 7,
        "updateType": "Full",
        "localAuthorizationList": [
            listed("TWICE", json!({"status": "Accepted"})),
            listed("twice", json!({"status": "Accepted"})),
        ],
    });
    for (request, status) in [
        (full, "Accepted"),
        (differential(6), "Accepted"),
        (differential(6), "VersionMismatch"),
        (twice, "Failed"),
    ] {
        stage.ask_status("SendLocalList", request, status);
    }
    let version = stage.ask("GetLocalListVersion", json!({}));
    assert_eq!(version, json!({"listVersion": 6}));
    let empty = json!({"listVersion": 7, "updateType": "Full"});
    stage.ask_status("SendLocalList", empty, "Accepted");
    let version = stage.ask("GetLocalListVersion", json!({}));
    assert_eq!(version, json!({"listVersion": 0}));
}

fn reservation(stage: &mut Stage) {
    let reserve = json!({
        "connectorId": 1,
        "expiryDate": LATER,
        "idTag": "HOLDER",
        "parentIdTag": "GROUP",
        "reservationId": 12,
    });
    stage.ask_status("ReserveNow", reserve.clone(), "Accepted");
    stage.expect_status(1, "Reserved");
    let other = json!({
        "connectorId": 1, "expiryDate": LATER, "idTag": "OTHER", "reservationId": 13,
    });
    stage.ask_status("ReserveNow", other, "Occupied");
    let cancel = json!({"reservationId": 12});
    stage.ask_status("CancelReservation", cancel.clone(), "Accepted");
    stage.expect_status(1, "Available");
    stage.ask_status("CancelReservation", cancel, "Rejected");
    // A transaction by the holder says which one it was.
    stage.ask_status("ReserveNow", reserve, "Accepted");
    stage.expect_status(1, "Reserved");
    stage.card("HOLDER");
    stage.expect_status(1, "Preparing");
    stage.plug();
    let (transaction, start) = stage.expect_start("HOLDER");
    assert_eq!(start["reservationId"], 12);
    stage.expect_status(1, "Charging");
    stop(stage, transaction);
}

fn stop(stage: &mut Stage, transaction: i64) {
    let request = json!({"transactionId": transaction});
    stage.ask_status("RemoteStopTransaction", request, "Accepted");
    stage.expect_stop(transaction, "Remote");
    stage.expect_status(1, "Finishing");
    stage.unplug();
    stage.expect_status(1, "Available");
}

fn profile(id: u32, purpose: &str, unit: &str, limit: f64) -> Value {
    json!({
        "chargingProfileId": id,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "validFrom": "2024-01-01T00:00:00Z",
        "validTo": LATER,
        "chargingSchedule": {
            "duration": 86400,
            "startSchedule": "2024-01-01T00:00:00Z",
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": limit, "numberPhases": 3},
                {"startPeriod": 3600, "limit": limit + 1.5},
            ],
            "minChargingRate": 6.1,
        },
    })
}

fn smart_charging(stage: &mut Stage) {
    let daily = |mut profile: Value| {
        profile["chargingProfileKind"] = json!("Recurring");
        profile["recurrencyKind"] = json!("Daily");
        profile
    };
    for (connector, profile) in [
        (0, profile(1, "ChargePointMaxProfile", "A", 20.0)),
        (1, daily(profile(2, "TxDefaultProfile", "W", 11_000.5))),
    ] {
        let request = json!({"connectorId": connector, "csChargingProfiles": profile});
        stage.ask_status("SetChargingProfile", request, "Accepted");
    }
    let transaction = charge(stage);
    let mut own = profile(3, "TxProfile", "A", 10.0);
    own["transactionId"] = json!(transaction);
    own["chargingProfileKind"] = json!("Relative");
    if let Some(schedule) = own["chargingSchedule"].as_object_mut() {
        schedule.remove("startSchedule");
    }
    let request = json!({"connectorId": 1, "csChargingProfiles": own});
    stage.ask_status("SetChargingProfile", request, "Accepted");
    let mut of_another = own;
    of_another["transactionId"] = json!(transaction + 4711);
    let request = json!({"connectorId": 1, "csChargingProfiles": of_another});
    stage.ask_status("SetChargingProfile", request, "Rejected");
    for unit in [Some("A"), Some("W"), None] {
        for connector in [0, 1] {
            let mut request = json!({"connectorId": connector, "duration": 7200});
            if let Some(unit) = unit {
                request["chargingRateUnit"] = json!(unit);
            }
            let answer = stage.ask("GetCompositeSchedule", request);
            assert_eq!(answer["status"], "Accepted");
            let periods = &answer["chargingSchedule"]["chargingSchedulePeriod"];
            assert!(
                periods.as_array().is_some_and(|it| !it.is_empty()),
                "{answer}"
            );
        }
    }
    let nowhere = json!({"connectorId": 9, "duration": 60});
    stage.ask_status("GetCompositeSchedule", nowhere, "Rejected");
    stop(stage, transaction);
    let start = json!({
        "idTag": "REMOTE2",
        "connectorId": 1,
        "chargingProfile": {
            "chargingProfileId": 4,
            "stackLevel": 1,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8}],
            },
        },
    });
    stage.plug();
    stage.expect_status(1, "Preparing");
    stage.ask_status("RemoteStartTransaction", start, "Accepted");
    let (transaction, _) = stage.expect_start("REMOTE2");
    stage.expect_status(1, "Charging");
    stop(stage, transaction);
    for (request, status) in [
        (json!({"id": 1}), "Accepted"),
        (json!({"id": 1}), "Unknown"),
        (
            json!({"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}),
            "Accepted",
        ),
        (json!({}), "Unknown"),
    ] {
        stage.ask_status("ClearChargingProfile", request, status);
    }
}

fn firmware(stage: &mut Stage) {
    let files = FileServer::start(&[
        ("image", b"image of a firmware"),
        ("invalid", b"invalid image"),
    ]);
    let files = files.expect("a server of files");
    update(stage, &files.url("nothing"));
    expect_firmware(stage, &["Downloading", "DownloadFailed"]);
    update(stage, &files.url("invalid"));
    expect_firmware(
        stage,
        &[
            "Downloading",
            "Downloaded",
            "Installing",
            "InstallationFailed",
        ],
    );
    update(stage, &files.url("image"));
    expect_firmware(stage, &["Downloading", "Downloaded", "Installing"]);
    // The simulated board reboots.
    stage.central.journal().push(0, What::Restarted);
    stage.expect_boot();
    stage.expect_status(1, "Available");
    expect_firmware(stage, &["Installed"]);

    let request = json!({
        "location": files.url("logs"),
        "retries": 1,
        "retryInterval": 5,
        "startTime": "2024-01-01T00:00:00Z",
        "stopTime": LATER,
    });
    let answer = stage.ask("GetDiagnostics", request);
    let name = answer["fileName"].as_str().expect("a name").to_owned();
    for status in ["Uploading", "Uploaded"] {
        stage.expect("DiagnosticsStatusNotification", |p| p["status"] == status);
    }
    assert!(files.received(&name).is_some());
    let nothing = json!({
        "location": files.url("logs"),
        "startTime": "2001-01-01T00:00:00Z",
        "stopTime": "2001-01-02T00:00:00Z",
    });
    assert_eq!(stage.ask("GetDiagnostics", nothing), json!({}));
}

fn update(stage: &mut Stage, location: &str) {
    let request = json!({
        "location": location,
        "retrieveDate": "2024-01-01T00:00:00Z",
        "retries": 1,
        "retryInterval": 5,
    });
    assert_eq!(stage.ask("UpdateFirmware", request), json!({}));
}

fn expect_firmware(stage: &Stage, statuses: &[&str]) {
    for status in statuses {
        stage.expect("FirmwareStatusNotification", |p| p["status"] == *status);
    }
}

fn remote_trigger(stage: &mut Stage) {
    for message in [
        "Heartbeat",
        "StatusNotification",
        "MeterValues",
        "FirmwareStatusNotification",
        "DiagnosticsStatusNotification",
    ] {
        let request = json!({"requestedMessage": message, "connectorId": 1});
        stage.ask_status("TriggerMessage", request, "Accepted");
        stage.expect(message, |p| {
            p["status"]
                .as_str()
                .is_none_or(|status| ["Idle", "Available"].contains(&status))
        });
    }
    let request = json!({"requestedMessage": "MeterValues", "connectorId": 9});
    stage.ask_status("TriggerMessage", request, "Rejected");
    let request = json!({"requestedMessage": "BootNotification"});
    stage.ask_status("TriggerMessage", request, "Rejected");
}
