//! The chain of policies: each an `authorization` component on a thread of its
//! own, asked one after the other until one does not pass.
//!
//! A slow policy costs the decision its budget and nobody else anything: the
//! answer comes back to the loop as an event.

pub(crate) mod convert;
mod shadow;
pub(crate) mod words;
mod worker;

pub use shadow::{Difference, ShadowFacts};
pub use worker::{PolicySettings, Worker, WorkerError};

use tokio::sync::oneshot;

use crate::config::OnFailure;
use crate::wit::protocol::{DecisionRequest, Observed, Rejection, TokenStatus, Verdict};
use worker::{Answer, Hand};

/// All policies, in order. Clones ask the same ones.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    links: Vec<Link>,
}

#[derive(Clone, Debug)]
struct Link {
    name: String,
    on_failure: OnFailure,
    hand: Hand,
}

/// What the chain says.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// The policy that gave it; empty if none did.
    pub by: String,
    /// Why, and what the ones before said.
    pub why: String,
}

impl Chain {
    /// Adds a policy at the end.
    pub fn push(&mut self, name: &str, on_failure: OnFailure, worker: &Worker) {
        self.links.push(Link {
            name: name.to_owned(),
            on_failure,
            hand: worker.for_chain(),
        });
    }

    /// Asks one after the other.
    pub async fn decide(self, request: DecisionRequest) -> Outcome {
        let mut trail = Vec::new();
        for link in &self.links {
            match link.ask(request.clone()).await {
                Ok((Some(verdict), why)) => {
                    trail.push(why);
                    return Outcome {
                        verdict,
                        by: link.name.clone(),
                        why: trail.join("; "),
                    };
                }
                Ok((None, why)) if why.is_empty() => trail.push(format!("{} passes", link.name)),
                Ok((None, why)) => trail.push(format!("{} passes ({why})", link.name)),
                Err(failure) => match link.on_failure {
                    OnFailure::Pass => {
                        trail.push(format!("{} failed ({failure}) and is passed", link.name));
                    }
                    OnFailure::Reject => {
                        return Outcome {
                            verdict: Verdict::Reject(Rejection {
                                status: TokenStatus::Invalid,
                                text: "the policy is out of order".into(),
                            }),
                            by: link.name.clone(),
                            why: format!("{} failed ({failure})", link.name),
                        };
                    }
                },
            }
        }
        trail.push("no policy decided".into());
        Outcome {
            verdict: Verdict::Reject(Rejection {
                status: TokenStatus::Invalid,
                text: "no policy decided".into(),
            }),
            by: String::new(),
            why: trail.join("; "),
        }
    }

    /// Tells all of them.
    pub fn observe(&self, observed: &Observed) {
        for link in &self.links {
            link.hand.observe(observed.clone());
        }
    }

    /// Tells all of them that the wall clock was moved.
    pub fn clock_stepped(&self, by_ms: i64) {
        for link in &self.links {
            link.hand.clock_stepped(by_ms);
        }
    }
}

impl Link {
    async fn ask(&self, request: DecisionRequest) -> Result<(Option<Verdict>, String), String> {
        let (reply, answer) = oneshot::channel();
        self.hand
            .ask(convert::request(request), reply)
            .map_err(|_| "it has ended".to_owned())?;
        let within = self.hand.answers_within();
        let Ok(answer) = tokio::time::timeout(within, answer).await else {
            return Err(format!("it did not answer within {within:?}"));
        };
        match answer {
            Ok(Answer::Decided(decision)) => Ok((convert::verdict(decision.verdict), decision.why)),
            Ok(Answer::Silent) => Ok((None, "it said nothing".into())),
            Ok(Answer::Failed(failure)) => Err(failure),
            Err(_) => Err("it has ended".to_owned()),
        }
    }
}
