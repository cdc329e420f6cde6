//! The service `install@1`: a file that was fetched becomes what runs. A component in a
//! bundle goes into its slot, as one that a technician installs; any other file goes to
//! the manufacturer's own installer. What is known of the last job outlives the power.
//!
//! Not here: how a version proves itself (see `slots`), and how the command is run (see
//! `command`).

mod command;
mod simulated;
mod slots;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use self::command::Ended;
pub use self::command::InstallerCommand;
pub use self::simulated::SimulatedInstaller;
pub use self::slots::Slots;
use self::slots::{JobEnd, NotBegun};
use super::operation::{Failed, Outcome, body, done};
use super::transfer::{TransferredFile, Transfers};
use crate::slots::{Bundle, Standing, is_bundle};
use crate::store::Store;

const DOCUMENT: &str = "install";
/// How often it is looked how a version proves itself.
const LOOK: Duration = Duration::from_millis(100);
/// No component is larger: a bundle is read into memory.
const MAX_BUNDLE: u64 = 65 << 20;

/// What installs a file that is no component.
#[derive(Debug)]
pub enum OtherFiles {
    /// Nothing.
    Refused,
    /// The manufacturer's command.
    Command(InstallerCommand),
    /// Where all hardware is simulated, this is, too.
    Simulated(SimulatedInstaller),
}

impl OtherFiles {
    /// None: nobody installs it. Else whether it disturbs nobody who is charging.
    fn during_transactions(&self) -> Option<bool> {
        match self {
            Self::Refused => None,
            Self::Command(it) => Some(it.during_transactions),
            Self::Simulated(_) => Some(false),
        }
    }

    fn install(&self, file: &Path, job: &str) -> Ended {
        match self {
            Self::Refused => Ended::Failed("no installer is configured".to_owned()),
            Self::Command(it) => it.install(file, job),
            Self::Simulated(it) => it.install(file),
        }
    }

    /// After a reboot: whether the new version runs.
    fn confirm(&self, job: &str) -> Ended {
        match self {
            Self::Refused => Ended::Failed("no installer is configured any more".to_owned()),
            Self::Command(it) => it.confirm(job),
            Self::Simulated(_) => Ended::Installed,
        }
    }

    /// Why there was none; none: everything begins anew.
    fn reboot(&self) -> Option<String> {
        match self {
            Self::Refused => Some("no installer is configured".to_owned()),
            Self::Command(it) => Some(it.reboot()),
            Self::Simulated(it) => {
                if let Some(reboot) = &it.reboot {
                    reboot();
                }
                None
            }
        }
    }
}

/// See the module.
pub struct Installs {
    others: OtherFiles,
    slots: Box<dyn Slots>,
    store: Store,
    /// The job that is under way.
    running: Mutex<Option<String>>,
    over: Condvar,
}

/// The last job, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    job: String,
    step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Installing,
    Rebooting,
    Installed,
    Failed { code: String, text: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    handle: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Install {
    handle: String,
    job: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    job: String,
}

impl Installs {
    /// Nothing is under way yet.
    #[must_use]
    pub fn new(others: OtherFiles, slots: impl Slots + 'static, store: Store) -> Self {
        Self {
            others,
            slots: Box::new(slots),
            store,
            running: Mutex::default(),
            over: Condvar::new(),
        }
    }

    /// Does one operation; blocks, of `install` until it is over.
    pub(super) fn run(&self, transfers: &Transfers, operation: &str, text: &str) -> Outcome {
        match operation {
            "check" => self.check(transfers, &body::<Check>(text)?.handle),
            "install" => {
                let Install { handle, job } = body(text)?;
                self.install(transfers, &handle, &job)
            }
            "state" => self.state(&body::<State>(text)?.job),
            other => Err(Failed::no_operation(super::INSTALL, other)),
        }
    }

    fn check(&self, transfers: &Transfers, handle: &str) -> Outcome {
        let file = file(transfers, handle)?;
        let bytes = read(&file)?;
        let any_time = if is_bundle(&bytes) {
            let bundle = Bundle::read(&bytes).map_err(|e| rejected(e.to_string()))?;
            self.slots.check(&bundle).map_err(rejected)?;
            true
        } else {
            self.others.during_transactions().ok_or_else(|| {
                rejected(
                    "it is no component bundle, and no installer is configured for other files",
                )
            })?
        };
        done(&json!({ "during_transactions": any_time }))
    }

    fn install(&self, transfers: &Transfers, handle: &str, job: &str) -> Outcome {
        let mut running = self.lock();
        while let Some(other) = &*running {
            if other != job {
                let text = format!("job {other} is under way");
                return Err(Failed::new("busy", text));
            }
            running = self
                .over
                .wait(running)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let kept = self.kept()?.filter(|kept| kept.job == job);
        if let Some(outcome) = kept.as_ref().and_then(|kept| told(&kept.step)) {
            return outcome;
        }
        *running = Some(job.to_owned());
        drop(running);
        let step = self.perform(transfers, handle, job, kept.map(|kept| kept.step));
        let step = step.and_then(|step| self.keep(job, step));
        *self.lock() = None;
        self.over.notify_all();
        told(&step?).unwrap_or_else(|| Err(Failed::because("it did not come to an end")))
    }

    fn state(&self, job: &str) -> Outcome {
        let kept = self.kept()?.filter(|kept| kept.job == job);
        let state = match kept.map(|kept| kept.step) {
            None => json!({ "state": "none" }),
            Some(Step::Installing | Step::Rebooting) => json!({ "state": "installing" }),
            Some(Step::Installed) => json!({ "state": "installed" }),
            Some(Step::Failed { text, .. }) => json!({ "state": "failed", "text": text }),
        };
        done(&state)
    }

    /// How it ends. A failure: it has not begun.
    fn perform(
        &self,
        transfers: &Transfers,
        handle: &str,
        job: &str,
        before: Option<Step>,
    ) -> Result<Step, Failed> {
        if before == Some(Step::Rebooting) {
            return self.other_file(job, self.others.confirm(job));
        }
        let file = file(transfers, handle)?;
        let bytes = read(&file)?;
        if !is_bundle(&bytes) {
            drop(bytes);
            self.keep(job, Step::Installing)?;
            return self.other_file(job, self.others.install(&file.path, job));
        }
        let bundle = Bundle::read(&bytes).map_err(|e| rejected(e.to_string()))?;
        // Where it is in its slot already, the power was cut behind that.
        if before.is_some() && self.slots.standing(&bundle) != Standing::Elsewhere {
            return Ok(self.prove(&bundle));
        }
        self.keep(job, Step::Installing)?;
        match self.slots.install(&bundle) {
            Ok(number) => Ok(self.watch(number)),
            Err(NotBegun::Busy(text)) => Err(Failed::new("busy", text)),
            Err(NotBegun::Refused(text)) => Ok(failed("rejected", text)),
        }
    }

    /// Until the slot's own job is over.
    fn watch(&self, number: u64) -> Step {
        loop {
            match self.slots.end_of(number) {
                None => std::thread::sleep(LOOK),
                Some(JobEnd::Committed) => return Step::Installed,
                Some(JobEnd::RolledBack(why)) => return failed("rolled-back", why),
                Some(JobEnd::Refused(why)) => return failed("rejected", why),
            }
        }
    }

    /// Until a version that was put in before this process began has proved itself, or
    /// has not.
    fn prove(&self, bundle: &Bundle<'_>) -> Step {
        loop {
            match self.slots.standing(bundle) {
                Standing::Proved => return Step::Installed,
                Standing::OnProbation => std::thread::sleep(LOOK),
                Standing::Elsewhere => {
                    return failed("rolled-back", "it did not prove itself".to_owned());
                }
            }
        }
    }

    fn other_file(&self, job: &str, ended: Ended) -> Result<Step, Failed> {
        Ok(match ended {
            Ended::Installed => Step::Installed,
            Ended::Failed(text) => failed("failed", text),
            Ended::NeedsReboot => {
                let rebooting = self.keep(job, Step::Rebooting)?;
                match self.others.reboot() {
                    Some(why_not) => failed("failed", why_not),
                    None => rebooting,
                }
            }
        })
    }

    fn kept(&self) -> Result<Option<Kept>, Failed> {
        let document = self.store.document_get(DOCUMENT);
        let document = document.map_err(|e| Failed::because(e.to_string()))?;
        Ok(document.and_then(|body| serde_json::from_slice(&body).ok()))
    }

    fn keep(&self, job: &str, step: Step) -> Result<Step, Failed> {
        let kept = Kept {
            job: job.to_owned(),
            step,
        };
        let body = serde_json::to_vec(&kept).map_err(|e| Failed::because(e.to_string()))?;
        let put = self.store.document_put(DOCUMENT, body);
        put.map_err(|e| Failed::because(e.to_string()))?;
        Ok(kept.step)
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// None: it is not over.
fn told(step: &Step) -> Option<Outcome> {
    match step {
        Step::Installing | Step::Rebooting => None,
        Step::Installed => Some(done(&json!({ "state": "installed" }))),
        Step::Failed { code, text } => {
            let code = match code.as_str() {
                "rejected" => "rejected",
                "rolled-back" => "rolled-back",
                _ => "failed",
            };
            Some(Err(Failed::new(code, text.clone())))
        }
    }
}

fn failed(code: &str, text: String) -> Step {
    Step::Failed {
        code: code.to_owned(),
        text,
    }
}

fn file(transfers: &Transfers, handle: &str) -> Result<TransferredFile, Failed> {
    let file = transfers.file(handle);
    file.ok_or_else(|| Failed::new("not-found", format!("there is no file {handle}")))
}

fn read(file: &TransferredFile) -> Result<Vec<u8>, Failed> {
    let cannot = |e: std::io::Error| Failed::because(format!("the file cannot be read: {e}"));
    // Of what is no bundle the beginning is enough: it may be larger than the memory.
    let mut start = [0; 64];
    let mut opened = std::fs::File::open(&file.path).map_err(cannot)?;
    let count = std::io::Read::read(&mut opened, &mut start).map_err(cannot)?;
    if is_bundle(&start[..count]) {
        if file.size > MAX_BUNDLE {
            let text = format!("the bundle has more than {MAX_BUNDLE} bytes");
            return Err(rejected(text));
        }
        return std::fs::read(&file.path).map_err(cannot);
    }
    Ok(start[..count].to_vec())
}

fn rejected(text: impl Into<String>) -> Failed {
    Failed::new("rejected", text)
}
