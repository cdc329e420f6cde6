//! Jobs with slots and an installer that the test plays: how each ends, and what is known
//! of it after a power cut.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::slots::{JobEnd, NotBegun};
use super::*;
use crate::clock::Clock;
use crate::services::ServicesSettings;
use crate::services::keystore::{Keystore, MemoryStorage};
use crate::services::transfer::TransferSettings;
use crate::slots::write_bundle;
use crate::store::StoreSettings;

/// What the slots do.
#[derive(Clone, Default)]
struct Played(Arc<Mutex<Play>>);

#[derive(Default)]
struct Play {
    /// How installations end, in their order.
    ends: Vec<Result<JobEnd, NotBegun>>,
    standing: Option<Standing>,
    /// Components that were taken.
    taken: Vec<Vec<u8>>,
}

impl Slots for Played {
    fn check(&self, bundle: &Bundle<'_>) -> Result<(), String> {
        match bundle.signature {
            b"good" => Ok(()),
            _ => Err("the signature does not fit".to_owned()),
        }
    }

    fn install(&self, bundle: &Bundle<'_>) -> Result<u64, NotBegun> {
        let mut play = self.0.lock().unwrap();
        if play.ends[0].is_err() {
            return play.ends.remove(0).map(|_| 0);
        }
        play.taken.push(bundle.component.to_vec());
        Ok(1)
    }

    fn end_of(&self, _: u64) -> Option<JobEnd> {
        Some(self.0.lock().unwrap().ends.remove(0).unwrap())
    }

    fn standing(&self, _: &Bundle<'_>) -> Standing {
        self.0
            .lock()
            .unwrap()
            .standing
            .unwrap_or(Standing::Elsewhere)
    }
}

struct Bench {
    dir: tempfile::TempDir,
    transfers: Transfers,
    store: Store,
    slots: Played,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let settings = TransferSettings::from(ServicesSettings::under(dir.path()));
        let keystore = Keystore::open(MemoryStorage::default()).unwrap();
        Self {
            transfers: Transfers::new(settings, Arc::new(keystore), Clock::new(true)).unwrap(),
            store: Store::open(dir.path(), StoreSettings::default()).unwrap(),
            slots: Played::default(),
            dir,
        }
    }

    /// A file as it was fetched.
    fn file(&self, bytes: &[u8]) -> String {
        let made = self.transfers.make(|out| out.write_all(bytes));
        made.unwrap().handle
    }

    fn bundle(&self, signature: &[u8]) -> String {
        self.file(&write_bundle(&Bundle {
            slot: "ocpp",
            signature,
            component: b"component",
        }))
    }

    /// As after each start of the process.
    fn installs(&self, script: &str) -> Installs {
        let words = ["sh", "-c", script, "sh"].map(str::to_owned);
        let command = InstallerCommand {
            command: words.to_vec(),
            reboot: vec!["false".to_owned()],
            timeout: Duration::from_secs(30),
            during_transactions: false,
        };
        let others = match script {
            "" => OtherFiles::Refused,
            _ => OtherFiles::Command(command),
        };
        Installs::new(others, self.slots.clone(), self.store.clone())
    }

    fn run(&self, script: &str, operation: &str, body: &Value) -> Result<Value, (&str, String)> {
        let outcome = self
            .installs(script)
            .run(&self.transfers, operation, &body.to_string());
        let outcome = outcome.map(|text| serde_json::from_str(&text).unwrap());
        outcome.map_err(|failed| (failed.code, failed.text))
    }

    fn install(&self, script: &str, handle: &str, job: &str) -> Result<Value, (&str, String)> {
        self.run(script, "install", &json!({ "handle": handle, "job": job }))
    }

    fn check(&self, script: &str, handle: &str) -> Result<Value, (&str, String)> {
        self.run(script, "check", &json!({ "handle": handle }))
    }

    fn state(&self, job: &str) -> Value {
        self.run("", "state", &json!({ "job": job })).unwrap()["state"].clone()
    }

    /// The power is cut while a job is so far.
    fn cut_at(&self, job: &str, step: &str) {
        let kept = json!({ "job": job, "step": step }).to_string();
        self.store
            .document_put(DOCUMENT, kept.into_bytes())
            .unwrap();
    }

    fn ends(&self, ends: impl IntoIterator<Item = Result<JobEnd, NotBegun>>) {
        self.slots.0.lock().unwrap().ends.extend(ends);
    }

    fn stands(&self, standing: Standing) {
        self.slots.0.lock().unwrap().standing = Some(standing);
    }

    fn taken(&self) -> usize {
        self.slots.0.lock().unwrap().taken.len()
    }
}

#[test]
fn it_is_known_beforehand_what_can_be_installed_and_when() {
    let bench = Bench::new();
    let any_time = json!({ "during_transactions": true });
    let when_free = json!({ "during_transactions": false });
    assert_eq!(bench.check("", &bench.bundle(b"good")), Ok(any_time));
    for bad in [
        bench.bundle(b"bad"),
        bench.file(b"plugpoint-bundle 1\nslot ocpp\n\n"),
        // Nobody installs what is no bundle.
        bench.file(b"image"),
    ] {
        assert_eq!(bench.check("", &bad).unwrap_err().0, "rejected");
    }
    assert_eq!(bench.check("exit 0", &bench.file(b"image")), Ok(when_free));
    assert_eq!(bench.check("", "f99").unwrap_err().0, "not-found");
    let mut large = b"plugpoint-bundle 1\nslot ocpp\nsignature 0\ncomponent 70000000\n\n".to_vec();
    large.resize(large.len() + 70_000_000, 0);
    let (code, text) = bench.check("", &bench.file(&large)).unwrap_err();
    assert_eq!(code, "rejected");
    assert!(text.contains("more than"), "{text}");
}

#[test]
fn a_component_ends_as_its_slot_says() {
    let bench = Bench::new();
    let handle = bench.bundle(b"good");
    bench.ends([
        Ok(JobEnd::Committed),
        Ok(JobEnd::RolledBack("no boot".to_owned())),
        Ok(JobEnd::Refused("older".to_owned())),
        Err(NotBegun::Busy("busy".to_owned())),
        Ok(JobEnd::Committed),
    ]);
    let installed = Ok(json!({ "state": "installed" }));
    assert_eq!(bench.install("", &handle, "a"), installed);
    let failed = bench.install("", &handle, "b");
    assert_eq!(failed, Err(("rolled-back", "no boot".to_owned())));
    assert_eq!(bench.state("b"), "failed");
    assert_eq!(bench.install("", &handle, "c").unwrap_err().0, "rejected");
    assert_eq!(bench.install("", &handle, "d").unwrap_err().0, "busy");
    // Asked again, it is begun.
    assert_eq!(bench.install("", &handle, "d"), installed);
    assert_eq!(bench.taken(), 4);
}

#[test]
fn a_job_is_done_once() {
    let bench = Bench::new();
    let (count, image) = (bench.dir.path().join("count"), bench.file(b"image"));
    let script = format!("echo x >> {}", count.display());
    for _ in 0..3 {
        bench.install(&script, &image, "a").unwrap();
    }
    let times = |it: &str| it.lines().count();
    assert_eq!(times(&std::fs::read_to_string(&count).unwrap()), 1);
    bench.install(&script, &image, "b").unwrap();
    assert_eq!(times(&std::fs::read_to_string(&count).unwrap()), 2);
    assert_eq!(bench.state("a"), "none", "only the last one is remembered");
}

#[test]
fn a_component_goes_on_behind_a_power_cut() {
    let bench = Bench::new();
    let handle = bench.bundle(b"good");
    // It was in its slot already, and has proved itself since.
    bench.cut_at("a", "installing");
    bench.stands(Standing::Proved);
    assert!(bench.install("", &handle, "a").is_ok());
    assert_eq!(bench.taken(), 0);
    // It was not there yet.
    bench.cut_at("b", "installing");
    bench.stands(Standing::Elsewhere);
    bench.ends([Ok(JobEnd::Committed)]);
    assert!(bench.install("", &handle, "b").is_ok());
    assert_eq!(bench.taken(), 1);
}

#[test]
fn a_reboot_is_confirmed_by_the_installer() {
    let bench = Bench::new();
    let image = bench.file(b"image");
    let script = "if [ $1 = install ]; then exit 10; fi; test $2 = good";
    // The command that should reboot the board fails.
    let (code, text) = bench.install(script, &image, "x").unwrap_err();
    assert_eq!(code, "failed");
    assert!(text.contains("false ended"), "{text}");
    for (job, is_good) in [("good", true), ("bad", false)] {
        bench.cut_at(job, "rebooting");
        assert_eq!(bench.state(job), "installing");
        assert_eq!(bench.install(script, &image, job).is_ok(), is_good);
    }
}
