//! Frames of the central system: its calls, and its answers to ours. Not here: what they
//! mean to each part.

use crate::charger::Charger;
use crate::codes;
use crate::fields::Fields;
use crate::frame::{self, CallError, Message, Violation};
use crate::host::Dropped;
use crate::json::Json;
use crate::outbox::Kind;
use crate::profile::Outcome;
use crate::registration::Standing;
use crate::turn::Turn;

impl Charger {
    /// A frame of the central system.
    pub(crate) fn received(&mut self, turn: &mut Turn<'_>, link: u32, text: &str) {
        match frame::read(text) {
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
                    Err(violation) => self.send(turn, link, codes::error(&id, &violation)),
                }
            }
            Message::Result { id, payload } => self.answered(turn, &id, Ok(payload)),
            Message::Error { id, error } => self.answered(turn, &id, Err(error)),
            Message::Broken { id, violation } => {
                turn.warn(format!(
                    "call of the central system is malformed: {}",
                    violation.text
                ));
                if self.registration.standing != Standing::Rejected {
                    self.send(turn, link, codes::error(&id, &violation));
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
        let Some(id) = frame::id_of_call(head) else {
            return;
        };
        let unkept = dropped.failure == "storage"
            && ["\"ChangeConfiguration\"", "\"ChangeAvailability\""]
                .iter()
                .any(|action| head.contains(action));
        let answer = if unkept {
            // What could not be kept is not done.
            frame::result(&id, 32, |w| w.text("status", "Rejected"))
        } else {
            let why = if dropped.failure == "storage" {
                "the charge point could not store this: its disk is full or failing"
            } else {
                "the charge point failed on this call"
            };
            codes::error(&id, &Violation::new(frame::Kind::Internal, why))
        };
        self.send(turn, link, answer);
    }

    fn answered(&mut self, turn: &mut Turn<'_>, id: &str, outcome: Result<Json<'_>, CallError>) {
        self.heard(turn);
        if self.outbox.call.as_ref().is_none_or(|call| call.id != id) {
            // Late or repeated answers are legal noise.
            return;
        }
        self.needs_settling = true;
        let Some(call) = self.outbox.edit().call.take() else {
            return;
        };
        match (call.kind, outcome) {
            (Kind::Boot, Ok(payload)) => self.boot_answered(turn, Fields::of(&payload)),
            (Kind::Boot, Err(error)) => self.boot_failed(turn, &error.to_string()),
            (Kind::Heartbeat, Ok(payload)) => {
                self.heartbeat.told(turn.ms());
                self.learn_time(turn, Fields::of(&payload));
            }
            (Kind::Authorize { request }, Ok(payload)) => {
                self.authorization_answered(turn, request, Fields::of(&payload))
            }
            (Kind::Authorize { request }, Err(error)) => {
                self.authorization_failed(turn, request, &error.to_string());
            }
            (Kind::Transaction, outcome) => self.transaction_answered(turn, outcome),
            (Kind::Heartbeat, Err(error)) => {
                turn.warn(format!("central system answered Heartbeat with {error}"));
            }
            (Kind::Triggered { action }, Err(error)) => {
                turn.warn(format!("central system answered {action} with {error}"));
            }
            (Kind::Triggered { .. }, Ok(_)) => {}
            (Kind::Profile { owner, label }, Ok(payload)) => {
                let outcome = Outcome::Result(Fields::of(&payload));
                self.tell_outcome(turn, &owner, &label, outcome);
            }
            (Kind::Profile { owner, label }, Err(error)) => {
                self.tell_outcome(turn, &owner, &label, Outcome::Error(&error));
            }
            (Kind::Status { connector }, outcome) => {
                self.status_answered();
                if let Err(error) = outcome {
                    turn.warn(format!(
                        "central system answered StatusNotification of connector {connector} with {error}"
                    ));
                }
            }
        }
    }

    /// What became of a message of a profile.
    pub(crate) fn tell_outcome(
        &mut self,
        turn: &mut Turn<'_>,
        owner: &str,
        label: &str,
        outcome: Outcome<'_>,
    ) {
        self.needs_settling = true;
        self.with_profile(turn, owner, |profile, core| {
            profile.answered(core, label, outcome);
        });
    }
}
