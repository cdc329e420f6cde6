//! What is told, and in which order.

use super::*;

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
            HardwareEvent::Outlet(news) => {
                assert_eq!(news.event.state.contactor, ContactorState::Closed);
            }
            other => panic!("{other:?}"),
        }
    }
    charger.contactor(ContactorState::Open);
    charger.outlets.shutdown();
}
