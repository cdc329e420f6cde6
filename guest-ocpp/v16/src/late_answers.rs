//! Calls that are answered later: once a lock has moved, or a service has answered.
//! Who waits survives the instance; nobody waits for ever. Not here: what they wait for.

use crate::frame;
use crate::host::{Action, Frame};
use crate::json::{Json, Writer};
use crate::packed::{Packed, packed};
use crate::turn::Turn;

/// Calls that may wait at the same time.
const MAX_WAITING: usize = 32;

/// A call that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Late {
    message: String,
    link: u32,
    /// What it waits for.
    key: String,
    until: u64,
    /// The payload that answers it then.
    otherwise: String,
}

/// How a call is to be answered that waits for something.
pub(crate) struct Wait {
    /// What it waits for, for `finish`.
    pub(crate) key: String,
    /// At most this long.
    pub(crate) ms: u64,
    /// The payload that answers it then.
    pub(crate) otherwise: String,
}

/// The calls that wait, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LateAnswers(Vec<Late>);

impl LateAnswers {
    /// The call waits. If too many do, the one that has waited longest is answered as
    /// if its time were over.
    pub(crate) fn add(&mut self, turn: &mut Turn<'_>, link: u32, id: &str, wait: Wait) {
        let crowded = (self.0.len() >= MAX_WAITING).then(|| self.0.remove(0));
        self.0.push(Late {
            message: id.to_owned(),
            link,
            key: wait.key,
            until: turn.ms() + wait.ms,
            otherwise: wait.otherwise,
        });
        if let Some(oldest) = crowded {
            turn.warn("too many calls of the central system are waiting for their answers");
            send(turn, &oldest, &oldest.otherwise);
        }
    }

    /// What calls were waiting for has come: they get this payload.
    pub(crate) fn finish(&mut self, turn: &mut Turn<'_>, key: &str, payload: &str) {
        for late in self.take(|late| late.key == key) {
            send(turn, &late, payload);
        }
    }

    /// Answers those that have waited long enough.
    pub(crate) fn expire(&mut self, turn: &mut Turn<'_>) {
        let ms = turn.ms();
        for late in self.take(|late| late.until <= ms) {
            send(turn, &late, &late.otherwise);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When the first of them has waited long enough.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.0.iter().map(|late| late.until).min()
    }

    /// Their link is gone: nobody can be answered any more.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    fn take(&mut self, which: impl Fn(&Late) -> bool) -> Vec<Late> {
        let all = std::mem::take(&mut self.0);
        let (due, rest) = all.into_iter().partition(which);
        self.0 = rest;
        due
    }
}

impl Packed for LateAnswers {
    fn pack(&self, w: &mut Writer) {
        self.0.pack(w);
    }

    fn unpack(json: &Json<'_>) -> Option<Self> {
        Packed::unpack(json).map(Self)
    }
}

fn send(turn: &mut Turn<'_>, late: &Late, payload: &str) {
    let text = frame::answer(&late.message, payload);
    turn.act(Action::Send(Frame {
        link: late.link,
        text,
    }));
}

packed!(Late {
    message,
    link,
    key,
    until,
    otherwise
});
