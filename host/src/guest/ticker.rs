//! The thread that lets time pass for guests: it moves the engine's epoch on,
//! and a guest whose deadline is reached is stopped.
//!
//! It sleeps while no guest has been called for a while, so an idle charger is
//! not woken two hundred times a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

/// Length of a tick; deadlines are this exact.
const TICK: Duration = Duration::from_millis(5);

/// It goes to sleep after so many ticks without a call.
const IDLE_TICKS: u32 = 200;

/// Ends its thread when dropped.
#[derive(Debug)]
pub(super) struct Ticker {
    state: Arc<State>,
    thread: Thread,
    join: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    /// Changes with every call; a running call keeps `running` above 0.
    calls: AtomicU32,
    running: AtomicU32,
    asleep: AtomicBool,
    ended: AtomicBool,
}

/// Exists while a call runs.
pub(super) struct Running<'a>(&'a State);

impl Ticker {
    pub(super) fn start(engine: wasmtime::Engine) -> std::io::Result<Self> {
        let state = Arc::new(State::default());
        let its = state.clone();
        let join = std::thread::Builder::new()
            .name("ticker".into())
            .stack_size(64 << 10)
            .spawn(move || tick(&its, &engine))?;
        Ok(Self {
            state,
            thread: join.thread().clone(),
            join: Some(join),
        })
    }

    /// Ticks from now on at least until the guard is dropped.
    pub(super) fn running(&self) -> Running<'_> {
        self.state.running.fetch_add(1, Ordering::SeqCst);
        self.state.calls.fetch_add(1, Ordering::Relaxed);
        if self.state.asleep.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Running(&self.state)
    }

    /// The number of ticks after which at least `time` has passed.
    pub(super) fn ticks(time: Duration) -> u64 {
        // One more, since the first tick may come at once.
        u64::try_from(time.as_nanos().div_ceil(TICK.as_nanos())).unwrap_or(u64::MAX / 2) + 1
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        self.thread.unpark();
        if let Some(join) = self.join.take() {
            let _ = join.join();
        }
    }
}

fn tick(state: &State, engine: &wasmtime::Engine) {
    let mut idle = 0;
    let mut seen = 0;
    while !state.ended.load(Ordering::SeqCst) {
        let calls = state.calls.load(Ordering::Relaxed);
        if calls != seen || state.running.load(Ordering::SeqCst) > 0 {
            seen = calls;
            idle = 0;
        } else {
            idle += 1;
        }
        if idle <= IDLE_TICKS {
            std::thread::park_timeout(TICK);
            engine.increment_epoch();
            continue;
        }
        // First say so, then look again: a call either sees `asleep` or is seen.
        state.asleep.store(true, Ordering::SeqCst);
        while state.running.load(Ordering::SeqCst) == 0
            && state.calls.load(Ordering::SeqCst) == seen
            && !state.ended.load(Ordering::SeqCst)
        {
            std::thread::park();
        }
        state.asleep.store(false, Ordering::SeqCst);
        idle = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn until(what: &str, condition: impl Fn() -> bool) {
        let begin = Instant::now();
        while !condition() {
            assert!(begin.elapsed() < Duration::from_secs(30), "{what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn it_sleeps_while_nothing_is_called_and_wakes_for_a_call() {
        let mut config = wasmtime::Config::new();
        config.epoch_interruption(true);
        let engine = wasmtime::Engine::new(&config).expect("an engine");
        let ticker = Ticker::start(engine.clone()).expect("a thread");
        for _ in 0..2 {
            until("it falls asleep", || {
                ticker.state.asleep.load(Ordering::SeqCst)
            });
            let _running = ticker.running();
            until("it ticks again", || {
                !ticker.state.asleep.load(Ordering::SeqCst)
            });
        }
    }
}
