//! The list as it is kept: an entry per token, under the number of the generation that
//! it belongs to, and a head that says which generation counts. An update is one call,
//! which is committed whole or not at all; so whatever happens to the power, the old
//! list is there or the new one. Not here: what may become of the list (see `update`).

use plugpoint_guest::packed::packed;
use plugpoint_guest::protocol::{Durability, TokenEntry};

use super::update::Update;
use crate::core_access::Core;

/// Entries of a replaced list that are removed at once.
pub(super) const SLICE: u32 = 250;
/// As many slices are removed by each replacement as it may have entries itself: so
/// what is left of replaced lists does not grow, however often one comes.
const SLICES_AT_REPLACEMENT: u32 = 4;

/// Which list counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Head {
    generation: u32,
    version: i64,
    count: u32,
    /// There are entries of earlier generations.
    sweeping: bool,
}

impl Head {
    /// 0 for an empty list, whatever it was called.
    pub(super) fn version(&self) -> i64 {
        match self.count {
            0 => 0,
            _ => self.version,
        }
    }

    /// Entries of earlier generations are being removed.
    pub(super) fn is_swept(&self) -> bool {
        self.sweeping
    }

    pub(super) fn swept(&mut self) {
        self.sweeping = false;
    }

    pub(super) fn find(&self, core: &mut Core<'_, '_>, tag: &str) -> Option<TokenEntry> {
        if self.count == 0 {
            return None;
        }
        core.read(&key_of(self.generation, &tag.to_lowercase()))
    }

    /// How many tokens there are once this update is applied.
    pub(super) fn count_with(&self, core: &mut Core<'_, '_>, update: &Update) -> u32 {
        if update.full {
            return u32::try_from(update.entries.len()).unwrap_or(u32::MAX);
        }
        let mut count = self.count;
        for (tag, entry) in &update.entries {
            match (self.find(core, tag).is_some(), entry.is_some()) {
                (false, true) => count = count.saturating_add(1),
                (true, false) => count = count.saturating_sub(1),
                _ => {}
            }
        }
        count
    }
}

/// The update is checked; `count` tokens are there behind it.
pub(super) fn apply(core: &mut Core<'_, '_>, head: &mut Head, update: Update, count: u32) {
    if update.full {
        head.sweeping |= head.count > 0;
        head.generation = head.generation.wrapping_add(1);
        for _ in 0..SLICES_AT_REPLACEMENT {
            if head.sweeping {
                head.sweeping = sweep(core, head, SLICE);
            }
        }
    }
    head.version = update.version;
    head.count = count;
    for (tag, entry) in update.entries {
        let key = key_of(head.generation, &tag);
        match entry {
            Some(entry) => core.keep(&key, &entry, Durability::Durable),
            None => core.forget(&key),
        }
    }
}

/// Removes entries of earlier generations; true if there may be more.
pub(super) fn sweep(core: &mut Core<'_, '_>, head: &Head, most: u32) -> bool {
    let own = key_of(head.generation, "");
    // Earlier generations come first.
    let mut stale = core.keys("list/", "list/", most);
    stale.retain(|key| !key.starts_with(&own));
    for key in &stale {
        core.forget(key);
    }
    stale.len() as u32 >= most
}

fn key_of(generation: u32, tag: &str) -> String {
    format!("list/{generation:08x}/{tag}")
}

packed!(Head {
    generation,
    version,
    count,
    sweeping
});
