//! What the service needs of the slots that components go into.

use crate::slots::{Bundle, Flags, Installer, Standing, Unavailable};

/// The slots.
pub trait Slots: Send + Sync {
    /// Whether the signature is good for that slot; the error says why not.
    ///
    /// # Errors
    /// It is not.
    fn check(&self, bundle: &Bundle<'_>) -> Result<(), String>;

    /// Takes it; the number of the job.
    ///
    /// # Errors
    /// It is not even begun.
    fn install(&self, bundle: &Bundle<'_>) -> Result<u64, NotBegun>;

    /// How a job has ended; none: it goes on.
    fn end_of(&self, job: u64) -> Option<JobEnd>;

    /// Where the component is in its slot.
    fn standing(&self, bundle: &Bundle<'_>) -> Standing;
}

/// Why an installation is not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotBegun {
    /// Another one is under way.
    Busy(String),
    /// It never will be.
    Refused(String),
}

/// How an installation has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// The version has proved itself.
    Committed,
    /// It ran, and the version before is back.
    RolledBack(String),
    /// It never ran.
    Refused(String),
}

impl Slots for Installer {
    fn check(&self, bundle: &Bundle<'_>) -> Result<(), String> {
        let signature = signature(bundle);
        let verified = self
            .trust()
            .verify(bundle.component, signature, Some(bundle.slot));
        verified.map(drop).map_err(|error| error.to_string())
    }

    fn install(&self, bundle: &Bundle<'_>) -> Result<u64, NotBegun> {
        let begun = Installer::install(
            self,
            bundle.slot,
            bundle.component.to_vec(),
            signature(bundle).map(<[u8]>::to_vec),
            Flags {
                brief: true,
                ..Flags::default()
            },
        );
        begun.map_err(|why| match why {
            Unavailable::Busy => NotBegun::Busy(why.to_string()),
            other => NotBegun::Refused(other.to_string()),
        })
    }

    fn end_of(&self, job: u64) -> Option<JobEnd> {
        let all = self.jobs().all();
        let Some(job) = all.into_iter().find(|it| it.id == job) else {
            return Some(JobEnd::Refused("its job is forgotten".to_owned()));
        };
        if !job.done {
            return None;
        }
        let why = job.error.unwrap_or_default();
        Some(match job.state {
            "committed" => JobEnd::Committed,
            "rolled-back" => JobEnd::RolledBack(why),
            _ => JobEnd::Refused(why),
        })
    }

    fn standing(&self, bundle: &Bundle<'_>) -> Standing {
        Installer::standing(self, bundle.slot, bundle.component)
    }
}

/// None: it is not signed.
fn signature<'a>(bundle: &Bundle<'a>) -> Option<&'a [u8]> {
    (!bundle.signature.is_empty()).then_some(bundle.signature)
}
