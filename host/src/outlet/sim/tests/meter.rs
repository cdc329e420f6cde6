//! What the meter counts and says.

use super::*;
use crate::outlet::OutletNews;

/// A meter on a slow bus: it answers when the test says so.
struct SlowMeter(Arc<Mutex<u32>>);

impl Meter for SlowMeter {
    fn ask(&mut self, _now: Moment) -> Answer {
        *self.0.lock().expect("one thread") += 1;
        Answer::Later
    }
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
fn what_is_not_of_ones_own_will_opens_at_once_and_is_told_with_the_register() {
    let cases: [(OutletOrder, &[OutletChange]); 6] = [
        (
            OutletOrder::Unplug { cable_stays: false },
            &[
                OutletChange::Pilot,
                OutletChange::Plug,
                OutletChange::Permit,
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
                Told::Outlet(news) => Some(news.event.change),
                _ => None,
            })
            .collect();
        assert_eq!(changes, expected, "{order:?}");
        for told in told {
            let Told::Outlet(OutletNews { event, .. }) = told else {
                continue;
            };
            let reading = event.state.reading.expect("a reading");
            // 11.04 kW for those 36 ms and what had gone since the last look.
            assert!(reading.energy_mwh >= before + 110, "{order:?}");
            assert_eq!((reading.age_ms, reading.stale), (0, false));
            assert_eq!(event.at.monotonic_ms, reading.at.monotonic_ms);
        }
    }
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
    world
        .work(&OutletOrder::Unplug { cable_stays: false })
        .expect("unplugs");
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
        register_ms: None,
        signed: None,
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

#[test]
fn a_meter_that_was_never_read_is_a_fault_before_anybody_counts_from_0() {
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
        meter: Some(Box::new(SlowMeter(Arc::default()))),
    };
    world.unit = Unit::new(world.now, limits, &SafetySettings::default(), fittings);
    world.unit.read_meter(world.now, 1);
    world.settle();
    assert_eq!(world.state().faults, []);
    world.run(SECOND);
    let told = world.unit.take_told();
    let fault = told.iter().position(|it| match it {
        Told::Outlet(news) => news.event.state.faults[0].kind == FaultKind::MeterFailure,
        _ => false,
    });
    let answer = told.iter().position(|it| matches!(it, Told::Meter(_)));
    assert!(fault.is_some() && fault < answer, "{told:?}");
    let sample = Sample {
        energy_mwh: 5_000,
        measurements: Vec::new(),
        at: world.now,
        register_ms: None,
        signed: None,
    };
    world.unit.sample(world.now, Some(sample));
    world.settle();
    assert_eq!(world.state().faults, []);
}
