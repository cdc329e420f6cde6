//! What is kept for whom, and who somebody is who wants to charge. Not here: which
//! connectors that concerns at a moment, and who asks for it.

use crate::token::same;

/// A connector is kept for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserved {
    /// As the central system calls it.
    pub id: i64,
    /// 0: one connector, whichever that is.
    pub connector: u32,
    /// For whom.
    pub tag: String,
    /// The group whose members it is for, too.
    pub parent: Option<String>,
}

/// What a connector is for somebody who is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vacancy {
    /// Nobody uses it, and it is kept for nobody.
    Free,
    /// Somebody uses it, or is about to, or it is kept for somebody.
    Occupied,
    /// It is out of order.
    Faulted,
    /// It is out of service.
    Unavailable,
}

/// Somebody who wants to charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor<'a> {
    tag: &'a str,
    /// None: nobody has been asked for the group yet.
    group: Option<Option<&'a str>>,
}

impl<'a> Visitor<'a> {
    /// Nobody has been asked for the group of this token yet.
    pub fn unknown(tag: &'a str) -> Self {
        Self { tag, group: None }
    }

    /// The group of this token is known; it may have none.
    pub fn known(tag: &'a str, group: Option<&'a str>) -> Self {
        Self {
            tag,
            group: Some(group),
        }
    }

    /// The token.
    pub fn tag(&self) -> &'a str {
        self.tag
    }
}

impl Reserved {
    /// It is for this visitor, as far as one knows.
    pub fn is_for(&self, visitor: &Visitor<'_>) -> bool {
        if same(&self.tag, visitor.tag) {
            return true;
        }
        let Some(parent) = &self.parent else {
            return false;
        };
        match visitor.group {
            None => true,
            Some(group) => group.is_some_and(|group| same(parent, group)),
        }
    }
}
