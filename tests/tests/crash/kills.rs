//! SIGKILL at random instants over many short sessions, on the same state all
//! the time.

use std::time::Duration;

use plugpoint_tests::tell;

use crate::hands::Ending;
use crate::plan::{Random, seed, setting};
use crate::session::session;
use crate::trial::Trial;

#[test]
fn killed_at_random() {
    let kills = setting("PLUGPOINT_KILLS", 200);
    let chains = setting("PLUGPOINT_PARALLEL", 4);
    let seed = seed("killed at random");
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..chains)
            .map(|chain| scope.spawn(move || chain_of_kills(seed, chain, kills.div_ceil(chains))))
            .collect();
        let mut retransmissions = 0;
        for worker in workers {
            retransmissions += worker.join().unwrap_or_else(|panic| {
                eprintln!("PLUGPOINT_SEED={seed}");
                std::panic::resume_unwind(panic);
            });
        }
        // Else nobody was killed where it matters.
        assert!(retransmissions > 0);
    });
}

/// Says how many retransmissions it took.
fn chain_of_kills(seed: u64, chain: u64, kills: u64) -> usize {
    let mut random = Random::new(seed, chain);
    let mut trial = Trial::new();
    for _ in 0..kills {
        let Ok(charger) = trial.start(None) else {
            unreachable!("it is not to die by itself");
        };
        // Nothing flows before something is done, so nobody is killed yet.
        assert!(trial.note_register(&charger).is_ok());
        let life = Duration::from_millis(random.below(2500));
        std::thread::scope(|scope| {
            let process = charger.process();
            scope.spawn(move || {
                std::thread::sleep(life);
                process.kill();
            });
            let mut lives = true;
            while lives {
                let card = format!("CARD{}", random.below(1000));
                let ending = Ending::ALL[random.below(5) as usize];
                lives = session(&trial.central, &charger, &card, ending).is_ok();
            }
        });
        let printed = charger.kill();
        trial.bury(&printed);
    }
    trial.finish();
    let (transactions, retransmissions) = trial.counts();
    tell(&format!(
        "chain {chain}: {kills} kills, {transactions} transactions, {retransmissions} retransmissions"
    ));
    retransmissions
}
