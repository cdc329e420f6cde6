//! The hand at the simulation.

use super::*;

#[test]
fn what_the_bench_did_is_in_the_snapshot_when_it_returns() {
    let charger = start(vec![sim_outlet(1, Cable::Fixed)], &SimOptions::default());
    assert_eq!(charger.state().pilot, PilotState::A);
    charger.bench.plug(1, None, None, None).expect("plugs");
    assert_eq!(charger.state().pilot, PilotState::B);
    charger.bench.fault(1, "GroundFailure").expect("works");
    assert_eq!(charger.state().faults[0].kind, FaultKind::GroundFailure);
    charger.bench.set_meter(1, 1234.5).expect("works");
    let reading = charger.state().reading.expect("a reading");
    assert_eq!(reading.energy_mwh, 1_234_500);
    charger.outlets.shutdown();
}

#[test]
fn what_makes_no_sense_at_the_bench_is_refused() {
    let charger = start(vec![sim_outlet(1, Cable::Fixed)], &SimOptions::default());
    let bench = &charger.bench;
    assert_eq!(
        bench.plug(2, None, None, None),
        Err(BenchError::UnknownConnector(2))
    );
    assert_eq!(bench.unplug(1), Err(BenchError::NotPlugged(1)));
    let bad = [
        bench.plug(1, Some(-1.0), None, None),
        bench.plug(1, Some(f64::NAN), None, None),
        bench.plug(1, None, Some(4), None),
        bench.set_meter(1, f64::INFINITY),
        bench.ev_state(1, PilotState::A),
        bench.fault(1, ""),
        bench.present_card("", TokenKind::Iso14443, None),
        bench.present_card(&"1".repeat(256), TokenKind::Iso14443, None),
    ];
    for result in bad {
        assert!(matches!(result, Err(BenchError::BadValue(_))), "{result:?}");
    }
    assert_eq!(
        bench.present_card("04A1B2C3", TokenKind::Iso14443, Some(&[2])),
        Err(BenchError::UnknownReader)
    );
    bench.plug(1, None, None, None).expect("plugs");
    assert_eq!(
        bench.plug(1, None, None, None),
        Err(BenchError::AlreadyPlugged(1))
    );
    charger.outlets.shutdown();
    assert_eq!(bench.unplug(1), Err(BenchError::Ended));
}

#[test]
fn a_card_says_which_reader_and_which_outlets() {
    let mut charger = start(vec![sim_outlet(1, Cable::Fixed)], &SimOptions::default());
    charger
        .bench
        .present_card("04A1B2C3", TokenKind::Iso15693, None)
        .expect("reads");
    let HardwareEvent::Token(token) = charger.next() else {
        panic!("no token");
    };
    assert_eq!(
        (
            token.reader.as_str(),
            token.token.id.as_str(),
            token.token.kind,
            &token.outlets[..]
        ),
        ("left", "04A1B2C3", TokenKind::Iso15693, &[1][..])
    );
    charger.outlets.shutdown();
}
