//! What is done next for an update, and what the services' answers bring about. Each
//! step is kept before the next is asked for, and each request can be made again: so it
//! does not matter where the power is cut.

use plugpoint_guest::json::{Json, object, parse};
use plugpoint_guest::protocol::{Level, ServiceFailure};

use super::attempts::Failed;
use super::update::{Stage, Updates};
use super::{INSTALL, NOT_FOUND, TRANSFER, discard, shown};
use crate::core_access::{Core, Usage};

/// Under this name the host keeps the file, over power cuts, too.
const FILE: &str = "firmware";
/// Larger files are not fetched; the host may allow less.
const MAX_BYTES: i64 = 1 << 30;
/// How soon it is looked again at what nobody tells of.
const LOOK_MS: u64 = 2_000;

impl Updates {
    /// Does what can be done at this moment.
    pub(super) fn go(&mut self, core: &mut Core<'_, '_>) {
        self.next = None;
        self.work(core);
        core.hold(self.holds());
        self.announce(core);
        self.statuses.pump(core);
        if self.next.is_none() {
            self.next = self.progress.errand.again_at();
        }
    }

    fn work(&mut self, core: &mut Core<'_, '_>) {
        let Some(job) = self.jobs.present.clone() else {
            return;
        };
        if self.progress.errand.must_wait(core) {
            return;
        }
        match job.stage {
            Stage::Scheduled => {
                // Until somebody knows the time, it has not come.
                let Some(now) = core.unix_ms() else { return };
                if job.from > now {
                    let left = u64::try_from(job.from - now).unwrap_or(0);
                    self.next = Some(core.now().at.monotonic_ms.saturating_add(left));
                    return;
                }
                self.reach(Stage::Downloading);
                self.fetch(core, &job.location);
            }
            Stage::Downloading => self.fetch(core, &job.location),
            Stage::Downloaded => match self.progress.any_time {
                None => self.ask(core, "check", (INSTALL, "check"), |_| {}),
                Some(true) => self.install(core),
                Some(false) => match core.usage() {
                    Usage::None => self.install(core),
                    // Its end is told.
                    Usage::Charging => {}
                    Usage::Expected => self.look_again(core),
                },
            },
            Stage::Installing => self.ask_to_install(core),
        }
    }

    fn fetch(&mut self, core: &mut Core<'_, '_>, location: &str) {
        let body = object(|w| {
            w.text("url", location);
            w.text("name", FILE);
            w.int("max_bytes", MAX_BYTES);
        });
        self.request(core, "get", (TRANSFER, "get"), body);
    }

    fn install(&mut self, core: &mut Core<'_, '_>) {
        core.log(Level::Info, "update: is being installed");
        self.reach(Stage::Installing);
        self.progress.edit().began = true;
        self.ask_to_install(core);
    }

    /// Asked again for the same job, the host goes on with it, or says how it ended. The
    /// board may reboot at once: what has come before is told first, if it can be.
    fn ask_to_install(&mut self, core: &mut Core<'_, '_>) {
        if core.is_online() && !self.statuses.are_told() {
            // Each answer leads back here, and so does the end of the link.
            return;
        }
        let name = self.name();
        self.ask(core, "install", (INSTALL, "install"), |w| {
            w.text("job", &name);
        });
    }

    /// About the file that was fetched.
    fn ask(
        &mut self,
        core: &mut Core<'_, '_>,
        what: &str,
        operation: (&str, &str),
        more: impl FnOnce(&mut plugpoint_guest::json::Writer),
    ) {
        let body = object(|w| {
            w.text("handle", FILE);
            more(w);
        });
        self.request(core, what, operation, body);
    }

    fn request(
        &mut self,
        core: &mut Core<'_, '_>,
        what: &str,
        operation: (&str, &str),
        body: String,
    ) {
        let label = self.label(what);
        self.progress
            .edit()
            .errand
            .ask(core, label, operation, body);
    }

    fn label(&self, what: &str) -> String {
        format!("{what}/{}", self.name())
    }

    fn name(&self) -> String {
        let job = self.jobs.present.as_ref();
        job.map(|job| job.name.clone()).unwrap_or_default()
    }

    fn reach(&mut self, stage: Stage) {
        self.stay(stage);
        self.statuses.add(stage.status());
    }

    /// Without saying so.
    fn stay(&mut self, stage: Stage) {
        if let Some(job) = &mut self.jobs.edit().present {
            job.stage = stage;
        }
    }

    pub(super) fn response(
        &mut self,
        core: &mut Core<'_, '_>,
        label: &str,
        outcome: Result<&str, &ServiceFailure>,
    ) {
        if !self.progress.errand.is_for(label) {
            return;
        }
        self.progress.edit().errand.take();
        let what = label.split('/').next().unwrap_or_default();
        match (what, outcome) {
            ("get", Ok(_)) => self.reach(Stage::Downloaded),
            ("check", Ok(body)) => self.progress.edit().any_time = Some(is_for_any_time(body)),
            ("install", Ok(_)) => self.end(core, "Installed"),
            (_, Err(failure)) => self.failed(core, what, failure),
            _ => {}
        }
        self.go(core);
    }

    fn failed(&mut self, core: &mut Core<'_, '_>, what: &str, failure: &ServiceFailure) {
        let Some(job) = self.jobs.present.clone() else {
            return;
        };
        let text = format!(
            "update: {what} of {}: {}: {}",
            shown(&job.location),
            failure.code,
            failure.text
        );
        core.log(Level::Warn, &text);
        let is_gone = failure.code == NOT_FOUND && what == "check";
        let passing = matches!(failure.code.as_str(), super::INTERRUPTED | "busy");
        let failed = match what {
            // What is wrong with the file stays wrong.
            "check" | "install" if !is_gone && !passing => Failed::ForGood,
            _ => self
                .progress
                .edit()
                .errand
                .failed(core, job.attempts, failure),
        };
        match (failed, what) {
            (Failed::ForGood, "get") => self.end(core, "DownloadFailed"),
            (Failed::ForGood, _) => self.end(core, "InstallationFailed"),
            // It is fetched again.
            (Failed::Again, _) if is_gone => self.stay(Stage::Downloading),
            (Failed::Again, _) => {}
        }
    }

    fn end(&mut self, core: &mut Core<'_, '_>, status: &str) {
        core.log(Level::Info, &format!("update: {status}"));
        self.statuses.add(status);
        // After a reboot the central system has heard of it already.
        let is_new = status == "Installed" && self.progress.began;
        self.progress.edit().boot_due |= is_new;
        self.discard(core);
        let next = self.jobs.edit().next.take();
        self.begin(next);
    }

    pub(super) fn discard(&mut self, core: &mut Core<'_, '_>) {
        discard(core, FILE);
    }

    /// A BootNotification tells of the new version: behind what came before it; not before
    /// all of a transaction is told, since a central system may take it for the end of that.
    fn announce(&mut self, core: &mut Core<'_, '_>) {
        if !self.progress.boot_due || core.usage() == Usage::Charging {
            return;
        }
        // Each answer leads back here.
        if !self.statuses.are_told_but_the_last() {
            return;
        }
        if core.is_all_told() {
            self.progress.edit().boot_due = false;
            core.register_again();
        } else if core.is_online() {
            self.look_again(core);
        }
    }

    fn look_again(&mut self, core: &Core<'_, '_>) {
        let at = core.now().at.monotonic_ms + LOOK_MS;
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }
}

fn is_for_any_time(body: &str) -> bool {
    let Ok(Json::Object(fields)) = parse(body) else {
        return false;
    };
    let found = fields
        .iter()
        .find(|(name, _)| name == "during_transactions");
    matches!(found, Some((_, Json::Bool(true))))
}
