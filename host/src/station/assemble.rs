//! From a configuration to a running station: opens the store, loads the
//! components, starts threads. Everything that can be wrong with a charger
//! before it runs is found here, and said in one sentence.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::{Epoch, Inputs, Loop, SLOT};
use crate::board::{Board, ComponentFacts};
use crate::carried;
use crate::clock::Clock;
use crate::config::{Config, GuestLimits, OnFailure, Policy as PolicyConfig, Setting as Raw};
use crate::control::{self, ListenError, Listener, Shared};
use crate::crash::CrashPoints;
use crate::guest::{
    Component, ComponentError, Engine, EngineSettings, ImageCache, Kind, Limits, Ocpp, Policy,
    Slot, SlotSettings, World,
};
use crate::health::Health;
use crate::journal::Journal;
use crate::link::{Link, LinkSettings};
use crate::outlet::OutletError;
use crate::policy::{Chain, PolicySettings, Worker, WorkerError};
use crate::services::keystore::{ImportError, Keystore, KeystoreError};
use crate::services::{Services, ServicesSettings};
use crate::store::{Entries, Store, StoreError, StoreSettings};
use crate::timers::Timers;
use crate::wit::authorization;
use crate::wit::protocol::{BootReason, Setting, Station as StationInfo};

/// How many events of the link may wait for the loop; then nothing is read from
/// the socket.
const LINK_BACKLOG: usize = 32;

/// The name of the standard policy in the chain.
const STANDARD: &str = "standard";

/// Why a station cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// `state_dir` cannot be used as such.
    #[error("charge_point.state_dir: cannot use {}: {source}", path.display())]
    StateDir {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database.
    #[error("charge_point.state_dir: {0}")]
    Store(#[from] StoreError),
    /// The program carries no components, and none is named.
    #[error("{}", carried::MISSING)]
    NoComponent,
    /// A component file that cannot be read.
    #[error("component for slot `{slot}`: cannot read {}: {source}", path.display())]
    ComponentFile {
        /// The slot.
        slot: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A component that does not fit.
    #[error("component for slot `{slot}` ({from}): {source}")]
    Component {
        /// The slot.
        slot: String,
        /// Its file, or `carried`.
        from: String,
        /// Why not.
        source: ComponentError,
    },
    /// The engine for components.
    #[error("{0}")]
    Engine(ComponentError),
    /// Keys and certificates that were kept.
    #[error("charge_point.state_dir: {0}")]
    Keystore(#[from] KeystoreError),
    /// The `[tls]` section.
    #[error("{0}")]
    Tls(#[from] ImportError),
    /// Outlets, meters or readers.
    #[error("{0}")]
    Outlets(#[from] OutletError),
    /// A thread for a policy.
    #[error("{0}")]
    Policy(#[from] WorkerError),
    /// The control API's address.
    #[error("{0}")]
    Listen(#[from] ListenError),
    /// The control API's token.
    #[error("control.token_file: cannot use {}: {text}", path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        text: String,
    },
    /// A thread.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// A station that is assembled and listens, but whose loop does not turn yet.
pub struct Station {
    inner: Loop,
    url: String,
    stop_control: oneshot::Sender<()>,
    control: std::thread::JoinHandle<()>,
}

impl Station {
    /// Assembles everything. Must be called on the runtime that will run it.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let state_dir = config.charge_point.state_dir.clone();
        make_private(&state_dir).map_err(|source| StartError::StateDir {
            path: state_dir.clone(),
            source,
        })?;
        let token = read_token(&config)?;
        // First of all that others see: a second charger by mistake ends here.
        let listener = Listener::bind(&config.control.listen)?;
        let url = listener.url();
        let clock = Clock::new(config.clock.trust_board);
        let journal = Journal::new(clock.clone());
        let board = Board::default();
        let store = Store::open(
            &state_dir,
            StoreSettings {
                block_file: config.debug.block_store.clone(),
                ..StoreSettings::default()
            },
        )?;
        let guests = Guests::new(&config, &store, &board)?;

        let (to_loop, hardware) = mpsc::unbounded_channel();
        let outlets = super::hardware::start(&config, &store, &clock, to_loop)?;
        let (commands, commanded) = mpsc::unbounded_channel();
        let (stop_control, stopped) = oneshot::channel();
        let control = control::serve(
            listener,
            Arc::new(Shared {
                charge_point: config.charge_point.clone(),
                outlets: outlets.clone(),
                board: board.clone(),
                journal: journal.clone(),
                clock: clock.clone(),
                commands,
                token,
                started_ms: clock.monotonic_ms(),
            }),
            stopped,
        )
        .map_err(StartError::Thread)?;
        // For whoever asked for port 0 and does not read our output.
        if let Err(error) = std::fs::write(state_dir.join("control.addr"), &url) {
            tracing::warn!(%error, "control.addr could not be written");
        }

        let slot = guests.protocol(&config)?;
        let (chain, workers) = guests.chain(&config, &clock, &journal)?;
        let keystore = Keystore::open(store.clone())?;
        for imported in keystore.import_initial(&super::hardware::initial_material(&config.tls))? {
            tracing::info!("tls.{imported} was copied into the store");
        }
        let keystore = Arc::new(keystore);
        let (to_loop, link_events) = mpsc::channel(LINK_BACKLOG);
        let link = Link::spawn(
            link_settings(&config),
            keystore.clone(),
            clock.clone(),
            to_loop,
        );
        let (stepped, clock_steps) = mpsc::unbounded_channel();
        let services = Services::new(
            ServicesSettings {
                verify_hostname: config.tls.verify_hostname,
                ..ServicesSettings::under(&state_dir)
            },
            keystore,
            clock.clone(),
            move |step| {
                // Fails only when the loop has ended.
                let _ = stepped.send(step);
            },
        )
        .map_err(|source| StartError::StateDir {
            path: state_dir.join("transfers"),
            source,
        })?;
        let (decided, decisions) = mpsc::unbounded_channel();
        let (responded, responses) = mpsc::unbounded_channel();
        let inner = Loop {
            info: station_info(&config),
            settings: settings(&config),
            amnesia: config.debug.amnesia,
            crash: CrashPoints::new(config.debug.crash),
            slot,
            store,
            timers: Timers::default(),
            health: Health::default(),
            reason: BootReason::PowerUp,
            dropped: None,
            failed_at: None,
            inbox: true,
            connect: None,
            unanswered_requests: Vec::new(),
            unanswered_decisions: Vec::new(),
            overflow: std::collections::VecDeque::new(),
            restart: None,
            epoch: Epoch {
                at: Instant::now(),
                monotonic_ms: clock.monotonic_ms(),
            },
            housekeeping_at: Instant::now() + super::HOUSEKEEPING,
            dark_at: None,
            link,
            outlets,
            services,
            chain,
            workers,
            clock,
            board,
            journal,
            inputs: Inputs {
                link: link_events,
                hardware,
                commands: commanded,
                decisions,
                responses,
                clock_steps,
            },
            decided,
            responded,
        };
        Ok(Self {
            inner,
            url,
            stop_control,
            control,
        })
    }

    /// Where the control API listens.
    #[must_use]
    pub fn control_url(&self) -> &str {
        &self.url
    }

    /// Runs until `stop` resolves, or mains are gone.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        self.inner.run(stop).await;
        let _ = self.stop_control.send(());
        if self.control.join().is_err() {
            tracing::error!("the control API's thread has panicked");
        }
    }
}

/// What it takes to make slots.
struct Guests<'a> {
    engine: Engine,
    cache: Option<ImageCache>,
    store: &'a Store,
    board: &'a Board,
}

impl<'a> Guests<'a> {
    fn new(config: &Config, store: &'a Store, board: &'a Board) -> Result<Self, StartError> {
        let engine = Engine::new(&EngineSettings::default()).map_err(StartError::Engine)?;
        let cache = match ImageCache::open(&config.charge_point.state_dir) {
            Ok(cache) => Some(cache),
            Err(error) => {
                // Slower, but it works.
                tracing::warn!(%error, "compiled components cannot be kept");
                None
            }
        };
        Ok(Self {
            engine,
            cache,
            store,
            board,
        })
    }

    fn protocol(&self, config: &Config) -> Result<Slot<Ocpp>, StartError> {
        let limits = limits(
            Limits::ocpp(),
            &config.limits.ocpp,
            config.limits.time_factor,
        );
        let file = config.components.ocpp.as_deref();
        let outlets = config.connector.iter().map(|c| c.id).collect();
        self.slot(
            SLOT,
            file,
            carried::protocol(),
            World::Ocpp,
            limits,
            outlets,
        )
    }

    fn chain(
        &self,
        config: &Config,
        clock: &Clock,
        journal: &Journal,
    ) -> Result<(Chain, Vec<Worker>), StartError> {
        let standard = [PolicyConfig {
            name: STANDARD.into(),
            file: None,
            on_failure: OnFailure::Pass,
            limits: GuestLimits::default(),
            settings: std::collections::BTreeMap::new(),
        }];
        let policies = if config.policy.is_empty() {
            &standard[..]
        } else {
            &config.policy
        };
        let mut chain = Chain::default();
        let mut workers = Vec::new();
        for it in policies {
            let name = format!("policy/{}", it.name);
            let own = limits(
                Limits::policy(),
                &config.limits.policy,
                config.limits.time_factor,
            );
            let file = it.file.as_ref().or(config.components.policy.as_ref());
            let slot: Slot<Policy> = self.slot(
                &name,
                file.map(PathBuf::as_path),
                carried::policy(),
                World::Policy,
                limits(own, &it.limits, 1),
                Vec::new(),
            )?;
            let worker = Worker::spawn(
                PolicySettings {
                    name: it.name.clone(),
                    slot,
                    settings: named(&it.settings, |name, value| authorization::Setting {
                        name,
                        value,
                    }),
                    amnesia: config.debug.amnesia,
                },
                self.store.clone(),
                clock.clone(),
                self.board.clone(),
                journal.clone(),
            )?;
            chain.push(&it.name, it.on_failure, &worker);
            workers.push(worker);
        }
        Ok((chain, workers))
    }

    fn slot<K: Kind>(
        &self,
        name: &str,
        file: Option<&Path>,
        carried: Option<&'static [u8]>,
        world: World,
        limits: Limits,
        outlets: Vec<u32>,
    ) -> Result<Slot<K>, StartError> {
        let read;
        let (wasm, source) = match file {
            Some(path) => {
                read = std::fs::read(path).map_err(|source| StartError::ComponentFile {
                    slot: name.into(),
                    path: path.into(),
                    source,
                })?;
                (&read[..], path.display().to_string())
            }
            None => (
                carried.ok_or(StartError::NoComponent)?,
                "carried".to_owned(),
            ),
        };
        let refused = |error| StartError::Component {
            slot: name.into(),
            from: source.clone(),
            source: error,
        };
        let component = self
            .engine
            .load(wasm, world, self.cache.as_ref())
            .map_err(refused)?;
        let entries = Entries::new(self.store.load_entries(name)?, limits.entries_bytes);
        self.announce(name, &component, source.clone());
        Slot::new(
            &self.engine,
            &component,
            entries,
            SlotSettings {
                name: name.into(),
                limits,
                outlets,
            },
        )
        .map_err(refused)
    }

    fn announce(&self, slot: &str, component: &Component, source: String) {
        let info = component.info();
        let facts = ComponentFacts {
            slot: slot.to_owned(),
            name: info.name.clone().unwrap_or_default(),
            version: info.version.clone().unwrap_or_default(),
            hash: info.hash.clone(),
            source,
            state: "waiting",
            ..ComponentFacts::default()
        };
        tracing::info!(
            slot,
            name = facts.name,
            version = facts.version,
            source = facts.source,
            "component loaded"
        );
        self.board.write(|board| {
            // The protocol guest first, the policies in their order.
            if slot == SLOT {
                board.components.insert(0, facts);
            } else {
                board.components.push(facts);
            }
        });
    }
}

fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

fn read_token(config: &Config) -> Result<Option<String>, StartError> {
    let Some(path) = &config.control.token_file else {
        return Ok(None);
    };
    let wrong = |text: String| StartError::Token {
        path: path.clone(),
        text,
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    match text.lines().next().map(str::trim) {
        Some(token) if !token.is_empty() => Ok(Some(token.to_owned())),
        _ => Err(wrong("its first line is empty".into())),
    }
}

fn limits(mut limits: Limits, own: &GuestLimits, time_factor: u32) -> Limits {
    let ms = |ms: u32| Duration::from_millis(ms.into());
    if let Some(it) = own.event_ms {
        limits.handle = ms(it);
    }
    if let Some(it) = own.start_ms {
        limits.start = ms(it);
    }
    if let Some(it) = own.memory_kib {
        limits.memory_bytes = it as usize * 1024;
    }
    if let Some(it) = own.actions {
        limits.actions = it as usize;
    }
    if let Some(it) = own.entries_kib {
        limits.entries_bytes = it as usize * 1024;
    }
    if let Some(it) = own.log_lines {
        limits.log_lines = it as usize;
    }
    limits.time_factor *= f64::from(time_factor);
    limits
}

fn link_settings(config: &Config) -> LinkSettings {
    LinkSettings {
        max_frame_bytes: config.link.max_frame_bytes as usize,
        verify_hostname: config.tls.verify_hostname,
        ..LinkSettings::default()
    }
}

fn station_info(config: &Config) -> StationInfo {
    let it = config.charge_point.clone();
    StationInfo {
        id: it.id,
        vendor: it.vendor,
        model: it.model,
        serial_number: it.serial_number,
        charge_box_serial_number: it.charge_box_serial_number,
        firmware_version: it.firmware_version,
        meter_type: it.meter_type,
        meter_serial_number: it.meter_serial_number,
        iccid: it.iccid,
        imsi: it.imsi,
        central_system_url: config.csms.url.clone(),
        trailing_slash: config.csms.trailing_slash,
    }
}

fn settings(config: &Config) -> Vec<Setting> {
    named(&config.ocpp, |name, value| Setting { name, value })
}

fn named<T>(
    raw: &std::collections::BTreeMap<String, Raw>,
    make: impl Fn(String, String) -> T,
) -> Vec<T> {
    raw.iter()
        .map(|(name, value)| make(name.clone(), value.to_string()))
        .collect()
}
