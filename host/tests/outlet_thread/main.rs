//! The safety side in real time, through its public handle: it tells in order
//! what happens, and its contactors wait for nobody.

mod bench;
mod drivers;
mod events;
mod groups;
mod steps;
mod survival;
mod waiting;

use plugpoint::clock::Clock;
use plugpoint::outlet::sim::StorageError;
use plugpoint::outlet::{
    BenchError, DriverSettings, Facts, Fittings, HardwareEvent, Inputs, OutletDriver, OutletError,
    OutletSettings, Outlets, Outputs, SafetySettings, SimBench, SimOptions, SimSettings,
    SimStorage, Source,
};
use plugpoint::reader::{ReaderDriver, ReaderSettings};
use plugpoint::wit::protocol::{
    Cable, ContactorState, Fault, FaultKind, Limiter, LockMove, LockState, MeterRequest,
    OutletChange, OutletEvent, OutletState, Permit, PilotState, TokenKind,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;

/// Long enough for the slowest machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);

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
        meter: None,
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
        limit_w: None,
        phases: 3,
        energy_limit_wh: None,
        steps: Vec::new(),
        reason: String::new(),
        session: 7,
        until_ms: None,
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
            if let HardwareEvent::Outlet(news) = self.next()
                && news.event.change == change
            {
                return news.event;
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

    /// A permit for the car that is there.
    fn permit(&self, permit: Permit) {
        let connection = self.outlets.views().remove(0).connection;
        self.outlets.permit(permit, connection);
    }

    fn state(&self) -> OutletState {
        self.outlets.snapshot().remove(0)
    }

    fn charge(&mut self) {
        self.bench.plug(1, None, None, None).expect("plugs");
        self.outlets.guest_healthy(true);
        self.permit(permit(16_000));
        self.contactor(ContactorState::Closed);
    }
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
