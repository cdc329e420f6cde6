//! A few threads for work that blocks. They are made when there is work and end
//! when there has been none for a while: an idle charger keeps none.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::operation::{Failed, Outcome};
use super::reply::Reply;

const IDLE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

pub(super) struct Workers {
    name: &'static str,
    most_threads: usize,
    most_waiting: usize,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    threads: usize,
    idle: usize,
    over: bool,
}

impl Workers {
    pub fn new(name: &'static str, most_threads: usize, most_waiting: usize) -> Self {
        Self {
            name,
            most_threads: most_threads.max(1),
            most_waiting,
            shared: Arc::default(),
        }
    }

    /// Does the work some time and replies with what comes of it.
    pub fn run(&self, reply: Reply, work: impl FnOnce() -> Outcome + Send + 'static) {
        let mut state = self.shared.lock();
        if state.waiting.len() >= self.most_waiting {
            drop(state);
            return reply.send(Err(Failed::because("too many requests wait already")));
        }
        state
            .waiting
            .push_back(Box::new(move || reply.send(work())));
        if state.idle >= state.waiting.len() || state.threads >= self.most_threads {
            drop(state);
            self.shared.work.notify_one();
            return;
        }
        state.threads += 1;
        drop(state);
        let shared = Arc::clone(&self.shared);
        let spawned = std::thread::Builder::new()
            .name(self.name.to_owned())
            .spawn(move || shared.work());
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread for {}", self.name);
            let mut state = self.shared.lock();
            state.threads -= 1;
            if state.threads == 0 {
                // Dropped, each of them answers that it failed.
                let lost = std::mem::take(&mut state.waiting);
                drop(state);
                drop(lost);
            }
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.work.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What each thread does.
    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.waiting.pop_front() {
                drop(state);
                // A job that panics has answered by being dropped.
                let _ = catch_unwind(AssertUnwindSafe(job));
                state = self.lock();
                continue;
            }
            if state.over {
                break;
            }
            state.idle += 1;
            let (woken, wait) = self
                .work
                .wait_timeout(state, IDLE)
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if wait.timed_out() && state.waiting.is_empty() {
                break;
            }
        }
        state.threads -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn reply() -> (Reply, mpsc::Receiver<Result<String, String>>) {
        let (sender, receiver) = mpsc::channel();
        let reply = Reply::new(1, move |response| {
            let _ = sender.send(response.outcome.map_err(|f| f.text));
        });
        (reply, receiver)
    }

    fn result(receiver: &mpsc::Receiver<Result<String, String>>) -> Result<String, String> {
        receiver.recv_timeout(Duration::from_secs(10)).unwrap()
    }

    #[test]
    fn work_runs_on_no_more_threads_than_allowed() {
        let workers = Workers::new("test", 2, 64);
        let running = Arc::new(Mutex::new((0, 0)));
        let answers: Vec<_> = (0..20)
            .map(|i| {
                let (reply, answer) = reply();
                let running = Arc::clone(&running);
                workers.run(reply, move || {
                    {
                        let mut now = running.lock().unwrap();
                        now.0 += 1;
                        now.1 = now.1.max(now.0);
                    }
                    std::thread::sleep(Duration::from_millis(2));
                    running.lock().unwrap().0 -= 1;
                    Ok(i.to_string())
                });
                answer
            })
            .collect();
        for (i, answer) in answers.iter().enumerate() {
            assert_eq!(result(answer), Ok(i.to_string()));
        }
        assert_eq!(running.lock().unwrap().1, 2);
    }

    #[test]
    fn work_that_panics_answers_and_the_thread_goes_on() {
        let workers = Workers::new("test", 1, 64);
        let (first, bad) = reply();
        let (second, good) = reply();
        workers.run(first, || panic!("on purpose"));
        workers.run(second, || Ok("fine".into()));
        assert!(result(&bad).unwrap_err().contains("given up"));
        assert_eq!(result(&good), Ok("fine".into()));
    }

    #[test]
    fn too_much_work_is_refused() {
        let workers = Workers::new("test", 1, 1);
        let (go, hold) = mpsc::channel::<()>();
        let (started, begun) = mpsc::channel::<()>();
        let (first, one) = reply();
        workers.run(first, move || {
            started.send(()).unwrap();
            hold.recv().unwrap();
            Ok(String::new())
        });
        begun.recv().unwrap();
        let (second, two) = reply();
        let (third, three) = reply();
        workers.run(second, || Ok(String::new()));
        workers.run(third, || Ok(String::new()));
        assert!(result(&three).is_err());
        go.send(()).unwrap();
        assert!(result(&one).is_ok() && result(&two).is_ok());
    }
}
