//! A candidate on the charger's own last hours, before a swap, while a car
//! charges.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::desk::plugpoint;
use crate::stage::Setup;
use crate::vendor::{Signed, Vendor};

#[test]
fn a_candidate_is_tried_on_the_last_hours_while_a_car_charges() {
    let vendor = Vendor::new();
    let stage = Setup { amnesia: false }.stage_with(1, |config| {
        vendor.trusted(config).ocpp("MeterValueSampleInterval", "1")
    });
    let transaction = stage.charge(1, "TAG1");
    for _ in 0..100 {
        stage.fence();
    }
    let nothing = json!({"transactionId": 987_654});
    stage.ask_status("RemoteStopTransaction", nothing, "Rejected");
    let charger = &stage.charger;
    let before = charger.slot("ocpp");

    // Through the API.
    let post = |path: &str, component: &Signed, signature: Option<&str>| {
        use base64::Engine as _;
        let encoded = signature.map(|it| base64::engine::general_purpose::STANDARD.encode(it));
        let header = encoded.as_deref().map(|it| ("x-minisign", it));
        let headers: Vec<_> = header.into_iter().collect();
        charger
            .control()
            .post_bytes(path, &headers, &component.wasm)
    };
    const PATH: &str = "/v1/components/ocpp/preflight";
    let same = vendor.component("guest-ocpp-second");
    let job = post(PATH, &same, Some(&same.signature)).expect("a job");
    let job = charger.wait_ended(job["job"].as_u64().expect("a number"), "same");
    let report = &job["report"];
    assert!(report["events"].as_u64() > Some(100), "{report:#}");
    assert!(report["worst_us"].as_u64() > Some(0), "{report:#}");
    assert!(report["peak_memory_bytes"].as_u64() > Some(0), "{report:#}");

    let changed = vendor.component("guest-ocpp-changed");
    let job = post(PATH, &changed, Some(&changed.signature)).expect("a job");
    let job = charger.wait_ended(job["job"].as_u64().expect("a number"), "differs");
    let first = &job["report"]["first"][0];
    assert!(first["what"].to_string().contains("987654"), "{first:#}");

    // Nothing is looked at before the signature.
    let job = post(PATH, &changed, None).expect("a job");
    let job = charger.wait_ended(job["job"].as_u64().expect("a number"), "refused");
    assert!(job["error"].to_string().contains("not signed"), "{job:#}");
    assert!(post("/v1/components/policy/none/preflight", &changed, None).is_err());

    // By the command, in words.
    let control = charger.control().url();
    let preflight = |file: &Path| {
        let file = file.to_string_lossy();
        plugpoint(&[
            "component",
            "preflight",
            &file,
            "--slot",
            "ocpp",
            "--control",
            control,
        ])
    };
    for (candidate, code, words) in [
        (&same, 0, "no difference: it would have done the same"),
        (&changed, 1, "first difference: event"),
    ] {
        let file = stage.site.file("candidate.wasm");
        fs::write(&file, &candidate.wasm).expect("a file");
        fs::write(
            stage.site.file("candidate.wasm.minisig"),
            &candidate.signature,
        )
        .expect("one");
        let ended = preflight(&file);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stdout.contains(words), "{ended:?}");
        assert!(ended.stdout.contains("worst time of a call"), "{ended:?}");
    }
    let file = stage.site.file("nothing.wasm");
    assert_eq!(preflight(&file).code, Some(2));

    // Nothing has changed meanwhile, and the car charges.
    let after = charger.slot("ocpp");
    for field in ["hash", "restarts", "source", "entry_schema"] {
        assert_eq!(before[field], after[field], "{field}");
    }
    assert_eq!(charger.connector(1)["contactor"], "closed");
    stage.card("TAG1");
    stage.expect_stop(transaction, "Local");
    stage.ledger();
}
