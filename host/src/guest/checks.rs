//! Bounds on the values in actions, common to both worlds. Types already
//! exclude much; this is the rest.

use super::{Failure, Limits};

/// What a guest has asked for before this call and what is still to come of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outstanding {
    /// Timers set.
    pub timers: usize,
    /// Decisions and requests without an answer.
    pub questions: usize,
    /// Readings of meters and movements of locks without one.
    pub hardware: usize,
    /// Names of what is shown, all outlets together.
    pub shown: usize,
}

/// Timers of one guest.
const MAX_TIMERS: usize = 1024;
/// Decisions and requests of one guest that have no answer.
const MAX_QUESTIONS: usize = 128;
/// Orders to one outlet that have no answer, such as to read its meter.
const MAX_ORDERS: usize = 64;
/// Names shown for one outlet, or for the charger as a whole.
const MAX_SHOWN: usize = 256;

/// Longest key of an entry, in bytes.
const KEY_BYTES: usize = 256;
/// Longest name of a timer, a service, an operation, a setting to be shown.
const NAME_BYTES: usize = 128;
/// Longest text meant for a person, and longest URL.
const TEXT_BYTES: usize = 2048;
/// Longest token, and longest name of a token's group.
const TOKEN_BYTES: usize = crate::reader::MAX_TOKEN_BYTES;

/// Checks one call's actions and adds up what they carry.
pub struct Checks<'a> {
    pub(super) limits: &'a Limits,
    /// Numbers of the outlets that there are.
    pub(super) outlets: &'a [u32],
    bytes: usize,
    /// With what this call adds. What it replaces or takes back is not counted
    /// off: the bounds are far above what a guest has at a time.
    outstanding: Outstanding,
}

type Checked = Result<(), Failure>;

impl<'a> Checks<'a> {
    pub(super) fn new(limits: &'a Limits, outlets: &'a [u32], outstanding: Outstanding) -> Self {
        Self {
            limits,
            outlets,
            bytes: 0,
            outstanding,
        }
    }

    /// It sets a timer.
    pub(super) fn timer(&mut self, name: &str) -> Checked {
        self.outstanding.timers += 1;
        self.count("timers", self.outstanding.timers, MAX_TIMERS)?;
        self.name("the name of a timer", name)
    }

    /// It asks for a decision, or for something of a service.
    pub(super) fn question(&mut self) -> Checked {
        self.outstanding.questions += 1;
        let questions = self.outstanding.questions;
        self.count(
            "unanswered decisions and requests",
            questions,
            MAX_QUESTIONS,
        )
    }

    /// It asks something of the hardware.
    pub(super) fn order(&mut self, outlet: u32) -> Checked {
        self.outlet(outlet)?;
        self.outstanding.hardware += 1;
        let most = MAX_ORDERS * self.outlets.len();
        self.count(
            "unanswered orders to outlets",
            self.outstanding.hardware,
            most,
        )
    }

    /// It shows something.
    pub(super) fn shown(&mut self, outlet: u32, name: &str, value: &str) -> Checked {
        self.outlet_or_zero(outlet)?;
        self.outstanding.shown += 1;
        let most = MAX_SHOWN * (self.outlets.len() + 1);
        self.count("names of what is shown", self.outstanding.shown, most)?;
        self.name("the name of what is shown", name)?;
        self.text(value)
    }

    pub(super) fn key(&mut self, key: &str) -> Checked {
        if key.is_empty() {
            return Err(Failure::invalid("the key of an entry is empty"));
        }
        if key.len() > KEY_BYTES {
            return Err(Failure::invalid(format!(
                "the key of an entry has {} bytes; {KEY_BYTES} are allowed",
                key.len()
            )));
        }
        self.carry(key.len())
    }

    pub(super) fn value(&mut self, value: &[u8]) -> Checked {
        self.most("an entry", value.len(), self.limits.entry_bytes)
    }

    pub(super) fn frame(&mut self, text: &str) -> Checked {
        self.most("a frame", text.len(), self.limits.frame_bytes)
    }

    pub(super) fn body(&mut self, text: &str) -> Checked {
        self.most("the body of a request", text.len(), self.limits.frame_bytes)
    }

    pub(super) fn text(&mut self, text: &str) -> Checked {
        self.most("a text", text.len(), TEXT_BYTES)
    }

    pub(super) fn name(&mut self, what: &str, name: &str) -> Checked {
        if name.is_empty() || name.len() > NAME_BYTES || name.chars().any(char::is_control) {
            return Err(Failure::invalid(format!(
                "{what} is empty, too long or has control characters"
            )));
        }
        self.carry(name.len())
    }

    pub(super) fn token(&mut self, token: &str) -> Checked {
        if token.len() > TOKEN_BYTES {
            return Err(Failure::invalid(format!(
                "a token has {} bytes; {TOKEN_BYTES} are allowed",
                token.len()
            )));
        }
        self.carry(token.len())
    }

    pub(super) fn outlet(&self, outlet: u32) -> Checked {
        if self.outlets.contains(&outlet) {
            return Ok(());
        }
        Err(Failure::invalid(format!("there is no outlet {outlet}")))
    }

    /// An outlet, or 0 for none or all.
    pub(super) fn outlet_or_zero(&self, outlet: u32) -> Checked {
        if outlet == 0 {
            return Ok(());
        }
        self.outlet(outlet)
    }

    pub(super) fn count(&self, what: &str, count: usize, most: usize) -> Checked {
        if count <= most {
            return Ok(());
        }
        Err(Failure::limit(format!(
            "{count} {what}; {most} are allowed"
        )))
    }

    fn most(&mut self, what: &str, bytes: usize, most: usize) -> Checked {
        if bytes > most {
            return Err(Failure::limit(format!(
                "{what} has {bytes} bytes; {most} are allowed"
            )));
        }
        self.carry(bytes)
    }

    fn carry(&mut self, bytes: usize) -> Checked {
        self.bytes += bytes;
        if self.bytes > self.limits.action_bytes {
            return Err(Failure::limit(format!(
                "its actions carry more than the {} bytes allowed for one call",
                self.limits.action_bytes
            )));
        }
        Ok(())
    }
}
