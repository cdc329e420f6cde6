//! The counter-proof: on a disk that nobody tells to flush, the same cuts do lose
//! what was acknowledged, and it is noticed.

use std::collections::BTreeMap;
use std::time::Duration;

use plugpoint_tests::dice::{Random, seed, setting};
use plugpoint_tests::powercut::Barriers;
use plugpoint_tests::tell;

use crate::trial::Trial;

#[test]
fn without_barriers_cuts_do_lose_something() {
    let cuts = setting("PLUGPOINT_CUTS", 12).min(20).div_ceil(3);
    let seed = seed("power cuts without barriers");
    let random = Random::new(seed, 0);
    let mut trial = Trial::new(random, Barriers::Off, |config| config, |_, _| {});
    let mut losses = BTreeMap::<_, u64>::new();
    for n in 0..cuts {
        let running = trial.start();
        // A transaction is acknowledged before the power goes.
        assert!(trial.begin(&running.charger).is_ok(), "a session begins");
        std::thread::sleep(Duration::from_millis(trial.random.below(1000)));
        Trial::cut(&running, 1, Duration::ZERO);
        if let Err(loss) = trial.bury(running) {
            tell(&format!("without barriers, cut {n}: {loss}"));
            *losses.entry(loss.kind()).or_default() += 1;
        }
        trial.replace_disk();
    }
    tell(&format!(
        "{cuts} power cuts without barriers: lost in {} of them: {losses:?}",
        losses.values().sum::<u64>()
    ));
    assert!(
        !losses.is_empty(),
        "nothing was lost: the test proves nothing"
    );
}
