//! Sessions while the central system cannot be reached (TC_036 to 039).

use plugpoint_tests::central_system::{Call, Reply};

use crate::stage::{Setup, Stage};

fn timestamp(call: &Call) -> jiff::Timestamp {
    let text = call.payload["timestamp"].as_str().expect("a timestamp");
    text.parse().expect("a time")
}

/// Offline, whoever comes may charge.
fn generous(setup: &Setup) -> Stage {
    setup.stage_with(1, |config| {
        config
            .ocpp("AllowOfflineTxForUnknownId", "true")
            .ocpp("LocalAuthorizeOffline", "true")
    })
}

pub fn whole_session_offline(setup: &Setup) {
    let stage = generous(setup);
    stage.network(false);
    for card in ["CARD1", "CARD2"] {
        stage.plug(1);
        stage.card(card);
        stage.charger.wait_contactor(1, "closed");
        stage.wait_energy(1, 1.0);
        stage.card(card);
        stage.charger.wait_contactor(1, "open");
        stage.unplug(1);
    }
    // The contactor is seen open a little before the transaction is concluded.
    stage
        .charger
        .wait_status("two transactions in the queue", |s| {
            s["queue"].as_u64().is_some_and(|queue| queue >= 4)
        });
    let offline_until = jiff::Timestamp::now();
    stage.network(true);
    let mut numbers = Vec::new();
    for card in ["CARD1", "CARD2"] {
        let start = stage
            .central
            .expect("StartTransaction", |p| p["idTag"] == card);
        let stop = stage.expect_stop(stage.transaction_of(&start), "Local");
        let (started, stopped) = (timestamp(&start), timestamp(&stop));
        assert!(
            started <= stopped && stopped <= offline_until,
            "{started} to {stopped}, offline until {offline_until}"
        );
        numbers.extend([start.number, stop.number]);
    }
    assert!(numbers.is_sorted(), "{numbers:?}");
    stage.central.expect_opened();
    // No boot: only the network had gone.
    stage.central.assert_none("BootNotification");
    stage.central.assert_none("Authorize");
    assert_eq!(stage.ledger().transactions.len(), 2);
}

pub fn stop_offline(setup: &Setup) {
    let stage = generous(setup);
    let transaction = stage.charge(1, "CARD1");
    stage.network(false);
    stage.card("CARD1");
    stage.charger.wait_contactor(1, "open");
    stage.network(true);
    stage.expect_stop(transaction, "Local");
    stage.central.expect_status(1, "Finishing");
    stage.ledger();
}

pub fn samples_wait_their_turn(setup: &Setup) {
    let stage = setup.stage_with(1, |config| config.ocpp("MeterValueSampleInterval", "1"));
    let transaction = stage.charge(1, "CARD1");
    stage.network(false);
    stage.charger.wait_status("three queued messages", |s| {
        s["queue"].as_u64().is_some_and(|queue| queue >= 3)
    });
    stage.network(true);
    stage.card("CARD1");
    stage.expect_stop(transaction, "Local");
    let ledger = stage.ledger();
    assert!(ledger.transactions[0].samples.len() >= 3);
    // The same spacing as if nothing had been.
    let times: Vec<jiff::Timestamp> = ledger.transactions[0]
        .samples
        .iter()
        .map(|sample| sample.at.parse().expect("a time"))
        .collect();
    for pair in times.windows(2) {
        let apart = pair[1].duration_since(pair[0]).as_millis();
        assert!((700..3000).contains(&apart), "{apart} ms apart");
    }
}

pub fn refused_afterwards(setup: &Setup) {
    let stage = generous(setup);
    stage.network(false);
    stage.plug(1);
    stage.card("CARD9");
    stage.charger.wait_contactor(1, "closed");
    stage
        .central
        .answer("StartTransaction", Reply::id_tag_status("Invalid"));
    stage.network(true);
    let start = stage.central.expect_any("StartTransaction");
    stage.expect_stop(stage.transaction_of(&start), "DeAuthorized");
    stage.charger.wait_contactor(1, "open");
    stage.ledger();
}

pub fn unknown_card_is_refused(setup: &Setup) {
    let stage = setup.stage();
    stage.network(false);
    stage.plug(1);
    stage.card("CARD9");
    stage.expect_refusal("CARD9");
    assert_eq!(stage.charger.connector(1)["contactor"], "open");
    stage.network(true);
    stage.central.expect_status(1, "Preparing");
    stage.fence();
    stage.central.assert_none("StartTransaction");
    stage.ledger();
}
