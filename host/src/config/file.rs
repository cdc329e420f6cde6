//! The sections of the configuration file, with their defaults. What the fields
//! mean for users is in `docs/configuration.md`; checks that need more than a
//! type are in `check`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::group::Group;
use super::guests::GuestSection;
use super::meter::Meter;
use super::reader::Reader;
use crate::outlet::gpio::{GuardSettings, Lamp, LockLines, PilotSettings, Table};

/// A whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Who this charger is.
    pub charge_point: ChargePoint,
    /// Where the central system is.
    pub csms: Csms,
    /// Initial certificates.
    pub tls: Tls,
    /// Factory values for the protocol guest, uninterpreted.
    pub ocpp: BTreeMap<String, Setting>,
    /// The control API.
    pub control: Control,
    /// One per outlet.
    pub connector: Vec<Connector>,
    /// Connectors that share a power path.
    pub group: Vec<Group>,
    /// One per reader of cards.
    pub reader: Vec<Reader>,
    /// The simulator.
    pub sim: Sim,
    /// How guests are run.
    pub guests: GuestSection,
    /// What guests may use.
    pub limits: Limits,
    /// Permits and the way they end.
    pub permit: PermitSection,
    /// How often contactors may close.
    pub contactor: ContactorSection,
    /// The process that owns the contactors' lines, with real hardware.
    pub guard: GuardSettings,
    /// The chain of policies, in order. Empty: the one that the binary carries.
    pub policy: Vec<Policy>,
    /// How new versions of components prove themselves.
    pub probation: ProbationSection,
    /// Whose components are believed.
    pub trust: Trust,
    /// Records of what happens in the slots.
    pub recorder: RecorderSection,
    /// Files to run instead of what the binary carries.
    pub components: Components,
    /// The link.
    pub link: LinkSection,
    /// Files from and to the network.
    pub transfer: TransferSection,
    /// The manufacturer's installer.
    pub installer: InstallerSection,
    /// Writing to flash.
    pub storage: StorageSection,
    /// The clock.
    pub clock: ClockSection,
    /// For tests.
    pub debug: Debug,
}

/// `[charge_point]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)] // the names say it
pub struct ChargePoint {
    pub id: String,
    pub vendor: String,
    pub model: String,
    pub serial_number: String,
    pub charge_box_serial_number: String,
    pub firmware_version: String,
    pub meter_type: String,
    pub meter_serial_number: String,
    pub iccid: String,
    pub imsi: String,
    /// By its name in the IANA's database.
    pub time_zone: String,
    /// What a hard reset restarts.
    pub hard_reset: HardReset,
    /// The only place that the program writes to.
    pub state_dir: PathBuf,
}

/// What restarts when the central system wants a hard reset.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum HardReset {
    /// Components, link and everything that is told at a start; the process stays.
    #[default]
    Inside,
    /// The process ends, for its service manager to start it again.
    Process,
    /// The board, by `installer.reboot`.
    Board,
}

impl Default for ChargePoint {
    fn default() -> Self {
        Self {
            id: "CP001".into(),
            vendor: "Plugpoint".into(),
            model: "Plugpoint".into(),
            serial_number: String::new(),
            charge_box_serial_number: String::new(),
            firmware_version: env!("CARGO_PKG_VERSION").into(),
            meter_type: String::new(),
            meter_serial_number: String::new(),
            iccid: String::new(),
            imsi: String::new(),
            time_zone: "UTC".into(),
            hard_reset: HardReset::default(),
            state_dir: "/var/lib/plugpoint".into(),
        }
    }
}

/// `[csms]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Csms {
    /// Without the identity.
    pub url: String,
    /// Put a "/" behind the identity.
    pub trailing_slash: bool,
}

impl Default for Csms {
    fn default() -> Self {
        Self {
            url: "ws://127.0.0.1:9000/ocpp".into(),
            trailing_slash: false,
        }
    }
}

/// `[tls]`: PEM files, copied into the store at the first start.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Tls {
    pub csms_root_ca: Option<PathBuf>,
    pub manufacturer_root_ca: Option<PathBuf>,
    pub client_cert: Option<PathBuf>,
    pub client_key: Option<PathBuf>,
    pub verify_hostname: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            csms_root_ca: None,
            manufacturer_root_ca: None,
            client_cert: None,
            client_key: None,
            verify_hostname: true,
        }
    }
}

/// A factory value. Strings as on the wire; plain numbers and booleans are
/// taken too, since people write them.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged, expecting = "expected a string, as on the wire")]
#[allow(missing_docs)]
pub enum Setting {
    Text(String),
    Bool(bool),
    Number(i64),
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
        }
    }
}

/// `[control]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Control {
    /// `ADDRESS:PORT` or `unix:PATH`.
    pub listen: String,
    /// A file that holds the bearer token of all roles.
    pub token_file: Option<PathBuf>,
    /// The same for whoever only looks.
    pub read_token_file: Option<PathBuf>,
    /// The same for whoever works the simulated hardware.
    pub operate_token_file: Option<PathBuf>,
    /// The same for whoever installs components.
    pub install_token_file: Option<PathBuf>,
    /// Names with a dot under which browsers and tools reach the charger.
    pub hosts: Vec<String>,
}

impl Control {
    /// Whoever comes needs a token.
    #[must_use]
    pub fn asks_for_tokens(&self) -> bool {
        [
            &self.token_file,
            &self.read_token_file,
            &self.operate_token_file,
            &self.install_token_file,
        ]
        .into_iter()
        .any(Option::is_some)
    }
}

impl Default for Control {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            token_file: None,
            read_token_file: None,
            operate_token_file: None,
            install_token_file: None,
            hosts: Vec::new(),
        }
    }
}

/// `[[connector]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Connector {
    /// From 1, without gaps.
    pub id: u32,
    /// What moves its contactor.
    pub driver: OutletDriver,
    /// Tethered, or a socket with a lock.
    pub cable: Cable,
    /// What the installation allows, per phase.
    pub max_current_a: u32,
    /// 1 or 3.
    pub phases: u8,
    /// What counts its energy.
    pub meter: Meter,
    /// With driver `gpio`: its lines.
    pub lines: Table,
    /// With driver `gpio`: the lock's motor.
    pub lock: Option<LockLines>,
    /// With driver `gpio`: the pilot, where Linux handles it.
    pub pilot: PilotSettings,
    /// With driver `gpio`: the lamps.
    pub lamp: Vec<Lamp>,
}

impl Default for Connector {
    fn default() -> Self {
        Self {
            id: 0,
            driver: OutletDriver::Sim,
            cable: Cable::Fixed,
            max_current_a: 32,
            phases: 3,
            meter: Meter::default(),
            lines: Table::default(),
            lock: None,
            pilot: PilotSettings::default(),
            lamp: Vec::new(),
        }
    }
}

/// The drivers for outlets.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum OutletDriver {
    /// The simulator.
    Sim,
    /// Lines of a GPIO chip.
    Gpio,
}

/// The kinds of cable.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Cable {
    /// Tethered.
    Fixed,
    /// A socket with a lock.
    Socket,
}

/// `[sim]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sim {
    /// The register goes back to 0 at each plug-in.
    pub meter_starts_at_zero: bool,
    /// Plug, faults and register survive the process.
    pub persistent: bool,
    /// For the simulated installer.
    pub reboot_after_firmware_update: bool,
    /// How long after an offer the car asks for energy.
    pub car_delay_ms: u32,
    /// How long the board lives after mains have failed.
    pub hold_up_ms: u32,
}

impl Default for Sim {
    fn default() -> Self {
        Self {
            meter_starts_at_zero: false,
            persistent: false,
            reboot_after_firmware_update: true,
            car_delay_ms: 50,
            hold_up_ms: 500,
        }
    }
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// For the protocol guest.
    pub ocpp: GuestLimits,
    /// For each policy, unless it has its own.
    pub policy: GuestLimits,
    /// All times are multiplied by this, for emulated or slow boards.
    pub time_factor: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ocpp: GuestLimits::default(),
            policy: GuestLimits::default(),
            time_factor: 1,
        }
    }
}

/// What one guest may use; absent: the default of its kind.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuestLimits {
    /// Per event.
    pub event_ms: Option<u32>,
    /// For `start`.
    pub start_ms: Option<u32>,
    /// Linear memory.
    pub memory_kib: Option<u32>,
    /// Actions per call.
    pub actions: Option<u32>,
    /// All kept entries together.
    pub entries_kib: Option<u32>,
    /// Log lines per call.
    pub log_lines: Option<u32>,
}

/// `[permit]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PermitSection {
    /// How long the contactor waits for zero current before it opens anyway.
    pub zero_current_bound_ms: u32,
    /// How long a permit lives while there is no healthy guest.
    pub orphan_life_s: u32,
    /// What becomes of permits once no version of the guest can run.
    pub without_guest: WithoutGuest,
}

/// `[contactor]`; absent: 10 s and 60 with real hardware, no bounds in the simulator.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContactorSection {
    /// From one closing to the next.
    pub interval_s: Option<u32>,
    /// In any hour.
    pub closings_per_hour: Option<u32>,
}

/// What becomes of cars that charge when no version of the protocol guest can
/// run.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutGuest {
    /// They go on, for `orphan_life_s` at most.
    #[default]
    Finish,
    /// They are ended at once.
    End,
}

impl Default for PermitSection {
    fn default() -> Self {
        Self {
            zero_current_bound_ms: 3000,
            orphan_life_s: 900,
            without_guest: WithoutGuest::default(),
        }
    }
}

/// `[[policy]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its name in the chain.
    pub name: String,
    /// A component file; absent: the standard policy that the binary carries.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// What it counts as while it fails.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// Its own limits.
    #[serde(default)]
    pub limits: GuestLimits,
    /// Handed to it as they stand.
    #[serde(default)]
    pub settings: BTreeMap<String, Setting>,
}

/// What a policy that fails counts as.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// The next one decides.
    Pass,
    /// Nobody charges: a policy may be there to keep somebody out.
    #[default]
    Reject,
}

/// `[probation]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProbationSection {
    /// So many events.
    pub events: u32,
    /// And so long.
    pub time_s: u32,
    /// It has to be in service within this, if the version before was.
    pub in_service_s: u32,
    /// Frames have to be answered within this, if they were before.
    pub answer_s: u32,
    /// A process may begin with it so often before it has proved itself.
    pub starts: u32,
}

impl Default for ProbationSection {
    fn default() -> Self {
        Self {
            events: 50,
            time_s: 600,
            in_service_s: 120,
            answer_s: 60,
            starts: 5,
        }
    }
}

/// `[trust]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trust {
    /// Minisign public keys.
    pub keys: Vec<TrustedKey>,
    /// Take components without signature.
    pub allow_unsigned: bool,
    /// Keys, and SHA-256 of files, that are not believed whatever `keys` says.
    pub revoked: Vec<String>,
    /// The oldest version of each component that is taken, by its name.
    pub floor: BTreeMap<String, String>,
}

/// A key, for everything but machine code or with a scope.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a key, or { key = \"RW…\", slots = [\"policy/*\"], precompiled = true }"
)]
pub enum TrustedKey {
    /// `"RW…"`
    Plain(String),
    /// `{ key = "RW…", … }`
    Scoped(ScopedKey),
}

/// What a key may sign.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopedKey {
    /// As minisign prints it.
    pub key: String,
    /// `ocpp`, `policy/NAME`, `policy/*`; empty: all.
    #[serde(default)]
    pub slots: Vec<String>,
    /// Also components that were compiled beforehand, which nothing confines.
    #[serde(default)]
    pub precompiled: bool,
}

impl TrustedKey {
    /// As minisign prints it.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Plain(key) => key,
            Self::Scoped(it) => &it.key,
        }
    }
}

/// `[recorder]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecorderSection {
    /// Record at all.
    pub enabled: bool,
    /// What the record of each slot takes on disk at most.
    pub max_kib: u32,
}

impl Default for RecorderSection {
    fn default() -> Self {
        Self {
            enabled: true,
            max_kib: 2048,
        }
    }
}

/// `[components]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Components {
    /// The protocol guest.
    pub ocpp: Option<PathBuf>,
    /// The standard policy.
    pub policy: Option<PathBuf>,
}

/// `[link]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkSection {
    /// Larger frames close the link.
    pub max_frame_bytes: u32,
}

impl Default for LinkSection {
    fn default() -> Self {
        Self {
            max_frame_bytes: 256 * 1024,
        }
    }
}

/// `[storage]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageSection {
    /// Writes that frames of the central system may cause at once.
    pub write_burst: u32,
    /// And in each hour in the long run.
    pub writes_per_hour: u32,
}

impl Default for StorageSection {
    fn default() -> Self {
        Self {
            write_burst: 20_000,
            writes_per_hour: 1800,
        }
    }
}

/// `[transfer]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransferSection {
    /// One file.
    pub max_file_mib: u32,
    /// All files together.
    pub max_total_mib: u32,
    /// What stays free of the file system.
    pub reserve_mib: u32,
    /// Also to the board itself and to the network that it stands in; absent: only
    /// where all hardware is simulated.
    pub local_networks: Option<bool>,
    /// Addresses and networks to which it is allowed in any case.
    pub allow: Vec<String>,
}

impl Default for TransferSection {
    fn default() -> Self {
        Self {
            max_file_mib: 1024,
            max_total_mib: 1024,
            reserve_mib: 64,
            local_networks: None,
            allow: Vec::new(),
        }
    }
}

/// `[installer]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstallerSection {
    /// Program and first arguments; empty: there is none.
    pub command: Vec<String>,
    /// What reboots the board.
    pub reboot: Vec<String>,
    /// It is given up after this.
    pub timeout_s: u32,
    /// It may run while cars are charging.
    pub during_transactions: bool,
}

impl Default for InstallerSection {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            reboot: ["systemctl", "reboot"].map(str::to_owned).to_vec(),
            timeout_s: 3600,
            during_transactions: false,
        }
    }
}

/// `[clock]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClockSection {
    /// The board's clock is believed at start (it has an RTC, or NTP).
    pub trust_board: bool,
}

impl Default for ClockSection {
    fn default() -> Self {
        Self { trust_board: true }
    }
}

/// `[debug]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Debug {
    /// Throw each instance away after every event.
    pub amnesia: bool,
    /// Abort the process at a chosen point.
    pub crash: Option<Crash>,
    /// While this file exists, the database does nothing.
    pub block_store: Option<PathBuf>,
    /// A socket that plays the GPIO chip, instead of the kernel's.
    pub line_bench: Option<PathBuf>,
}

/// `[debug] crash = { at = "effect", n = 17 }`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// At which kind of point.
    pub at: CrashAt,
    /// At the how-manieth, from 1, since the start of the process.
    pub n: u64,
    /// So long does everything but the loop go on before the process aborts.
    #[serde(default)]
    pub linger_ms: u32,
}

/// Kinds of points at which a process can be made to abort.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum CrashAt {
    /// Between the commit of an event and its first effect.
    Commit,
    /// After each single effect.
    Effect,
    /// After the last effect of an event.
    Event,
}
