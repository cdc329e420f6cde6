//! What came of a replay.

use std::fmt;

use serde::Serialize;

use super::{Difference, Identity, Recorded};

/// The whole of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The build that was tried.
    pub component: Identity,
    /// `ocpp` or `policy/NAME`.
    pub slot: String,
    /// Builds that were recorded.
    pub recorded: Vec<Identity>,
    /// The same builds, with how the one that was tried compares with each.
    pub by_build: Vec<Recorded>,
    /// When the record begins, if the charger knew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Files that were read.
    pub segments: usize,
    /// Calls that were made and compared, starts included.
    pub events: u64,
    /// Those among them that began an instance.
    pub starts: u64,
    /// Calls that were not made: see `notes`.
    pub left_out: u64,
    /// What one should know of the record.
    pub notes: Vec<String>,
    /// Events on which the build differs; 0 or 1, unless all were asked for.
    pub differences: u64,
    /// The first ones.
    pub first: Vec<Difference>,
    /// The longest that one call took, on this machine.
    pub worst_us: u64,
    /// Which one that was.
    pub worst_event: u64,
    /// The most linear memory that an instance had.
    pub peak_memory_bytes: usize,
}

impl Report {
    /// The figures of a build that was recorded.
    pub(super) fn of_build(&mut self, component: &Identity) -> &mut Recorded {
        let known = self
            .by_build
            .iter()
            .position(|it| it.component == *component);
        let place = known.unwrap_or_else(|| {
            self.recorded.push(component.clone());
            self.by_build.push(Recorded {
                component: component.clone(),
                events: 0,
                differences: 0,
                left_out: 0,
            });
            self.by_build.len() - 1
        });
        &mut self.by_build[place]
    }

    /// It does the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differences == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on the record of slot {}", self.component, self.slot)?;
        for recorded in &self.by_build {
            writeln!(f, "{recorded}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        let Self {
            events, segments, ..
        } = self;
        write!(f, "{events} events in {segments} segments")?;
        if let Some(from) = &self.from {
            write!(f, ", from {from} on")?;
        }
        writeln!(f, "; {} left out", self.left_out)?;
        writeln!(
            f,
            "worst time of a call {:.3} ms (event {}), most memory {:.1} MiB",
            self.worst_us as f64 / 1000.0,
            self.worst_event,
            self.peak_memory_bytes as f64 / f64::from(1 << 20),
        )?;
        match self.differences {
            0 => writeln!(f, "no difference"),
            1 => writeln!(f, "first difference:"),
            many => writeln!(f, "{many} differences, the first ones:"),
        }?;
        self.first.iter().try_for_each(|it| write!(f, "{it}"))
    }
}
