//! The bound of a record, its torn end, and gaps.

use std::fs;

use serde_json::json;

use crate::desk::{assert_same, bytes, ended, files, record_of, replay};
use crate::stage::Setup;

#[test]
fn the_oldest_goes_and_what_is_left_can_be_replayed() {
    const KIB: u64 = 64;
    let stage =
        Setup { amnesia: false }.stage_with(1, |config| config.set("recorder.max_kib", KIB as i64));
    let record = record_of(&stage.site, "ocpp");
    let transaction = stage.charge(1, "TAG1");
    let has_gone = || {
        let files = files(&record);
        files
            .first()
            .is_some_and(|(path, _)| !path.ends_with("00000001.record"))
    };
    let mut calls = 0_u32;
    while !has_gone() {
        // Not to be packed well.
        let noise = format!(
            "{:x}",
            u128::from(calls).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c)
        );
        let asked = json!({"vendorId": "nobody", "data": noise.repeat(10)});
        stage.ask("DataTransfer", asked);
        calls += 1;
        assert!(bytes(&record) <= KIB * 1024);
        assert!(calls < 100_000, "{:?}", files(&record));
    }
    stage.card("TAG1");
    stage.expect_stop(transaction, "Local");
    stage.ledger();
    // The guest was begun anew for the record, and not because it failed.
    let slot = stage.charger.slot("ocpp");
    assert_eq!(slot["restarts"], 0, "{slot:#}");
    assert_eq!(slot["record"]["state"], "on", "{slot:#}");
    assert_eq!(slot["record"]["gaps"], 0, "{slot:#}");
    let _site = ended(stage);
    assert!(bytes(&record) <= KIB * 1024);
    let report = assert_same(&record, "guest-ocpp", &[]);
    assert!(report["segments"].as_u64() > Some(2), "{report:#}");
    assert!(
        report["notes"].as_array().is_some_and(Vec::is_empty),
        "{report:#}"
    );
}

#[test]
fn a_torn_end_is_seen_and_what_is_before_it_is_used() {
    let stage = Setup { amnesia: false }.stage();
    for _ in 0..200 {
        stage.fence();
    }
    let site = ended(stage);
    let record = record_of(&site, "ocpp");
    let whole = assert_same(&record, "guest-ocpp", &[]);
    let (file, length) = files(&record).pop().expect("a segment");
    let intact = fs::read(&file).expect("its bytes");

    // As after a power failure: the last block is not there as a whole.
    fs::write(&file, &intact[..intact.len() - 3]).expect("cut");
    let cut = assert_same(&record, "guest-ocpp", &[]);
    assert!(cut["notes"].to_string().contains("cut off"), "{cut:#}");
    assert!(cut["events"].as_u64() < whole["events"].as_u64(), "{cut:#}");

    // Worn flash: the checksum is wrong from there on.
    let mut worn = intact.clone();
    let near_end = worn.len() - 20;
    worn[near_end] ^= 1;
    fs::write(&file, worn).expect("worn");
    let worn = assert_same(&record, "guest-ocpp", &[]);
    assert_eq!(worn["events"], cut["events"], "{worn:#}");

    // Nothing of use at all.
    fs::write(&file, &intact[..40]).expect("cut");
    let nothing = replay(&record, "guest-ocpp", &[]);
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
    assert!(
        nothing.stderr.contains("damaged at its beginning"),
        "{nothing:?}"
    );
    assert!(length > 40);
}
