//! What is said, and what is sent next: one call is in flight at a time. Not here: what the
//! answers mean to each part.

use crate::charger::Charger;
use crate::config::Key;
use crate::frame::{self};
use crate::host::{Action, Frame};
use crate::json::Writer;
use crate::outbox::{Kind, Outstanding, Waiting};
use crate::profile::Outcome;
use crate::registration::Standing;
use crate::status::Report;
use crate::turn::Turn;

/// More than so many waiting messages are a backlog, which news may overtake.
const BACKLOG: u64 = 3;

impl Charger {
    /// Sends a message when its turn comes.
    pub(crate) fn say(&mut self, kind: Kind, action: &str, payload: String, triggered: bool) {
        self.needs_settling = true;
        self.outbox.edit().waiting.push(Waiting::Other {
            kind,
            action: action.to_owned(),
            payload,
            triggered,
        });
    }

    pub(crate) fn say_status(&mut self, turn: &Turn<'_>, connector: u32, report: Report) {
        self.status_told(connector);
        let unix_ms = self.clock.time(&turn.now);
        let after = self.queue.next();
        self.outbox.edit().waiting.push(Waiting::Status {
            connector,
            report,
            unix_ms,
            after,
        });
    }

    pub(crate) fn ask_authorize(&mut self, request: u32, tag: &str) {
        self.outbox.edit().waiting.push(Waiting::Authorize {
            request,
            tag: tag.to_owned(),
        });
    }

    /// Sends the next call if none is in flight.
    pub(crate) fn pump(&mut self, turn: &mut Turn<'_>) {
        if let Some(call) = self
            .outbox
            .call
            .as_ref()
            .filter(|call| call.until <= turn.ms())
        {
            let kind = call.kind.clone();
            self.outbox.edit().call = None;
            self.unanswered(turn, kind);
        }
        if self.outbox.link.is_none() {
            return self.drop_unsendable(turn);
        }
        if self.outbox.call.is_some() {
            return;
        }
        if !self.registration.is_accepted() {
            if self.registration.again_at.is_none_or(|at| at <= turn.ms()) {
                let payload = self.boot_notification();
                self.send_call(turn, None, Kind::Boot, "BootNotification", &payload);
            } else if self.registration.standing == Standing::Pending
                && let Some(place) = self.outbox.waiting.iter().position(Waiting::is_triggered)
            {
                self.send_news(turn, place);
            }
            return;
        }
        self.clear_jam(turn);
        let ready = self.queue.first(turn).map(|(number, _)| *number);
        let ready = ready.filter(|_| self.queue.held_until(turn).is_none() && self.can_keep());
        let status_held = self.silence.status_held_until(turn.ms()).is_some();
        let may_go = |item: &Waiting| match item {
            Waiting::Authorize { .. } | Waiting::Other { .. } => true,
            Waiting::Status { .. } => !status_held,
        };
        let news = self.outbox.waiting.iter().position(may_go);
        let news = news.filter(|place| match &self.outbox.waiting[*place] {
            Waiting::Authorize { .. }
            | Waiting::Other {
                triggered: true, ..
            } => self.silence.lets_people_pass(),
            Waiting::Other { .. } => !self.silence.is_probing(),
            Waiting::Status { after, .. } => {
                !self.silence.is_probing()
                    && ready.is_none_or(|number| number >= *after || self.queue.waiting() > BACKLOG)
            }
        });
        if let Some(place) = news {
            self.send_news(turn, place);
        } else if self.silence.is_probing() {
            self.send_call(turn, None, Kind::Heartbeat, "Heartbeat", "{}");
        } else if ready.is_some() {
            self.send_first(turn);
        } else if self
            .heartbeat
            .due_at(self.config.ms(Key::HeartbeatInterval))
            <= turn.ms()
        {
            self.send_call(turn, None, Kind::Heartbeat, "Heartbeat", "{}");
        }
    }

    fn send_news(&mut self, turn: &mut Turn<'_>, place: usize) {
        match self.outbox.edit().waiting.remove(place) {
            Waiting::Status {
                connector,
                report,
                unix_ms,
                ..
            } => {
                let payload = self.status_notification(connector, &report, unix_ms);
                self.send_call(
                    turn,
                    None,
                    Kind::Status { connector },
                    "StatusNotification",
                    &payload,
                );
            }
            Waiting::Authorize { request, tag } => {
                let mut w = Writer::with_capacity(48);
                w.begin_object();
                w.text("idTag", &tag);
                w.end_object();
                self.send_call(
                    turn,
                    None,
                    Kind::Authorize { request },
                    "Authorize",
                    &w.finish(),
                );
            }
            Waiting::Other {
                kind,
                action,
                payload,
                ..
            } => self.send_call(turn, None, kind, &action, &payload),
        }
    }

    /// Without a link, what is said of a moment is lost.
    fn drop_unsendable(&mut self, turn: &mut Turn<'_>) {
        let is_other = |item: &Waiting| matches!(item, Waiting::Other { .. });
        if !self.outbox.waiting.iter().any(is_other) {
            return;
        }
        let waiting = std::mem::take(&mut self.outbox.edit().waiting);
        let (others, rest) = waiting.into_iter().partition(is_other);
        self.outbox.edit().waiting = rest;
        let others: Vec<Waiting> = others;
        for item in others {
            if let Waiting::Other {
                kind: Kind::Profile { owner, label },
                ..
            } = item
            {
                self.tell_outcome(turn, &owner, &label, Outcome::Unanswered);
            }
        }
    }

    fn send_first(&mut self, turn: &mut Turn<'_>) {
        let Some((number, record)) = self.queue.first(turn) else {
            return;
        };
        let (number, record) = (*number, record.clone());
        if self.is_told_before(turn, number, &record) {
            turn.info(format!(
                "connector {}: clock-aligned value skipped: the clock was set back and \
                 its time was reported before",
                record.outlet
            ));
            self.queue.remove_first(turn);
            self.needs_settling = true;
            return;
        }
        let record = self.decide_end(turn, number, record);
        let Some((action, payload)) = self.payload_of(turn, number, &record) else {
            return;
        };
        self.queue.first_sent();
        self.send_call(turn, Some(record.id), Kind::Transaction, action, &payload);
    }

    fn send_call(
        &mut self,
        turn: &mut Turn<'_>,
        id: Option<String>,
        kind: Kind,
        action: &str,
        payload: &str,
    ) {
        let Some(link) = self.outbox.link else { return };
        let id = id.unwrap_or_else(|| self.ids.fresh());
        let text = frame::call(&id, action, payload);
        let until = turn.ms() + self.config.ms(Key::MessageTimeout);
        self.outbox.edit().call = Some(Outstanding { id, kind, until });
        self.send(turn, link, text);
    }

    pub(crate) fn send(&mut self, turn: &mut Turn<'_>, link: u32, text: String) {
        self.heartbeat.sent(turn.ms());
        turn.act(Action::Send(Frame { link, text }));
    }
}
