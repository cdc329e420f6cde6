//! One charger whose power is cut again and again on one disk, its central
//! system, its meter, and the reckoning.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Reply, Settings};
use plugpoint_tests::charger::{Charger, Config, Site, connector_of, contactor_moves};
use plugpoint_tests::dice::Random;
use plugpoint_tests::flows::Flows;
use plugpoint_tests::ledger::{Ledger, Rules};
use plugpoint_tests::powercut::cache::Cut;
use plugpoint_tests::powercut::disk::{self, Mount};
use plugpoint_tests::powercut::{Barriers, Disk, check_machine};
use serde_json::json;

use crate::evidence::{self, Loss};
use crate::hands::{
    Died, Ending, Step, alive, begin, clear, is_at_rest, register, transaction, wait,
};

const IMAGE_BYTES: u64 = 48 << 20;

/// A cut is more likely to hit something if it waits for it: nearly always all
/// that was written has been flushed. So many writes and flushes are about two
/// commits of the database.
const MOST_WRITES: u64 = 16;

/// Numbers of transactions that are found in no other text.
const FIRST_TRANSACTION: i64 = 7_300_001;

/// See the module.
pub struct Trial {
    pub central: CentralSystem,
    pub random: Random,
    site: Site,
    config: Config,
    barriers: Barriers,
    flows: Flows,
    /// The card whose transaction may be beginning.
    attempted: Option<String>,
    /// The cards whose contactor has closed, and those of them that the charger
    /// has shown to have ended by what was done.
    begun: Vec<String>,
    ended: Vec<(String, Ending)>,
    next_card: u32,
}

/// A charger that runs on a disk. The disk goes last.
pub struct Running {
    pub charger: Charger,
    _meter: Mount,
    disk: Disk,
}

impl Trial {
    /// `prepare` works on the charger that makes the disk's first contents.
    pub fn new(
        random: Random,
        barriers: Barriers,
        edit: impl FnOnce(Config) -> Config,
        prepare: impl FnOnce(&Charger, &CentralSystem),
    ) -> Trial {
        if let Err(missing) = check_machine() {
            panic!("{missing}");
        }
        let central = CentralSystem::start_with(Settings {
            first_transaction: FIRST_TRANSACTION,
            ..Settings::default()
        });
        let central = central.expect("a central system");
        let config = Config::new(central.url())
            .persistent()
            .set("sim.car_delay_ms", 10)
            .ocpp("AllowOfflineTxForUnknownId", "true")
            .ocpp("MeterValueSampleInterval", "1");
        let trial = Trial {
            central,
            random,
            // Only what this charger itself has compiled is on its disk.
            site: Site::cold().expect("a place"),
            config: edit(config),
            barriers,
            flows: Flows::default(),
            attempted: None,
            begun: Vec::new(),
            ended: Vec::new(),
            next_card: 0,
        };
        trial.make_disk(prepare);
        // Slow enough that the power goes while an answer is waited for.
        for action in ["StartTransaction", "StopTransaction", "MeterValues"] {
            let slow = Reply::usual().after(Duration::from_millis(120));
            trial.central.answer(action, slow);
        }
        trial
    }

    /// A disk on which a charger has run once and has come to rest.
    fn make_disk(&self, prepare: impl FnOnce(&Charger, &CentralSystem)) {
        let image = self.image();
        disk::format(&image, IMAGE_BYTES).expect("a disk");
        let mount = Mount::image(&image, &self.site.state_dir()).expect("a file system");
        let charger = self.site.start(&self.config).expect("a charger");
        charger.wait_status("a charger at rest", is_at_rest);
        prepare(&charger, &self.central);
        charger.stop();
        self.central.note_restart();
        fs::copy(self.site.state_dir().join("registers"), self.meter()).expect("a meter");
        drop(mount);
        fs::copy(&image, self.fresh()).expect("a copy");
    }

    /// Everything anew, as on the day when the disk was made.
    pub fn replace_disk(&mut self) {
        fs::copy(self.fresh(), self.image()).expect("a copy");
        self.begun.clear();
        self.ended.clear();
    }

    /// Starts the charger on what the last cut has left.
    pub fn start(&mut self) -> Running {
        let state = self.site.state_dir();
        let random = Random::new(self.random.below(u64::MAX), 0);
        let disk = Disk::mount(&self.image(), &state, self.barriers, random).expect("a disk");
        // The meter is a device of its own, with a memory of its own.
        let meter = Mount::bind(&self.meter(), &state.join("registers")).expect("a meter");
        let charger = self.site.start(&self.config).expect("the charger starts");
        let status = charger.status();
        self.flows
            .died_at(register(&status).expect("a register at the start"));
        Running {
            charger,
            _meter: meter,
            disk,
        }
    }

    /// The power goes for the disk, soon, before some write or flush, and for the
    /// process.
    pub fn cut(running: &Running, before: u32, patience: Duration) -> Cut {
        let process = running.charger.process();
        let cut = running.disk.cut(before, patience, || process.begin_kill());
        cut.expect("an image that can be written")
    }

    /// After [`Trial::cut`]: takes the disk out, and looks at a copy of it.
    pub fn bury(&mut self, running: Running) -> Result<(), Loss> {
        let Running {
            charger,
            _meter: meter,
            disk,
        } = running;
        let printed = charger.kill();
        drop(meter);
        drop(disk);
        self.central.note_restart();
        let moves = contactor_moves(&printed);
        let closed = moves.last().is_some_and(|it| it.closed);
        self.begun.extend(self.attempted.take().filter(|_| closed));
        self.flows.note(&moves);
        let copy = self.site.file("copy");
        fs::copy(self.image(), &copy).expect("a copy");
        let look = self.site.file("look");
        evidence::examine(&copy, &look, &self.central, &self.begun)
    }

    /// One session from plugging in to the central system's last answer, or as
    /// much of it as there is power for.
    pub fn session(&mut self, charger: &Charger) -> Step {
        let ending = Ending::ALL[self.random.below(5) as usize];
        let card = self.begin(charger)?;
        let control = charger.control();
        match ending {
            Ending::Card => alive(control.card(&card)).map(drop)?,
            Ending::Cable => alive(control.unplug(1)).map(drop)?,
            Ending::Remote => {
                let number = wait_number(charger)?;
                let id = json!({"transactionId": number});
                // No answer if the power goes.
                let _ = self.central.call("RemoteStopTransaction", id);
            }
            Ending::Offline => {
                alive(control.network(false))?;
                alive(control.card(&card))?;
            }
            Ending::Reset => {
                let _ = self.central.call("Reset", json!({"type": "Hard"}));
            }
        }
        wait(charger, |status| {
            let connector = connector_of(status, 1);
            let shown = &connector["shows"]["status"];
            connector["contactor"] == "open" && (shown == "Finishing" || shown == "Available")
        })?;
        self.ended.push((card, ending));
        alive(control.network(true))?;
        clear(charger)?;
        wait(charger, |status| status["queue"] == 0)
    }

    /// Before which write or flush the next cut is to be.
    pub fn some_write(&mut self) -> u32 {
        1 + self.random.below(MOST_WRITES) as u32
    }

    /// Until energy flows; the card.
    pub fn begin(&mut self, charger: &Charger) -> Step<String> {
        self.next_card += 1;
        let card = format!("SESSION{:05}", self.next_card);
        self.attempted = Some(card.clone());
        begin(charger, &card, 4.0)?;
        self.begun.extend(self.attempted.take());
        Ok(card)
    }

    /// Waits until the central system has been told everything, and compares
    /// that with what flowed.
    pub fn settle(&mut self, charger: &Charger) {
        let settled = clear(charger).and_then(|()| wait(charger, is_at_rest));
        if let Err(Died) = settled {
            self.fail("the charger died without being told to");
        }
        let status = charger.status();
        for slot in status["components"].as_array().expect("components") {
            assert_eq!(slot["state"], "running", "{slot:#}");
        }
        // Behind its answer nothing is on the way any more.
        if let Err(failure) = self.central.call("ClearCache", json!({})) {
            self.fail(&failure.to_string());
        }
        let entries = self.central.journal().entries();
        let ledger = Ledger::of(&entries, &Rules::default());
        ledger.assert_clean(|| self.central.journal().transcript());
        if let Err(why) = self.flows.check(&ledger) {
            self.fail(&why);
        }
        for (card, ending) in &self.ended {
            let told = ledger.transactions.iter().find(|tx| tx.id_tag == *card);
            let reason = told
                .and_then(|tx| tx.stop.as_ref())
                .map(|s| s.reason.as_str());
            if reason != Some(reason_of(*ending)) {
                self.fail(&format!(
                    "{card} was shown to have ended by {ending:?}, and is told as {reason:?}"
                ));
            }
        }
    }

    /// How many transactions there were, and how often energy flowed.
    pub fn counts(&self) -> (usize, usize) {
        let entries = self.central.journal().entries();
        let ledger = Ledger::of(&entries, &Rules::default());
        (ledger.transactions.len(), self.flows.count())
    }

    pub fn fail(&self, why: &str) -> ! {
        panic!("{why}\n{}", self.central.journal().transcript());
    }

    fn image(&self) -> PathBuf {
        self.site.file("image")
    }

    fn fresh(&self) -> PathBuf {
        self.site.file("fresh")
    }

    fn meter(&self) -> PathBuf {
        self.site.file("meter")
    }
}

/// As the central system is told it.
fn reason_of(ending: Ending) -> &'static str {
    match ending {
        Ending::Card | Ending::Offline => "Local",
        Ending::Cable => "EVDisconnected",
        Ending::Remote => "Remote",
        Ending::Reset => "HardReset",
    }
}

/// The number of the transaction, once there is one.
fn wait_number(charger: &Charger) -> Step<Option<i64>> {
    wait(charger, |status| transaction(status).is_some())?;
    Ok(transaction(&alive(charger.control().status())?))
}
