//! How a running transaction is kept. What decides about it is durable. What each sample
//! changes (register, time) is kept for the next instance only, since the central system
//! is told of it or the queue keeps it; after a power cut `register` has what was noted
//! last. What is reported at the end has an entry of its own for each moment, so that
//! one more does not write all of them again. Not here: what is in it (see `session`).

use std::ops::Deref;

use plugpoint_guest::kept::{Cell, Store};
use plugpoint_guest::packed::packed;
use plugpoint_guest::protocol::{Durability, Log};

use crate::Protocol;
use crate::session::Session;
use crate::timeline::Timeline;

/// How many entries are read at once.
const PAGE: u32 = 256;

/// What every sample changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Progress {
    /// Our number of the transaction.
    session: u64,
    last_mwh: u64,
    timeline: Option<Timeline>,
}

/// The transaction of an outlet. Reading is by dereference; `edit` notes the change.
#[derive(Debug)]
pub struct KeptSession<P: Protocol> {
    value: Option<Session<P>>,
    edited: bool,
    /// As it was last written, without what is reported at the end.
    kept: Cell<Option<Session<P>>>,
    progress: Cell<Progress>,
    outlet: u32,
    /// What is reported at the end, as it is kept: the number of each entry.
    data: Vec<(u64, P::Value)>,
    next: u64,
}

impl<P: Protocol> KeptSession<P> {
    pub(crate) fn load(store: &mut Store<'_>, log: &dyn Log, outlet: u32) -> Self {
        let key = format!("session/{outlet}");
        let kept: Cell<Option<Session<P>>> = Cell::load(store, log, key, Durability::Durable);
        let key = format!("progress/{outlet}");
        let progress: Cell<Progress> = Cell::load(store, log, key, Durability::Session);
        let mut it = Self {
            value: kept.clone(),
            edited: false,
            kept,
            progress,
            outlet,
            data: Vec::new(),
            next: 0,
        };
        it.load_data(store, log);
        if let Some(session) = &mut it.value {
            if it.progress.session == session.number {
                session.last_mwh = it.progress.last_mwh;
                session.timeline = it.progress.timeline;
            }
            // A build that had no entries for it kept it with the rest.
            let entries = it.data.iter().map(|(_, value)| value.clone());
            session.data.extend(entries);
        }
        it
    }

    fn load_data(&mut self, store: &mut Store<'_>, log: &dyn Log) {
        if self.value.is_none() {
            return;
        }
        let prefix = self.prefix();
        let mut from = prefix.clone();
        loop {
            let page = store.scan(&prefix, &from, PAGE);
            let at_end = page.len() < PAGE as usize;
            for (key, bytes) in page {
                let number = key[prefix.len()..].parse();
                if let (Ok(number), Some(value)) = (number, store.decode(&key, &bytes, log)) {
                    self.data.push((number, value));
                    self.next = number + 1;
                }
                from = format!("{key}\0");
            }
            if at_end {
                return;
            }
        }
    }

    /// Write it at the end of this call, if it has really changed.
    pub fn edit(&mut self) -> &mut Option<Session<P>> {
        self.edited = true;
        &mut self.value
    }

    pub(crate) fn flush(&mut self, store: &mut Store<'_>) {
        if !std::mem::replace(&mut self.edited, false) {
            return;
        }
        self.flush_data(store);
        let Some(session) = &self.value else {
            *self.kept.edit() = None;
            *self.progress.edit() = Progress::default();
            self.kept.flush(store);
            self.progress.flush(store);
            return;
        };
        let bare = Session {
            data: Vec::new(),
            ..session.clone()
        };
        let is_progress = self.kept.as_ref().is_some_and(|kept| {
            let before = Session {
                last_mwh: kept.last_mwh,
                timeline: kept.timeline,
                ..bare.clone()
            };
            before == *kept
        });
        let progress = Progress {
            session: session.number,
            last_mwh: session.last_mwh,
            timeline: session.timeline,
        };
        if !is_progress {
            *self.kept.edit() = Some(bare);
            self.kept.flush(store);
        }
        if *self.progress != progress {
            *self.progress.edit() = progress;
            self.progress.flush(store);
        }
    }

    /// Most often there is one value more, or one less in the middle. Where values have
    /// changed, all that come after are written again: the entries are in order.
    fn flush_data(&mut self, store: &mut Store<'_>) {
        let prefix = self.prefix();
        let wanted = self.value.as_ref().map_or(&[][..], |it| &it.data[..]);
        let before = std::mem::take(&mut self.data);
        let mut wanted_at = 0;
        for (number, value) in before {
            let is_next = wanted.get(wanted_at) == Some(&value);
            if is_next {
                wanted_at += 1;
                self.data.push((number, value));
            } else {
                store.forget(&key_of(&prefix, number));
            }
        }
        for value in &wanted[wanted_at..] {
            store.write(key_of(&prefix, self.next), value, Durability::Lazy);
            self.data.push((self.next, value.clone()));
            self.next += 1;
        }
    }

    /// Of the entries of the present transaction, or of the one that has just ended.
    fn prefix(&self) -> String {
        let sessions = [self.value.as_ref(), self.kept.as_ref()];
        let number = sessions.into_iter().flatten().map(|it| it.number).next();
        format!("data/{}/{}/", self.outlet, number.unwrap_or(0))
    }
}

fn key_of(prefix: &str, number: u64) -> String {
    format!("{prefix}{number:010}")
}

impl<P: Protocol> Deref for KeptSession<P> {
    type Target = Option<Session<P>>;

    fn deref(&self) -> &Option<Session<P>> {
        &self.value
    }
}

packed!(Progress {
    session,
    last_mwh,
    timeline
});
