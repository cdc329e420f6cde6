//! What the record of what happens costs: the same calls to a charger that
//! records and to one that does not, in alternation, both on one core.

use std::time::Duration;

use plugpoint_terminal::say;
use tokio::net::TcpListener;

use crate::machine;
use crate::round_trip::{BLOCK, KINDS, WARM_UP, run};
use crate::start;

/// Measures, and prints a line for each kind of call.
pub async fn measure(calls: usize) -> anyhow::Result<()> {
    machine::pin("0")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut places = Vec::new();
    let mut chargers = Vec::new();
    for enabled in [true, false] {
        let place = tempfile::tempdir()?;
        let config = |it: plugpoint_tests::charger::Config| it.set("recorder.enabled", enabled);
        let mut charger = start::start(place.path(), &listener, config).await?;
        charger.central.answer(&charger.first).await?;
        charger.central.settle(Duration::from_millis(300)).await?;
        chargers.push(charger);
        places.push(place);
    }
    say!("round trip p50 / p99 in us, of {calls} calls each");
    for kind in &KINDS {
        let mut took = [Vec::new(), Vec::new()];
        for charger in &mut chargers {
            run(&mut charger.central, kind, WARM_UP).await?;
        }
        while took[1].len() < calls {
            for (charger, took) in chargers.iter_mut().zip(&mut took) {
                took.extend(run(&mut charger.central, kind, BLOCK).await?);
            }
        }
        let [on, off] = took.map(|mut it| {
            it.sort_unstable();
            let at = |part: usize| it[(it.len() - 1) * part / 100].as_nanos() as f64 / 1000.0;
            (at(50), at(99))
        });
        say!(
            "{:32} recording {:6.1} / {:6.1}   not {:6.1} / {:6.1}   {:+.1} us",
            kind.name,
            on.0,
            on.1,
            off.0,
            off.1,
            on.0 - off.0
        );
    }
    for charger in &chargers {
        charger.process.kill();
    }
    Ok(())
}
