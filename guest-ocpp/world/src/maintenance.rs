//! Updates and diagnostics in a simulated life, and what must come of them. Drawn from
//! numbers of its own.

use std::collections::BTreeSet;

use serde_json::json;

use super::depot::Fate;
use super::dice::Dice;
use super::watch::{Broken, Rule};
use super::world::World;

/// Of a hundred steps of a life, so many are the beginning of something.
const PERCENT: u64 = 2;
const FATES: [Fate; 6] = [
    Fate::Component,
    Fate::Image,
    Fate::ImageWithReboot,
    Fate::RollsBack,
    Fate::BadCheck,
    Fate::BadInstall,
];

/// See the module.
#[derive(Debug)]
pub(super) struct Maintenance {
    dice: Dice,
    asked: u32,
}

impl Maintenance {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed ^ 0x7570_6461_7465),
            asked: 0,
        }
    }

    /// The central system asks for something, perhaps.
    pub(super) fn step(&mut self, world: &mut World) {
        let dice = &mut self.dice;
        if dice.below(100) >= PERCENT {
            return;
        }
        world.depot.failing = dice.below(3) as u32;
        let retries = dice.below(4);
        if dice.below(3) == 0 {
            let request = json!({"location": "http://files/logs", "retries": retries});
            world.call("GetDiagnostics", request);
            return;
        }
        self.asked += 1;
        let file = format!("http://files/{}.bin", self.asked);
        let fate = FATES[dice.below(FATES.len() as u64) as usize];
        world.depot.files.insert(file.clone(), fate);
        let request = json!({
            "location": file,
            "retrieveDate": "2026-11-22T00:00:00Z",
            "retries": retries,
            "retryInterval": 60,
        });
        world.call("UpdateFirmware", request);
    }
}

/// Something that must never be: a file that was installed twice.
pub(super) fn wrong_now(world: &World) -> Option<Broken> {
    let mut seen = BTreeSet::new();
    let twice = world
        .depot
        .installed
        .iter()
        .find(|file| !seen.insert(*file));
    twice.map(|file| Broken::new(Rule::Updates, format!("{file} was installed twice")))
}

/// Something that must not be left when all has come to rest: a job, or an installation
/// of which the central system has not heard.
pub(super) fn wrong_at_rest(world: &World) -> Option<Broken> {
    let entry = world.flash.text("profile/firmware/update");
    if let Some(entry) = entry.filter(|text| text.contains("\"present\":{")) {
        return Some(Broken::new(
            Rule::Updates,
            format!("a job is left: {entry}"),
        ));
    }
    let told = world.all("FirmwareStatusNotification");
    let told = told
        .iter()
        .filter(|sent| sent.payload["status"] == "Installed");
    let told = told.filter(|sent| sent.answered_ms.is_some()).count();
    let installed = world.depot.installed.len();
    // One that is never answered is given up.
    let is_given_up = world.log().iter().any(|line| line.contains("is given up"));
    let is_right = told == installed || (is_given_up && told < installed);
    (!is_right).then(|| {
        let text = format!("{installed} were installed, {told} were told");
        Broken::new(Rule::Updates, text)
    })
}
