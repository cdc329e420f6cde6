//! Who waits, and who does not.

use super::*;

#[tokio::test]
async fn a_fresh_snapshot_shows_what_was_ordered_before() {
    let mut charger = start(vec![sim_outlet(1, Cable::Fixed)], &SimOptions::default());
    charger.charge();
    for limit in 6_000..6_050 {
        charger.permit(permit(limit));
        let state = charger.outlets.fresh_views().await.remove(0).state;
        assert_eq!(state.offered_ma, limit);
    }
    charger.outlets.revoke_all();
    let state = charger.outlets.fresh_views().await.remove(0).state;
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
        charger.permit(Permit {
            session: count as u64,
            ..permit(16_000)
        });
        charger.wait_until("closes", |state| state.contactor == ContactorState::Closed);
        store.hang(true);
        let saves = store.saves.load(Ordering::SeqCst);
        act(&charger.bench);
        charger.latency_count_reaches(count + 1);
        assert_eq!(charger.state().contactor, ContactorState::Open);
        // It is asked on another thread, which may be at it only now.
        charger.wait_until("a store that is asked", |_| {
            store.saves.load(Ordering::SeqCst) > saves
        });
    }
    let slowest = charger.outlets.latencies().iter().map(|l| l.nanos).max();
    println!("slowest: {slowest:?} ns");
    // Far above what it takes, far below any of the waits.
    assert!(slowest.is_some_and(|nanos| nanos < 100_000_000));
    store.hang(false);
    charger.outlets.shutdown();
}
