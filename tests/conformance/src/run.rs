//! Many cases on many stations, side by side: they wait most of the time. Not
//! here: what a verdict looks like on paper.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

use super::outcome::{Failure, Outcome};
use super::process::{ProcessStation, Setup};
use super::registry::Case;
use super::station::Station;

/// One case to be run on one kind of station.
pub struct Job {
    /// The case.
    pub case: &'static Case,
    /// What kind of station, in a few words.
    pub station: String,
    run: Box<dyn FnOnce() -> Ended + Send>,
}

/// How a job ended.
#[derive(Debug)]
pub struct Ended {
    /// The verdict.
    pub outcome: Outcome,
    /// What was said on the way, if somebody wrote it down.
    pub transcript: Option<String>,
}

/// What came of one case on one kind of station.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// The case.
    #[serde(rename = "case", serialize_with = "number")]
    pub case: &'static Case,
    /// What kind of station.
    pub station: String,
    /// Passed, failed, or not for this station.
    pub word: Word,
    /// Why it is not passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How long it took.
    #[serde(rename = "took_ms", serialize_with = "milliseconds")]
    pub took: Duration,
    /// What was said, of a case that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
}

/// A verdict in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// As it should be.
    Passed,
    /// The station did it wrong.
    Failed,
    /// It could not be tested.
    Untested,
    /// It is not for this station.
    NotApplicable,
}

impl Word {
    /// As it is printed.
    pub fn shown(self) -> &'static str {
        match self {
            Word::Passed => "pass",
            Word::Failed => "FAIL",
            Word::Untested => "CANNOT TEST",
            Word::NotApplicable => "n/a",
        }
    }

    /// Nobody has to do anything about it.
    pub fn is_good(self) -> bool {
        matches!(self, Word::Passed | Word::NotApplicable)
    }
}

impl Job {
    /// A case on the real program, in a process of its own.
    pub fn on_process(case: &'static Case, label: &str, setup: &Setup) -> Job {
        let setup = setup.clone();
        Job::of(case, label, move || {
            // Without the need of a process that nothing is asked of.
            if let Some(why) = case.needs.missing_in(setup.traits()) {
                return Ended {
                    outcome: Err(Failure::NotApplicable(why)),
                    transcript: None,
                };
            }
            match ProcessStation::start(&setup) {
                Err(failure) => Ended {
                    outcome: Err(failure),
                    transcript: None,
                },
                Ok(mut station) => Ended {
                    outcome: case.check(&mut station),
                    transcript: Some(station.transcript()),
                },
            }
        })
    }

    /// A case on a station that is made for it, where no transcript is kept.
    pub fn on<S: Station>(
        case: &'static Case,
        label: &str,
        make: impl FnOnce() -> S + Send + 'static,
    ) -> Job {
        Job::of(case, label, move || Ended {
            outcome: case.check(&mut make()),
            transcript: None,
        })
    }

    fn of(case: &'static Case, label: &str, run: impl FnOnce() -> Ended + Send + 'static) -> Job {
        Job {
            case,
            station: label.to_owned(),
            run: Box::new(run),
        }
    }
}

/// Runs all jobs, so many at once, and tells each verdict when it is there. The
/// verdicts are in the order of the jobs.
pub fn run(jobs: Vec<Job>, at_once: usize, told: impl Fn(&Verdict) + Sync) -> Vec<Verdict> {
    let workers = at_once.clamp(1, jobs.len().max(1));
    let queue = Mutex::new(jobs.into_iter().enumerate());
    let verdicts = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                // Not in the condition of a `while let`, where the lock would be
                // held for as long as the job takes.
                let next = || lock(&queue).next();
                while let Some((place, job)) = next() {
                    let verdict = judged(job);
                    told(&verdict);
                    lock(&verdicts).push((place, verdict));
                }
            });
        }
    });
    let mut verdicts = verdicts
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    verdicts.sort_by_key(|(place, _)| *place);
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

/// Runs cases one after the other on one station that takes them all.
pub fn run_on(
    station: &mut dyn Station,
    label: &str,
    cases: &[&'static Case],
    told: impl Fn(&Verdict),
) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for case in cases {
        let begin = Instant::now();
        let outcome = caught(|| case.check(station)).unwrap_or_else(Err);
        let ended = Ended {
            outcome,
            transcript: None,
        };
        let verdict = Verdict::new(case, label.to_owned(), ended, begin.elapsed());
        told(&verdict);
        verdicts.push(verdict);
    }
    verdicts
}

fn judged(job: Job) -> Verdict {
    let begin = Instant::now();
    let ended = caught(job.run).unwrap_or_else(|failure| Ended {
        outcome: Err(failure),
        transcript: None,
    });
    Verdict::new(job.case, job.station, ended, begin.elapsed())
}

/// A case that trips over itself says nothing about the station, and must not
/// take the others with it.
fn caught<T>(run: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no words");
        Failure::Surroundings(format!("the suite itself has failed: {text}"))
    })
}

impl Verdict {
    fn new(case: &'static Case, station: String, ended: Ended, took: Duration) -> Verdict {
        let word = match &ended.outcome {
            Ok(()) => Word::Passed,
            Err(Failure::Station(_)) => Word::Failed,
            Err(Failure::Surroundings(_)) => Word::Untested,
            Err(Failure::NotApplicable(_)) => Word::NotApplicable,
        };
        let why = ended.outcome.err().map(|failure| match failure {
            Failure::Station(why) | Failure::Surroundings(why) | Failure::NotApplicable(why) => why,
        });
        Verdict {
            case,
            station,
            word,
            why,
            took,
            transcript: ended.transcript.filter(|_| !word.is_good()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn number<S: Serializer>(case: &'static Case, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(case.number)
}

fn milliseconds<S: Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}
