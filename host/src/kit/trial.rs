//! Runs a script on a component, three times over: once to see the verdicts,
//! once with the instance thrown away after every event (a charger may do that
//! at any moment, so the verdicts must be the same), and then as often as it
//! takes to know what a decision costs.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::script::{Script, Step};
use super::stage::{Said, Stage, Usage};
use super::{KitError, check};
use crate::guest::{
    Component, ComponentError, Engine, EngineSettings, Failure, ImageCache, Inspection, Limits,
    World,
};
use crate::policy::words;
use crate::station::limits;
use crate::wit::authorization::{Decision, RunningSession, Verdict};

/// As long as this is measured, at most.
const MEASURED_FOR: Duration = Duration::from_secs(3);
/// Steps are so far apart, unless they say something else.
const APART_MS: u64 = 1000;

/// What to try.
pub(super) struct Given<'a> {
    pub(super) file: &'a Path,
    pub(super) script: &'a Script,
    /// So many decisions are timed.
    pub(super) decisions: usize,
    /// Where compiled images are.
    pub(super) cache: Option<&'a Path>,
}

/// What came of it.
pub(super) struct Report {
    pub(super) info: Inspection,
    pub(super) limits: Limits,
    pub(super) compiled: Duration,
    pub(super) steps: Vec<Done>,
    /// Of all runs with one instance.
    pub(super) usage: Usage,
    /// Of the run with many: what a start costs.
    pub(super) fresh: Usage,
}

/// A step that was played.
pub(super) struct Done {
    pub(super) say: String,
    /// What it did.
    pub(super) told: String,
    pub(super) why: String,
    /// The decision itself, if it was one.
    pub(super) decision: Option<Decision>,
    /// What it did in a word: `accept`, `reject`, `ask`, `pass`, `failed`, or what else
    /// happened.
    pub(super) word: &'static str,
    /// What it says of sessions.
    pub(super) sessions: Vec<String>,
    /// What stands of all that it has said of sessions that are running. An instance may
    /// say it again; nothing changes by that.
    standing: Vec<RunningSession>,
    /// What it logged.
    pub(super) said: Vec<Said>,
    /// What is not as it should be.
    pub(super) complaint: Option<String>,
}

impl Report {
    pub(super) fn is_well(&self) -> bool {
        self.steps.iter().all(|step| step.complaint.is_none())
    }
}

/// Does it.
pub(super) fn run(given: &Given<'_>) -> Result<Report, KitError> {
    let Given { file, script, .. } = given;
    let in_file = |source| KitError::Component {
        path: file.to_path_buf(),
        source,
    };
    let wasm = fs::read(file).map_err(|error| KitError::file(file, &error))?;
    let engine = Engine::new(&EngineSettings::default()).map_err(in_file)?;
    let begin = Instant::now();
    let cache = given.cache.map(ImageCache::open).transpose();
    let cache = cache.map_err(in_file)?;
    let component = engine
        .load(&wasm, World::Policy, cache.as_ref())
        .map_err(in_file)?;
    let compiled = begin.elapsed();
    let limits = limits(Limits::policy(), &script.limits, 1);
    let mut it = Trial {
        engine: &engine,
        component: &component,
        script,
        limits: &limits,
    };
    let (mut steps, usage) = it.play(false).map_err(in_file)?;
    let (again, fresh) = it.play(true).map_err(in_file)?;
    for (step, again) in steps.iter_mut().zip(again) {
        if step.complaint.is_none()
            && (&step.told, &step.why, &step.standing) != (&again.told, &again.why, &again.standing)
        {
            step.complaint = Some(format!(
                "on a fresh instance: {}; all that it must remember belongs into entries",
                again.told
            ));
        }
    }
    let usage = it.measure(usage, given.decisions).map_err(in_file)?;
    Ok(Report {
        info: component.info().clone(),
        limits,
        compiled,
        steps,
        usage,
        fresh,
    })
}

struct Trial<'a> {
    engine: &'a Engine,
    component: &'a Component,
    script: &'a Script,
    limits: &'a Limits,
}

impl Trial<'_> {
    fn play(&mut self, fresh: bool) -> Result<(Vec<Done>, Usage), ComponentError> {
        let mut stage = Stage::new(self.engine, self.component, self.script, self.limits, fresh)?;
        let mut steps = Vec::new();
        let started = stage.start();
        let said = stage.take_said();
        // A start that goes well and says something is a step like another.
        if started.is_err() || !said.is_empty() {
            let failure = started.err();
            steps.push(Done {
                say: "start".into(),
                told: failure.as_ref().map_or("started", |_| "failed").into(),
                word: failure.as_ref().map_or("started", |_| "failed"),
                complaint: failure.as_ref().map(|_| "expected a start".into()),
                why: failure.map(|it| it.to_string()).unwrap_or_default(),
                decision: None,
                sessions: stage.take_sessions(),
                standing: stage.standing(),
                said,
            });
        }
        steps.extend(self.script.step.iter().map(|step| done(&mut stage, step)));
        Ok((steps, stage.usage))
    }

    /// The same again, until it has decided often enough.
    fn measure(&mut self, mut all: Usage, decisions: usize) -> Result<Usage, ComponentError> {
        let begin = Instant::now();
        while all.decisions_us.len() < decisions && begin.elapsed() < MEASURED_FOR {
            let before = all.decisions_us.len();
            let (_, usage) = self.play(false)?;
            all.add(usage);
            if all.decisions_us.len() == before {
                // It fails each time.
                break;
            }
        }
        Ok(all)
    }
}

impl Usage {
    fn add(&mut self, more: Self) {
        self.starts_us.extend(more.starts_us);
        self.decisions_us.extend(more.decisions_us);
        self.others_us.extend(more.others_us);
        self.memory_bytes = self.memory_bytes.max(more.memory_bytes);
        self.entries_bytes = self.entries_bytes.max(more.entries_bytes);
        self.log_dropped += more.log_dropped;
    }
}

fn done(stage: &mut Stage, step: &Step) -> Done {
    let played = play(stage, step);
    let said = stage.take_said();
    let sessions = stage.take_sessions();
    let standing = stage.standing();
    let of_sessions = step.expect.as_ref();
    let of_sessions = of_sessions.and_then(|it| check::complaint_of_sessions(it, &sessions));
    let say = step.title();
    match played {
        Ok(Played::Decision(decision)) => Done {
            say,
            told: words::verdict(decision.as_ref().map(|it| &it.verdict)),
            word: match decision.as_ref().map(|it| &it.verdict) {
                None | Some(Verdict::Pass) => "pass",
                Some(Verdict::Accept(_)) => "accept",
                Some(Verdict::Reject(_)) => "reject",
                Some(Verdict::Ask) => "ask",
            },
            why: decision
                .as_ref()
                .map(|it| it.why.clone())
                .unwrap_or_default(),
            complaint: step
                .expect
                .as_ref()
                .and_then(|expect| check::complaint(expect, decision.as_ref()))
                .or(of_sessions),
            decision,
            sessions,
            standing,
            said,
        },
        Ok(Played::Other(told)) => Done {
            say,
            told: told.into(),
            word: told,
            why: String::new(),
            decision: None,
            sessions,
            standing,
            said,
            complaint: of_sessions,
        },
        Err(failure) => Done {
            say,
            told: format!("failed ({})", failure.kind),
            word: "failed",
            why: failure.text.clone(),
            decision: None,
            sessions,
            standing,
            said,
            complaint: Some("expected no failure".into()),
        },
    }
}

enum Played {
    Decision(Option<Decision>),
    Other(&'static str),
}

fn play(stage: &mut Stage, step: &Step) -> Result<Played, Failure> {
    let ms = match (&step.at, step.after_s) {
        (Some(at), _) => stage.until(at),
        (None, Some(seconds)) => seconds.saturating_mul(1000),
        (None, None) => APART_MS,
    };
    stage.pass(ms)?;
    let mut other = "time passes";
    if let Some(trust) = step.clock {
        stage.trust(trust);
        other = "clock";
    }
    if let Some(reason) = step.restart {
        stage.restart(reason)?;
        other = "new instance";
    }
    if let Some(told) = &step.observed {
        stage.observe(told)?;
        other = "told";
    }
    match &step.decide {
        Some(asked) => stage.decide(asked).map(Played::Decision),
        None => Ok(Played::Other(other)),
    }
}
