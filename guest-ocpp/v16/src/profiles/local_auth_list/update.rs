//! SendLocalList (5.15) as it was received: what is wrong with it by itself. Not here:
//! what it makes of the list that is there (see `list`).

use std::collections::BTreeSet;

use plugpoint_guest::json::Json;
use plugpoint_guest::protocol::{TokenEntry, TokenStatus};
use plugpoint_ocpp_wire::fields::{Fields, property};
use plugpoint_ocpp_wire::frame::{Kind, Violation};
use plugpoint_ocpp_wire::timestamp;

/// Longest idTag of the standard.
const MAX_TAG: usize = 20;

const STATUSES: [(&str, TokenStatus); 5] = [
    ("Accepted", TokenStatus::Accepted),
    ("Blocked", TokenStatus::Blocked),
    ("Expired", TokenStatus::Expired),
    ("Invalid", TokenStatus::Invalid),
    ("ConcurrentTx", TokenStatus::Concurrent),
];

/// A change of the list.
#[derive(Debug)]
pub(super) struct Update {
    /// Of the list with this update.
    pub(super) version: i64,
    /// It replaces the list.
    pub(super) full: bool,
    /// Tokens in lower case, and what is said of each; nothing: it is removed.
    pub(super) entries: Vec<(String, Option<TokenEntry>)>,
}

/// Why an update is not applied. The list stays as it is.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The list here is as new, or newer.
    VersionMismatch,
    /// It cannot be applied, for this reason.
    Failed(String),
}

impl Update {
    /// # Errors
    ///
    /// A field is missing, or has a type or value that it must not have.
    pub(super) fn read(fields: &Fields<'_, '_>) -> Result<Self, Violation> {
        let version = fields.int("listVersion")?;
        let full = fields.choice("updateType", &[("Full", true), ("Differential", false)])?;
        let items = fields.optional_list("localAuthorizationList")?;
        let items = items.unwrap_or_default();
        let mut entries = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let entry = entry(item).map_err(|violation| Violation {
                text: format!("localAuthorizationList[{at}]: {}", violation.text),
                ..violation
            })?;
            entries.push(entry);
        }
        Ok(Self {
            version,
            full,
            entries,
        })
    }

    /// Whether it can be applied to a list of this version, at most `most` tokens at
    /// once.
    pub(super) fn check(&self, version: i64, most: usize) -> Result<(), Refusal> {
        let failed = |why: String| Err(Refusal::Failed(why));
        if self.version < 0 {
            return failed(format!("the version is negative ({})", self.version));
        }
        if self.entries.len() > most {
            return failed(format!(
                "{} tokens at once, and SendLocalListMaxLength is {most}",
                self.entries.len()
            ));
        }
        let mut seen = BTreeSet::new();
        for (tag, entry) in &self.entries {
            if tag.is_empty() {
                return failed("an idTag is empty".to_owned());
            }
            if !seen.insert(tag) {
                return failed(format!("idTag {tag} is in it twice"));
            }
            if self.full && entry.is_none() {
                return failed(format!(
                    "idTag {tag} has no idTagInfo, in a list that replaces the one before"
                ));
            }
        }
        if self.full && self.version == 0 && !self.entries.is_empty() {
            return failed("version 0 is that of an empty list".to_owned());
        }
        if !self.full && self.version <= version {
            return Err(Refusal::VersionMismatch);
        }
        Ok(())
    }
}

fn entry(item: &Json<'_>) -> Result<(String, Option<TokenEntry>), Violation> {
    let Json::Object(_) = item else {
        return Err(Violation::new(Kind::Type, "must be an object"));
    };
    let fields = Fields::of(item);
    // Tokens are the same whatever their case.
    let tag = fields.text("idTag", MAX_TAG)?.to_lowercase();
    let Some(info) = fields.optional_object("idTagInfo")? else {
        return Ok((tag, None));
    };
    let status = info.choice("status", &STATUSES)?;
    let parent = info.optional_text("parentIdTag", MAX_TAG)?;
    let expires_ms = match info.optional_text("expiryDate", usize::MAX)? {
        None => None,
        Some(text) => Some(
            timestamp::parse(text)
                .ok_or_else(|| property(format!("expiryDate {text:?} is no date with time")))?,
        ),
    };
    let entry = TokenEntry {
        status,
        parent: parent
            .filter(|parent| !parent.is_empty())
            .map(str::to_owned),
        expires_ms,
    };
    Ok((tag, Some(entry)))
}
