//! The rules at work on a simulated outlet.

use super::*;

#[test]
fn a_revoke_stops_the_car_before_the_contactor_opens() {
    let mut world = FIXED.make(None).charging();
    world.revoke();
    assert_eq!(world.state().contactor, ContactorState::Closed);
    world.run(SECOND);
    let state = world.state();
    assert_eq!(state.contactor, ContactorState::Open);
    assert_eq!(state.pilot, PilotState::B);
    let changes = world.changes();
    assert_eq!(changes, [OutletChange::Contactor, OutletChange::Pilot]);
}

#[test]
fn after_a_fault_the_car_charges_on_when_it_is_cleared() {
    let mut world = FIXED.make(None).charging();
    world
        .work(&OutletOrder::Fault("Bees".into()))
        .expect("works");
    let state = world.state();
    assert_eq!(state.faults[0].kind, FaultKind::Other);
    assert_eq!(state.faults[0].text, "Bees");
    world.run(10 * SECOND);
    assert_eq!(world.state().contactor, ContactorState::Open);
    world
        .work(&OutletOrder::ClearFault(Some("Wasps".into())))
        .expect("works");
    assert_eq!(world.state().faults.len(), 1);
    world.work(&OutletOrder::ClearFault(None)).expect("works");
    world.run(SECOND);
    assert_eq!(world.state().contactor, ContactorState::Closed);
}

#[test]
fn the_words_for_faults() {
    let cases = [
        ("GroundFailure", FaultKind::GroundFailure),
        ("OverCurrentFailure", FaultKind::OverCurrent),
        ("OverVoltage", FaultKind::OverVoltage),
        ("UnderVoltage", FaultKind::UnderVoltage),
        ("HighTemperature", FaultKind::OverTemperature),
        ("PowerSwitchFailure", FaultKind::ContactorFailure),
        ("ConnectorLockFailure", FaultKind::LockFailure),
        ("PowerMeterFailure", FaultKind::MeterFailure),
        ("ReaderFailure", FaultKind::ReaderFailure),
        ("EVCommunicationError", FaultKind::VehicleCommunication),
        ("InternalError", FaultKind::Internal),
        ("WeakSignal", FaultKind::WeakSignal),
        ("Bees", FaultKind::Other),
    ];
    for (word, kind) in cases {
        let fault = words::fault(word);
        assert_eq!(fault.kind, kind);
        assert_eq!(fault.text.is_empty(), kind != FaultKind::Other);
    }
}

#[test]
fn an_energy_limit_ends_the_charge_within_a_few_wh() {
    let mut world = FIXED.make(None);
    let before = world.register();
    world.work(&car(32_000, 3)).expect("plugs");
    world.permit(&Permit {
        energy_limit_wh: Some(500),
        ..permit(32_000)
    });
    world.run(Duration::from_secs(3_600));
    let state = world.state();
    assert!(state.energy_spent);
    assert_eq!(state.contactor, ContactorState::Open);
    assert!(state.permit.is_some());
    let used = world.register() - before;
    assert!((500_000..502_000).contains(&used), "{used} mWh");
    let changes = world.changes();
    let permits = changes.iter().filter(|c| **c == OutletChange::Permit);
    assert_eq!(permits.count(), 1);
}

#[test]
fn an_orphan_permit_is_taken_back_and_that_is_told() {
    let mut world = FIXED.make(None).charging();
    world.unit.guest_healthy(world.now, false);
    world.settle();
    let life = SafetySettings::default().orphan_permit_life;
    world.run(life + 5 * SECOND);
    assert_eq!(world.state().contactor, ContactorState::Open);
    assert!(world.changes().contains(&OutletChange::Permit));
    assert_eq!(world.state().permit, None);
}

#[test]
fn mains_that_fail_open_and_come_back() {
    let mut world = FIXED.make(None).charging();
    world.unit.mains(false);
    world.work(&OutletOrder::Mains(false)).expect("works");
    assert_eq!(world.state().contactor, ContactorState::Open);
    world.unit.mains(true);
    world.work(&OutletOrder::Mains(true)).expect("works");
    world.run(2 * SECOND);
    assert_eq!(world.state().contactor, ContactorState::Closed);
}

#[test]
fn plug_and_faults_survive_in_what_is_saved() {
    let mut world = SOCKET.make(None).charging();
    world
        .work(&OutletOrder::Fault("Bees".into()))
        .expect("works");
    world
        .work(&OutletOrder::EmergencyStop(true))
        .expect("works");
    let sim = world.unit.driver().sim().expect("a simulated outlet");
    let document = serde_json::to_vec(&sim.save()).expect("writes");
    let saved: SavedOutlet = serde_json::from_slice(&document).expect("reads");
    let again = SOCKET.make(Some(&saved));
    let state = again.state();
    assert_eq!((state.pilot, state.plugged), (PilotState::B, true));
    assert_eq!(state.lock, LockState::Locked);
    let kinds: Vec<_> = state.faults.iter().map(|fault| fault.kind).collect();
    assert_eq!(kinds, [FaultKind::Other, FaultKind::EmergencyStop]);
    assert_eq!(state.permit, None);
    assert_eq!(state.contactor, ContactorState::Open);
}
