//! What is known of a tag before the central system is asked: by a profile's list, by the
//! cache; and the switches that say how far that counts. Not here: what follows from it,
//! for the policies decide that.

use crate::charger::Charger;
use crate::config::Key;
use crate::fields::Fields;
use crate::host::{Rules, TokenEntry, TokenStatus};
use crate::profile::Listed;
use crate::timestamp;
use crate::turn::Turn;

/// What is known of a tag.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// There is a list that counts.
    pub(crate) has_list: bool,
    pub(crate) listed: Option<TokenEntry>,
    pub(crate) cached: Option<TokenEntry>,
}

impl Known {
    /// Its group: the list goes before the cache, whatever it says.
    pub(crate) fn parent(self) -> Option<String> {
        self.listed.or(self.cached)?.parent
    }
}

impl Charger {
    pub(crate) fn known_of(&mut self, turn: &mut Turn<'_>, tag: &str) -> Known {
        if tag.is_empty() {
            return Known::default();
        }
        let listed = self.listed(turn, tag);
        Known {
            has_list: listed != Listed::NoList,
            listed: match listed {
                Listed::Entry(entry) => Some(entry),
                Listed::NoList | Listed::Absent => None,
            },
            cached: self.recall(turn, tag),
        }
    }

    pub(crate) fn rules(&self, has_list: bool) -> Rules {
        Rules {
            local_pre_authorize: self.config.is_on(Key::LocalPreAuthorize),
            local_authorize_offline: self.config.is_on(Key::LocalAuthorizeOffline),
            unknown_offline: self.config.is_on(Key::AllowOfflineTxForUnknownId),
            cache: self.config.is_on(Key::AuthorizationCacheEnabled),
            listing: has_list,
        }
    }

    fn recall(&self, turn: &mut Turn<'_>, tag: &str) -> Option<TokenEntry> {
        let has_cache = self.config.is_on(Key::AuthorizationCacheEnabled);
        let time = self.clock.time(&turn.now);
        has_cache
            .then(|| self.cache.recall(turn, tag, time))
            .flatten()
    }

    /// Nothing is kept while there is no cache: nobody would keep it true.
    pub(crate) fn clear_cache_if_off(&mut self, turn: &mut Turn<'_>) {
        if !self.cache.is_empty() && !self.config.is_on(Key::AuthorizationCacheEnabled) {
            self.cache.clear(turn);
        }
    }

    /// What the central system says of a tag (`idTagInfo`). What it says of the
    /// tag as such is kept; that it charges elsewhere is soon over, and a word
    /// that is not known says no, as far as anybody can tell.
    pub(crate) fn hear_of(
        &mut self,
        turn: &mut Turn<'_>,
        tag: &str,
        info: Fields<'_, '_>,
    ) -> TokenEntry {
        let status = match info.text("status", usize::MAX) {
            Ok("Accepted") => Some(TokenStatus::Accepted),
            Ok("Blocked") => Some(TokenStatus::Blocked),
            Ok("Expired") => Some(TokenStatus::Expired),
            Ok("Invalid") => Some(TokenStatus::Invalid),
            Ok("ConcurrentTx") => Some(TokenStatus::Concurrent),
            Ok(word) => {
                turn.warn(format!(
                    "central system reported the unknown status {word} for token {tag}; treated as Invalid"
                ));
                None
            }
            Err(_) => {
                turn.warn(format!(
                    "central system sent idTagInfo without a status for token {tag}; treated as Invalid"
                ));
                None
            }
        };
        let parent = info
            .optional_text("parentIdTag", 20)
            .ok()
            .flatten()
            .filter(|parent| !parent.is_empty());
        let expires = info.optional_text("expiryDate", 64).ok().flatten();
        let entry = TokenEntry {
            status: status.unwrap_or(TokenStatus::Invalid),
            parent: parent.map(str::to_owned),
            expires_ms: expires.and_then(timestamp::parse),
        };
        if let Listed::Entry(_) = self.listed(turn, tag) {
            // The list knows it, so the cache need not (3.5.3).
            self.cache.forget(turn, tag);
            return entry;
        }
        match status {
            Some(TokenStatus::Concurrent) => {}
            Some(_) => self.remember(turn, tag, &entry),
            None => self.cache.forget(turn, tag),
        }
        entry
    }

    fn remember(&mut self, turn: &mut Turn<'_>, tag: &str, entry: &TokenEntry) {
        if self.config.is_on(Key::AuthorizationCacheEnabled) && !tag.is_empty() {
            let time = self.clock.time(&turn.now);
            self.cache.remember(turn, tag, entry, time);
        }
    }
}
