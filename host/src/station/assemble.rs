//! From a configuration to a running station: opens the store, loads the
//! components, starts threads. Everything that can be wrong with a charger
//! before it runs is found here, and said in one sentence.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::Instant;

use super::budget::WriteBudget;
use super::guests::{self, Guests, named};
use super::{Epoch, Inputs, Loop, StartError, chain};
use crate::board::Board;
use crate::clock::Clock;
use crate::config::Config;
use crate::control::{self, Access, Command, Listener, Shared};
use crate::crash::CrashPoints;
use crate::equipment::Equipment;
use crate::guest::EngineSettings;
use crate::journal::Journal;
use crate::link::{Link, LinkSettings};
use crate::manager::Manager;
use crate::recorder::Recorder;
use crate::secrets::live;
use crate::services::install::{InstallerCommand, Installs, OtherFiles, SimulatedInstaller};
use crate::services::keystore::Keystore;
use crate::services::logs::Logs;
use crate::services::{AddressRules, Services, ServicesSettings};
use crate::sessions::Sessions;
use crate::slots::Jobs;
use crate::store::{Store, StoreSettings};
use crate::timers::Timers;
use crate::wit::protocol::{Setting, Station as StationInfo};

/// How many events of the link may wait for the loop; then nothing is read from
/// the socket.
const LINK_BACKLOG: usize = 32;

/// A station that is assembled and listens, but whose loop does not turn yet.
pub struct Station {
    inner: Loop,
    recorder: Option<Recorder>,
    url: String,
    stop_control: oneshot::Sender<()>,
    control: std::thread::JoinHandle<()>,
}

impl Station {
    /// Assembles everything. Must be called on the runtime that will run it. Which
    /// of its backends the engine takes is said by the configuration.
    pub fn start(config: Config, engine: EngineSettings) -> Result<Self, StartError> {
        let state_dir = config.charge_point.state_dir.clone();
        make_private(&state_dir).map_err(|source| StartError::StateDir {
            path: state_dir.clone(),
            source,
        })?;
        let access = Access::read(&config.control)?;
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
        let guests = Guests::new(&config, engine, &store, &clock, &board, &journal)?;
        let jobs = Jobs::new(board.clone(), journal.clone());

        let (to_loop, hardware) = mpsc::unbounded_channel();
        let equipment = Equipment::default();
        let outlets = super::hardware::start(&config, &store, &clock, &equipment, to_loop)?;
        let (wakes, session_ends) = mpsc::unbounded_channel();
        let sessions = Sessions::load(
            store.clone(),
            outlets.clone(),
            clock.clone(),
            journal.clone(),
            &guests::policies(&config)
                .into_iter()
                .map(|it| it.name)
                .collect::<Vec<_>>(),
            wakes,
        )?;
        let (commands, commanded) = mpsc::unbounded_channel();
        let installer = Arc::new(OnceLock::new());
        let (stop_control, stopped) = oneshot::channel();
        let shared = Arc::new(Shared {
            charge_point: config.charge_point.clone(),
            outlets: outlets.clone(),
            sessions: sessions.clone(),
            board: board.clone(),
            equipment,
            journal: journal.clone(),
            clock: clock.clone(),
            commands: commands.clone(),
            jobs: jobs.clone(),
            installer: installer.clone(),
            access,
            hosts: config.control.hosts.clone(),
            readers: Shared::places_for_readers(),
            uploads: Semaphore::new(1),
            started_ms: clock.monotonic_ms(),
        });
        let control =
            control::serve(listener, shared.clone(), stopped).map_err(StartError::Thread)?;
        // For whoever asked for port 0 and does not read our output.
        if let Err(error) = std::fs::write(state_dir.join("control.addr"), &url) {
            tracing::warn!(%error, "control.addr could not be written");
        }

        let assembled =
            chain::assemble(&config, &guests, &clock, &sessions, jobs, commands.clone())?;
        // Set once, here.
        let _ = installer.set(assembled.installer.clone());
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
            services_settings(&config),
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
        })?
        .with_installs(Installs::new(
            other_files(&config, &commands),
            assembled.installer.clone(),
            store.clone(),
        ))
        .with_logs(Logs {
            station: config.charge_point.id.clone(),
            configuration: without_secrets(&config),
            status: Box::new(move || control::present(&shared)),
            recorder: guests.recorder(),
            slots: slots(&config),
            clock: clock.clone(),
        });
        let (decided, decisions) = mpsc::unbounded_channel();
        let (responded, responses) = mpsc::unbounded_channel();
        let knowledge = super::writing::held_back(&store)?;
        let inner = Loop {
            info: station_info(&config),
            settings: settings(&config),
            groups: super::hardware::groups_of(&config),
            crash: CrashPoints::new(config.debug.crash),
            tenant: assembled.tenant,
            installer: assembled.installer,
            commands,
            falls_back: false,
            unfit: Vec::new(),
            safe_mode: false,
            without_guest: config.permit.without_guest,
            store,
            timers: Timers::default(),
            inbox: std::collections::BTreeSet::new(),
            knowledge,
            late: None,
            connect: None,
            is_turned_away: false,
            unanswered_requests: Vec::new(),
            unanswered_decisions: Vec::new(),
            unanswered_orders: std::collections::VecDeque::new(),
            restart: None,
            restarts: super::restart::Restarts {
                hard: config.charge_point.hard_reset,
                reboot: config.installer.reboot.clone(),
            },
            has_ended: false,
            epoch: Epoch {
                at: Instant::now(),
                monotonic_ms: clock.monotonic_ms(),
            },
            budget: WriteBudget::new(
                config.storage.write_burst,
                config.storage.writes_per_hour,
                clock.monotonic_ms(),
            ),
            frames_wait: false,
            security: super::security::Told::default(),
            asked: super::settings::Asked::default(),
            housekeeping_at: Instant::now() + super::HOUSEKEEPING,
            dark_at: None,
            manager: Manager::from_environment(),
            link,
            outlets,
            sessions,
            services,
            chain: assembled.chain,
            workers: assembled.workers,
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
                session_ends,
            },
            decided,
            responded,
        };
        Ok(Self {
            inner,
            recorder: guests.recorder(),
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
        if let Some(recorder) = self.recorder {
            recorder.finish();
        }
        let _ = self.stop_control.send(());
        if self.control.join().is_err() {
            tracing::error!("the control API's thread has panicked");
        }
    }
}

fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

fn link_settings(config: &Config) -> LinkSettings {
    LinkSettings {
        max_frame_bytes: config.link.max_frame_bytes as usize,
        verify_hostname: config.tls.verify_hostname,
        ..LinkSettings::default()
    }
}

fn services_settings(config: &Config) -> ServicesSettings {
    let it = &config.transfer;
    let bytes = |mib: u32| u64::from(mib) << 20;
    let simulated = !config.has_real_hardware();
    ServicesSettings {
        verify_hostname: config.tls.verify_hostname,
        most_bytes: bytes(it.max_file_mib),
        total_bytes: bytes(it.max_total_mib),
        reserve_bytes: bytes(it.reserve_mib),
        addresses: AddressRules {
            local: it.local_networks.unwrap_or(simulated),
            // Checked with the configuration.
            allow: it.allow.iter().filter_map(|it| it.parse().ok()).collect(),
        },
        ..ServicesSettings::under(&config.charge_point.state_dir)
    }
}

fn other_files(config: &Config, commands: &mpsc::UnboundedSender<Command>) -> OtherFiles {
    let it = &config.installer;
    if !it.command.is_empty() {
        return OtherFiles::Command(InstallerCommand {
            command: it.command.clone(),
            reboot: it.reboot.clone(),
            timeout: Duration::from_secs(it.timeout_s.into()),
            during_transactions: it.during_transactions,
        });
    }
    if config.has_real_hardware() {
        return OtherFiles::Refused;
    }
    let commands = commands.clone();
    let reboot = move || {
        // Fails only when the loop has ended.
        let _ = commands.send(Command::Restart("the simulated board reboots"));
    };
    let reboots = config.sim.reboot_after_firmware_update;
    OtherFiles::Simulated(SimulatedInstaller {
        reboot: reboots.then(|| Box::new(reboot) as _),
    })
}

/// As it was understood. What is a secret by its place is left out: settings of policies,
/// and what the protocol's component is told.
fn without_secrets(config: &Config) -> String {
    let mut config = config.clone();
    config.ocpp.clear();
    for policy in &mut config.policy {
        policy.settings.clear();
    }
    let text = format!("{config:#?}\n");
    text.lines()
        .map(|line| live::masked_line(line) + "\n")
        .collect()
}

fn slots(config: &Config) -> Vec<String> {
    let policies = guests::policies(config);
    let policies = policies.iter().map(|it| guests::policy_slot(&it.name));
    std::iter::once(super::SLOT.to_owned())
        .chain(policies)
        .collect()
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
