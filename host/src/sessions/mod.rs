//! What policies say of sessions that go on: who said it is kept beside the policy,
//! so that it counts whether that policy runs, has failed, or was replaced.
//!
//! The safety thread has it all, with its times, before anything is written: energy
//! goes without waiting for a disk, a policy or a protocol guest. What has to outlive
//! the process is one document in the store.
//!
//! Not here: what a limit means for pilot and contactor (see `outlet::rules`), and
//! what the protocol guest makes of an end.

mod book;
#[cfg(test)]
mod tests;
mod words;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use crate::clock::Clock;
use crate::journal::Journal;
use crate::outlet::Outlets;
use crate::store::{Store, StoreError};
use crate::wit::authorization::{self as a, Action};
use crate::wit::protocol::{Observed, Permit, SessionEnd};
use book::{Book, Order, Unknown};

/// The name of the document.
const DOCUMENT: &str = "sessions";

/// All sessions that go on. Clones are handles on the same.
#[derive(Clone)]
pub struct Sessions {
    inner: Arc<Mutex<Inner>>,
    outlets: Outlets,
    clock: Clock,
    journal: Journal,
    /// Wakes the loop: something is to end.
    wakes: UnboundedSender<()>,
}

struct Inner {
    book: Book,
    store: Store,
    /// As it was written last.
    written: Vec<u8>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

impl Sessions {
    /// With what an earlier process has left; `policies` are those of the chain.
    pub fn load(
        store: Store,
        outlets: Outlets,
        clock: Clock,
        journal: Journal,
        policies: &[String],
        wakes: UnboundedSender<()>,
    ) -> Result<Self, StoreError> {
        let written = store.document_get(DOCUMENT)?.unwrap_or_default();
        let mut book = read(&written);
        for name in book.retain_policies(policies) {
            tracing::warn!(
                policy = name,
                "what it said of sessions is dropped: it is not in the chain any more"
            );
        }
        let it = Self {
            inner: Arc::new(Mutex::new(Inner {
                book,
                store,
                written,
            })),
            outlets,
            clock,
            journal,
            wakes,
        };
        it.clock_stepped();
        Ok(it)
    }

    /// The protocol guest tells policies of a session.
    pub(crate) fn observed(&self, it: &Observed) {
        let mut inner = self.inner();
        let orders = inner.book.observed(it);
        self.done(&mut inner, orders, None);
    }

    /// A permit is about to be given.
    pub(crate) fn permitted(&self, permit: &Permit) {
        let now = self.clock.now();
        let mut inner = self.inner();
        let orders = inner.book.permitted(permit, &now);
        self.done(&mut inner, orders, None);
    }

    /// The same, before the commit that the permit waits for.
    pub(crate) fn lowered(&self, permit: &Permit) {
        let now = self.clock.now();
        let mut inner = self.inner();
        let orders = inner.book.lowered(permit, &now);
        self.done(&mut inner, orders, None);
    }

    /// A policy's action, before what comes with it is committed: what it takes away
    /// is taken away, and nothing is given back.
    pub(crate) fn before_commit(&self, policy: &str, action: &Action) {
        match action {
            Action::LimitSession(said) => self.limit(policy, said),
            Action::EndSession(end) => self.end(policy, end),
            _ => {}
        }
    }

    /// What a policy has said counts alone now.
    pub(crate) fn committed(&self, policy: &str, said: &a::SessionLimit) {
        let now = self.clock.now();
        let mut inner = self.inner();
        let order = inner.book.committed(policy, said.session, &now);
        self.done(&mut inner, order, Some(policy));
    }

    fn limit(&self, policy: &str, said: &a::SessionLimit) {
        let now = self.clock.now();
        let mut inner = self.inner();
        match inner.book.limit(policy, said, &now) {
            Ok(Some(order)) => self.done(&mut inner, Some(order), Some(policy)),
            Ok(None) => return,
            Err(Unknown) => return refused(policy, said.session),
        }
        drop(inner);
        tracing::info!(policy, session = said.session, "limits: {}", in_words(said));
        self.journal.note("session", || {
            json!({
                "what": "limit", "policy": policy, "session": said.session,
                "limits": in_words(said), "why": said.why,
            })
        });
        // Its end may be the next thing that is due.
        let _ = self.wakes.send(());
    }

    fn end(&self, policy: &str, end: &a::SessionEnd) {
        let now = self.clock.now();
        let mut inner = self.inner();
        match inner.book.end(policy, end, &now) {
            Ok(Some(order)) => self.done(&mut inner, Some(order), Some(policy)),
            Ok(None) => return,
            Err(Unknown) => return refused(policy, end.session),
        }
        drop(inner);
        self.ends(policy, end.session, &end.why);
        let _ = self.wakes.send(());
    }

    /// Ends sessions whose time has come.
    pub(crate) fn note_due(&self) {
        let now = self.clock.now();
        let mut inner = self.inner();
        let orders = inner.book.note_due(&now);
        if orders.is_empty() {
            return;
        }
        let over: Vec<u64> = orders.iter().map(|(_, session, _)| *session).collect();
        self.done(&mut inner, orders, None);
        let ends = inner.book.untold();
        drop(inner);
        for end in ends.iter().filter(|end| over.contains(&end.session)) {
            self.ends(&end.by, end.session, &end.why);
        }
    }

    /// When [`note_due`](Self::note_due) finds something next, monotonic ms.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.inner().book.next_due(&self.clock.now())
    }

    /// Sessions that are to end and have not.
    pub(crate) fn to_end(&self) -> Vec<SessionEnd> {
        self.inner().book.ends()
    }

    /// Those of which the protocol guest has not heard.
    pub(crate) fn untold(&self) -> Vec<SessionEnd> {
        self.inner().book.untold()
    }

    /// The protocol guest has heard of the end of a session.
    pub(crate) fn told(&self, session: u64) {
        self.inner().book.told(session);
    }

    /// For a policy that starts.
    pub(crate) fn running(&self, policy: &str) -> Vec<a::RunningSession> {
        self.inner().book.running(policy)
    }

    /// The outlets hear what all times mean now.
    pub(crate) fn clock_stepped(&self) {
        let now = self.clock.now();
        let mut inner = self.inner();
        let orders = inner.book.orders(&now);
        self.done(&mut inner, orders, None);
    }

    /// For the status: what is said of the session at an outlet.
    pub(crate) fn shown(&self, outlet: u32) -> Vec<Value> {
        self.inner().book.shown(outlet)
    }

    fn ends(&self, by: &str, session: u64, why: &str) {
        tracing::info!(by, session, "the session ends: {why}");
        self.journal.note(
            "session",
            || json!({ "what": "end", "policy": by, "session": session, "why": why }),
        );
    }

    /// The outlets first. With a policy: before anything that it commits.
    fn done(
        &self,
        inner: &mut Inner,
        orders: impl IntoIterator<Item = Order>,
        policy: Option<&str>,
    ) {
        for (outlet, session, clamps) in orders {
            self.outlets.clamp(outlet, session, clamps);
        }
        let kept = inner.book.kept();
        if kept == inner.written {
            return;
        }
        inner.written.clone_from(&kept);
        match policy {
            Some(name) => {
                let slot = format!("policy/{name}");
                inner.store.document_put_before(&slot, DOCUMENT, kept);
            }
            None => inner.store.document_put_soon(DOCUMENT, kept),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(document: &[u8]) -> Book {
    if document.is_empty() {
        return Book::default();
    }
    serde_json::from_slice(document).unwrap_or_else(|error| {
        tracing::error!(%error, "what policies have said of sessions cannot be read and is dropped");
        Book::default()
    })
}

fn refused(policy: &str, session: u64) {
    tracing::warn!(policy, session, "it speaks of a session that there is not");
}

/// It takes back what was said of the session.
pub(crate) fn is_withdrawal(said: &a::SessionLimit) -> bool {
    said.limit_ma.is_none()
        && said.limit_w.is_none()
        && said.not_before.is_none()
        && said.until.is_none()
}

/// What a policy says of a session, in one line.
pub(crate) fn in_words(said: &a::SessionLimit) -> String {
    if is_withdrawal(said) {
        return "none any more".to_owned();
    }
    let time = |deadline: a::Deadline| match deadline {
        a::Deadline::Wall(ms) => crate::rfc3339::format(ms),
        a::Deadline::Monotonic(ms) => format!("{ms} ms of this boot"),
    };
    let all = [
        said.limit_ma.map(|it| format!("at most {it} mA")),
        said.limit_w.map(|it| format!("at most {it} W")),
        said.not_before.map(|it| format!("not before {}", time(it))),
        said.until.map(|it| format!("ends {}", time(it))),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    all.join(", ")
}
