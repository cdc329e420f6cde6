//! Drivers, and settings that cannot be.

use super::*;

/// A board whose inputs the test pulls.
struct Board {
    facts: Arc<Mutex<Facts>>,
    contactor: Arc<Mutex<ContactorState>>,
}

impl OutletDriver for Board {
    fn facts(&mut self, _now: plugpoint::outlet::Moment) -> Facts {
        let mut facts = self.facts.lock().expect("a lock").clone();
        facts.contactor = *self.contactor.lock().expect("a lock");
        facts
    }

    fn apply(&mut self, _now: plugpoint::outlet::Moment, outputs: &Outputs) {
        *self.contactor.lock().expect("a lock") = outputs.contactor;
    }
}

#[test]
fn another_driver_calls_by_its_inputs() {
    let facts = Arc::new(Mutex::new(Facts {
        pilot: PilotState::C,
        plugged: true,
        lock: LockState::None,
        lock_ended: 0,
        contactor: ContactorState::Open,
        current: None,
        faults: Vec::new(),
        emergency_stop: false,
    }));
    let contactor = Arc::new(Mutex::new(ContactorState::Closed));
    let inputs: Arc<Mutex<Option<Inputs>>> = Arc::default();
    let (board, handed) = (
        Board {
            facts: facts.clone(),
            contactor: contactor.clone(),
        },
        inputs.clone(),
    );
    let outlet = OutletSettings {
        driver: DriverSettings::Other(Box::new(move |given| {
            *handed.lock().expect("a lock") = Some(given);
            Ok(Fittings {
                driver: Box::new(board),
                meter: None,
            })
        })),
        ..sim_outlet(1, Cable::Fixed)
    };
    let mut charger = start(vec![outlet], &SimOptions::default());
    // Put to its safe level first of all.
    assert_eq!(*contactor.lock().expect("a lock"), ContactorState::Open);
    assert_eq!(
        charger.bench.unplug(1),
        Err(BenchError::UnknownConnector(1))
    );
    charger.outlets.guest_healthy(true);
    charger.permit(permit(16_000));
    charger.contactor(ContactorState::Closed);
    facts.lock().expect("a lock").emergency_stop = true;
    let inputs = inputs.lock().expect("a lock").clone().expect("inputs");
    inputs.edge(Instant::now());
    let event = charger.contactor(ContactorState::Open);
    assert_eq!(event.state.faults[0].kind, FaultKind::EmergencyStop);
    assert_eq!(event.state.reading, None);
    assert_eq!(charger.outlets.latencies().len(), 1);
    charger.outlets.shutdown();
}

#[test]
fn what_cannot_be_is_refused_at_the_start() {
    let try_start = |outlets: Vec<OutletSettings>, readers: &[ReaderSettings], sim: &SimOptions| {
        let (sender, _events) = tokio::sync::mpsc::unbounded_channel();
        let clock = Clock::new(true);
        let safety = SafetySettings::default();
        match Outlets::start(outlets, readers, &safety, sim, clock, sender) {
            Ok(_) => panic!("it started"),
            Err(error) => error,
        }
    };
    let sim = SimOptions::default();
    let one = || vec![sim_outlet(1, Cable::Fixed)];
    let twice = vec![sim_outlet(1, Cable::Fixed), sim_outlet(1, Cable::Fixed)];
    assert!(matches!(
        try_start(twice, &[], &sim),
        OutletError::Number(1)
    ));
    let two_phases = vec![OutletSettings {
        phases: 2,
        ..sim_outlet(1, Cable::Fixed)
    }];
    assert!(matches!(
        try_start(two_phases, &[], &sim),
        OutletError::Phases { phases: 2, .. }
    ));
    let readers = [reader("a", &[1]), reader("a", &[1])];
    assert!(matches!(
        try_start(one(), &readers, &sim),
        OutletError::ReaderName(_)
    ));
    assert!(matches!(
        try_start(one(), &[reader("a", &[3])], &sim),
        OutletError::ReaderOutlet { outlet: 3, .. }
    ));
    let nowhere = SimOptions {
        registers: Some("/nowhere/at/all".into()),
        ..SimOptions::default()
    };
    assert!(matches!(
        try_start(one(), &[], &nowhere),
        OutletError::Registers { .. }
    ));
}

#[test]
fn trouble_beside_an_outlet_is_a_fault_until_it_is_over() {
    let mut charger = start(vec![sim_outlet(1, Cable::Fixed)], &SimOptions::default());
    charger.charge();
    let inputs = charger.outlets.inputs(1);
    let fault = |kind| {
        Some(Fault {
            kind,
            text: "no answer".into(),
        })
    };
    // Without a reader a car charges on.
    inputs.trouble(Source::Reader(0), fault(FaultKind::ReaderFailure));
    let event = charger.outlet_event(OutletChange::Fault);
    assert_eq!(event.state.faults[0].kind, FaultKind::ReaderFailure);
    assert_eq!(event.state.contactor, ContactorState::Closed);
    // Without a meter it does not.
    inputs.trouble(Source::Meter, fault(FaultKind::MeterFailure));
    let event = charger.contactor(ContactorState::Open);
    assert_eq!(event.state.faults.len(), 2);
    inputs.trouble(Source::Meter, None);
    inputs.trouble(Source::Reader(0), None);
    let event = charger.contactor(ContactorState::Closed);
    assert_eq!(event.state.faults, []);
    charger.outlets.shutdown();
}
