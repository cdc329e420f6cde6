//! Meter values and the energy of a transaction (TC_070).

use crate::stage::Setup;

pub fn sampled_values(setup: &Setup) {
    let stage = setup.stage_with(1, |config| {
        config.ocpp("MeterValueSampleInterval", "1").ocpp(
            "MeterValuesSampledData",
            "Energy.Active.Import.Register,Current.Import",
        )
    });
    let transaction = stage.charge(1, "CARD1");
    let mut last = None;
    for _ in 0..3 {
        let values = stage.central.expect_any("MeterValues");
        assert_eq!(values.payload["transactionId"], transaction);
        assert_eq!(values.payload["connectorId"], 1);
        let sampled = values.payload["meterValue"][0]["sampledValue"]
            .as_array()
            .expect("values");
        assert!(
            sampled.iter().all(|s| s["value"].is_string()
                && (s["context"].is_null() || s["context"] == "Sample.Periodic")),
            "{sampled:?}"
        );
        let wanted = |name: &str| sampled.iter().any(|s| s["measurand"] == name);
        assert!(wanted("Current.Import"), "{sampled:?}");
        if let Some(last) = last.replace(values.at) {
            let apart = values.at.duration_since(last).as_millis();
            // Late on a busy machine, but never early.
            assert!((800..3000).contains(&apart), "{apart} ms apart");
        }
    }
    stage.card("CARD1");
    stage.expect_stop(transaction, "Local");
    let ledger = stage.ledger();
    assert!(ledger.transactions[0].samples.len() >= 3);
}

pub fn energy_is_what_the_meter_counted(setup: &Setup) {
    let stage = setup.stage();
    stage
        .charger
        .control()
        .meter(1, 12_345.6)
        .expect("a register");
    let register = || {
        stage.charger.connector(1)["register_wh"]
            .as_f64()
            .unwrap_or(-1.0)
    };
    for card in ["CARD1", "CARD2"] {
        let before = register();
        let transaction = stage.charge(1, card);
        stage.wait_energy(1, 3.0);
        stage.card(card);
        stage.expect_stop(transaction, "Local");
        stage.charger.wait_contactor(1, "open");
        let counted = register() - before;
        stage.unplug(1);
        stage.central.expect_status(1, "Available");
        let ledger = stage.ledger();
        let told = ledger
            .transaction(transaction)
            .and_then(|tx| tx.energy_wh())
            .expect("an end");
        // The current falls to zero only after the stop.
        assert!(
            (told as f64 - counted).abs() <= 2.0,
            "told {told} Wh, counted {counted} Wh"
        );
    }
}
