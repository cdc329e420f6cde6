//! Everything that a report says, and what of it is not as it should be. Not
//! here: how it looks.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::features::{Feature, features};
use super::keys::{self, Row};
use super::listed::Certificate;
use super::measure::{Amount, Measured, measure};
use crate::process::{ProcessStation, Setup};
use crate::run::{self, Job, Verdict, Word};
use crate::{Case, Failure, Group, Station};

/// Longest time from the last stimulus to its message, ms.
pub const TRIGGERED_MS: f64 = 100.0;
/// Of 100 responses 99 take at most so long, ms.
pub const RESPONSE_MS: f64 = 10.0;

/// The whole report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What was tested.
    pub identity: Identity,
    /// The certificate that it is compared with.
    pub certificate: Option<Certificate>,
    /// By functionality.
    pub functionalities: Vec<Functionality>,
    /// How fast it is.
    pub measured: Measured,
    /// What it is made of.
    pub features: Vec<Feature>,
    /// Its configuration keys.
    pub keys: Vec<Row>,
}

/// What was tested, by what, and when.
#[derive(Debug, Clone, Serialize)]
pub struct Identity {
    /// As it says of itself when it boots.
    pub vendor: String,
    /// As it says of itself when it boots.
    pub model: String,
    /// As it says of itself when it boots.
    pub firmware: String,
    /// Which build of the program.
    pub build: String,
    /// The suite's version.
    pub suite: String,
    /// When, UTC.
    pub date: String,
}

/// Cases that belong together.
#[derive(Debug, Clone, Serialize)]
pub struct Functionality {
    /// What they are about.
    pub name: String,
    /// All that apply are passed.
    pub passed: bool,
    /// Each.
    pub verdicts: Vec<Verdict>,
}

/// What is wanted of a run.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The station.
    pub setup: &'a Setup,
    /// What to compare it with.
    pub certificate: Option<Certificate>,
    /// The cases.
    pub cases: Vec<&'static Case>,
    /// So many cases at once.
    pub at_once: usize,
    /// How much is measured.
    pub amount: Amount,
    /// Which build of the program it is, in words.
    pub build: String,
}

impl Report {
    /// Runs everything: measurements first, when nothing else runs, then the
    /// cases. `told` hears of each verdict.
    ///
    /// # Errors
    /// If the station cannot be started, or does nothing to be measured.
    pub fn make(plan: Plan<'_>, told: impl Fn(&Verdict) + Sync) -> Result<Report, Failure> {
        let mut station = ProcessStation::start(plan.setup)?;
        let live = keys::ask(&mut station)?;
        let boot = boot(&mut station)?;
        let status = station
            .control()?
            .status()
            .map_err(|failure| Failure::Surroundings(failure.to_string()))?;
        drop(station);
        let measured = measure(plan.setup, plan.amount)?;
        let jobs = plan.cases.iter();
        let jobs = jobs.map(|case| Job::on_process(case, "plugpoint", plan.setup));
        let verdicts = run::run(jobs.collect(), plan.at_once, told);
        let text = |name: &str| boot[name].as_str().unwrap_or_default().to_owned();
        Ok(Report {
            identity: Identity {
                vendor: text("chargePointVendor"),
                model: text("chargePointModel"),
                firmware: text("firmwareVersion"),
                build: plan.build,
                suite: env!("CARGO_PKG_VERSION").to_owned(),
                date: format!("{:.0}", jiff::Timestamp::now()),
            },
            functionalities: functionalities(verdicts),
            measured,
            features: features(plan.setup, &status),
            keys: keys::compare(plan.certificate.as_ref(), &live),
            certificate: plan.certificate,
        })
    }

    /// What is not as it should be, in words. None: all is well.
    pub fn problems(&self) -> Vec<String> {
        let verdicts = self.functionalities.iter().flat_map(|it| &it.verdicts);
        let cases = verdicts.filter(|verdict| !verdict.word.is_good());
        let mut problems: Vec<String> = cases
            .map(|verdict| format!("{}: {}", verdict.case.number, verdict.word.shown()))
            .collect();
        let keys = self.keys.iter().filter(|row| !row.agrees.is_good());
        problems.extend(keys.map(|row| {
            let value = |told: &Option<keys::Told>| match told {
                Some(told) => format!("{} ({})", told.value, told.access),
                None => "nothing".to_owned(),
            };
            format!(
                "{}: the certificate has {}, the station {}",
                row.name,
                value(&row.listed),
                value(&row.live)
            )
        }));
        let rows = self.performance().into_iter();
        problems.extend(
            rows.filter(|row| row.over_target)
                .map(|row| format!("{}: over target: {}", row.name, row.ours)),
        );
        problems
    }

    /// The rows that the laboratory writes down.
    pub fn performance(&self) -> Vec<PerformanceRow> {
        let listed = self.certificate.as_ref().map(|it| &it.performance);
        let theirs = |times: Option<super::listed::Times>| match times {
            Some(times) => (
                format!("{} s", times.limit_s),
                format!("{} s", times.measured_s),
            ),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let row =
            |name: &str, (limit, seed): (String, String), ours: String, target: String, over| {
                PerformanceRow {
                    name: name.to_owned(),
                    limit,
                    seed,
                    ours,
                    target,
                    over_target: over,
                }
            };
        let triggered = self.measured.triggered_max_ms();
        let response = self.measured.response;
        let remote = self.measured.remote_start;
        let stamps = self.measured.timestamps;
        let spread = |it: super::measure::Spread| {
            format!(
                "p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms ({} calls)",
                it.p50_ms, it.p99_ms, it.max_ms, it.count
            )
        };
        let p99 = format!("p99 ≤ {RESPONSE_MS:.0} ms");
        vec![
            row(
                "OCPP triggered function, last stimulus to message",
                theirs(listed.map(|it| it.triggered)),
                format!("max {triggered:.2} ms"),
                format!("≤ {TRIGGERED_MS:.0} ms"),
                triggered > TRIGGERED_MS,
            ),
            row(
                "OCPP response, CALL to CALLRESULT",
                theirs(listed.map(|it| it.response)),
                spread(response),
                p99.clone(),
                response.p99_ms > RESPONSE_MS,
            ),
            row(
                "RemoteStartTransaction response",
                theirs(listed.map(|it| it.remote_start)),
                spread(remote),
                p99,
                remote.p99_ms > RESPONSE_MS,
            ),
            row(
                "Timestamps carry milliseconds",
                (
                    "-".to_owned(),
                    listed.map_or("-", |it| yes(it.milliseconds)).to_owned(),
                ),
                format!("{} of {} timestamps", stamps.with_milliseconds, stamps.seen),
                "all".to_owned(),
                stamps.with_milliseconds < stamps.seen || stamps.seen == 0,
            ),
        ]
    }

    /// How many cases there are with this verdict.
    pub fn count(&self, word: Word) -> usize {
        let verdicts = self.functionalities.iter().flat_map(|it| &it.verdicts);
        verdicts.filter(|verdict| verdict.word == word).count()
    }
}

impl Functionality {
    /// Not applicable if none of its cases is.
    pub fn result(&self) -> Word {
        let mut applicable = self.verdicts.iter();
        if !self.passed {
            Word::Failed
        } else if applicable.any(|verdict| verdict.word != Word::NotApplicable) {
            Word::Passed
        } else {
            Word::NotApplicable
        }
    }
}

/// One row of what the laboratory writes down.
#[derive(Debug, Clone, Serialize)]
pub struct PerformanceRow {
    /// What is measured.
    pub name: String,
    /// What the seed's manufacturer declares.
    pub limit: String,
    /// What the laboratory measured of the seed.
    pub seed: String,
    /// What was measured now.
    pub ours: String,
    /// What we want.
    pub target: String,
    /// It is not reached.
    pub over_target: bool,
}

fn yes(it: bool) -> &'static str {
    if it { "yes" } else { "no" }
}

/// What the station says of itself.
fn boot(station: &mut ProcessStation) -> Result<Value, Failure> {
    let until = station.now() + Duration::from_secs(20);
    loop {
        let messages = station.messages();
        let mut boots = messages.iter().filter(|m| m.action == "BootNotification");
        if let Some(boot) = boots.next() {
            return Ok(boot.payload.clone());
        }
        if station.now() >= until {
            return Err(Failure::Station("no BootNotification came".to_owned()));
        }
        station.wait(messages.len(), until)?;
    }
}

fn functionalities(verdicts: Vec<Verdict>) -> Vec<Functionality> {
    let mut groups: Vec<(Group, Vec<Verdict>)> = Vec::new();
    for verdict in verdicts {
        let group = verdict.case.group;
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, verdicts)) => verdicts.push(verdict),
            None => groups.push((group, vec![verdict])),
        }
    }
    groups
        .into_iter()
        .map(|(group, verdicts)| Functionality {
            name: group.to_string(),
            passed: verdicts.iter().all(|verdict| verdict.word.is_good()),
            verdicts,
        })
        .collect()
}
