//! A build on a record: the same events to a new instance, and its actions
//! compared with those that were recorded. It runs no action and touches
//! nothing but memory.
//!
//! What the record says of the world holds: where the recorded instance was
//! thrown away, so is this one.

use super::comparison::{Comparison, Recorded};
use super::difference::Difference;
use super::moment::{Identity, Moment, Returned};
use super::readable::line;
use super::refusal::ReplayError;
use super::report::Report;
use super::segment::{Segment, SegmentError};
use super::stage::Stage;
use crate::guest::{Engine, Failure, FailureKind, Kind, Outcome, Prepared, Slot};
use crate::store::Entries;

/// Differences that a report describes.
const MAX_DESCRIBED: usize = 20;

/// How it is done.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// With what it is compared.
    pub comparison: Comparison,
    /// Values of settings that do not stand in the record.
    pub settings: Vec<(String, String)>,
}

/// Runs a build on the segments of one slot, oldest first.
pub fn replay<K: Kind>(
    engine: &Engine,
    prepared: &Prepared<K>,
    segments: &[std::path::PathBuf],
    options: &Options,
) -> Result<Report, ReplayError> {
    let mut run = Run {
        engine,
        prepared,
        options,
        report: Report {
            component: Identity::of(prepared.component().info()),
            ..Report::default()
        },
        last: None,
    };
    for path in segments {
        match Segment::read(path) {
            Ok(segment) => run.segment(&segment)?,
            Err(error @ (SegmentError::Newer { .. } | SegmentError::NoRecord { .. })) => {
                return Err(error.into());
            }
            Err(error) => run.report.notes.push(error.to_string()),
        }
        if run.is_over() {
            break;
        }
    }
    if run.report.segments == 0 && !segments.is_empty() {
        let why = run.report.notes.join("; ");
        return Err(ReplayError::Unusable { why });
    }
    let compared = |it: &Recorded| options.comparison.includes(&it.component);
    if let Some(wanted) = &options.comparison.recorded_by
        && !run.report.by_build.iter().any(compared)
    {
        let there: Vec<String> = run
            .report
            .recorded
            .iter()
            .map(Identity::to_string)
            .collect();
        return Err(ReplayError::NoSuchBuild {
            wanted: wanted.clone(),
            there: there.join(", "),
        });
    }
    Ok(run.report)
}

struct Run<'a, K: Kind> {
    engine: &'a Engine,
    prepared: &'a Prepared<K>,
    options: &'a Options,
    report: Report,
    /// Process and number of the call that the next segment goes on from.
    last: Option<(u64, u64)>,
}

/// A call to be compared.
struct Call<'a, K: Kind> {
    /// Its kind, and all of it in words.
    tell: &'a dyn Fn() -> (String, String),
    wall_ms: Option<i64>,
    recorded: Returned<K>,
}

impl<K: Kind> Run<'_, K> {
    fn segment(&mut self, segment: &Segment) -> Result<(), ReplayError> {
        let header = &segment.header;
        if !crate::guest::reads_records_of(&header.interface) {
            self.report.notes.push(format!(
                "{} was recorded with interface {}, which this program (interface {}) cannot read, and is left out",
                segment.path.display(),
                header.interface,
                crate::guest::interface(),
            ));
            return Ok(());
        }
        let given = |name: &&String| !self.options.settings.iter().any(|(it, _)| it == *name);
        let missing: Vec<String> = header
            .settings_left_out
            .iter()
            .filter(given)
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(ReplayError::Settings { names: missing });
        }
        self.introduce(segment);
        let mut stage = Stage::new(self.engine, self.prepared.clone(), segment);
        let mut moments = segment.moments::<K>().peekable();
        let mut calls = 0;
        while let Some(moment) = moments.next() {
            let moment = moment?;
            if matches!(moment, Moment::Start { .. } | Moment::Handle { .. }) {
                calls += 1;
            }
            // A build that was tried and refused is nobody's difference.
            let refused = matches!(moments.peek(), Some(Ok(Moment::PutBack)));
            self.moment(&mut stage, moment, refused)?;
            if self.is_over() {
                break;
            }
        }
        self.last = Some((header.run, header.first + calls));
        Ok(())
    }

    /// What one should know of a segment.
    fn introduce(&mut self, segment: &Segment) {
        let header = &segment.header;
        let name = segment.path.display();
        if let Some((run, next)) = self.last
            && run == header.run
            && next < header.first
        {
            let gap = header.first - next;
            self.report
                .notes
                .push(format!("{gap} calls before {name} were not recorded"));
        }
        if segment.torn() > 0 {
            self.report.notes.push(format!(
                "the end of {name} was cut off, as by a power failure; {} bytes are left out",
                segment.torn()
            ));
        }
        if self.report.segments == 0 {
            self.report.slot.clone_from(&header.slot);
            self.report.from = header.wall_ms.map(crate::rfc3339::format);
        }
        self.report.segments += 1;
    }

    fn is_over(&self) -> bool {
        self.report.differences > 0 && !self.options.comparison.all
    }

    fn moment(
        &mut self,
        stage: &mut Stage<K>,
        moment: Moment<K>,
        refused: bool,
    ) -> Result<(), ReplayError> {
        if matches!(moment, Moment::Reverted) {
            stage.ticket = None;
            stage.slot.revert(0, true);
            stage.course.revert();
            return Ok(());
        }
        stage.confirm();
        match moment {
            Moment::Exchanged => {
                let parked = stage.slot.exchange(self.prepared.clone());
                stage.parked = Some((parked, stage.recorded_by.clone()));
            }
            Moment::PutBack => {
                if let Some((parked, recorded_by)) = stage.parked.take() {
                    stage.slot.put_back(parked);
                    stage.recorded_by = recorded_by;
                }
            }
            Moment::Start { .. } if refused => self.report.left_out += 1,
            Moment::Start {
                component,
                mut boot,
                returned,
            } => {
                self.check_schema(&boot)?;
                for (name, value) in K::settings(&mut boot) {
                    let given = self.options.settings.iter().find(|(it, _)| it == name);
                    if let Some((_, given)) = given.filter(|_| K::SETTINGS_ARE_PRIVATE) {
                        value.clone_from(given);
                    }
                }
                stage.recorded_by = component;
                stage.astray = false;
                if self.is_left_out(stage, &returned) {
                    return Ok(());
                }
                stage.return_to_course();
                let call = Call {
                    tell: &|| {
                        let what = format!("start, for the reason {}", K::reason(&boot));
                        ("start".into(), what)
                    },
                    wall_ms: K::wall_ms(K::boot_now(&boot)),
                    recorded: returned,
                };
                self.report.starts += 1;
                self.call(stage, call, |slot| slot.start(&boot));
            }
            Moment::Handle {
                now,
                event,
                returned,
            } => {
                if self.is_left_out(stage, &returned) {
                    return Ok(());
                }
                if stage.astray {
                    stage.follow(&returned);
                    self.report.left_out += 1;
                    return Ok(());
                }
                let call = Call {
                    tell: &|| (K::dropped(&event, "").event, line(&event)),
                    wall_ms: K::wall_ms(now),
                    recorded: returned,
                };
                self.call(stage, call, |slot| slot.handle(now, &event));
            }
            Moment::Reverted => {}
        }
        Ok(())
    }

    /// On probation a build writes what the one before reads; so does it here.
    fn check_schema(&self, boot: &K::Boot) -> Result<(), ReplayError> {
        let schemas = self.prepared.component().info().schemas;
        let wanted = K::entry_schema(boot);
        if schemas.can_write(wanted) {
            return Ok(());
        }
        Err(ReplayError::Schema {
            wanted,
            can: schemas.to_string(),
        })
    }

    /// One call, compared.
    fn call(
        &mut self,
        stage: &mut Stage<K>,
        call: Call<'_, K>,
        perform: impl FnOnce(&mut Slot<K>) -> Result<Outcome<K::Action>, Failure>,
    ) {
        if let Returned::Failed {
            kind: FailureKind::Time,
            text,
        } = &call.recorded
        {
            // How long that is depends on the machine; what came after is recorded.
            self.report.left_out += 1;
            let event = self.report.events + self.report.left_out;
            let (kind, _) = (call.tell)();
            self.report
                .notes
                .push(format!("event {event}, {kind}, is left out: {text}"));
            stage.slot.discard_instance();
            return;
        }
        let before = matches!(call.recorded, Returned::Failed { .. })
            .then(|| stage.slot.entries().iter().collect());
        stage.listen().clear();
        let performed = perform(&mut stage.slot);
        stage.follow(&call.recorded);
        self.report.events += 1;
        self.report.of_build(&stage.recorded_by).events += 1;
        let event = self.report.events + self.report.left_out;
        if let Ok(outcome) = &performed {
            stage.ticket = outcome.commit.as_ref().map(|it| it.ticket);
            self.measure(event, outcome);
        }
        let actions = std::mem::take(&mut *stage.listen());
        let same = match (&call.recorded, &performed) {
            (
                Returned::Actions {
                    actions: recorded, ..
                },
                Ok(_),
            ) => self.are_same(recorded, &actions),
            (Returned::Failed { kind, .. }, Err(failure)) => *kind == failure.kind,
            _ => false,
        };
        if !same {
            stage.is_off_course = true;
            let got = match &performed {
                Ok(_) => actions.iter().map(line).collect(),
                Err(failure) => vec![format!("failed: {failure}")],
            };
            self.differs(stage, event, call, got);
        }
        stage.astray = performed.is_err() && before.is_none();
        if let Some(kept) = before {
            // The recorded instance is gone, and has left nothing.
            stage.slot.discard_instance();
            stage.ticket = None;
            stage
                .slot
                .change_entries(|it| *it = Entries::new(kept, it.most_bytes()));
        }
    }

    /// What another build did than the one that is asked for: it is not called, and
    /// what that build kept is taken over.
    fn is_left_out(&mut self, stage: &mut Stage<K>, recorded: &Returned<K>) -> bool {
        if self.options.comparison.includes(&stage.recorded_by) {
            return false;
        }
        stage.follow(recorded);
        stage.slot.discard_instance();
        stage.is_off_course = true;
        self.report.left_out += 1;
        self.report.of_build(&stage.recorded_by).left_out += 1;
        true
    }

    fn are_same(&self, recorded: &[K::Action], actions: &[K::Action]) -> bool {
        if !self.options.comparison.ignore_why || recorded.len() != actions.len() {
            return recorded == actions;
        }
        let mut pairs = recorded.iter().zip(actions);
        pairs.all(|(recorded, now)| K::without_why(recorded.clone()) == K::without_why(now.clone()))
    }

    fn measure(&mut self, event: u64, outcome: &Outcome<K::Action>) {
        let report = &mut self.report;
        if outcome.micros > report.worst_us {
            report.worst_us = outcome.micros;
            report.worst_event = event;
        }
        report.peak_memory_bytes = report.peak_memory_bytes.max(outcome.memory_bytes);
    }

    fn differs(&mut self, stage: &Stage<K>, event: u64, call: Call<'_, K>, got: Vec<String>) {
        self.report.differences += 1;
        self.report.of_build(&stage.recorded_by).differences += 1;
        if self.report.first.len() == MAX_DESCRIBED {
            return;
        }
        let expected = match &call.recorded {
            Returned::Actions { actions, .. } => actions.iter().map(line).collect(),
            Returned::Failed { kind, text } => vec![format!("failed: {kind}: {text}")],
        };
        let (kind, what) = (call.tell)();
        self.report.first.push(Difference {
            event,
            segment: stage.name.clone(),
            time: call.wall_ms.map(crate::rfc3339::format),
            kind,
            what,
            recorded_by: stage.recorded_by.to_string(),
            expected,
            got,
        });
    }
}
