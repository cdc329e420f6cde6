//! The authorization cache: what the central system last said of a tag.

use crate::charger::Charger;
use crate::config::Key;
use crate::fields::Fields;
use crate::host::{Durability, TokenEntry, TokenStatus};
use crate::kept::unpack;
use crate::packed::packed;
use crate::timestamp;
use crate::turn::Turn;

const PREFIX: &str = "cache/";
/// As many as one scan can show.
const MOST: u32 = 250;
const SCAN: u32 = 256;

#[derive(Debug)]
struct Cached {
    entry: TokenEntry,
    /// Unix ms when it was said; the oldest goes first.
    said: i64,
}

impl Charger {
    /// What is known of a tag, if there is a cache.
    pub(crate) fn recall(&self, turn: &mut Turn<'_>, tag: &str) -> Option<TokenEntry> {
        if !self.config.is_on(Key::AuthorizationCacheEnabled) {
            return None;
        }
        let log = turn.log;
        let cached: Cached = turn.store.read(&key_of(tag), log)?;
        let mut entry = cached.entry;
        let time = self.clock.time(&turn.now);
        if entry.status == TokenStatus::Accepted
            && let (Some(expires), Some(time)) = (entry.expires_ms, time)
            && expires <= time
        {
            entry.status = TokenStatus::Expired;
        }
        Some(entry)
    }

    pub(crate) fn remember(&mut self, turn: &mut Turn<'_>, tag: &str, entry: &TokenEntry) {
        if !self.config.is_on(Key::AuthorizationCacheEnabled) || tag.is_empty() {
            return;
        }
        let key = key_of(tag);
        let log = turn.log;
        let before: Option<Cached> = turn.store.read(&key, log);
        if before.as_ref().is_some_and(|before| before.entry == *entry) {
            return;
        }
        if before.is_none() {
            if *self.cached >= MOST {
                self.make_room(turn);
            }
            *self.cached.edit() += 1;
        }
        let said = self.clock.time(&turn.now).unwrap_or(0);
        turn.store.write(
            key,
            &Cached {
                entry: entry.clone(),
                said,
            },
            Durability::Lazy,
        );
    }

    /// Invalid ones go first, then the oldest.
    fn make_room(&mut self, turn: &mut Turn<'_>) {
        let items = turn.store.scan(PREFIX, PREFIX, SCAN);
        let mut left = items.len() as u32;
        let worst = items
            .into_iter()
            .map(|(key, bytes)| {
                let cached: Option<Cached> = unpack(&bytes);
                let age = cached
                    .map(|cached| (cached.entry.status == TokenStatus::Accepted, cached.said));
                (age, key)
            })
            .min();
        if let Some((_, key)) = worst.filter(|_| left >= MOST) {
            turn.store.forget(&key);
            left -= 1;
        }
        *self.cached.edit() = left;
    }

    pub(crate) fn clear(&mut self, turn: &mut Turn<'_>) {
        for (key, _) in turn.store.scan(PREFIX, PREFIX, SCAN) {
            turn.store.forget(&key);
        }
        *self.cached.edit() = 0;
    }

    /// An `idTagInfo` of the central system; none if it makes no sense.
    pub(crate) fn token_entry(&self, turn: &Turn<'_>, info: Fields<'_, '_>) -> Option<TokenEntry> {
        let status = match info.text("status", 32) {
            Ok("Accepted") => TokenStatus::Accepted,
            Ok("Blocked") => TokenStatus::Blocked,
            Ok("Expired") => TokenStatus::Expired,
            Ok("Invalid") => TokenStatus::Invalid,
            Ok("ConcurrentTx") => TokenStatus::Concurrent,
            _ => {
                turn.warn("central system gives a token a status that is not known");
                return None;
            }
        };
        let parent = info
            .optional_text("parentIdTag", 20)
            .ok()
            .flatten()
            .filter(|parent| !parent.is_empty());
        let expires = info.optional_text("expiryDate", 64).ok().flatten();
        Some(TokenEntry {
            status,
            parent: parent.map(str::to_owned),
            expires_ms: expires.and_then(timestamp::parse),
        })
    }
}

/// Tags are the same whatever their case.
fn key_of(tag: &str) -> String {
    format!("{PREFIX}{}", tag.to_lowercase())
}

packed!(Cached { entry, said });
