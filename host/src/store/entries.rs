//! What one guest has kept: a view in memory, and the account of which part of
//! it the database already has.
//!
//! Sans-io: nothing here touches the database or a clock. [`Entries::apply`]
//! says what must be written before the actions of that call may run;
//! [`Entries::confirm`] and [`Entries::revert`] tell it how that went.
//!
//! What is written is always *everything* that waits, so the database shows
//! at each moment the state after some call, less the session entries.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use super::{Change, Durability, KeptEntry};

/// The most that one [`Entries::scan`] returns.
const MOST_ITEMS: usize = 256;
const MOST_SCAN_BYTES: usize = 1 << 20;

/// What an entry takes of memory beside its key and its value, about: counted, or
/// many small ones would take many times what they may.
pub const ENTRY_OVERHEAD: usize = 192;

/// How long a lazy entry may wait for company.
const LAZY_MS: u64 = 10_000;

/// The entries of one slot.
#[derive(Debug, Default)]
pub struct Entries {
    held: BTreeMap<String, Held>,
    /// Keys whose row in the database is not yet what it should be. Absent from
    /// `held` or held as `session`: the row is to be removed.
    pending: BTreeSet<String>,
    /// When `pending` must be written at the latest.
    due_ms: Option<u64>,
    /// Keys and values, in bytes.
    bytes: usize,
    /// Of these and of [`ENTRY_OVERHEAD`] for each.
    most_bytes: usize,
    next_ticket: u64,
    /// What is not confirmed yet, oldest first.
    open: VecDeque<Undo>,
}

#[derive(Clone)]
struct Held {
    value: Arc<[u8]>,
    durability: Durability,
    secret: bool,
    /// The database has a row for this key, of whatever age.
    row: bool,
}

/// What is to be written, in one transaction.
#[derive(Debug)]
pub struct Batch {
    /// To be given to [`Entries::confirm`].
    pub ticket: u64,
    /// For [`super::Store::commit`].
    pub changes: Vec<Change>,
}

/// The guest wants to keep more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it would keep {wanted} bytes of entries; {most} are allowed")]
pub struct EntriesFull {
    /// What all entries together would have taken.
    pub wanted: usize,
    /// The bound.
    pub most: usize,
}

#[derive(Debug)]
struct Undo {
    /// Of the batch that it stands or falls with.
    ticket: u64,
    what: Undone,
}

#[derive(Debug)]
enum Undone {
    /// A call, in the order of its changes; undone from the back.
    Call(Vec<Before>),
    /// Only written, not changed: these wait again.
    Written(Vec<String>),
}

#[derive(Debug)]
struct Before {
    key: String,
    held: Option<Held>,
    pending: bool,
}

impl Entries {
    /// The view of what was loaded from the database. `most_bytes` bounds what all
    /// take in memory: a change that makes it more than that is refused.
    #[must_use]
    pub fn new(loaded: Vec<KeptEntry>, most_bytes: usize) -> Self {
        let mut entries = Self {
            most_bytes,
            ..Self::default()
        };
        for entry in loaded {
            let held = Held {
                row: true,
                ..Held::of(&entry)
            };
            entries.put_back(entry.key, Some(held));
        }
        entries
    }

    /// The value kept under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Arc<[u8]>> {
        self.held.get(key).map(|held| &held.value)
    }

    /// The entry kept under a key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<KeptEntry> {
        self.held.get(key).map(|held| held.entry(key))
    }

    /// Items whose key begins with `prefix` and is not before `start_at`, in
    /// ascending order, at most `most`; at most 256 and 1 MiB, but always one.
    #[must_use]
    pub fn scan(&self, prefix: &str, start_at: &str, most: u32) -> Vec<(&str, &[u8])> {
        let from = prefix.max(start_at);
        let most = usize::try_from(most).map_or(MOST_ITEMS, |most| most.min(MOST_ITEMS));
        let mut bytes = 0;
        self.held
            .range::<str, _>((Bound::Included(from), Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(most)
            .take_while(|(key, held)| {
                let first = bytes == 0;
                bytes += (key.len() + held.value.len()).max(1);
                first || bytes <= MOST_SCAN_BYTES
            })
            .map(|(key, held)| (key.as_str(), &held.value[..]))
            .collect()
    }

    /// Every entry, in ascending order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = KeptEntry> + '_ {
        self.held.iter().map(|(key, held)| held.entry(key))
    }

    /// Keys and values together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keys, values and what holding them takes, about.
    #[must_use]
    pub fn charged(&self) -> usize {
        self.bytes + self.held.len() * ENTRY_OVERHEAD
    }

    /// What [`Entries::charged`] may become.
    #[must_use]
    pub fn most_bytes(&self) -> usize {
        self.most_bytes
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Takes over what one call changed, all or nothing. Returns what must be
    /// written before any other action of that call runs: nothing, unless
    /// something durable was kept or forgotten.
    pub fn apply(
        &mut self,
        now_ms: u64,
        changes: impl IntoIterator<Item = Change>,
    ) -> Result<Option<Batch>, EntriesFull> {
        let before = self.charged();
        let mut undo = Vec::new();
        let mut urgent = false;
        for change in changes {
            urgent |= self.change(now_ms, change, &mut undo);
        }
        // What is over the bound already, since that was lowered, may become less.
        if self.charged() > self.most_bytes.max(before) {
            let full = EntriesFull {
                wanted: self.charged(),
                most: self.most_bytes,
            };
            self.undo(undo);
            return Err(full);
        }
        if urgent {
            return Ok(Some(self.batch(Some(undo))));
        }
        // A call that came after an unconfirmed one falls with it.
        let open_call = |open: &Undo| matches!(open.what, Undone::Call(_));
        if let Some(last) = self.open.back().filter(|_| self.open.iter().any(open_call)) {
            self.open.push_back(Undo {
                ticket: last.ticket,
                what: Undone::Call(undo),
            });
        }
        Ok(None)
    }

    /// When the next lazy entries must be written, in the same time as
    /// [`Entries::apply`]'s.
    #[must_use]
    pub fn due_ms(&self) -> Option<u64> {
        self.due_ms
    }

    /// What waits to be written, if its time has come.
    pub fn due(&mut self, now_ms: u64) -> Option<Batch> {
        self.due_ms
            .is_some_and(|due| due <= now_ms)
            .then(|| self.batch(None))
    }

    /// What waits to be written, whether its time has come or not: for the end
    /// of the process, and for failing mains.
    pub fn flush(&mut self) -> Option<Batch> {
        (!self.pending.is_empty()).then(|| self.batch(None))
    }

    /// The batch of this ticket, and every one before it, is in the database.
    pub fn confirm(&mut self, ticket: u64) {
        while self.open.front().is_some_and(|undo| undo.ticket <= ticket) {
            self.open.pop_front();
        }
    }

    /// What was not confirmed could not be written: everything is again as it
    /// was before the first such call. What had waited before waits again.
    pub fn revert(&mut self, now_ms: u64) {
        self.undo_open();
        self.due_ms = (!self.pending.is_empty()).then(|| now_ms.saturating_add(LAZY_MS));
    }

    /// The same, if what was not confirmed may have been written all the same, or
    /// will be: then everything that it touched is to be written over.
    pub fn revert_unsure(&mut self, now_ms: u64) {
        let touched: Vec<String> = self
            .open
            .iter()
            .flat_map(|open| match &open.what {
                Undone::Call(keys) => keys.iter().map(|before| before.key.clone()).collect(),
                Undone::Written(keys) => keys.clone(),
            })
            .collect();
        self.undo_open();
        for key in touched {
            self.wait_again(key);
        }
        self.due_ms = (!self.pending.is_empty()).then(|| now_ms.saturating_add(LAZY_MS));
    }

    fn undo_open(&mut self) {
        while let Some(open) = self.open.pop_back() {
            match open.what {
                Undone::Call(keys) => self.undo(keys),
                Undone::Written(keys) => {
                    for key in keys {
                        self.wait_again(key);
                    }
                }
            }
        }
    }

    /// Forgets the session entries, as a power failure would. Not while a batch
    /// is unconfirmed.
    pub fn drop_session(&mut self) {
        let bytes = &mut self.bytes;
        self.held.retain(|key, held| {
            let keep = held.durability != Durability::Session;
            if !keep {
                *bytes -= key.len() + held.value.len();
            }
            keep
        });
    }

    /// Takes over one change; true if it must be written at once.
    fn change(&mut self, now_ms: u64, change: Change, undo: &mut Vec<Before>) -> bool {
        let key = change.key();
        let was_pending = self.pending.contains(key);
        let old = self.held.get(key);
        // A row outlives its entry in memory only while its removal is pending.
        let row = old.map_or(was_pending, |held| held.row);
        // Removing something is as urgent as keeping it was.
        let removal = match old.map(|held| held.durability) {
            Some(Durability::Durable) => Durability::Durable,
            _ if row => Durability::Lazy,
            _ => Durability::Session,
        };
        let (new, urgency) = match &change {
            Change::Keep(entry) => {
                let new = Held {
                    row,
                    ..Held::of(entry)
                };
                if old.is_some_and(|old| old.same(&new)) && self.open.is_empty() {
                    // Already as it should be, or already on its way.
                    return false;
                }
                let urgency = match entry.durability {
                    Durability::Session => removal,
                    durability => durability,
                };
                (Some(new), urgency)
            }
            Change::Forget(_) => (None, removal),
        };
        let key = match change {
            Change::Keep(entry) => entry.key,
            Change::Forget(key) => key,
        };
        let waits = urgency != Durability::Session;
        if waits {
            self.pending.insert(key.clone());
            self.due_ms.get_or_insert(now_ms.saturating_add(LAZY_MS));
        } else if was_pending {
            // Never reached the database, and now need not.
            self.pending.remove(&key);
            self.due_ms = self.due_ms.filter(|_| !self.pending.is_empty());
        }
        let held = self.put_back(key.clone(), new);
        undo.push(Before {
            key,
            held,
            pending: was_pending,
        });
        urgency == Durability::Durable
    }

    /// Everything that waits, taken as written until [`Entries::revert`]:
    /// for the sake of a call, or because it is time.
    fn batch(&mut self, call: Option<Vec<Before>>) -> Batch {
        let mut changes = Vec::with_capacity(self.pending.len());
        let mut written = Vec::with_capacity(self.pending.len());
        for key in std::mem::take(&mut self.pending) {
            match self.held.get_mut(&key) {
                Some(held) if held.durability != Durability::Session => {
                    held.row = true;
                    changes.push(Change::Keep(held.entry(&key)));
                }
                held => {
                    if let Some(held) = held {
                        held.row = false;
                    }
                    changes.push(Change::Forget(key.clone()));
                }
            }
            written.push(key);
        }
        self.due_ms = None;
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        let call = call.map(Undone::Call);
        for what in call.into_iter().chain([Undone::Written(written)]) {
            self.open.push_back(Undo { ticket, what });
        }
        Batch { ticket, changes }
    }

    /// The key's row is not what it should be, after all. Whether there is one
    /// is not known for sure; to remove none does no harm.
    fn wait_again(&mut self, key: String) {
        if let Some(held) = self.held.get_mut(&key) {
            held.row = true;
        }
        self.pending.insert(key);
    }

    fn undo(&mut self, keys: Vec<Before>) {
        for before in keys.into_iter().rev() {
            if before.pending {
                self.pending.insert(before.key.clone());
            } else {
                self.pending.remove(&before.key);
            }
            self.put_back(before.key, before.held);
        }
        if self.pending.is_empty() {
            self.due_ms = None;
        }
    }

    /// Sets or removes a key and keeps the account of bytes; what was there.
    fn put_back(&mut self, key: String, held: Option<Held>) -> Option<Held> {
        let length = key.len();
        let old = match held {
            Some(held) => {
                self.bytes += length + held.value.len();
                self.held.insert(key, held)
            }
            None => self.held.remove(&key),
        };
        if let Some(old) = &old {
            self.bytes -= length + old.value.len();
        }
        old
    }
}

impl Held {
    fn of(entry: &KeptEntry) -> Self {
        Self {
            value: entry.value.clone(),
            durability: entry.durability,
            secret: entry.secret,
            row: false,
        }
    }

    fn same(&self, other: &Self) -> bool {
        self.durability == other.durability
            && self.secret == other.secret
            && self.value == other.value
    }

    fn entry(&self, key: &str) -> KeptEntry {
        KeptEntry {
            key: key.into(),
            value: self.value.clone(),
            durability: self.durability,
            secret: self.secret,
        }
    }
}

/// Sizes instead of values, as in [`KeptEntry`].
impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held")
            .field("bytes", &self.value.len())
            .field("durability", &self.durability)
            .field("row", &self.row)
            .finish_non_exhaustive()
    }
}
