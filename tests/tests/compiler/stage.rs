//! A charger with a slot for a policy, a car that charges, and the compiler's
//! process as Linux shows it.

use std::path::Path;
use std::time::{Duration, Instant};

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config, Process, Site, component};
use serde_json::Value;

/// With CPython inside.
pub const LARGE: &str = "card-token";
pub const SMALL: &str = "fleet";
pub const SLOT: &str = "policy/plugin";
/// Of the process that compiles.
const NAME: &str = "compiler";
/// How long to wait for what a charger prints, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Stage {
    pub charger: Charger,
    central: CentralSystem,
    config: Config,
    site: Site,
}

/// The process that compiles.
pub struct Compiling {
    pub process: u32,
}

/// A place where nothing is compiled yet, and nothing is lent by other tests.
pub fn place() -> (Site, CentralSystem, Config) {
    let central = CentralSystem::start().expect("a central system");
    let config = Config::new(central.url())
        .set("trust.allow_unsigned", true)
        .policy("plugin", None, "pass")
        // CPython needs more than the default, and more still in a debug build.
        .policy_limit("memory_kib", 24_576)
        .policy_limit("event_ms", 2000)
        .policy_limit("start_ms", 20_000);
    (Site::cold().expect("a place"), central, config)
}

/// Waits until a charger has a component compiled, the first time or a later one; by
/// whom.
pub fn wait_compiling(charger: &Process, name: &str, times: usize) -> Compiling {
    let words = format!("compiler started component=\"{name}\" pid=");
    let end = Instant::now() + PATIENCE;
    let line = loop {
        let printed = charger.printed();
        let mut lines = printed.iter().filter(|line| line.contains(&words));
        if let Some(line) = lines.nth(times - 1) {
            break line.clone();
        }
        assert!(Instant::now() < end, "nobody compiles {name}");
        std::thread::sleep(Duration::from_millis(1));
    };
    let (_, process) = line.split_once("pid=").expect("a process");
    let process = process.trim().parse().expect("a number");
    // It has its name as soon as it has read what it is to do.
    while field(process, "Name:").is_some_and(|name| name != NAME) {
        assert!(Instant::now() < end, "it does not begin");
        std::thread::sleep(Duration::from_millis(1));
    }
    Compiling { process }
}

impl Stage {
    /// Nothing is compiled yet, and nothing is lent by other tests.
    pub fn cold() -> Stage {
        let (site, central, config) = place();
        let charger = site.start(&config).expect("a charger");
        Stage {
            charger,
            central,
            config,
            site,
        }
    }

    /// A car charges. What the charger begins with is compiled.
    pub fn charging() -> Stage {
        let stage = Self::cold();
        stage.charge();
        stage
    }

    fn charge(&self) {
        let control = self.charger.control();
        self.central.expect_status(1, "Available");
        control.plug(1).expect("a car");
        self.central.expect_status(1, "Preparing");
        control.card("TAG1").expect("a card");
        self.charger.wait_contactor(1, "closed");
    }

    pub fn wasm(name: &str) -> Vec<u8> {
        std::fs::read(component(name).expect("a component")).expect("a file")
    }

    /// Begins an installation; the job, and who compiles for it.
    pub fn install(&self, name: &str) -> (u64, Compiling) {
        let wasm = Self::wasm(name);
        let job = self.charger.install(SLOT, &wasm, None, "");
        (job.expect("a job"), self.wait_compiling(name))
    }

    /// Waits until a component is compiled; by whom.
    pub fn wait_compiling(&self, name: &str) -> Compiling {
        wait_compiling(self.charger.process(), name, 1)
    }

    /// As the power does it.
    pub fn kill(&self) {
        self.charger.process().kill();
    }

    /// In good order.
    pub fn stop(&self) {
        let process = self.charger.process();
        process.terminate();
        let status = process.wait_end(PATIENCE).expect("an end");
        assert!(status.success(), "{status}");
    }

    /// Again, after an end.
    pub fn start(&mut self) {
        self.charger = self.site.start(&self.config).expect("a charger");
    }

    /// Neither an image nor half a one is left of a version that was not installed.
    pub fn assert_no_image_of(&self, job: &Value) {
        let hash = job["version"]["hash"].as_str().expect("a hash");
        let folder = std::fs::read_dir(self.site.state_dir().join("images"));
        for file in folder.expect("images").flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            assert!(!name.contains(hash) && name.ends_with(".cwasm"), "{name}");
        }
    }
}

impl Compiling {
    /// Who started it.
    pub fn parent(&self) -> Option<u32> {
        field(self.process, "PPid:")?.parse().ok()
    }

    /// The most that was ever resident in it.
    pub fn peak_kib(&self) -> Option<u64> {
        peak_kib(self.process)
    }
}

/// The most that was ever resident in a process; none if it is gone.
pub fn peak_kib(process: u32) -> Option<u64> {
    field(process, "VmHWM:")?
        .trim_end_matches(" kB")
        .parse()
        .ok()
}

fn field(process: u32, name: &str) -> Option<String> {
    let path = Path::new("/proc").join(process.to_string()).join("status");
    let text = std::fs::read_to_string(path).ok()?;
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(name))?;
    Some(value.trim().to_owned())
}
