//! UpdateFirmware: a file is fetched from its date on, and installed when that disturbs
//! nobody. The job goes on over power cuts; a later one takes its place, unless it is
//! being installed: then the later one waits for that. Not here: what is done next for it
//! (see `work`).

use plugpoint_guest::kept::Cell;
use plugpoint_guest::packed::{packed, packed_words};
use plugpoint_guest::protocol::{Durability, Level};
use plugpoint_ocpp_wire::fields::{Fields, property};
use plugpoint_ocpp_wire::frame::Violation;
use plugpoint_ocpp_wire::timestamp;

use super::attempts::{Attempts, Errand};
use super::shown;
use super::statuses::Statuses;
use crate::core_access::Core;

/// Longer than any address that is meant to be fetched.
const MAX_LOCATION: usize = 2_000;
const IDLE: &str = "Idle";

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// Its date has not come.
    #[default]
    Scheduled,
    Downloading,
    /// It is being looked at, or waits until nobody uses a connector.
    Downloaded,
    Installing,
}

/// A file to be fetched and installed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Job {
    /// Unlike that of any other job, also for a host that outlives these entries.
    pub(super) name: String,
    pub(super) location: String,
    /// Not fetched before this, Unix ms.
    pub(super) from: i64,
    pub(super) attempts: Attempts,
    pub(super) stage: Stage,
}

/// The present job, and one that came while it was being installed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Jobs {
    pub(super) present: Option<Job>,
    pub(super) next: Option<Job>,
}

/// What is known until the next power-up or restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Progress {
    /// Jobs that were taken since, for their names.
    pub(super) count: u32,
    pub(super) errand: Errand,
    /// The host can install it while cars are charging; none: it has not been asked.
    pub(super) any_time: Option<bool>,
    /// The installation began since: nothing has booted on it.
    pub(super) began: bool,
    /// It is installed, and the central system is to hear of it by a BootNotification.
    pub(super) boot_due: bool,
}

#[derive(Debug)]
pub(super) struct Updates {
    pub(super) jobs: Cell<Jobs>,
    pub(super) progress: Cell<Progress>,
    pub(super) statuses: Statuses,
    /// When there is something to do next: ms of the monotonic clock.
    pub(super) next: Option<u64>,
}

impl Updates {
    pub(super) fn load(core: &mut Core<'_, '_>) -> Self {
        let updates = Self {
            jobs: core.cell("update", Durability::Durable),
            progress: core.cell("update-progress", Durability::Session),
            statuses: Statuses::load(core, "FirmwareStatusNotification", "update"),
            // Whatever is to be done is done once all is loaded.
            next: Some(0),
        };
        core.hold(updates.holds());
        updates
    }

    pub(super) fn flush(&mut self, core: &mut Core<'_, '_>) {
        core.flush(&mut self.jobs);
        core.flush(&mut self.progress);
        self.statuses.flush(core);
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.next
    }

    /// Behind this call.
    pub(super) fn look_soon(&mut self, core: &Core<'_, '_>) {
        self.next = Some(core.now().at.monotonic_ms + 1);
    }

    /// For whoever asks what is going on.
    pub(super) fn status(&self) -> &'static str {
        match self.jobs.present.as_ref().map(|job| job.stage) {
            None | Some(Stage::Scheduled) => IDLE,
            Some(stage) => stage.status(),
        }
    }

    /// The call is always answered with nothing; what becomes of it is told by statuses.
    pub(super) fn call(
        &mut self,
        core: &mut Core<'_, '_>,
        fields: Fields<'_, '_>,
    ) -> Result<String, Violation> {
        let location = fields.text("location", MAX_LOCATION)?;
        let date = fields.text("retrieveDate", usize::MAX)?;
        let from = timestamp::parse(date)
            .ok_or_else(|| property(format!("retrieveDate {date:?} is no date with time")))?;
        let attempts = Attempts::read(fields)?;
        let at = core.now().at;
        let progress = self.progress.edit();
        progress.count += 1;
        let job = Job {
            name: format!("{:x}-{}-{}", at.boot_id, at.monotonic_ms, progress.count),
            location: location.to_owned(),
            from,
            attempts,
            stage: Stage::Scheduled,
        };
        let text = format!(
            "update: {} is to be fetched from {date} on",
            shown(location)
        );
        core.log(Level::Info, &text);
        let present = self.jobs.present.as_ref();
        if present.is_some_and(|job| job.stage == Stage::Installing) {
            core.log(Level::Info, "update: the present one is finished before");
            self.jobs.edit().next = Some(job);
        } else {
            if present.is_some() {
                core.log(Level::Info, "update: it takes the place of another");
                self.statuses.forget_unsaid();
                self.discard(core);
            }
            self.begin(Some(job));
            self.go(core);
        }
        Ok("{}".to_owned())
    }

    /// The next job, with nothing left of the one before.
    pub(super) fn begin(&mut self, job: Option<Job>) {
        self.jobs.edit().present = job;
        let progress = self.progress.edit();
        progress.errand = Errand::default();
        progress.any_time = None;
        progress.began = false;
    }

    /// Nobody may begin to charge: it is being installed, or is about to be.
    pub(super) fn holds(&self) -> bool {
        let Some(job) = &self.jobs.present else {
            return false;
        };
        match job.stage {
            Stage::Scheduled | Stage::Downloading => false,
            Stage::Downloaded => self.progress.any_time == Some(false),
            Stage::Installing => self.progress.any_time != Some(true),
        }
    }
}

impl Stage {
    pub(super) fn status(self) -> &'static str {
        match self {
            Self::Scheduled => IDLE,
            Self::Downloading => "Downloading",
            Self::Downloaded => "Downloaded",
            Self::Installing => "Installing",
        }
    }
}

packed_words!(Stage { Scheduled = "scheduled", Downloading = "downloading", Downloaded = "downloaded", Installing = "installing" });
packed!(Job {
    name,
    location,
    from,
    attempts,
    stage
});
packed!(Jobs { present, next });
packed!(Progress {
    count,
    errand,
    any_time,
    began,
    boot_due
});
