//! The power goes at any instant of sessions, and of the starts that clean up
//! behind such a cut.

use std::time::{Duration, Instant};

use plugpoint_tests::dice::{Random, seed, setting};
use plugpoint_tests::powercut::Barriers;
use plugpoint_tests::tell;

use crate::trial::Trial;

/// A session takes about as long.
const LONGEST_LIFE_MS: u64 = 2500;
/// A start that cleans up takes about as long.
const START_MS: u64 = 500;

/// After that the power goes though nobody writes.
const LONGEST_WAIT: Duration = Duration::from_millis(400);

/// What some cuts have come to.
#[derive(Default)]
struct Sum {
    cuts: u64,
    waiting: usize,
    lost: usize,
    transactions: usize,
    flows: usize,
}

#[test]
fn everything_acknowledged_is_there_after_any_cut() {
    let cuts = setting("PLUGPOINT_CUTS", 12);
    let disks = setting("PLUGPOINT_PARALLEL", 2).clamp(1, cuts);
    let seed = seed("power cuts");
    let begin = Instant::now();
    let mut sum = Sum::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..disks)
            .map(|disk| {
                // The rest of the division goes to the first ones.
                let its = cuts / disks + u64::from(disk < cuts % disks);
                scope.spawn(move || cuts_of_one_disk(Random::new(seed, disk), its))
            })
            .collect();
        for worker in workers {
            let its = worker.join().unwrap_or_else(|panic| {
                eprintln!("PLUGPOINT_SEED={seed}");
                std::panic::resume_unwind(panic);
            });
            sum.cuts += its.cuts;
            sum.waiting += its.waiting;
            sum.lost += its.lost;
            sum.transactions += its.transactions;
            sum.flows += its.flows;
        }
    });
    let Sum {
        cuts,
        waiting,
        lost,
        transactions,
        flows,
    } = sum;
    tell(&format!(
        "{cuts} power cuts while charging: {waiting} sectors were in the disk's cache, {lost} of them are lost; \
         {transactions} transactions, energy flowed {flows} times, nothing acknowledged is lost; \
         {:.1} s a cut",
        begin.elapsed().as_secs_f64() * disks as f64 / cuts as f64
    ));
    // Else nothing was cut that matters.
    assert!(lost > 0 && transactions as u64 > cuts / 4);
}

fn cuts_of_one_disk(random: Random, cuts: u64) -> Sum {
    let mut trial = Trial::new(random, Barriers::On, |config| config, |_, _| {});
    let mut sum = Sum::default();
    for n in 0..cuts {
        let running = trial.start();
        // Now and then the cut hits the cleaning up behind the one before.
        let in_start = trial.random.below(4) == 0;
        if !in_start {
            trial.settle(&running.charger);
        }
        let most = if in_start { START_MS } else { LONGEST_LIFE_MS };
        let life = Duration::from_millis(trial.random.below(most));
        let before = trial.some_write();
        let cut = std::thread::scope(|scope| {
            let cutter = scope.spawn(|| {
                std::thread::sleep(life);
                Trial::cut(&running, before, LONGEST_WAIT)
            });
            while trial.session(&running.charger).is_ok() {}
            cutter.join().expect("the power goes")
        });
        sum.cuts += 1;
        sum.waiting += cut.waiting;
        sum.lost += cut.lost;
        if let Err(loss) = trial.bury(running) {
            trial.fail(&format!("lost in cut {n}: {loss}"));
        }
    }
    let running = trial.start();
    trial.settle(&running.charger);
    // And it charges as if nothing had been.
    assert!(trial.session(&running.charger).is_ok(), "a session");
    if let Err(loss) = trial.bury(running) {
        trial.fail(&format!("lost without a cut: {loss}"));
    }
    let running = trial.start();
    trial.settle(&running.charger);
    (sum.transactions, sum.flows) = trial.counts();
    sum
}
