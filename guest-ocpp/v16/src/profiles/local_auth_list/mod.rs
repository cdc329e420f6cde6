//! LocalAuthListManagement (OCPP 1.6, 3.5.2, 5.10 and 5.15): the list of tokens that
//! the central system keeps here, and what it says of each. Not here: what follows from
//! that; the policies decide.

mod list;
mod update;

use plugpoint_guest::json::object;
use plugpoint_guest::kept::Cell;
use plugpoint_guest::protocol::{Durability, Level, TokenEntry, TokenStatus};
use plugpoint_ocpp_wire::frame::Violation;

use crate::config::{KeyInfo, Values};
use crate::core_access::Core;
use crate::profile::{Call, Happening, Listed, Manifest, Profile, Reply};
use list::Head;
use update::{Refusal, Update};

const ENABLED: &str = "LocalAuthListEnabled";
const MAX_LENGTH: &str = "LocalAuthListMaxLength";
const MAX_UPDATE: &str = "SendLocalListMaxLength";

/// Between two slices of a replaced list.
const SLICE_INTERVAL_MS: u64 = 1_000;

/// The profile.
pub static MANIFEST: Manifest = Manifest {
    name: "local-auth-list",
    feature: Some("LocalAuthListManagement"),
    services: &[],
    keys: &[
        KeyInfo {
            name: ENABLED,
            values: Values::Bool,
            writable: true,
            default: "true",
            unit: "",
            meaning: "Use the local list. Switched off, it is kept, and cannot be updated.",
        },
        KeyInfo {
            name: MAX_LENGTH,
            values: Values::Int {
                min: 1,
                max: 10_000,
            },
            writable: false,
            default: "10000",
            unit: "entries",
            meaning: "Length of the local list.",
        },
        // An update is one call, which keeps at most 4096 entries.
        KeyInfo {
            name: MAX_UPDATE,
            values: Values::Int { min: 1, max: 1_000 },
            writable: false,
            default: "1000",
            unit: "entries",
            meaning: "Length of one SendLocalList.",
        },
    ],
    load: |core| {
        Box::new(LocalAuthList {
            head: core.cell("head", Durability::Durable),
            next_slice: 0,
        })
    },
};

#[derive(Debug)]
struct LocalAuthList {
    head: Cell<Head>,
    /// When more of a replaced list is removed: ms of the monotonic clock.
    next_slice: u64,
}

impl Profile for LocalAuthList {
    fn call(&mut self, core: &mut Core<'_, '_>, call: &Call<'_>) -> Reply {
        match call.action {
            "GetLocalListVersion" => Reply::Now(self.version(core)),
            "SendLocalList" => self.update(core, call).into(),
            _ => Reply::NotMine,
        }
    }

    /// What it says of a token. That one charges elsewhere is a matter of the moment in
    /// which the list was made: as an entry of the list it is a valid one (3.5.2).
    fn listed(&self, core: &mut Core<'_, '_>, tag: &str) -> Listed {
        if !core.is_on(ENABLED) {
            return Listed::NoList;
        }
        match self.head.find(core, tag) {
            None => Listed::Absent,
            Some(mut entry) => {
                if entry.status == TokenStatus::Concurrent {
                    entry.status = TokenStatus::Accepted;
                }
                Listed::Entry(entry)
            }
        }
    }

    fn on(&mut self, core: &mut Core<'_, '_>, happening: &Happening) {
        if let Happening::StartAnswered { id_tag, entry, .. } = happening
            && let Listed::Entry(listed) = self.listed(core, id_tag)
            && is_valid(core, &listed) != is_valid(core, entry)
        {
            core.log(
                Level::Warn,
                &format!(
                    "local list says {:?} of token {id_tag}, and the central system {:?}",
                    listed.status, entry.status
                ),
            );
            core.report_error("LocalListConflict");
        }
    }

    /// A list that was replaced is swept in slices.
    fn deadline(&self) -> Option<u64> {
        self.head.is_swept().then_some(self.next_slice)
    }

    fn advance(&mut self, core: &mut Core<'_, '_>) {
        self.next_slice = next_slice(core);
        if !list::sweep(core, &self.head, list::SLICE) {
            self.head.edit().swept();
        }
    }

    fn flush(&mut self, core: &mut Core<'_, '_>) {
        core.flush(&mut self.head);
    }
}

impl LocalAuthList {
    fn version(&self, core: &Core<'_, '_>) -> String {
        let version = match core.is_on(ENABLED) {
            true => self.head.version(),
            // As of a charge point that has no list.
            false => -1,
        };
        object(|w| w.int("listVersion", version))
    }

    fn update(&mut self, core: &mut Core<'_, '_>, call: &Call<'_>) -> Result<String, Violation> {
        if !core.is_on(ENABLED) {
            return Ok(status("NotSupported"));
        }
        let update = Update::read(&call.fields)?;
        match self.check(core, &update) {
            Ok(count) => {
                core.log(
                    Level::Info,
                    &format!("local list: version {}, {count} tokens", update.version),
                );
                list::apply(core, self.head.edit(), update, count);
                self.next_slice = next_slice(core);
                Ok(status("Accepted"))
            }
            Err(Refusal::VersionMismatch) => {
                core.log(
                    Level::Warn,
                    &format!(
                        "local list not updated: version {} is not above {}, which is here",
                        update.version,
                        self.head.version()
                    ),
                );
                Ok(status("VersionMismatch"))
            }
            Err(Refusal::Failed(why)) => {
                core.log(Level::Warn, &format!("local list not updated: {why}"));
                Ok(status("Failed"))
            }
        }
    }

    /// How many tokens the list has with this update, if it can be applied.
    fn check(&self, core: &mut Core<'_, '_>, update: &Update) -> Result<u32, Refusal> {
        let version = self.head.version();
        update.check(version, limit(core, MAX_UPDATE))?;
        let count = self.head.count_with(core, update);
        let most = limit(core, MAX_LENGTH);
        if count as usize > most {
            return Err(Refusal::Failed(format!(
                "it would have {count} tokens, and {MAX_LENGTH} is {most}"
            )));
        }
        Ok(count)
    }
}

/// One slice per call, for a call may change 4,096 entries at most.
fn next_slice(core: &Core<'_, '_>) -> u64 {
    core.now().at.monotonic_ms + SLICE_INTERVAL_MS
}

/// It may charge at this moment. While nobody knows the time, nothing has expired.
fn is_valid(core: &Core<'_, '_>, entry: &TokenEntry) -> bool {
    let expired = entry.expires_ms.zip(core.unix_ms());
    matches!(
        entry.status,
        TokenStatus::Accepted | TokenStatus::Concurrent
    ) && expired.is_none_or(|(expires, now)| now < expires)
}

fn limit(core: &Core<'_, '_>, key: &str) -> usize {
    let value = core.key(key).and_then(|value| value.parse().ok());
    value.unwrap_or(0)
}

fn status(word: &str) -> String {
    object(|w| w.text("status", word))
}
