//! A build on a record: the same events to a new instance, and its actions
//! compared with those that were recorded. It runs no action and touches
//! nothing but memory.
//!
//! What the record says of the world holds: where the recorded instance was
//! thrown away, so is this one.

use std::sync::{Arc, Mutex, PoisonError};

use super::difference::Difference;
use super::moment::{Identity, Moment, Returned};
use super::readable::line;
use super::report::Report;
use super::segment::{Segment, SegmentError};
use crate::guest::{
    Engine, Failure, FailureKind, Inspection, Kind, Outcome, Parked, Prepared, Slot, SlotSettings,
    Witness,
};
use crate::store::Entries;

/// A call may take so many times what it could on the charger: this machine, or
/// what else runs on it, may be slower. An endless loop still ends.
const TIME_FACTOR: f64 = 20.0;
/// So many differences are told.
const TOLD: usize = 20;

/// How it is done.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Go on after the first difference.
    pub all: bool,
    /// Values of settings that do not stand in the record.
    pub settings: Vec<(String, String)>,
}

/// A record that a build cannot be tried on.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A file of it.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// There is none.
    #[error("there is no record of slot `{slot}` yet")]
    Empty {
        /// The slot.
        slot: String,
    },
    /// Recorded with another interface.
    #[error("it was recorded with interface {recorded}, this program has {present}")]
    Interface {
        /// That of the record.
        recorded: String,
        /// Ours.
        present: String,
    },
    /// Whoever asks has to supply them.
    #[error(
        "the values of {} do not stand in the record, since they may be secret: give them with --settings FILE",
        names.join(", ")
    )]
    Settings {
        /// Those that are missing.
        names: Vec<String>,
    },
    /// A build that could not have run there.
    #[error(
        "it cannot write entries in schema {wanted}, as was recorded ({can}), so what it keeps cannot be compared"
    )]
    Schema {
        /// What `boot` says.
        wanted: u32,
        /// What the build says of itself.
        can: String,
    },
    /// There is nothing in it that could be used.
    #[error("nothing in the record can be used: {why}")]
    Unusable {
        /// Why.
        why: String,
    },
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

/// One segment at work.
struct Stage<K: Kind> {
    slot: Slot<K>,
    /// What the present call has returned, in the guest's order.
    returned: Arc<Mutex<Vec<K::Action>>>,
    /// The last commit, confirmed by whatever comes next.
    ticket: Option<u64>,
    parked: Option<Parked<K>>,
    recorded_by: Identity,
    /// The instance is gone, but the recorded one is not.
    astray: bool,
    name: String,
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
        let present = crate::guest::interface();
        if header.interface != present {
            return Err(ReplayError::Interface {
                recorded: header.interface.clone(),
                present: present.into(),
            });
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
        let limits = header.limits.with_time(TIME_FACTOR);
        let entries = Entries::new(segment.entries(), limits.entries_bytes);
        let settings = SlotSettings {
            name: format!("{} (replay)", header.slot).into(),
            limits,
            outlets: header.outlets.clone(),
        };
        let returned = Arc::default();
        let mut slot = Slot::with(self.engine, self.prepared.clone(), entries, settings);
        slot.witnessed_by(Box::new(Listener::<K>(Arc::clone(&returned))));
        let mut stage = Stage {
            slot,
            returned,
            ticket: None,
            parked: None,
            recorded_by: header.component.clone(),
            astray: false,
            name: segment
                .path
                .file_name()
                .map_or_else(String::new, |it| it.to_string_lossy().into()),
        };
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
        self.report.differences > 0 && !self.options.all
    }

    fn moment(
        &mut self,
        stage: &mut Stage<K>,
        moment: Moment<K>,
        refused: bool,
    ) -> Result<(), ReplayError> {
        if matches!(moment, Moment::Reverted) {
            stage.ticket = None;
            stage.slot.revert(0);
            return Ok(());
        }
        stage.confirm();
        match moment {
            Moment::Exchanged => stage.parked = Some(stage.slot.exchange(self.prepared.clone())),
            Moment::PutBack => {
                if let Some(parked) = stage.parked.take() {
                    stage.slot.put_back(parked);
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
                if !self.report.recorded.contains(&component) {
                    self.report.recorded.push(component.clone());
                }
                stage.recorded_by = component;
                stage.astray = false;
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
                if stage.astray {
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
        self.report.events += 1;
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
            ) => *recorded == actions,
            (Returned::Failed { kind, .. }, Err(failure)) => *kind == failure.kind,
            _ => false,
        };
        if !same {
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
        if self.report.first.len() == TOLD {
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

impl<K: Kind> Stage<K> {
    fn confirm(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.slot.entries_mut().confirm(ticket);
        }
    }

    fn listen(&self) -> std::sync::MutexGuard<'_, Vec<K::Action>> {
        self.returned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears what a guest returns, before it is taken apart.
struct Listener<K: Kind>(Arc<Mutex<Vec<K::Action>>>);

impl<K: Kind> Witness<K> for Listener<K> {
    fn starts(&mut self, _: &SlotSettings, _: &Inspection, _: &K::Boot, _: &Entries) {}
    fn handles(&mut self, _: K::Now, _: &K::Event) {}

    fn returned(&mut self, actions: &[K::Action]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *heard = actions.to_vec();
    }

    fn secret(&mut self, _: &Arc<[u8]>, _: bool) {}
    fn succeeded(&mut self, _: u64, _: usize) {}
    fn failed(&mut self, _: &Failure) {}
    fn exchanged(&mut self) {}
    fn put_back(&mut self) {}
    fn reverted(&mut self) {}
    fn cut(&mut self) {}

    fn wants_start(&self) -> bool {
        false
    }
}
