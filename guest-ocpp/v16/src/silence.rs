//! How long the central system has been silent, and what waits for it to speak. Not here:
//! what is done about it (see `no_answer`).

use crate::packed::packed;

const FIRST_STATUS_WAIT_MS: u64 = 10_000;
const MAX_STATUS_WAIT_MS: u64 = 300_000;
/// Probes that are lost before the link is dialled again grow up to this.
const MAX_PATIENCE: u32 = 8;

/// Answers that do not come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Silence {
    /// Calls without an answer since the last answer to any.
    unanswered: u32,
    /// Links in a row on which nothing was answered.
    dead_links: u32,
    /// Number of the meter values that were not answered; whether they are to
    /// blame or the link shows when something else is answered.
    suspect: Option<u64>,
    /// StatusNotifications in a row that were not answered.
    status_failures: u32,
    /// No StatusNotification before.
    status_after: Option<u64>,
    /// Connectors whose last StatusNotification was not answered.
    untold: Vec<u32>,
}

impl Silence {
    /// Heartbeats probe the link.
    pub(crate) fn is_probing(&self) -> bool {
        self.unanswered > 0
    }

    /// What people wait for goes before a probe, but not for ever.
    pub(crate) fn lets_people_pass(&self) -> bool {
        self.unanswered <= 1
    }

    /// When the next StatusNotification may be sent, if not now.
    pub(crate) fn status_held_until(&self, ms: u64) -> Option<u64> {
        self.status_after.filter(|after| *after > ms)
    }

    /// The last StatusNotification of this connector may be lost.
    pub(crate) fn is_untold(&self, connector: u32) -> bool {
        self.untold.contains(&connector)
    }

    /// A call was not answered.
    pub(crate) fn begins(&mut self) {
        self.unanswered = self.unanswered.saturating_add(1);
    }

    /// Calls without an answer since the last answer to any.
    pub(crate) fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// Some call was not answered, or some link was not answered on at all.
    pub(crate) fn is_there(&self) -> bool {
        self.unanswered > 0 || self.dead_links > 0
    }

    /// Some call was answered.
    pub(crate) fn ends(&mut self) {
        self.unanswered = 0;
        self.dead_links = 0;
    }

    /// Number of the meter values that may be to blame.
    pub(crate) fn suspect(&self) -> Option<u64> {
        self.suspect
    }

    /// These meter values may be to blame; none: there are no others.
    pub(crate) fn suspects(&mut self, number: Option<u64>) {
        self.suspect = number;
    }

    /// So many calls in a row are lost on this link that it is to be dialled again.
    pub(crate) fn is_too_long(&self) -> bool {
        self.unanswered > 1 + self.dead_links.min(MAX_PATIENCE)
    }

    /// Nothing was answered on this link.
    pub(crate) fn note_dead_link(&mut self) {
        self.dead_links = self.dead_links.saturating_add(1);
    }

    /// Some StatusNotification was not answered.
    pub(crate) fn has_lost_status(&self) -> bool {
        self.status_failures > 0
    }

    /// A StatusNotification was answered.
    pub(crate) fn status_answered(&mut self) {
        self.status_failures = 0;
    }

    /// A StatusNotification of this connector was not answered: it is told again, as
    /// things stand then, after a wait that grows.
    pub(crate) fn status_lost(&mut self, connector: u32, ms: u64) {
        let wait = FIRST_STATUS_WAIT_MS << self.status_failures.min(5);
        self.status_failures = self.status_failures.saturating_add(1);
        self.status_after = Some(ms + wait.min(MAX_STATUS_WAIT_MS));
        if !self.untold.contains(&connector) {
            self.untold.push(connector);
        }
    }

    /// It is being told again.
    pub(crate) fn status_told(&mut self, connector: u32) {
        self.untold.retain(|other| *other != connector);
    }

    /// What is left of it on a new link.
    pub(crate) fn on_a_new_link(&self) -> Self {
        Self {
            dead_links: self.dead_links,
            status_failures: self.status_failures,
            ..Self::default()
        }
    }
}

packed!(Silence {
    unanswered,
    dead_links,
    suspect,
    status_failures,
    status_after,
    untold
});
