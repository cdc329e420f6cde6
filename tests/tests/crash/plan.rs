//! How parallel the ordeals are; settable by the environment.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use plugpoint_tests::dice::{Random, seed, setting};

/// Runs `work` on 1, 2, 3, … with several at a time, until it has said `false`
/// (nothing left to do) for a few in a row. Says how many were done.
pub fn sweep(work: impl Fn(u64) -> bool + Sync) -> u64 {
    // The number of points differs a little from run to run: one that was not
    // reached does not mean that the next one is not.
    const ENOUGH: u64 = 4;
    let done = Mutex::new((0_u64, 0_u64));
    let next = AtomicUsize::new(1);
    std::thread::scope(|scope| {
        for _ in 0..setting("PLUGPOINT_PARALLEL", 4) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed) as u64;
                    {
                        let done = done.lock().expect("no worker has failed");
                        if done.1 >= ENOUGH {
                            return;
                        }
                    }
                    let more = work(n);
                    let mut done = done.lock().expect("no worker has failed");
                    if more {
                        done.0 = done.0.max(n);
                    } else {
                        done.1 += 1;
                    }
                }
            });
        }
    });
    done.into_inner().expect("no worker has failed").0
}
