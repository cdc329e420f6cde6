//! Boot.

use guest_ocpp::host::Cable;
use guest_ocpp::testing::Reply;
use serde_json::json;

use crate::Bench;

pub fn tc_001(bench: Bench) {
    let mut world = bench.cold(Cable::Fixed, &[]);
    world.central.interval = 10;
    world.central.plan(
        "BootNotification",
        Reply::Result(json!({
            "status": "Rejected", "currentTime": "2026-11-22T12:00:00Z", "interval": 20
        })),
    );
    world.run(19_000);
    assert_eq!(world.news(), ["Boot"]);
    world.frame(r#"[2,"x","GetConfiguration",{}]"#);
    world.run(500);
    assert!(world.answers.is_empty(), "mute while rejected");
    world.run(2_000);
    assert_eq!(
        world.news(),
        ["Boot", "Status(0,Available)", "Status(1,Available)"]
    );
    world.run(30_000);
    assert_eq!(world.news(), ["Heartbeat", "Heartbeat", "Heartbeat"]);
    let beats: Vec<u64> = world
        .all("Heartbeat")
        .iter()
        .map(|sent| sent.at_ms)
        .collect();
    assert!(
        beats.windows(2).all(|pair| pair[1] - pair[0] == 10_000),
        "{beats:?}"
    );
}

pub fn tc_002(bench: Bench) {
    let mut world = bench.cold(Cable::Fixed, &[]);
    world.central.interval = 10;
    world.central.plan(
        "BootNotification",
        Reply::Result(json!({
            "status": "Pending", "currentTime": "2026-11-22T12:00:00Z", "interval": 30
        })),
    );
    world.run(1_000);
    let all = world.call("GetConfiguration", json!({}));
    assert!(all["configurationKey"].as_array().unwrap().len() > 30);
    let change = world.call(
        "ChangeConfiguration",
        json!({"key": "MeterValueSampleInterval", "value": "15"}),
    );
    assert_eq!(change["status"], "Accepted");
    let start = world.call("RemoteStartTransaction", json!({"idTag": "TAG1"}));
    assert_eq!(start["status"], "Rejected");
    world.plug(1);
    world.unplug(1);
    world.run(25_000);
    assert_eq!(world.news(), ["Boot"], "nothing unasked while pending");
    world.run(10_000);
    assert_eq!(
        world.news(),
        ["Boot", "Status(0,Available)", "Status(1,Available)"]
    );
    world.run(10_000);
    assert_eq!(world.news(), ["Heartbeat"]);
}
