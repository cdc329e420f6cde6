//! The safety side in real time, through its public handle: it tells in order
//! what happens, and its contactors wait for nobody.

use std::time::{Duration, Instant};

use plugpoint::clock::Clock;
use plugpoint::outlet::{
    DriverSettings, HardwareEvent, OutletSettings, Outlets, SafetySettings, SimBench, SimOptions,
    SimSettings,
};
use plugpoint::reader::{ReaderDriver, ReaderSettings};
use plugpoint::wit::protocol::{
    Cable, ContactorState, OutletChange, OutletEvent, OutletState, Permit, PilotState,
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
