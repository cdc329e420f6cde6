//! The profiles that are installed, in memory and as entries: which one replaces which,
//! and which ones a request clears. Those of transactions are kept until the power goes,
//! as the transactions themselves; the others for good. Not here: what they allow.

use plugpoint_guest::packed::packed;
use plugpoint_guest::protocol::Durability;

use super::charging_profile::{ChargingProfile, Purpose};
use crate::core_access::Core;

/// Entries of profiles that stay.
const KEPT: &str = "installed/";
/// Entries of profiles that end with their transaction.
const OF_TRANSACTION: &str = "transaction/";
/// More than can be installed.
const MAX_KEYS: u32 = 200;

/// A profile in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installed {
    /// 0: the charge point as a whole.
    pub(super) connector: u32,
    /// When it came, Unix ms; none while nobody knows the time.
    pub(super) received: Option<i64>,
    /// Our number of the transaction that it is for.
    pub(super) session: Option<u64>,
    pub(super) profile: ChargingProfile,
}

impl Installed {
    fn key(&self) -> String {
        let prefix = match self.profile.purpose {
            Purpose::Tx => OF_TRANSACTION,
            Purpose::ChargePointMax | Purpose::TxDefault => KEPT,
        };
        format!("{prefix}{}", self.profile.id)
    }

    fn durability(&self) -> Durability {
        match self.profile.purpose {
            Purpose::Tx => Durability::Session,
            Purpose::ChargePointMax | Purpose::TxDefault => Durability::Durable,
        }
    }

    /// Not both can be installed (OCPP 1.6, 3.13.2 and 5.16.3).
    fn replaces(&self, other: &Self) -> bool {
        let place = |it: &Self| {
            let profile = &it.profile;
            (
                it.connector,
                it.session,
                profile.purpose,
                profile.stack_level,
            )
        };
        self.profile.id == other.profile.id || place(self) == place(other)
    }
}

/// What a ClearChargingProfile asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Filter {
    pub(super) id: Option<i64>,
    pub(super) connector: Option<i64>,
    pub(super) purpose: Option<Purpose>,
    pub(super) stack_level: Option<i64>,
}

impl Filter {
    /// The id alone decides, if it is given; else everything that is given together
    /// (errata 3.25 and 3.26).
    fn fits(&self, it: &Installed) -> bool {
        if let Some(id) = self.id {
            return it.profile.id == id;
        }
        self.connector
            .is_none_or(|number| number == i64::from(it.connector))
            && self
                .purpose
                .is_none_or(|purpose| purpose == it.profile.purpose)
            && self
                .stack_level
                .is_none_or(|level| level == it.profile.stack_level)
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// None: not read from the entries yet.
    read: Option<Vec<Installed>>,
}

impl Shelf {
    /// Those that are in force now or may be later.
    pub(super) fn all(&mut self, core: &mut Core<'_, '_>) -> &[Installed] {
        let mut all = self.read.take().unwrap_or_else(|| read(core));
        let now = core.unix_ms();
        for it in &mut all {
            if it.received.is_none() && now.is_some() {
                it.received = now;
                core.keep(&it.key(), it, it.durability());
            }
        }
        self.read.insert(all)
    }

    /// Puts a profile in its place. False: there are too many already.
    pub(super) fn install(&mut self, core: &mut Core<'_, '_>, new: Installed, max: usize) -> bool {
        self.all(core);
        let all = self.read.get_or_insert_default();
        let others = all.iter().filter(|it| !new.replaces(it)).count();
        if others >= max {
            return false;
        }
        let key = new.key();
        let mut is_there = false;
        all.retain(|it| {
            if !new.replaces(it) {
                return true;
            }
            let same = Installed {
                received: it.received,
                ..new.clone()
            };
            // Flash is not written for a profile that only comes again, unless its
            // schedule begins with its arrival.
            is_there = same == *it && it.profile.purpose != Purpose::ChargePointMax;
            if !is_there && it.key() != key {
                core.forget(&it.key());
            }
            is_there
        });
        if !is_there {
            core.keep(&key, &new, new.durability());
            all.push(new);
        }
        true
    }

    /// Removes those that a request means: how many there were.
    pub(super) fn clear(&mut self, core: &mut Core<'_, '_>, filter: &Filter) -> usize {
        self.remove(core, |_, it| filter.fits(it))
    }

    /// Removes those of transactions that are not running any more.
    pub(super) fn drop_ended(&mut self, core: &mut Core<'_, '_>) {
        self.remove(core, |core, it| {
            let running = core.transaction(it.connector).map(|it| it.number);
            it.profile.purpose == Purpose::Tx && it.session != running
        });
    }

    fn remove(
        &mut self,
        core: &mut Core<'_, '_>,
        goes: impl Fn(&Core<'_, '_>, &Installed) -> bool,
    ) -> usize {
        self.all(core);
        let all = self.read.get_or_insert_default();
        let before = all.len();
        all.retain(|it| {
            let goes = goes(core, it);
            if goes {
                core.forget(&it.key());
            }
            !goes
        });
        before - all.len()
    }
}

fn read(core: &mut Core<'_, '_>) -> Vec<Installed> {
    let keys = [KEPT, OF_TRANSACTION].map(|prefix| core.keys(prefix, prefix, MAX_KEYS));
    let keys = keys.concat();
    keys.iter().filter_map(|key| core.read(key)).collect()
}

packed!(Installed {
    connector,
    received,
    session,
    profile
});
