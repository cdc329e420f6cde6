//! What has been acknowledged before the power went, and whether a disk still
//! has it. Looks at a copy, so that the charger finds the disk as the cut left it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use plugpoint_tests::central_system::{CentralSystem, What};
use plugpoint_tests::frame::Frame;
use plugpoint_tests::powercut::disk::Mount;
use rusqlite::{Connection, OpenFlags};

/// What is not there any more.
#[derive(Debug)]
pub enum Loss {
    /// The file system cannot be mounted.
    FileSystem(String),
    /// The database cannot be opened, or is not sound.
    Database(String),
    /// Nothing is kept of a transaction that the central system does not know to
    /// have ended, though its contactor has closed.
    Transaction(String),
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Loss::FileSystem(what) | Loss::Database(what) | Loss::Transaction(what)) = self;
        write!(f, "{}: {what}", self.kind())
    }
}

impl Loss {
    /// To be counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Loss::FileSystem(_) => "file system",
            Loss::Database(_) => "database",
            Loss::Transaction(_) => "transaction",
        }
    }
}

/// Mounts the image's copy and looks for everything of these cards, each of which
/// has begun one transaction.
///
/// # Errors
/// The first thing that is not there.
pub fn examine(
    copy: &Path,
    at: &Path,
    central: &CentralSystem,
    cards: &[String],
) -> Result<(), Loss> {
    let mount = Mount::image(copy, at).map_err(|e| Loss::FileSystem(format!("{e:#}")))?;
    let kept = entries(&at.join("plugpoint.db")).map_err(|e| Loss::Database(e.to_string()))?;
    drop(mount);
    let known = Known::of(central);
    for card in cards {
        if known.has_ended(card) {
            continue;
        }
        // As long as its start was not answered, it is known by its card only.
        let number = known.number(card).unwrap_or(i64::MAX).to_string();
        let is_kept = kept
            .iter()
            .any(|text| text.contains(card.as_str()) || text.contains(&number));
        if !is_kept {
            return Err(Loss::Transaction(format!(
                "nothing is kept of the transaction of {card} ({:?})",
                known.number(card)
            )));
        }
    }
    Ok(())
}

/// All values that the protocol component keeps, of a sound database.
fn entries(path: &Path) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    // An empty one would be made, and be sound.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let database = Connection::open_with_flags(path, flags)?;
    let found: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(found.into());
    }
    let mut query = database.prepare("SELECT value FROM entry WHERE slot = 'ocpp'")?;
    let values = query.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    let texts = values.map(|value| Ok(String::from_utf8_lossy(&value?).into_owned()));
    texts.collect()
}

/// What the central system has acknowledged.
#[derive(Default)]
struct Known {
    /// The transactions' numbers by card.
    numbers: BTreeMap<String, i64>,
    /// Those whose end was answered.
    ended: Vec<i64>,
}

impl Known {
    fn of(central: &CentralSystem) -> Known {
        let mut known = Known::default();
        let mut cards = BTreeMap::new();
        let mut stops = BTreeMap::new();
        for entry in central.journal().entries() {
            match entry.what {
                What::Received(Frame::Call {
                    id,
                    action,
                    payload,
                }) => match action.as_str() {
                    "StartTransaction" => {
                        cards.insert(id, payload["idTag"].as_str().unwrap_or("").to_owned());
                    }
                    "StopTransaction" => {
                        stops.insert(id, payload["transactionId"].as_i64().unwrap_or(-1));
                    }
                    _ => {}
                },
                What::Sent(Frame::Result { id, payload }) => {
                    if let Some(card) = cards.get(&id) {
                        let number = payload["transactionId"].as_i64().unwrap_or(-1);
                        known.numbers.insert(card.clone(), number);
                    }
                    known.ended.extend(stops.get(&id));
                }
                _ => {}
            }
        }
        known
    }

    fn number(&self, card: &str) -> Option<i64> {
        self.numbers.get(card).copied()
    }

    fn has_ended(&self, card: &str) -> bool {
        self.number(card).is_some_and(|it| self.ended.contains(&it))
    }
}
