//! The authorization cache: what the central system last said of a tag. Not here: whether
//! there is one, and how far it counts (see `known`).

use crate::host::{Durability, Log, TokenEntry, TokenStatus};
use crate::kept::{Cell, Store, unpack};
use crate::packed::packed;
use crate::turn::Turn;

const PREFIX: &str = "cache/";
/// As many as one scan can show.
const MAX_TOKENS: u32 = 250;
const SCAN: u32 = 256;

#[derive(Debug)]
struct Cached {
    entry: TokenEntry,
    /// Unix ms when it was said; the oldest goes first.
    said: i64,
}

/// The tags that are remembered, each in an entry.
#[derive(Debug)]
pub(crate) struct TokenCache {
    count: Cell<u32>,
}

impl TokenCache {
    pub(crate) fn load(store: &mut Store<'_>, log: &dyn Log) -> Self {
        Self {
            count: Cell::load(store, log, "cache-count", Durability::Lazy),
        }
    }

    pub(crate) fn flush(&mut self, store: &mut Store<'_>) {
        self.count.flush(store);
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self.count == 0
    }

    /// What is known of a tag. `time`: Unix ms, if it is known.
    pub(crate) fn recall(
        &self,
        turn: &mut Turn<'_>,
        tag: &str,
        time: Option<i64>,
    ) -> Option<TokenEntry> {
        let log = turn.log;
        let cached: Cached = turn.store.read(&key_of(tag), log)?;
        let mut entry = cached.entry;
        if entry.status == TokenStatus::Concurrent {
            // Kept by an earlier build. It was true then.
            return None;
        }
        if entry.status == TokenStatus::Accepted
            && let (Some(expires), Some(time)) = (entry.expires_ms, time)
            && expires <= time
        {
            entry.status = TokenStatus::Expired;
        }
        Some(entry)
    }

    /// The central system has said this of a tag.
    pub(crate) fn remember(
        &mut self,
        turn: &mut Turn<'_>,
        tag: &str,
        entry: &TokenEntry,
        time: Option<i64>,
    ) {
        let key = key_of(tag);
        let log = turn.log;
        let before: Option<Cached> = turn.store.read(&key, log);
        if before.as_ref().is_some_and(|before| before.entry == *entry) {
            return;
        }
        if before.is_none() {
            if *self.count >= MAX_TOKENS {
                self.make_room(turn, time);
            }
            *self.count.edit() += 1;
        }
        let said = time.unwrap_or(0);
        turn.store.write(
            key,
            &Cached {
                entry: entry.clone(),
                said,
            },
            Durability::Lazy,
        );
    }

    /// Invalid and expired ones go first, then the oldest.
    fn make_room(&mut self, turn: &mut Turn<'_>, time: Option<i64>) {
        let items = turn.store.scan(PREFIX, PREFIX, SCAN);
        let mut left = items.len() as u32;
        let is_good = |entry: &TokenEntry| {
            let expired = entry
                .expires_ms
                .zip(time)
                .is_some_and(|(at, time)| at <= time);
            entry.status == TokenStatus::Accepted && !expired
        };
        let worst = items
            .into_iter()
            .map(|(key, bytes)| {
                let cached: Option<Cached> = unpack(&bytes);
                let age = cached.map(|cached| (is_good(&cached.entry), cached.said));
                (age, key)
            })
            .min();
        if let Some((_, key)) = worst.filter(|_| left >= MAX_TOKENS) {
            turn.store.forget(&key);
            left -= 1;
        }
        *self.count.edit() = left;
    }

    pub(crate) fn clear(&mut self, turn: &mut Turn<'_>) {
        for (key, _) in turn.store.scan(PREFIX, PREFIX, SCAN) {
            turn.store.forget(&key);
        }
        *self.count.edit() = 0;
    }

    pub(crate) fn forget(&mut self, turn: &mut Turn<'_>, tag: &str) {
        let key = key_of(tag);
        if turn.store.get(&key).is_some() {
            turn.store.forget(&key);
            let left = self.count.saturating_sub(1);
            *self.count.edit() = left;
        }
    }
}

/// Tags are the same whatever their case.
fn key_of(tag: &str) -> String {
    format!("{PREFIX}{}", tag.to_lowercase())
}

packed!(Cached { entry, said });
