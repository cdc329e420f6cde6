//! Requests to the host's services: made for some part of the charge point, so that the
//! response gets there, also in another instance. Not here: what is asked for.

use plugpoint_ocpp_core::clock;

use crate::charger::Charger;
use crate::host::{Action, Request, Response, ServiceFailure};
use crate::requests::{Asked, Errand};
use crate::turn::Turn;

/// Made by the charge point itself: the clock is set.
const CLOCK: &str = "clock";

impl Charger {
    pub(crate) fn request(
        &mut self,
        turn: &mut Turn<'_>,
        owner: &str,
        label: &str,
        errand: Errand<'_>,
    ) {
        let id = self.ticket();
        self.requests.edit().push(Asked {
            id,
            owner: owner.to_owned(),
            label: label.to_owned(),
        });
        turn.act(Action::Request(Request {
            id,
            service: errand.service.to_owned(),
            operation: errand.operation.to_owned(),
            body: errand.body,
        }));
    }

    /// The host's clock shall be what the central system says.
    pub(crate) fn set_clock(&mut self, turn: &mut Turn<'_>, unix_ms: i64) {
        let errand = Errand {
            service: clock::SERVICE,
            operation: "set",
            body: format!("{{\"unix_ms\":{unix_ms}}}"),
        };
        self.request(turn, "", CLOCK, errand);
    }

    pub(crate) fn on_response(&mut self, turn: &mut Turn<'_>, response: &Response) {
        let asked = self
            .requests
            .iter()
            .position(|asked| asked.id == response.id);
        // What nobody waits for was asked for before a restart.
        if let Some(place) = asked {
            let asked = self.requests.edit().remove(place);
            self.route(turn, &asked, &response.outcome);
        }
    }

    /// What a fresh instance finds: a request that the host does not know is lost.
    pub(crate) fn reconcile_requests(&mut self, turn: &mut Turn<'_>, unanswered: &[u32]) {
        let is_lost = |asked: &Asked| !unanswered.contains(&asked.id);
        if !self.requests.iter().any(is_lost) {
            return;
        }
        let all = std::mem::take(self.requests.edit());
        let (lost, rest) = all.into_iter().partition(is_lost);
        *self.requests.edit() = rest;
        let lost: Vec<Asked> = lost;
        for asked in lost {
            let failure = ServiceFailure {
                code: "interrupted".to_owned(),
                text: "the response was lost with the instance that waited for it".to_owned(),
            };
            self.route(turn, &asked, &Err(failure));
        }
    }

    fn route(
        &mut self,
        turn: &mut Turn<'_>,
        asked: &Asked,
        outcome: &Result<String, ServiceFailure>,
    ) {
        if asked.owner.is_empty() {
            match outcome {
                Ok(_) => self.clock.was_set(&turn.now),
                Err(failure) => turn.warn(format!(
                    "the clock was not set: {}: {}",
                    failure.code, failure.text
                )),
            }
            return;
        }
        self.needs_settling = true;
        self.with_profile(turn, &asked.owner, |profile, core| {
            profile.response(core, &asked.label, outcome.as_deref());
        });
    }
}
