//! What a guest can ask for by `request`, as `wit/services.md` says: the clock,
//! transfers of files, their installation, files about this charger, keys.
//!
//! [`Services::submit`] never blocks: what may take time runs on few threads of
//! its own, which end when there is nothing to do. Whether a request is still
//! wanted when its answer comes is the loop's to know.

pub mod install;
pub mod keystore;
pub mod logs;
mod operation;
mod reply;
pub mod transfer;
mod workers;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use self::install::Installs;
use self::keystore::Keystore;
use self::logs::Logs;
use self::operation::{Failed, body, done};
use self::reply::Reply;
pub use self::transfer::{AddressRules, Network};
use self::transfer::{TransferSettings, Transfers};
use self::workers::Workers;
use crate::clock::Clock;
use crate::wit::protocol::{Request, Response};

const CLOCK: &str = "clock@1";
const INSTALL: &str = "install@1";
const LOGS: &str = "logs@1";
const KEYSTORE: &str = "keystore@1";
const TRANSFER: &str = "transfer@1";

/// Requests that may wait for a thread, per service.
const MOST_WAITING: usize = 64;

/// What the host decides about the services.
#[derive(Clone, Debug)]
pub struct ServicesSettings {
    /// Where transferred files lie; emptied at start.
    pub transfers_dir: PathBuf,
    /// Where those with a name lie.
    pub kept_dir: PathBuf,
    /// Transfers at the same time.
    pub transfers: usize,
    /// Files at the same time.
    pub most_files: usize,
    /// The limit of a `get` that names none.
    pub usual_bytes: u64,
    /// The limit of any `get`.
    pub most_bytes: u64,
    /// Of all files together.
    pub total_bytes: u64,
    /// What stays free of the file system.
    pub reserve_bytes: u64,
    /// Where they may go.
    pub addresses: AddressRules,
    /// A transfer in which nothing moves for this long has failed.
    pub stall: Duration,
    /// So has one that takes longer than this.
    pub longest: Duration,
    /// As for the link.
    pub verify_hostname: bool,
    /// As for the link.
    pub build_time_ms: i64,
}

impl ServicesSettings {
    /// Sound defaults, with the files under `state_dir`.
    #[must_use]
    pub fn under(state_dir: &std::path::Path) -> Self {
        Self {
            transfers_dir: state_dir.join("transfers"),
            kept_dir: state_dir.join("fetched"),
            transfers: 2,
            most_files: 32,
            usual_bytes: 64 << 20,
            most_bytes: 1 << 30,
            total_bytes: 1 << 30,
            reserve_bytes: 64 << 20,
            addresses: AddressRules::any(),
            stall: Duration::from_secs(60),
            longest: Duration::from_secs(4 * 3600),
            verify_hostname: true,
            build_time_ms: crate::link::BUILT_AT_MS,
        }
    }
}

/// All services of this charger.
pub struct Services {
    clock: Clock,
    stepped: Box<dyn Fn(i64) + Send + Sync>,
    keystore: Arc<Keystore>,
    transfers: Arc<Transfers>,
    key_workers: Workers,
    transfer_workers: Workers,
    installs: Option<(Arc<Installs>, Workers)>,
    logs: Option<(Arc<Logs>, Workers)>,
}

impl Services {
    /// Empties the directory of transferred files. `stepped` is told by how many
    /// ms the wall clock was moved, after the answer to that request.
    ///
    /// # Errors
    /// The directory cannot be made or emptied.
    pub fn new(
        settings: ServicesSettings,
        keystore: Arc<Keystore>,
        clock: Clock,
        stepped: impl Fn(i64) + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let transfer_workers = Workers::new("transfer", settings.transfers, MOST_WAITING);
        let transfers = Transfers::new(
            TransferSettings::from(settings),
            Arc::clone(&keystore) as _,
            clock.clone(),
        )?;
        Ok(Self {
            clock,
            stepped: Box::new(stepped),
            keystore,
            transfers: Arc::new(transfers),
            // One thread: what is done to keys is done in the order asked for.
            key_workers: Workers::new("keystore", 1, MOST_WAITING),
            transfer_workers,
            installs: None,
            logs: None,
        })
    }

    /// With `install@1`. One thread installs, the others say that it is busy.
    #[must_use]
    pub fn with_installs(mut self, installs: Installs) -> Self {
        let workers = Workers::new("install", 3, MOST_WAITING);
        self.installs = Some((Arc::new(installs), workers));
        self
    }

    /// With `logs@1`.
    #[must_use]
    pub fn with_logs(mut self, logs: Logs) -> Self {
        let workers = Workers::new("logs", 1, MOST_WAITING);
        self.logs = Some((Arc::new(logs), workers));
        self
    }

    /// Names with versions, for `boot.services`.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let all = [
            (CLOCK, true),
            (INSTALL, self.installs.is_some()),
            (KEYSTORE, true),
            (LOGS, self.logs.is_some()),
            (TRANSFER, true),
        ];
        let there = all.into_iter().filter(|(_, is_there)| *is_there);
        there.map(|(name, _)| name.to_owned()).collect()
    }

    /// Files that transfers have left, for other parts of the host.
    #[must_use]
    pub fn transfers(&self) -> &Transfers {
        &self.transfers
    }

    /// Does what a guest asks for and calls `reply` exactly once, from any
    /// thread, perhaps before this returns.
    pub fn submit(&self, request: Request, reply: impl FnOnce(Response) + Send + 'static) {
        let reply = Reply::new(request.id, reply);
        match request.service.as_str() {
            CLOCK => self.clock(&request, reply),
            KEYSTORE => {
                let keystore = Arc::clone(&self.keystore);
                self.key_workers.run(reply, move || {
                    keystore::operations::run(&keystore, &request.operation, &request.body)
                });
            }
            TRANSFER => {
                let transfers = Arc::clone(&self.transfers);
                let ordered = transfers.order(&request.operation, &request.body);
                self.transfer_workers.run(reply, move || {
                    transfers.run(&request.operation, &request.body, ordered)
                });
            }
            INSTALL => {
                let Some((installs, workers)) = &self.installs else {
                    return reply.send(Err(absent(INSTALL)));
                };
                let (installs, transfers) = (Arc::clone(installs), Arc::clone(&self.transfers));
                workers.run(reply, move || {
                    installs.run(&transfers, &request.operation, &request.body)
                });
            }
            LOGS => {
                let Some((logs, workers)) = &self.logs else {
                    return reply.send(Err(absent(LOGS)));
                };
                let (logs, transfers) = (Arc::clone(logs), Arc::clone(&self.transfers));
                workers.run(reply, move || {
                    logs.run(&transfers, &request.operation, &request.body)
                });
            }
            other => reply.send(Err(absent(other))),
        }
    }

    fn clock(&self, request: &Request, reply: Reply) {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Set {
            unix_ms: i64,
        }
        if request.operation != "set" {
            return reply.send(Err(Failed::no_operation(CLOCK, &request.operation)));
        }
        match body::<Set>(&request.body) {
            Ok(set) => {
                let step = self.clock.set_wall(set.unix_ms);
                tracing::info!(step_ms = step, "clock set");
                reply.send(done(&serde_json::json!({ "step_ms": step })));
                (self.stepped)(step);
            }
            Err(failed) => reply.send(Err(failed)),
        }
    }
}

fn absent(service: &str) -> Failed {
    Failed::unsupported(&format!("there is no service {service}"))
}
