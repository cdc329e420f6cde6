//! What a protocol guest keeps. State lives in [`Cell`]s, which note their own
//! change and are written out at the end of every call, and in records that go
//! through [`Store`]. So nobody can forget to keep something.

use std::ops::Deref;

use crate::json::{Writer, parse};
use crate::packed::Packed;
use crate::protocol::{Action, Durability, Entries, Entry, Level, Log};
use crate::schema::{self, Form};

/// The entries, with what this call is about to change laid over them.
pub struct Store<'a> {
    entries: &'a dyn Entries,
    form: Form,
    /// In the order in which they were first changed.
    changed: Vec<(String, Option<Entry>)>,
    /// Places in `changed`, in the order of the keys: a call may change thousands.
    sorted: Vec<usize>,
    /// Secrets that pass by.
    hidden: Vec<Vec<u8>>,
}

/// Where a secret is while it passes by.
const HIDDEN: &str = "secret/refused";

impl<'a> Store<'a> {
    /// A store in which nothing has changed yet.
    pub fn new(entries: &'a dyn Entries, form: Form) -> Self {
        Self {
            entries,
            form,
            changed: Vec::new(),
            sorted: Vec::new(),
            hidden: Vec::new(),
        }
    }

    /// How keys are read and written.
    pub fn form(&self) -> Form {
        self.form
    }

    /// From now on keys are read and written like this.
    pub fn set_form(&mut self, form: Form) {
        self.form = form;
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        match self.find_changed(key) {
            Ok(at) => {
                let (_, entry) = &self.changed[self.sorted[at]];
                entry.as_ref().map(|entry| entry.value.clone())
            }
            Err(_) => {
                let there = self.entries.get(&self.form.key(key));
                there.or_else(|| self.entries.get(key).filter(|_| self.form.is_moving()))
            }
        }
    }

    /// The first items whose key begins with `prefix` and is not before
    /// `start_at`.
    pub fn scan(&self, prefix: &str, start_at: &str, most: u32) -> Vec<(String, Vec<u8>)> {
        let within = |key: &str| key.starts_with(prefix) && key >= start_at;
        let is_changed = self.changed.iter().any(|(key, _)| within(key));
        let mut found = self.scan_kept(prefix, start_at, most);
        if is_changed {
            found = self.unchanged(prefix, most, found);
            for (key, entry) in &self.changed {
                if let Some(entry) = entry.as_ref().filter(|_| within(key)) {
                    found.push((key.clone(), entry.value.clone()));
                }
            }
            sort(&mut found);
        }
        found.truncate(most as usize);
        found
    }

    /// Of the items of a scan those that this call has not changed, and as many behind
    /// them as make up for the others: the host does not know of any change yet.
    fn unchanged(
        &self,
        prefix: &str,
        most: u32,
        mut page: Vec<(String, Vec<u8>)>,
    ) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::with_capacity(page.len());
        while let Some((last, _)) = page.last() {
            let next = format!("{last}\0");
            page.retain(|(key, _)| self.find_changed(key).is_err());
            found.append(&mut page);
            if found.len() >= most as usize {
                break;
            }
            page = self.scan_kept(prefix, &next, most);
        }
        found
    }

    fn scan_kept(&self, prefix: &str, start_at: &str, most: u32) -> Vec<(String, Vec<u8>)> {
        let form = self.form;
        let mut found: Vec<_> = self
            .entries
            .scan(&form.key(prefix), &form.key(start_at), most)
            .into_iter()
            .map(|(key, value)| (form.own(key), value))
            .collect();
        if form.is_moving() {
            for (key, value) in self.entries.scan(prefix, start_at, most) {
                if !found.iter().any(|(there, _)| *there == key) {
                    found.push((key, value));
                }
            }
            sort(&mut found);
            found.truncate(most as usize);
        }
        found
    }

    /// Moves a slice of the entries to the schema that is written; true if there
    /// may be more.
    pub fn move_slice(&mut self) -> bool {
        if !self.form.is_moving() {
            return false;
        }
        for (old, _, durability) in self.form.renamed() {
            let items = self.entries.scan(old, old, schema::SLICE);
            if items.is_empty() {
                continue;
            }
            for (key, value) in items {
                // What this call has changed anyway is written in the new form.
                if self.find_changed(&key).is_err() {
                    self.keep(key, value, *durability);
                }
            }
            return true;
        }
        false
    }

    /// Keeps a value that is no secret.
    pub fn keep(&mut self, key: String, value: Vec<u8>, durability: Durability) {
        self.put(Entry {
            key,
            value,
            durability,
            secret: false,
        });
    }

    /// Keeps an entry.
    pub fn put(&mut self, entry: Entry) {
        self.note(entry.key.clone(), Some(entry));
    }

    /// Removes an entry.
    pub fn forget(&mut self, key: &str) {
        self.note(key.to_owned(), None);
    }

    /// Tells the host that this was told as a secret, though it is not kept: it is
    /// kept as one and forgotten in the same call. So it stands in no record.
    pub fn hide(&mut self, value: Vec<u8>) {
        self.hidden.push(value);
    }

    fn note(&mut self, key: String, entry: Option<Entry>) {
        match self.find_changed(&key) {
            Ok(at) => self.changed[self.sorted[at]].1 = entry,
            Err(at) => {
                self.sorted.insert(at, self.changed.len());
                self.changed.push((key, entry));
            }
        }
    }

    /// The place in `sorted` of a key that was changed, or where it would be.
    fn find_changed(&self, key: &str) -> Result<usize, usize> {
        self.sorted
            .binary_search_by(|at| self.changed[*at].0.as_str().cmp(key))
    }

    /// The changes as actions.
    pub fn into_actions(self) -> impl Iterator<Item = Action> {
        let form = self.form;
        let hidden = self.hidden.into_iter().flat_map(|value| {
            let passing = Entry {
                key: HIDDEN.to_owned(),
                value,
                durability: Durability::Session,
                secret: true,
            };
            [Action::Keep(passing), Action::Forget(HIDDEN.to_owned())]
        });
        let changed = self.changed.into_iter().flat_map(move |(key, entry)| {
            let kept = form.key(&key);
            let moved = form.is_moving() && kept != key;
            let old = moved.then_some(Action::Forget(key));
            let new = match entry {
                Some(entry) => Action::Keep(Entry { key: kept, ..entry }),
                None => Action::Forget(kept),
            };
            [Some(new), old].into_iter().flatten()
        });
        hidden.chain(changed)
    }

    /// A record that was kept as JSON. A damaged one is logged and dropped.
    pub fn read<T: Packed>(&mut self, key: &str, log: &dyn Log) -> Option<T> {
        let bytes = self.get(key)?;
        self.decode(key, &bytes, log)
    }

    /// As `read`, for bytes that were read already.
    pub fn decode<T: Packed>(&mut self, key: &str, bytes: &[u8], log: &dyn Log) -> Option<T> {
        let value = unpack(bytes);
        if value.is_none() {
            log.write(
                Level::Error,
                &format!("entry {key} is damaged and left out"),
            );
            self.forget(key);
        }
        value
    }

    /// Keeps a value as JSON.
    pub fn write<T: Packed>(&mut self, key: String, value: &T, durability: Durability) {
        self.keep(key, encode(value), durability);
    }
}

/// In one place, and not stable: sorting is a large part of a small component, once for
/// each way of comparing.
#[inline(never)]
fn sort(found: &mut [(String, Vec<u8>)]) {
    found.sort_unstable_by(|a, b| a.0.cmp(&b.0));
}

fn encode<T: Packed>(value: &T) -> Vec<u8> {
    let mut w = Writer::with_capacity(128);
    value.pack(&mut w);
    w.finish().into_bytes()
}

/// None: damaged.
pub fn unpack<T: Packed>(bytes: &[u8]) -> Option<T> {
    T::unpack(&parse(std::str::from_utf8(bytes).ok()?).ok()?)
}

/// A value under one key. Reading is by dereference; `edit` notes the change.
#[derive(Debug)]
pub struct Cell<T> {
    key: String,
    durability: Durability,
    value: T,
    edited: bool,
    written: Vec<u8>,
}

impl<T: Packed + Default> Cell<T> {
    /// The value kept under the key, else the default.
    pub fn load(
        store: &mut Store<'_>,
        log: &dyn Log,
        key: impl Into<String>,
        durability: Durability,
    ) -> Self {
        let key = key.into();
        let written = store.get(&key).unwrap_or_default();
        let value = if written.is_empty() {
            None
        } else {
            store.decode(&key, &written, log)
        };
        Self {
            key,
            durability,
            value: value.unwrap_or_default(),
            edited: false,
            written,
        }
    }

    /// Write it at the end of this call, if it has really changed.
    pub fn edit(&mut self) -> &mut T {
        self.edited = true;
        &mut self.value
    }

    /// A value that equals the default takes no entry.
    pub fn flush(&mut self, store: &mut Store<'_>) {
        self.flush_as(store, self.durability);
    }

    /// As `flush`, with another durability than the usual one.
    pub fn flush_as(&mut self, store: &mut Store<'_>, durability: Durability) {
        if !self.edited {
            return;
        }
        self.edited = false;
        let bytes = encode(&self.value);
        if bytes == self.written {
            return;
        }
        if bytes == encode(&T::default()) {
            if !self.written.is_empty() {
                store.forget(&self.key);
                self.written.clear();
            }
            return;
        }
        store.keep(self.key.clone(), bytes.clone(), durability);
        self.written = bytes;
    }
}

impl<T> Deref for Cell<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Drop for Cell<T> {
    /// A change that was never written out is the one mistake that this type
    /// exists to exclude.
    fn drop(&mut self) {
        debug_assert!(
            !self.edited || std::thread::panicking(),
            "{} was edited and not kept",
            self.key
        );
    }
}
