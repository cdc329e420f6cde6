//! The safety side in real time, through its public handle: it tells in order
//! what happens, and its contactors wait for nobody.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use plugpoint::clock::Clock;
use plugpoint::outlet::sim::StorageError;
use plugpoint::outlet::{
    BenchError, DriverSettings, Facts, Fittings, HardwareEvent, Inputs, OutletDriver, OutletError,
    OutletSettings, Outlets, Outputs, SafetySettings, SimBench, SimOptions, SimSettings,
    SimStorage,
};
use plugpoint::reader::{ReaderDriver, ReaderSettings};
use plugpoint::wit::protocol::{
    Cable, ContactorState, FaultKind, LockMove, LockState, MeterRequest, OutletChange, OutletEvent,
    OutletState, Permit, PilotState,
};
use tokio::sync::mpsc::UnboundedReceiver;

/// Long enough for the slowest machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(20);

struct Charger {
    outlets: Outlets,
    bench: SimBench,
    events: UnboundedReceiver<HardwareEvent>,
}

fn sim_outlet(number: u32, cable: Cable) -> OutletSettings {
    OutletSettings {
        number,
        cable,
        max_current_ma: 32_000,
        phases: 3,
        ventilated: false,
        driver: DriverSettings::Sim(SimSettings::default()),
    }
}

fn reader(name: &str, outlets: &[u32]) -> ReaderSettings {
    ReaderSettings {
        name: name.to_owned(),
        outlets: outlets.to_vec(),
        driver: ReaderDriver::Sim,
    }
}

fn start(outlets: Vec<OutletSettings>, sim: &SimOptions) -> Charger {
    let (sender, events) = tokio::sync::mpsc::unbounded_channel();
    let readers = [reader("left", &[1])];
    let outlets = Outlets::start(
        outlets,
        &readers,
        &SafetySettings::default(),
        sim,
        Clock::new(true),
        sender,
    )
    .expect("the outlets start");
    let bench = outlets.sim().expect("a simulation");
    Charger {
        outlets,
        bench,
        events,
    }
}

fn permit(limit_ma: u32) -> Permit {
    Permit {
        outlet: 1,
        limit_ma,
        phases: 3,
        energy_limit_wh: None,
        session: 7,
    }
}

impl Charger {
    /// The next event; the loop would be woken by it.
    fn next(&mut self) -> HardwareEvent {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.events.try_recv() {
                Ok(event) => return event,
                Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(1)),
                Err(error) => panic!("no event: {error}"),
            }
        }
    }

    fn outlet_event(&mut self, change: OutletChange) -> OutletEvent {
        loop {
            if let HardwareEvent::Outlet(event) = self.next()
                && event.change == change
            {
                return event;
            }
        }
    }

    fn contactor(&mut self, wanted: ContactorState) -> OutletEvent {
        loop {
            let event = self.outlet_event(OutletChange::Contactor);
            if event.state.contactor == wanted {
                return event;
            }
        }
    }

    fn state(&self) -> OutletState {
        self.outlets.snapshot().remove(0)
    }

    fn charge(&mut self) {
        self.bench.plug(1, None, None, None).expect("plugs");
        self.outlets.guest_healthy(true);
        self.outlets.permit(permit(16_000));
        self.contactor(ContactorState::Closed);
    }
}

#[test]
fn a_session_is_told_in_order_with_a_register_that_only_grows() {
    let mut charger = start(vec![sim_outlet(1, Cable::Fixed)], &SimOptions::default());
    charger.charge();
    assert_eq!(charger.state().pilot, PilotState::C);
    charger.outlets.revoke(1);
    let opened = charger.contactor(ContactorState::Open);
    assert_eq!(opened.state.permit, None);
    assert_eq!(opened.state.offered_ma, 0);
    charger.bench.unplug(1).expect("unplugs");
    let unplugged = charger.outlet_event(OutletChange::Plug);
    assert!(!unplugged.state.plugged);
    let energy = |event: &OutletEvent| event.state.reading.as_ref().map(|r| r.energy_mwh);
    assert!(energy(&unplugged) >= energy(&opened));
    charger.outlets.shutdown();
}

impl Charger {
    /// Like `contactor`, without taking any event from the channel.
    fn latency_count_reaches(&self, count: usize) {
        let until = Instant::now() + PATIENCE;
        while self.outlets.latencies().len() < count {
            assert!(Instant::now() < until, "the contactor did not open");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn wait_until(&self, what: &str, holds: impl Fn(&OutletState) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(&self.state()) {
            assert!(Instant::now() < until, "{what}: {:?}", self.state());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

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
        bench.present_card("", None),
        bench.present_card("123456789012345678901", None),
    ];
    for result in bad {
        assert!(matches!(result, Err(BenchError::BadValue(_))), "{result:?}");
    }
    assert_eq!(
        bench.present_card("04A1B2C3", Some(&[2])),
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
    charger.bench.present_card("04A1B2C3", None).expect("reads");
    let HardwareEvent::Token(token) = charger.next() else {
        panic!("no token");
    };
    assert_eq!(
        (
            token.reader.as_str(),
            token.token.as_str(),
            &token.outlets[..]
        ),
        ("left", "04A1B2C3", &[1][..])
    );
    charger.outlets.shutdown();
}

#[test]
fn lock_and_meter_answer_with_their_ids() {
    let mut charger = start(vec![sim_outlet(1, Cable::Socket)], &SimOptions::default());
    charger.bench.plug(1, None, None, None).expect("plugs");
    charger.outlets.move_lock(LockMove {
        id: 11,
        outlet: 1,
        locked: true,
    });
    let moved = loop {
        if let HardwareEvent::LockMoved(moved) = charger.next() {
            break moved;
        }
    };
    assert_eq!((moved.id, moved.state), (11, LockState::Locked));
    charger
        .outlets
        .read_meter(MeterRequest { id: 12, outlet: 1 });
    let read = loop {
        if let HardwareEvent::Meter(read) = charger.next() {
            break read;
        }
    };
    assert_eq!((read.id, read.outlet), (12, 1));
    assert!(read.reading.is_some_and(|reading| !reading.stale));
    charger.outlets.shutdown();
}

#[test]
fn mains_that_fail_are_told_first() {
    let mut charger = start(vec![sim_outlet(1, Cable::Fixed)], &SimOptions::default());
    charger.charge();
    while charger.events.try_recv().is_ok() {}
    charger.bench.mains(false).expect("works");
    loop {
        match charger.next() {
            HardwareEvent::PowerFailing(hold_up) => {
                assert_eq!(hold_up, 500);
                break;
            }
            HardwareEvent::Outlet(event) => {
                assert_eq!(event.state.contactor, ContactorState::Closed);
            }
            other => panic!("{other:?}"),
        }
    }
    charger.contactor(ContactorState::Open);
    charger.outlets.shutdown();
}

#[tokio::test]
async fn a_fresh_snapshot_shows_what_was_ordered_before() {
    let mut charger = start(vec![sim_outlet(1, Cable::Fixed)], &SimOptions::default());
    charger.charge();
    for limit in 6_000..6_050 {
        charger.outlets.permit(permit(limit));
        let state = charger.outlets.fresh_snapshot().await.remove(0);
        assert_eq!(state.offered_ma, limit);
    }
    charger.outlets.revoke_all();
    let state = charger.outlets.fresh_snapshot().await.remove(0);
    assert_eq!(state.permit, None);
    charger.outlets.shutdown();
}

#[test]
fn the_end_opens_every_contactor_and_comes_soon() {
    let mut charger = start(vec![sim_outlet(1, Cable::Fixed)], &SimOptions::default());
    charger.charge();
    let begun = Instant::now();
    charger.outlets.shutdown();
    assert!(begun.elapsed() < Duration::from_millis(1_900));
    assert_eq!(charger.state().contactor, ContactorState::Open);
    charger.outlets.shutdown();
}

/// A store that hangs while told to.
#[derive(Default)]
struct HangingStore {
    document: Mutex<Option<Vec<u8>>>,
    hangs: Mutex<bool>,
    changed: Condvar,
    saves: AtomicUsize,
}

impl HangingStore {
    fn hang(&self, hangs: bool) {
        *self.hangs.lock().expect("a lock") = hangs;
        self.changed.notify_all();
    }
}

impl SimStorage for HangingStore {
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.document.lock().expect("a lock").clone())
    }

    fn save(&self, document: &[u8]) -> Result<(), StorageError> {
        self.saves.fetch_add(1, Ordering::SeqCst);
        let hangs = self.hangs.lock().expect("a lock");
        drop(
            self.changed
                .wait_while(hangs, |hangs| *hangs)
                .expect("a lock"),
        );
        *self.document.lock().expect("a lock") = Some(document.to_vec());
        Ok(())
    }
}

#[test]
fn nobody_who_waits_for_the_disk_or_for_the_loop_holds_up_a_contactor() {
    let store = Arc::new(HangingStore::default());
    let sim = SimOptions {
        persistent: true,
        storage: Some(store.clone()),
        ..SimOptions::default()
    };
    // From here on nothing takes an event from the channel.
    let charger = start(vec![sim_outlet(1, Cable::Fixed)], &sim);
    charger.outlets.guest_healthy(true);
    let acts: [fn(&SimBench); 3] = [
        |bench| bench.fault(1, "GroundFailure").expect("works"),
        |bench| bench.emergency_stop(true).expect("works"),
        |bench| bench.unplug(1).expect("unplugs"),
    ];
    for (count, act) in acts.into_iter().enumerate() {
        store.hang(false);
        let _ = charger.bench.clear_fault(1, None);
        charger.bench.emergency_stop(false).expect("works");
        let _ = charger.bench.plug(1, None, None, None);
        charger.outlets.permit(Permit {
            session: count as u64,
            ..permit(16_000)
        });
        charger.wait_until("closes", |state| state.contactor == ContactorState::Closed);
        store.hang(true);
        let saves = store.saves.load(Ordering::SeqCst);
        act(&charger.bench);
        charger.latency_count_reaches(count + 1);
        assert_eq!(charger.state().contactor, ContactorState::Open);
        assert!(
            store.saves.load(Ordering::SeqCst) > saves,
            "the store was idle"
        );
    }
    let slowest = charger.outlets.latencies().iter().map(|l| l.nanos).max();
    println!("slowest: {slowest:?} ns");
    // Far above what it takes, far below any of the waits.
    assert!(slowest.is_some_and(|nanos| nanos < 100_000_000));
    store.hang(false);
    charger.outlets.shutdown();
}

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
    charger.outlets.permit(permit(16_000));
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
