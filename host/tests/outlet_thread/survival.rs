//! What survives the process.

use super::*;

#[test]
fn plug_faults_and_register_survive_the_process_if_they_are_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(HangingStore::default());
    let sim = SimOptions {
        persistent: true,
        storage: Some(store.clone()),
        registers: Some(folder.path().join("registers")),
        ..SimOptions::default()
    };
    let mut charger = start(vec![sim_outlet(1, Cable::Fixed)], &sim);
    charger.bench.set_meter(1, 500.0).expect("works");
    charger.charge();
    charger.bench.fault(1, "HighTemperature").expect("works");
    // Not shut down: as if killed. What was told last must not be undone.
    let told = charger.state().reading.expect("a reading").energy_mwh;
    let again = start(vec![sim_outlet(1, Cable::Fixed)], &sim);
    let state = again.state();
    assert_eq!(state.pilot, PilotState::B);
    assert_eq!(state.faults[0].kind, FaultKind::OverTemperature);
    assert!(
        state
            .reading
            .is_some_and(|r| r.energy_mwh >= told && told >= 500_000)
    );
    again.outlets.shutdown();

    let forgetful = SimOptions {
        persistent: false,
        ..sim.clone()
    };
    let third = start(vec![sim_outlet(1, Cable::Fixed)], &forgetful);
    let state = third.state();
    assert_eq!((state.pilot, state.faults.len()), (PilotState::A, 0));
    assert!(state.reading.is_some_and(|r| r.energy_mwh >= told));
    third.outlets.shutdown();
    charger.outlets.shutdown();
}

#[test]
fn no_register_that_was_told_is_ever_undone_by_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let sim = SimOptions {
        registers: Some(folder.path().join("registers")),
        ..SimOptions::default()
    };
    let mut charger = start(vec![sim_outlet(1, Cable::Fixed)], &sim);
    charger.charge();
    let mut told = 0;
    // Some readings, and until energy has gone through.
    let until = Instant::now() + PATIENCE;
    for id in 0.. {
        if id >= 50 && told > 0 {
            break;
        }
        assert!(Instant::now() < until, "the register stands still");
        charger.outlets.read_meter(MeterRequest { id, outlet: 1 });
        let read = loop {
            if let HardwareEvent::Meter(read) = charger.next() {
                break read;
            }
        };
        let energy = read.reading.expect("a reading").energy_mwh;
        assert!(energy >= told);
        told = energy;
        // What another process would find if this one were killed now.
        let record = std::fs::read(folder.path().join("registers")).expect("reads");
        let kept = u64::from_le_bytes(record[16..24].try_into().expect("8 bytes"));
        assert!(kept >= told, "{kept} kept, {told} told");
    }
    charger.outlets.shutdown();
}
