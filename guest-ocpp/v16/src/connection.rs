//! The link comes and goes: what begins with it, and what ends. Not here: how it is dialled
//! (see `link`).

use crate::charger::Charger;
use crate::config::Key;
use crate::host::{Action, Disconnect, LinkDown};
use crate::link;
use crate::outbox::{Kind, Waiting};
use crate::profile::{Happening, Outcome};
use crate::registration::Standing;
use crate::turn::Turn;

/// A link that is to be set up in another way is left to what goes on there for
/// this long, and then for no longer than that.
const QUIET_MS: u64 = 500;
const MAX_RELINK_WAIT_MS: u64 = 10_000;

impl Charger {
    /// `target`: which way it was dialled, if that is known.
    pub(crate) fn link_up(&mut self, turn: &mut Turn<'_>, link: u32, target: Option<u32>) {
        if self.outbox.link == Some(link) {
            return;
        }
        self.link_lost(turn);
        self.outbox.edit().link = Some(link);
        if let Some(target) = target {
            self.judge_trial(turn, target);
        }
        self.happens(Happening::LinkUp);
        self.silence_broken();
        self.retry_boot();
        self.heartbeat.sent(turn.ms());
        self.needs_settling = true;
        if self.config.is_on(Key::BootOnReconnect) && self.registration.is_accepted() {
            self.registration.edit().standing = Standing::None;
        }
    }

    pub(crate) fn link_down(&mut self, turn: &mut Turn<'_>, down: &LinkDown) {
        if down.link != 0 && self.outbox.link.is_some_and(|link| link != down.link) {
            return;
        }
        turn.info(format!("link to the central system is down: {}", down.text));
        self.end_passed_trial(turn);
        self.link_lost(turn);
    }

    /// Whatever waits for an answer will not get one. Transaction messages are
    /// safe in their queue; the rest is said anew, as things stand then.
    pub(crate) fn link_lost(&mut self, turn: &mut Turn<'_>) {
        if self.outbox.link.is_none()
            && self.outbox.call.is_none()
            && self.outbox.waiting.is_empty()
        {
            return;
        }
        self.needs_settling = true;
        let outbox = self.outbox.edit();
        outbox.link = None;
        let call = outbox.call.take();
        let waiting = std::mem::take(&mut outbox.waiting);
        self.happens(Happening::LinkDown);
        if !self.late.is_empty() {
            self.late.edit().clear();
        }
        for outlet in &mut self.outlets {
            outlet.state.edit().reported.reported_on_this_link = false;
        }
        let waiting = waiting.into_iter().map(|item| match item {
            Waiting::Status { connector, .. } => Kind::Status { connector },
            Waiting::Authorize { request, .. } => Kind::Authorize { request },
            Waiting::Other { kind, .. } => kind,
        });
        for kind in waiting.chain(call.map(|call| call.kind)) {
            match kind {
                Kind::Status { connector } => self.forget_said_of(connector),
                Kind::Authorize { request } => self.authorization_unanswered(turn, request),
                Kind::Profile { owner, label } => {
                    self.tell_outcome(turn, &owner, &label, Outcome::Unanswered);
                }
                Kind::Boot | Kind::Heartbeat | Kind::Transaction | Kind::Triggered { .. } => {}
            }
        }
    }

    pub(crate) fn dial_again(&mut self, turn: &mut Turn<'_>) {
        turn.act(Action::Disconnect(Disconnect {
            again: true,
            text: "no answer".to_owned(),
        }));
        self.link_lost(turn);
    }

    /// A frame of the central system.
    pub(crate) fn on_frame(&mut self, turn: &mut Turn<'_>, link: u32, text: &str) {
        if self.outbox.link().is_some_and(|current| link < current) {
            return;
        }
        if self.outbox.link() != Some(link) {
            // It came up while no instance could take the news.
            self.link_lost(turn);
            self.link_up(turn, link, None);
        }
        self.received(turn, link, text);
    }

    /// Connects as the configuration says now; the host sees to the rest.
    pub(crate) fn apply_link(&mut self, turn: &mut Turn<'_>) {
        if self.relink_at().is_some_and(|at| at > turn.ms()) {
            return;
        }
        if self.relink.is_some() {
            *self.relink.edit() = None;
        }
        let plan = link::plan(&self.station, &self.config, self.password, *self.trial);
        if self.plan.as_ref() != Some(&plan) {
            turn.act(Action::Connect(plan.clone()));
            self.plan = Some(plan);
        }
    }

    /// When the link may be set up in another way: when nothing is outstanding,
    /// and the far end has had a moment for our last answer.
    pub(crate) fn relink_at(&self) -> Option<u64> {
        let since = (*self.relink)?;
        self.outbox.link()?;
        let bound = since + MAX_RELINK_WAIT_MS;
        if !self.outbox.is_idle() || !self.late.is_empty() {
            return Some(bound);
        }
        let quiet = self.heartbeat.last_word().max(since) + QUIET_MS;
        Some(quiet.min(bound))
    }
}
