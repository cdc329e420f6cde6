//! Our own calls: one in flight at a time, and what is sent next. Not here:
//! what the answers mean to each part.

use crate::charger::Charger;
use crate::config::Key;
use crate::fields::Fields;
use crate::host::{Action, Disconnect, Dropped, Frame, LinkDown};
use crate::json::{Json, Writer};
use crate::packed::{packed, packed_enum};
use crate::queue::{AfterFailure, Record, What};
use crate::registration::Standing;
use crate::rpc::{self, ErrorCode, Message, Violation};
use crate::status::Report;
use crate::turn::Turn;

/// More than so many waiting messages are a backlog, which news may overtake.
const BACKLOG: u64 = 3;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outbox {
    link: Option<u32>,
    call: Option<Outstanding>,
    waiting: Vec<Waiting>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Outstanding {
    id: String,
    kind: Kind,
    until: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Boot,
    Heartbeat,
    Status { connector: u32 },
    Authorize { wish: u32 },
    Transaction,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Waiting {
    Status {
        connector: u32,
        report: Report,
        unix_ms: Option<i64>,
        /// Number of the transaction message that was next when this was said.
        after: u64,
    },
    Authorize {
        wish: u32,
        tag: String,
    },
}

impl Outbox {
    pub(crate) fn link(&self) -> Option<u32> {
        self.link
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        self.call.as_ref().map(|call| call.until)
    }

    pub(crate) fn asks_for(&self, wish: u32) -> bool {
        self.call
            .as_ref()
            .is_some_and(|call| call.kind == Kind::Authorize { wish })
            || self.waiting.iter().any(
                |item| matches!(item, Waiting::Authorize { wish: asked, .. } if *asked == wish),
            )
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.call.is_none()
    }
}

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
        self.heartbeat.sent(turn.ms());
        self.stirred = true;
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
        self.stirred = true;
        let outbox = self.outbox.edit();
        outbox.link = None;
        let call = outbox.call.take();
        let waiting = std::mem::take(&mut outbox.waiting);
        self.desk.edit().unlocks.clear();
        for outlet in &mut self.outlets {
            outlet.book.edit().said_here = false;
        }
        for item in waiting {
            match item {
                Waiting::Status { connector, .. } => self.forget_said_of(connector),
                Waiting::Authorize { wish, .. } => self.wish_unanswered(turn, wish),
            }
        }
        match call.map(|call| call.kind) {
            Some(Kind::Status { connector }) => self.forget_said_of(connector),
            Some(Kind::Authorize { wish }) => self.wish_unanswered(turn, wish),
            Some(Kind::Boot | Kind::Heartbeat | Kind::Transaction) | None => {}
        }
    }

    pub(crate) fn say_status(&mut self, turn: &Turn<'_>, connector: u32, report: Report) {
        let unix_ms = self.clock.time(&turn.now);
        let after = self.queue.next();
        self.outbox.edit().waiting.push(Waiting::Status {
            connector,
            report,
            unix_ms,
            after,
        });
    }

    pub(crate) fn ask_authorize(&mut self, wish: u32, tag: &str) {
        self.outbox.edit().waiting.push(Waiting::Authorize {
            wish,
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
            let kind = call.kind;
            self.outbox.edit().call = None;
            self.unanswered(turn, kind);
        }
        if self.outbox.link.is_none() || self.outbox.call.is_some() {
            return;
        }
        if !self.registration.is_accepted() {
            if self.registration.again_at.is_none_or(|at| at <= turn.ms()) {
                let payload = self.boot_notification();
                self.send_call(turn, None, Kind::Boot, "BootNotification", &payload);
            }
            return;
        }
        let ready = self.queue.first(turn).map(|(number, _)| *number);
        let ready = ready.filter(|_| self.queue.held_until(turn).is_none() && self.can_keep(turn));
        let news_first = match self.outbox.waiting.first() {
            None => false,
            Some(Waiting::Authorize { .. }) => true,
            Some(Waiting::Status { after, .. }) => {
                ready.is_none_or(|number| number >= *after || self.queue.waiting() > BACKLOG)
            }
        };
        if news_first {
            self.send_news(turn);
        } else if ready.is_some() {
            self.send_first(turn);
        } else if self.heartbeat_at() <= turn.ms() {
            self.send_call(turn, None, Kind::Heartbeat, "Heartbeat", "{}");
        }
    }

    fn send_news(&mut self, turn: &mut Turn<'_>) {
        match self.outbox.edit().waiting.remove(0) {
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
            Waiting::Authorize { wish, tag } => {
                let mut w = Writer::with_capacity(48);
                w.begin_object();
                w.text("idTag", &tag);
                w.end_object();
                self.send_call(
                    turn,
                    None,
                    Kind::Authorize { wish },
                    "Authorize",
                    &w.finish(),
                );
            }
        }
    }

    fn send_first(&mut self, turn: &mut Turn<'_>) {
        let Some((_, record)) = self.queue.first(turn) else {
            return;
        };
        let record = record.clone();
        let Some((action, payload)) = self.payload_of(turn, &record) else {
            return;
        };
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
        let id = id.unwrap_or_else(|| self.ids.next());
        let text = rpc::call(&id, action, payload);
        let until = turn.ms() + self.config.ms(Key::MessageTimeout);
        self.outbox.edit().call = Some(Outstanding { id, kind, until });
        self.send(turn, link, text);
    }

    pub(crate) fn send(&mut self, turn: &mut Turn<'_>, link: u32, text: String) {
        self.heartbeat.sent(turn.ms());
        turn.act(Action::Send(Frame { link, text }));
    }

    /// A frame of the central system.
    pub(crate) fn received(&mut self, turn: &mut Turn<'_>, link: u32, text: &str) {
        match rpc::read(text) {
            Message::Call {
                id,
                action,
                payload,
            } => {
                // While rejected, the charger is mute.
                if self.registration.standing == Standing::Rejected {
                    return;
                }
                match self.call(turn, link, &id, &action, Fields::of(&payload)) {
                    Ok(Some(answer)) => self.send(turn, link, answer),
                    Ok(None) => {}
                    Err(violation) => self.send(turn, link, rpc::error(&id, &violation)),
                }
            }
            Message::Result { id, payload } => self.answered(turn, &id, Ok(payload)),
            Message::Error {
                id,
                code,
                description,
            } => self.answered(turn, &id, Err(format!("{code} {description}"))),
            Message::Broken { id, violation } => {
                turn.warn(format!(
                    "call of the central system is malformed: {}",
                    violation.text
                ));
                if self.registration.standing != Standing::Rejected {
                    self.send(turn, link, rpc::error(&id, &violation));
                }
            }
            Message::Noise(why) => {
                turn.warn(format!("frame of the central system is ignored: {why}"))
            }
        }
    }

    /// The instance before failed on this frame.
    pub(crate) fn answer_dropped(&mut self, turn: &mut Turn<'_>, link: u32, dropped: &Dropped) {
        let head = &*dropped.head;
        if self.registration.standing == Standing::Rejected {
            return;
        }
        let Some(id) = rpc::id_of_call(head) else {
            return;
        };
        let unkept = dropped.failure == "storage"
            && ["\"ChangeConfiguration\"", "\"ChangeAvailability\""]
                .iter()
                .any(|action| head.contains(action));
        let answer = if unkept {
            // What could not be kept is not done.
            rpc::result(&id, 32, |w| w.text("status", "Rejected"))
        } else {
            rpc::error(
                &id,
                &Violation::new(
                    ErrorCode::InternalError,
                    "the charge point failed on this call",
                ),
            )
        };
        self.send(turn, link, answer);
    }

    fn answered(&mut self, turn: &mut Turn<'_>, id: &str, outcome: Result<Json<'_>, String>) {
        if self.outbox.call.as_ref().is_none_or(|call| call.id != id) {
            // Late or repeated answers are legal noise.
            return;
        }
        self.stirred = true;
        let Some(call) = self.outbox.edit().call.take() else {
            return;
        };
        match (call.kind, outcome) {
            (Kind::Boot, Ok(payload)) => self.boot_answered(turn, Fields::of(&payload)),
            (Kind::Boot, Err(why)) => self.boot_failed(turn, &why),
            (Kind::Heartbeat, Ok(payload)) => {
                self.heartbeat.told(turn.ms());
                self.learn_time(turn, Fields::of(&payload));
            }
            (Kind::Authorize { wish }, Ok(payload)) => {
                self.wish_answered(turn, wish, Fields::of(&payload))
            }
            (Kind::Authorize { wish }, Err(why)) => {
                turn.warn(format!("central system could not authorize: {why}"));
                self.wish_unanswered(turn, wish);
            }
            (Kind::Transaction, outcome) => self.transaction_answered(turn, outcome),
            (Kind::Heartbeat | Kind::Status { .. }, Err(why)) => {
                turn.warn(format!(
                    "central system answers a report with an error: {why}"
                ));
            }
            (Kind::Status { .. }, Ok(_)) => {}
        }
    }

    /// A hung central system: what must get through is sent again on a new
    /// link, and does not count as a failed attempt.
    fn unanswered(&mut self, turn: &mut Turn<'_>, kind: Kind) {
        turn.warn("central system does not answer");
        match kind {
            Kind::Boot => self.boot_failed(turn, "no answer"),
            Kind::Authorize { wish } => self.wish_unanswered(turn, wish),
            Kind::Status { connector } => {
                self.forget_said_of(connector);
                self.dial_again(turn);
            }
            Kind::Heartbeat | Kind::Transaction => self.dial_again(turn),
        }
    }

    pub(crate) fn dial_again(&mut self, turn: &mut Turn<'_>) {
        turn.act(Action::Disconnect(Disconnect {
            again: true,
            text: "no answer".to_owned(),
        }));
        self.link_lost(turn);
    }

    fn transaction_answered(&mut self, turn: &mut Turn<'_>, outcome: Result<Json<'_>, String>) {
        if self.queue.first(turn).is_none() {
            return;
        }
        let good = outcome.and_then(|payload| {
            let needs_number = matches!(
                self.queue.first(turn),
                Some((
                    _,
                    Record {
                        what: What::Start { .. },
                        ..
                    }
                ))
            );
            match Fields::of(&payload).optional_int("transactionId") {
                Ok(None) | Err(_) if needs_number => {
                    Err("the answer has no transactionId".to_owned())
                }
                _ => Ok(payload),
            }
        });
        match good {
            Ok(payload) => {
                if let Some(record) = self.queue.remove_first(turn) {
                    self.transaction_taken(turn, &record, Fields::of(&payload));
                }
            }
            Err(why) => {
                let most = self.config.int(Key::TransactionMessageAttempts).max(1);
                let interval = self.config.ms(Key::TransactionMessageRetryInterval);
                turn.warn(format!(
                    "central system failed on a transaction message: {why}"
                ));
                if self.queue.fail_first(turn, most, interval) == AfterFailure::GiveUp
                    && let Some(record) = self.queue.remove_first(turn)
                {
                    self.transaction_given_up(turn, &record);
                }
            }
        }
    }
}

packed!(Outbox {
    link,
    call,
    waiting
});
packed!(Outstanding { id, kind, until });
packed_enum!(Kind { Boot {}, Heartbeat {}, Status { connector }, Authorize { wish }, Transaction {} });
packed_enum!(Waiting { Status { connector, report, unix_ms, after }, Authorize { wish, tag } });
