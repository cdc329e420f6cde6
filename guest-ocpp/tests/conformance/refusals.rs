//! What is not supported, each refused in its own way.

use serde_json::json;

use crate::Bench;

pub fn tc_042_1(bench: Bench) {
    assert_eq!(
        bench.fixed().call("GetLocalListVersion", json!({})),
        json!({"listVersion": -1})
    );
}

pub fn tc_043_1(bench: Bench) {
    let request = json!({"listVersion": 1, "updateType": "Full", "localAuthorizationList": []});
    assert_eq!(
        bench.fixed().call("SendLocalList", request),
        json!({"status": "NotSupported"})
    );
}

fn reserve(bench: Bench, connector: u32) {
    let request = json!({
        "connectorId": connector, "expiryDate": "2026-11-22T13:00:00Z", "idTag": "TAG1", "reservationId": 1
    });
    assert_eq!(
        bench.fixed().call("ReserveNow", request),
        json!({"status": "Rejected"})
    );
}

pub fn tc_048_4(bench: Bench) {
    reserve(bench, 1);
}

pub fn tc_050_4(bench: Bench) {
    reserve(bench, 0);
}

pub fn tc_062(bench: Bench) {
    let request = json!({"vendorId": "com.example", "messageId": "x", "data": "y"});
    assert_eq!(
        bench.fixed().call("DataTransfer", request),
        json!({"status": "UnknownVendorId"})
    );
}
