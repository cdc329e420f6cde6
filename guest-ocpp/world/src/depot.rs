//! The host's services for files (`wit/services.md`), played: files at addresses, an
//! installer, what there is to send about the charger. What they do takes virtual time,
//! and can fail. Not here: when they are asked, and what their answers bring about.

use std::collections::{BTreeMap, BTreeSet};

use plugpoint_guest::protocol::{Request, ServiceFailure};
use serde_json::{Value, json};

/// The services that this plays.
pub(super) const SERVICES: [&str; 3] = ["transfer@1", "install@1", "logs@1"];

type Outcome = Result<String, ServiceFailure>;

/// What becomes of a file that is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is a good component, which is swapped in.
    Component,
    /// A component that does not prove itself: the version before comes back.
    RollsBack,
    /// It is a good image of the board's software.
    Image,
    /// An image that needs a reboot.
    ImageWithReboot,
    /// The check finds that it is no good.
    BadCheck,
    /// The installer finds it.
    BadInstall,
}

/// What happens to the charger as a whole.
#[derive(Debug)]
pub(super) enum Effect {
    Respond(u32, Outcome),
    Swap,
    Rollback,
    Reboot,
}

/// See the module.
#[derive(Debug)]
pub struct Depot {
    /// What lies at which address.
    pub files: BTreeMap<String, Fate>,
    /// This many transfers fail, and the next one does not.
    pub failing: u32,
    /// Transfers so far.
    pub transfers: u32,
    /// How long a transfer takes.
    pub transfer_ms: u64,
    /// How long an installation takes.
    pub install_ms: u64,
    /// There is something to send about the charger.
    pub has_logs: bool,
    /// Where files were sent to.
    pub uploads: Vec<String>,
    /// What was installed, each time.
    pub installed: Vec<String>,
    /// The address of the file that is kept over power cuts.
    kept: Option<String>,
    /// Other files, by their handles.
    others: BTreeSet<String>,
    jobs: BTreeMap<String, Job>,
    pending: Vec<Pending>,
    made: u32,
}

/// An installation, which the host remembers for ever.
#[derive(Debug)]
struct Job {
    address: String,
    /// Who waits for its end.
    asked: Option<u32>,
    /// None: it was broken off by the power.
    due: Option<u64>,
    outcome: Option<Result<(), &'static str>>,
}

#[derive(Debug)]
struct Pending {
    due: u64,
    request: Request,
    cancelled: bool,
}

impl Default for Depot {
    fn default() -> Self {
        Self {
            files: BTreeMap::new(),
            failing: 0,
            transfers: 0,
            transfer_ms: 5_000,
            install_ms: 20_000,
            has_logs: true,
            uploads: Vec::new(),
            installed: Vec::new(),
            kept: None,
            others: BTreeSet::new(),
            jobs: BTreeMap::new(),
            pending: Vec::new(),
            made: 0,
        }
    }
}

impl Depot {
    /// There is a request; it is answered by `tick`.
    pub(super) fn ask(&mut self, ms: u64, request: Request) {
        let takes = match request.operation.as_str() {
            "get" | "put" => self.transfer_ms,
            "export" => 100,
            _ => 1,
        };
        if request.operation == "discard" {
            let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
            self.discard(ms, body["handle"].as_str().unwrap_or_default());
        }
        self.pending.push(Pending {
            due: ms + takes,
            request,
            cancelled: false,
        });
    }

    pub(super) fn open(&self) -> impl Iterator<Item = u32> {
        let jobs = self.jobs.values().filter_map(|job| job.asked);
        let pending = self.pending.iter().map(|pending| pending.request.id);
        pending.chain(jobs)
    }

    pub(super) fn next_due(&self) -> Option<u64> {
        let jobs = self.jobs.values().filter_map(|job| job.due);
        let pending = self.pending.iter().map(|pending| pending.due);
        pending.chain(jobs).min()
    }

    /// Nobody is answered any more; what is being installed goes on.
    pub(super) fn restart(&mut self) {
        self.pending.clear();
        self.others.clear();
        for job in self.jobs.values_mut() {
            job.asked = None;
        }
    }

    pub(super) fn power_off(&mut self) {
        self.restart();
        for job in self.jobs.values_mut() {
            job.due = None;
        }
    }

    /// One thing that is due.
    pub(super) fn tick(&mut self, ms: u64) -> Vec<Effect> {
        if let Some(place) = self.pending.iter().position(|it| it.due <= ms) {
            let Pending {
                request, cancelled, ..
            } = self.pending.remove(place);
            if cancelled {
                return vec![respond(request.id, Err(failure("cancelled", "")))];
            }
            return self.answer(ms, &request);
        }
        let due = |job: &&mut Job| job.due.is_some_and(|due| due <= ms);
        let Some(job) = self.jobs.values_mut().find(due) else {
            return Vec::new();
        };
        job.due = None;
        let fate = self.files.get(&job.address);
        let outcome = match fate {
            Some(Fate::Component | Fate::Image | Fate::ImageWithReboot) => Ok(()),
            Some(Fate::RollsBack) => Err("rolled-back"),
            _ => Err("failed"),
        };
        job.outcome = Some(outcome);
        if outcome.is_ok() {
            self.installed.push(job.address.clone());
        }
        if fate == Some(&Fate::ImageWithReboot) {
            return vec![Effect::Reboot];
        }
        // Whoever is swapped in gets the response.
        let told = job.asked.take().map(|id| respond(id, told(outcome)));
        let swaps = match fate {
            Some(Fate::Component) => vec![Effect::Swap],
            Some(Fate::RollsBack) => vec![Effect::Swap, Effect::Rollback],
            _ => Vec::new(),
        };
        told.into_iter().chain(swaps).collect()
    }

    fn answer(&mut self, ms: u64, request: &Request) -> Vec<Effect> {
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let id = request.id;
        let outcome = match request.operation.as_str() {
            "get" => self.get(&text("url")),
            "put" => self.put(&text("url"), &text("handle")),
            "discard" => Ok("{}".to_owned()),
            "check" => self.check(),
            "install" => return self.install(ms, id, text("job")),
            "export" => self.export(),
            other => Err(failure("unsupported", other)),
        };
        vec![respond(id, outcome)]
    }

    fn transfer(&mut self, url: &str) -> Result<(), ServiceFailure> {
        self.transfers += 1;
        if !url.starts_with("http") {
            return Err(failure("unsupported", "no such scheme"));
        }
        if self.failing > 0 {
            self.failing -= 1;
            return Err(failure("unreachable", "nobody there"));
        }
        Ok(())
    }

    fn get(&mut self, url: &str) -> Outcome {
        // What was fetched before is there.
        if self.kept.as_deref() != Some(url) {
            self.transfer(url)?;
            if !self.files.contains_key(url) {
                return Err(failure("refused", "404"));
            }
            self.kept = Some(url.to_owned());
        }
        Ok(json!({"handle": "firmware", "size": 1000, "sha256": ""}).to_string())
    }

    fn put(&mut self, url: &str, handle: &str) -> Outcome {
        if !self.others.contains(handle) {
            return Err(failure("not-found", handle));
        }
        self.transfer(url)?;
        self.uploads.push(url.to_owned());
        Ok(json!({"status": 201}).to_string())
    }

    /// The file goes, and with it what is being done with it.
    fn discard(&mut self, ms: u64, handle: &str) {
        if handle == "firmware" {
            self.kept = None;
        }
        self.others.remove(handle);
        for pending in &mut self.pending {
            let body: Value = serde_json::from_str(&pending.request.body).unwrap_or_default();
            let of = match pending.request.operation.as_str() {
                "get" => &body["name"],
                "put" => &body["handle"],
                _ => continue,
            };
            if *of == handle {
                pending.due = ms;
                pending.cancelled = true;
            }
        }
    }

    fn check(&self) -> Outcome {
        let address = self.kept.as_ref().ok_or(failure("not-found", "firmware"))?;
        match self.files.get(address) {
            Some(Fate::BadCheck) => Err(failure("rejected", "not signed")),
            fate => {
                let any_time = matches!(fate, Some(Fate::Component | Fate::RollsBack));
                Ok(json!({"during_transactions": any_time}).to_string())
            }
        }
    }

    fn install(&mut self, ms: u64, id: u32, name: String) -> Vec<Effect> {
        if let Some(job) = self.jobs.get_mut(&name) {
            if let Some(outcome) = job.outcome {
                return vec![respond(id, told(outcome))];
            }
            job.asked = Some(id);
            job.due = job.due.or(Some(ms + self.install_ms));
            return Vec::new();
        }
        let Some(address) = self.kept.clone() else {
            return vec![respond(id, Err(failure("not-found", "firmware")))];
        };
        let job = Job {
            address,
            asked: Some(id),
            due: Some(ms + self.install_ms),
            outcome: None,
        };
        self.jobs.insert(name, job);
        Vec::new()
    }

    fn export(&mut self) -> Outcome {
        if !self.has_logs {
            return Err(failure("nothing", "no log lines of that time"));
        }
        self.made += 1;
        let handle = format!("logs-{}", self.made);
        self.others.insert(handle.clone());
        let name = format!("diagnostics-{}.tar.gz", self.made);
        Ok(json!({"handle": handle, "file_name": name, "size": 1000, "sha256": ""}).to_string())
    }
}

fn told(outcome: Result<(), &str>) -> Outcome {
    match outcome {
        Ok(()) => Ok(json!({"state": "installed"}).to_string()),
        Err(code) => Err(failure(code, "")),
    }
}

fn respond(id: u32, outcome: Outcome) -> Effect {
    Effect::Respond(id, outcome)
}

fn failure(code: &str, text: &str) -> ServiceFailure {
    ServiceFailure {
        code: code.to_owned(),
        text: text.to_owned(),
    }
}
