//! One simulated outlet with its rules, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::bench::{BenchError, OutletOrder, Worked};
use super::car::Wish;
use super::{Pace, SavedOutlet, SimOutlet, words};
use crate::meter::{Answer, Meter, Sample};
use crate::outlet::driver::{Facts, OutletDriver, Outputs};
use crate::outlet::moment::Moment;
use crate::outlet::settings::{Fittings, OutletLimits, SafetySettings};
use crate::outlet::unit::{Present, Told, Unit};
use crate::wit::protocol::{
    Cable, ContactorState, FaultKind, LockMove, LockState, Measurement, OutletChange, OutletState,
    Permit, Phase, PilotState, Quantity, Stamp,
};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Between the simulated hardware and the rules: looks at each command.
struct Inspector {
    sim: SimOutlet,
    before: Outputs,
    seen: Arc<Mutex<Vec<(Moment, Outputs)>>>,
}

impl OutletDriver for Inspector {
    fn facts(&mut self, now: Moment) -> Facts {
        self.sim.facts(now)
    }

    fn apply(&mut self, now: Moment, outputs: &Outputs) {
        let facts = self.sim.facts(now);
        let closes = outputs.contactor == ContactorState::Closed;
        let context = format!("{:?} -> {outputs:?} at {facts:?}", self.before);
        if closes {
            assert_eq!(facts.pilot, PilotState::C, "{context}");
            assert!(facts.plugged && facts.faults.is_empty(), "{context}");
            assert!(!facts.emergency_stop, "{context}");
            assert_ne!(facts.lock, LockState::Unlocked, "{context}");
            assert_ne!(facts.lock, LockState::Failed, "{context}");
        }
        if outputs.lock != self.before.lock && outputs.lock.is_some_and(|order| !order.locked) {
            assert_eq!(facts.contactor, ContactorState::Open, "{context}");
            assert!(!closes, "{context}");
        }
        let opens = self.before.contactor == ContactorState::Closed && !closes;
        let fit = facts.pilot == PilotState::C
            && facts.plugged
            && facts.faults.is_empty()
            && !facts.emergency_stop
            && facts.current.is_some_and(|flow| flow.ma > 0);
        if opens && fit {
            assert_eq!(self.before.offered_ma, 0, "no signal first: {context}");
        }
        self.before = *outputs;
        self.seen.lock().expect("one thread").push((now, *outputs));
        self.sim.apply(now, outputs);
    }

    fn wake_at(&self) -> Option<Moment> {
        self.sim.wake_at()
    }

    fn meter(&mut self) -> Option<&mut dyn Meter> {
        self.sim.meter()
    }

    fn sim(&mut self) -> Option<&mut SimOutlet> {
        Some(&mut self.sim)
    }
}

struct World {
    unit: Unit,
    now: Moment,
    seen: Arc<Mutex<Vec<(Moment, Outputs)>>>,
}

#[derive(Clone, Copy)]
struct Maker {
    cable: Cable,
    phases: u8,
    starts_at_zero: bool,
    register_mwh: u64,
}

const FIXED: Maker = Maker {
    cable: Cable::Fixed,
    phases: 3,
    starts_at_zero: false,
    register_mwh: 1_000_000,
};
const SOCKET: Maker = Maker {
    cable: Cable::Socket,
    ..FIXED
};

impl Maker {
    fn make(self, saved: Option<&SavedOutlet>) -> World {
        let limits = OutletLimits {
            number: 1,
            cable: self.cable,
            max_current_ma: 32_000,
            phases: self.phases,
            ventilated: false,
        };
        let sim = SimOutlet::new(
            &limits,
            Pace::default(),
            self.starts_at_zero,
            self.register_mwh,
            saved,
        );
        let seen = Arc::new(Mutex::new(Vec::new()));
        let driver = Inspector {
            sim,
            before: Outputs::SAFE,
            seen: seen.clone(),
        };
        let fittings = Fittings {
            driver: Box::new(driver),
            meter: None,
        };
        let mut unit = Unit::new(Moment::ZERO, limits, &SafetySettings::default(), fittings);
        unit.guest_healthy(Moment::ZERO, true);
        World {
            unit,
            now: Moment::ZERO,
            seen,
        }
    }
}

fn permit(limit_ma: u32) -> Permit {
    Permit {
        outlet: 1,
        limit_ma,
        phases: 3,
        energy_limit_wh: None,
        session: 1,
    }
}

fn car(current_ma: u32, phases: u8) -> OutletOrder {
    OutletOrder::Plug {
        current_ma,
        phases,
        capacity_mwh: None,
    }
}

fn present(moment: Moment) -> Present {
    Present {
        moment,
        stamp: Stamp {
            boot_id: 9,
            monotonic_ms: moment.as_nanos() / 1_000_000,
        },
    }
}

impl World {
    fn settle(&mut self) {
        self.unit.settle(present(self.now));
    }

    fn work(&mut self, order: &OutletOrder) -> Result<Worked, BenchError> {
        let sim = self.unit.driver().sim().expect("a simulated outlet");
        let result = sim.work(self.now, order);
        self.settle();
        result
    }

    fn permit(&mut self, permit: &Permit) {
        self.unit.permit(self.now, permit);
        self.settle();
    }

    fn revoke(&mut self) {
        self.unit.revoke();
        self.settle();
    }

    fn lock(&mut self, locked: bool) -> Option<LockState> {
        let order = LockMove {
            id: 5,
            outlet: 1,
            locked,
        };
        self.unit.move_lock(self.now, &order);
        self.settle();
        let mut answer = None;
        for _ in 0..100 {
            self.run(100 * MS);
            for told in self.unit.take_told() {
                if let Told::Lock(moved) = told {
                    answer = Some(moved.state);
                }
            }
            if answer.is_some() {
                break;
            }
        }
        answer
    }

    /// Lets time go by, from deadline to deadline.
    fn run(&mut self, time: Duration) {
        let end = self.now.after(time);
        let mut stalled = 0;
        while let Some(at) = self.unit.wake_at(self.now).filter(|at| *at <= end) {
            // One that is due already is all right once, but must then be done.
            stalled = if at > self.now { 0 } else { stalled + 1 };
            assert!(stalled < 3, "a deadline that stands still at {at:?}");
            self.now = self.now.max(at);
            self.settle();
        }
        self.now = end;
        self.settle();
    }

    fn state(&self) -> OutletState {
        self.unit.state(present(self.now))
    }

    fn changes(&mut self) -> Vec<OutletChange> {
        let outlet = |told| match told {
            Told::Outlet(event) => Some(event.change),
            _ => None,
        };
        self.unit
            .take_told()
            .into_iter()
            .filter_map(outlet)
            .collect()
    }

    fn measured(&self, quantity: Quantity, phase: Option<Phase>) -> Option<i64> {
        let reading = self.state().reading.expect("a reading");
        let is = |m: &&Measurement| m.quantity == quantity && m.phase == phase;
        reading.measurements.iter().find(is).map(|m| m.milli)
    }

    /// The current, measured at this moment.
    fn measured_now(&mut self, phase: Phase) -> Option<i64> {
        self.unit.look(self.now);
        self.measured(Quantity::CurrentImport, Some(phase))
    }

    fn register(&mut self) -> u64 {
        let now = self.now;
        let driver = self.unit.driver();
        driver.facts(now);
        driver.sim().expect("a simulated outlet").register_mwh()
    }

    /// A car of 16 A on three phases has charged for 10 s.
    fn charging(mut self) -> Self {
        self.work(&car(16_000, 3)).expect("plugs");
        if self.state().cable == Cable::Socket {
            assert_eq!(self.lock(true), Some(LockState::Locked));
        }
        self.permit(&permit(32_000));
        self.run(10 * SECOND);
        assert_eq!(self.state().contactor, ContactorState::Closed);
        self.unit.take_told();
        self
    }
}

#[test]
fn a_car_asks_within_a_second_once_energy_is_offered() {
    let mut world = FIXED.make(None);
    world.work(&car(32_000, 3)).expect("plugs");
    world.run(10 * SECOND);
    assert_eq!(world.state().pilot, PilotState::B);
    assert_eq!(world.changes(), [OutletChange::Pilot, OutletChange::Plug]);
    world.permit(&permit(5_999));
    world.run(10 * SECOND);
    assert_eq!(world.state().pilot, PilotState::B);
    world.permit(&permit(6_000));
    assert_eq!(world.state().offered_ma, 6_000);
    world.run(SECOND);
    assert_eq!(world.state().pilot, PilotState::C);
    assert_eq!(world.state().contactor, ContactorState::Closed);
    assert_eq!(
        world.changes(),
        [OutletChange::Pilot, OutletChange::Contactor]
    );
}

#[test]
fn a_car_draws_no_more_than_car_offer_and_phases_allow() {
    // car mA, car phases, offer mA, permit phases, outlet phases -> mA, mW
    let cases = [
        (32_000, 3, 16_000, 3, 3, 16_000, 11_040_000),
        (16_000, 3, 32_000, 3, 3, 16_000, 11_040_000),
        (32_000, 1, 32_000, 3, 3, 32_000, 7_360_000),
        (32_000, 2, 10_000, 3, 3, 10_000, 4_600_000),
        (32_000, 3, 10_000, 1, 3, 10_000, 2_300_000),
        (32_000, 3, 10_000, 3, 1, 10_000, 2_300_000),
        (32_000, 3, 80_000, 3, 3, 32_000, 22_080_000),
    ];
    for (car_ma, car_phases, offer, phases, outlet_phases, flows, power) in cases {
        let mut world = Maker {
            phases: outlet_phases,
            ..FIXED
        }
        .make(None);
        world.work(&car(car_ma, car_phases)).expect("plugs");
        world.permit(&Permit {
            phases,
            ..permit(offer)
        });
        world.run(5 * SECOND);
        let measured = (
            world.measured(Quantity::CurrentImport, Some(Phase::L1)),
            world.measured(Quantity::PowerActiveImport, None),
        );
        assert_eq!(measured, (Some(flows), Some(power)));
    }
}

#[test]
fn a_car_ramps_its_current_up_and_down() {
    let mut world = FIXED.make(None);
    world.work(&car(20_000, 3)).expect("plugs");
    world.permit(&permit(32_000));
    while world.state().contactor == ContactorState::Open {
        world.run(MS);
    }
    let mut levels = Vec::new();
    let mut watch = |world: &mut World| {
        for _ in 0..300 {
            let level = world.measured_now(Phase::L1);
            if levels.last() != Some(&level) {
                levels.push(level);
            }
            world.run(MS);
        }
    };
    watch(&mut world);
    world.permit(&permit(6_000));
    watch(&mut world);
    world.permit(&permit(0));
    watch(&mut world);
    let amperes = [0, 8, 16, 20, 12, 6, 0];
    assert_eq!(levels, amperes.map(|a| Some(a * 1_000)));
}

#[test]
fn the_meter_counts_exactly_what_flows() {
    let mut world = FIXED.make(None).charging();
    let before = world.register();
    world.run(Duration::from_secs(3_600));
    // 3 x 230 V x 16 A for an hour, to the thousandth of a Wh.
    assert_eq!(world.register() - before, 11_040_000);
    assert_eq!(
        world.measured(Quantity::Voltage, Some(Phase::L2N)),
        Some(230_000)
    );
    assert_eq!(world.measured(Quantity::CurrentOffered, None), Some(32_000));
    assert_eq!(
        world.measured(Quantity::PowerOffered, None),
        Some(22_080_000)
    );
}

#[test]
fn how_often_one_looks_changes_nothing() {
    let mut often = FIXED.make(None).charging();
    let mut seldom = FIXED.make(None).charging();
    for _ in 0..60_000 {
        often.run(MS);
    }
    seldom.now = seldom.now.after(60 * SECOND);
    seldom.settle();
    assert_eq!(often.register(), seldom.register());
}

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
fn what_is_not_of_ones_own_will_opens_at_once_and_is_told_with_the_register() {
    let cases: [(OutletOrder, &[OutletChange]); 6] = [
        (
            OutletOrder::Unplug,
            &[
                OutletChange::Pilot,
                OutletChange::Plug,
                OutletChange::Contactor,
            ],
        ),
        (
            OutletOrder::Fault("GroundFailure".into()),
            &[OutletChange::Fault, OutletChange::Contactor],
        ),
        (
            OutletOrder::EmergencyStop(true),
            &[OutletChange::Fault, OutletChange::Contactor],
        ),
        (
            OutletOrder::Wish(Wish::Pause),
            &[OutletChange::Pilot, OutletChange::Contactor],
        ),
        (
            OutletOrder::Wish(Wish::Ventilate),
            &[OutletChange::Pilot, OutletChange::Contactor],
        ),
        (
            OutletOrder::Wish(Wish::Broken(PilotState::E)),
            &[OutletChange::Pilot, OutletChange::Contactor],
        ),
    ];
    for (order, expected) in cases {
        let mut world = FIXED.make(None).charging();
        let before = world.register();
        world.now = world.now.after(36 * MS);
        world.work(&order).expect("works");
        assert_eq!(world.state().contactor, ContactorState::Open, "{order:?}");
        let told = world.unit.take_told();
        let changes: Vec<_> = told
            .iter()
            .filter_map(|told| match told {
                Told::Outlet(event) => Some(event.change),
                _ => None,
            })
            .collect();
        assert_eq!(changes, expected, "{order:?}");
        for told in told {
            let Told::Outlet(event) = told else { continue };
            let reading = event.state.reading.expect("a reading");
            // 11.04 kW for those 36 ms and what had gone since the last look.
            assert!(reading.energy_mwh >= before + 110, "{order:?}");
            assert_eq!((reading.age_ms, reading.stale), (0, false));
            assert_eq!(event.at.monotonic_ms, reading.at.monotonic_ms);
        }
    }
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
fn a_car_pauses_and_goes_on() {
    let mut world = FIXED.make(None).charging();
    world.work(&OutletOrder::Wish(Wish::Pause)).expect("works");
    world.run(10 * SECOND);
    let state = world.state();
    assert_eq!(
        (state.pilot, state.contactor, state.offered_ma),
        (PilotState::B, ContactorState::Open, 32_000)
    );
    world.work(&OutletOrder::Wish(Wish::Charge)).expect("works");
    world.run(SECOND);
    assert_eq!(world.state().contactor, ContactorState::Closed);
}

#[test]
fn a_car_gets_full_and_stays_so() {
    let mut world = FIXED.make(None);
    let before = world.register();
    world
        .work(&OutletOrder::Plug {
            current_ma: 16_000,
            phases: 3,
            capacity_mwh: Some(20_000_000),
        })
        .expect("plugs");
    world.permit(&permit(32_000));
    world.run(Duration::from_secs(3_600));
    let half = world.measured(Quantity::StateOfCharge, None);
    assert!(
        half.is_some_and(|milli| (55_000..55_300).contains(&milli)),
        "{half:?}"
    );
    world.run(Duration::from_secs(3_600));
    let state = world.state();
    assert_eq!(
        (state.pilot, state.contactor, state.offered_ma),
        (PilotState::B, ContactorState::Open, 32_000)
    );
    assert_eq!(world.register() - before, 20_000_000);
    assert_eq!(world.measured(Quantity::StateOfCharge, None), Some(100_000));
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
fn a_socket_charges_only_once_it_is_locked() {
    let mut world = SOCKET.make(None);
    world.work(&car(16_000, 3)).expect("plugs");
    world.permit(&permit(16_000));
    world.run(10 * SECOND);
    assert_eq!(world.state().offered_ma, 0);
    assert_eq!(world.lock(true), Some(LockState::Locked));
    world.run(SECOND);
    assert_eq!(world.state().contactor, ContactorState::Closed);
    // Held under current, let go afterwards.
    assert_eq!(world.lock(false), Some(LockState::Locked));
    world.revoke();
    assert_eq!(world.lock(false), Some(LockState::Unlocked));
    assert_eq!(world.state().contactor, ContactorState::Open);
    assert!(world.state().plugged);
}

#[test]
fn the_plug_stays_in_a_locked_socket() {
    let mut world = SOCKET.make(None).charging();
    world.work(&OutletOrder::Unplug).expect("unplugs");
    let state = world.state();
    assert_eq!(
        (state.pilot, state.plugged, state.contactor),
        (PilotState::A, true, ContactorState::Open)
    );
    assert_eq!(
        world.work(&OutletOrder::Unplug),
        Err(BenchError::NotPlugged(1))
    );
    // Back into the car, and out again.
    world.work(&car(16_000, 3)).expect("plugs");
    assert_eq!(world.state().pilot, PilotState::B);
    world.work(&OutletOrder::Unplug).expect("unplugs");
    world.revoke();
    world.unit.take_told();
    assert_eq!(world.lock(false), Some(LockState::Unlocked));
    assert!(!world.state().plugged);
}

#[test]
fn a_jammed_lock_fails_in_both_directions_and_works_again() {
    let mut world = SOCKET.make(None);
    world.work(&car(16_000, 3)).expect("plugs");
    world.work(&OutletOrder::Jam(true)).expect("works");
    assert_eq!(world.lock(true), Some(LockState::Failed));
    world.permit(&permit(16_000));
    world.run(10 * SECOND);
    assert_eq!(world.state().contactor, ContactorState::Open);
    world.work(&OutletOrder::Jam(false)).expect("works");
    assert_eq!(world.lock(true), Some(LockState::Locked));
    world.work(&OutletOrder::Jam(true)).expect("works");
    world.revoke();
    assert_eq!(world.lock(false), Some(LockState::Failed));
    world.work(&OutletOrder::Unplug).expect("unplugs");
    assert!(world.state().plugged, "the bolt still holds the plug");
    world.work(&OutletOrder::Jam(false)).expect("works");
    assert_eq!(world.lock(false), Some(LockState::Unlocked));
    assert!(!world.state().plugged);
}

#[test]
fn a_register_can_be_set_and_can_start_at_zero() {
    let mut world = FIXED.make(None);
    assert_eq!(world.register(), 1_000_000);
    world
        .work(&OutletOrder::SetMeter(1_234_000))
        .expect("works");
    world.run(SECOND);
    assert_eq!(world.register(), 1_234_000);
    world.work(&car(16_000, 3)).expect("plugs");
    assert_eq!(world.register(), 1_234_000);
    let mut world = Maker {
        starts_at_zero: true,
        ..FIXED
    }
    .make(None)
    .charging();
    assert!(world.register() > 0);
    world.work(&OutletOrder::Unplug).expect("unplugs");
    world.work(&car(16_000, 3)).expect("plugs");
    assert_eq!(world.register(), 0);
}

#[test]
fn a_broken_meter_keeps_its_last_value_and_says_that_it_is_stale() {
    let mut world = FIXED.make(None).charging();
    world
        .work(&OutletOrder::Fault("PowerMeterFailure".into()))
        .expect("works");
    let reading = world.state().reading.expect("a reading");
    assert!(reading.stale);
    world.run(5 * SECOND);
    let later = world.state().reading.expect("a reading");
    assert_eq!(later.energy_mwh, reading.energy_mwh);
    assert_eq!(later.at.monotonic_ms, reading.at.monotonic_ms);
    assert!(later.age_ms >= 5_000);
    world.unit.take_told();
    world.unit.read_meter(world.now, 3);
    world.settle();
    let told = world.unit.take_told();
    assert!(
        matches!(&told[..], [Told::Meter(read)] if read.id == 3
            && read.reading.as_ref().is_some_and(|r| r.stale)),
        "{told:?}"
    );
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

/// A meter on a slow bus: it answers when the test says so.
struct SlowMeter(Arc<Mutex<u32>>);

impl Meter for SlowMeter {
    fn ask(&mut self, _now: Moment) -> Answer {
        *self.0.lock().expect("one thread") += 1;
        Answer::Later
    }
}

#[test]
fn a_slow_meter_is_asked_once_and_answered_for_within_a_second() {
    let asked = Arc::new(Mutex::new(0));
    let mut world = FIXED.make(None);
    let limits = OutletLimits {
        number: 1,
        cable: Cable::Fixed,
        max_current_ma: 32_000,
        phases: 3,
        ventilated: false,
    };
    let fittings = Fittings {
        driver: Box::new(SimOutlet::new(&limits, Pace::default(), false, 0, None)),
        meter: Some(Box::new(SlowMeter(asked.clone()))),
    };
    world.unit = Unit::new(Moment::ZERO, limits, &SafetySettings::default(), fittings);
    let read = |world: &mut World, id| {
        world.unit.read_meter(world.now, id);
        world.settle();
    };
    let answers = |world: &mut World| {
        let mut answers = Vec::new();
        for told in world.unit.take_told() {
            if let Told::Meter(read) = told {
                let reading = read.reading.map(|r| (r.energy_mwh, r.age_ms, r.stale));
                answers.push((read.id, reading));
            }
        }
        answers
    };
    read(&mut world, 1);
    read(&mut world, 2);
    assert_eq!(*asked.lock().expect("one thread"), 1);
    assert_eq!(answers(&mut world), []);
    world.now = world.now.after(300 * MS);
    let sample = Sample {
        energy_mwh: 77,
        measurements: Vec::new(),
        at: world.now,
    };
    world.unit.sample(world.now, Some(sample));
    world.settle();
    let fresh = Some((77, 0, false));
    assert_eq!(answers(&mut world), [(1, fresh), (2, fresh)]);
    // Now it falls silent.
    read(&mut world, 3);
    world.run(899 * MS);
    assert_eq!(answers(&mut world), []);
    world.run(MS);
    assert_eq!(answers(&mut world), [(3, Some((77, 900, true)))]);
    assert!(world.state().reading.is_some_and(|reading| reading.stale));
}

/// xorshift64*: the same numbers from the same seed, everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }
}

/// Random hands at the bench and random orders; [`Inspector`] looks at every
/// command that the hardware gets.
#[test]
fn whatever_is_done_at_the_bench_the_hardware_gets_no_wrong_command() {
    let mut closings = 0;
    for seed in 1..=100 {
        let mut dice = Dice(seed);
        let mut world = [FIXED, SOCKET][dice.roll(2) as usize].make(None);
        let mut register = world.register();
        for _ in 0..300 {
            match dice.roll(20) {
                0..=3 => {
                    let _ = world.work(&car(32_000, 1 + dice.roll(3) as u8));
                }
                4 => {
                    let _ = world.work(&OutletOrder::Unplug);
                }
                5 => {
                    let wish = match dice.roll(5) {
                        0 => Wish::Pause,
                        1 => Wish::Ventilate,
                        2 => Wish::Broken(PilotState::E),
                        _ => Wish::Charge,
                    };
                    let _ = world.work(&OutletOrder::Wish(wish));
                }
                6 => {
                    let _ = world.work(&OutletOrder::Fault("GroundFailure".into()));
                }
                7..=8 => {
                    let _ = world.work(&OutletOrder::ClearFault(None));
                }
                9 => {
                    let _ = world.work(&OutletOrder::EmergencyStop(dice.roll(4) == 0));
                }
                10 => {
                    let _ = world.work(&OutletOrder::Jam(dice.roll(4) == 0));
                }
                11..=13 => world.permit(&Permit {
                    limit_ma: [0, 6_000, 16_000, 64_000][dice.roll(4) as usize],
                    phases: [1, 3][dice.roll(2) as usize],
                    session: dice.roll(5),
                    energy_limit_wh: [None, Some(20)][dice.roll(2) as usize],
                    ..permit(0)
                }),
                14 => world.revoke(),
                15..=17 => {
                    let order = LockMove {
                        id: 1,
                        outlet: 1,
                        locked: dice.roll(3) != 0,
                    };
                    world.unit.move_lock(world.now, &order);
                    world.settle();
                }
                18 => world.unit.guest_healthy(world.now, dice.roll(2) == 0),
                _ => {}
            }
            world.run(Duration::from_millis(dice.roll(3_000)));
            let next = world.register();
            assert!(next >= register, "seed {seed}: the register went back");
            register = next;
        }
        let seen = world.seen.lock().expect("one thread");
        closings += seen
            .iter()
            .filter(|(_, out)| out.contactor == ContactorState::Closed)
            .count();
    }
    assert!(closings > 500, "too little happened: {closings}");
}
