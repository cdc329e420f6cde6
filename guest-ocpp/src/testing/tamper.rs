//! Mistakes made on purpose, at least one per rule, to show that the world
//! finds them.

use super::watch::Rule;
use super::world::World;
use crate::host::{
    Action, DecisionRequest, Durability, Entry, Frame, Permit, TokenOrigin, Verdict,
};

/// A charger that does one thing wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tamper {
    /// All reports have the same message id.
    SameId,
    /// Meter values name a transaction that nobody knows.
    Stranger,
    /// Stops are told twice, each under an id of its own.
    Twice,
    /// Values are told when their transaction has ended.
    Late,
    /// Stops tell 5 Wh too much.
    TooMuch,
    /// Stops tell 5 Wh too little.
    TooLittle,
    /// Contactors stay closed when a transaction has ended.
    Lavish,
    /// A car is given energy that nobody asked for.
    Unasked,
    /// Energy goes on where the central system refused the token.
    Deaf,
    /// Who was rejected may charge.
    Gullible,
    /// The charger says that it is offline, and unknown tokens are welcome.
    Pretender,
    /// `Finishing` is told where it is not possible.
    OddStatus,
    /// The charger as a whole is `Preparing`.
    OddWhole,
    /// A heartbeat before the registration.
    Hasty,
    /// An answer while rejected.
    Cheeky,
    /// A heartbeat while another call is open.
    Talkative,
    /// Calls of the central system are answered twice.
    Echo,
    /// The queue grows beyond its bound.
    Hoarder,
}

impl Tamper {
    /// All of them, each with the rule that it breaks.
    pub const ALL: [(Self, Rule); 18] = [
        (Self::SameId, Rule::Reports),
        (Self::Stranger, Rule::Reports),
        (Self::Twice, Rule::Reports),
        (Self::Late, Rule::Reports),
        (Self::TooMuch, Rule::Billing),
        (Self::TooLittle, Rule::Billing),
        (Self::Lavish, Rule::Billing),
        (Self::Unasked, Rule::Energy),
        (Self::Deaf, Rule::Energy),
        (Self::Gullible, Rule::Energy),
        (Self::Pretender, Rule::Energy),
        (Self::OddStatus, Rule::Status),
        (Self::OddWhole, Rule::Status),
        (Self::Hasty, Rule::Registration),
        (Self::Cheeky, Rule::Registration),
        (Self::Talkative, Rule::OneCall),
        (Self::Echo, Rule::OneCall),
        (Self::Hoarder, Rule::Bound),
    ];
}

impl World {
    pub(super) fn tampered(&mut self, actions: Vec<Action>) -> Vec<Action> {
        let Some(tamper) = self.tamper else {
            return actions;
        };
        let mut out = Vec::new();
        for action in actions {
            match (tamper, action) {
                (Tamper::Lavish | Tamper::Deaf, Action::Revoke(_)) => {}
                (Tamper::Pretender, Action::Decide(mut decide)) => {
                    decide.request.online = false;
                    decide.request.rules.unknown_offline = true;
                    out.push(Action::Decide(decide));
                }
                (tamper, Action::Send(frame)) => self.tampered_frame(tamper, frame, &mut out),
                (_, other) => out.push(other),
            }
        }
        match tamper {
            Tamper::Unasked => out.extend(self.unasked().map(Action::Permit)),
            Tamper::Hoarder if self.events == 500 => self.hoard(),
            Tamper::Cheeky if self.watch.is_rejected() => {
                out.extend(self.link.map(|link| {
                    Action::Send(Frame {
                        link,
                        text: "[3,\"nothing\",{}]".to_owned(),
                    })
                }));
            }
            _ => {}
        }
        out
    }

    /// What a gullible charger makes of a verdict.
    pub(super) fn tampered_verdict(&self, request: &DecisionRequest, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::Reject(_)
                if self.tamper == Some(Tamper::Gullible)
                    && request.origin != TokenOrigin::Plugged =>
            {
                Verdict::Accept(Default::default())
            }
            verdict => verdict,
        }
    }

    fn unasked(&self) -> Option<Permit> {
        let alone = self
            .outlets
            .iter()
            .find(|outlet| outlet.state.plugged && outlet.state.permit.is_none())?;
        Some(Permit {
            outlet: alone.state.outlet,
            limit_ma: 16_000,
            phases: 3,
            energy_limit_wh: None,
            session: 999_999,
        })
    }

    fn hoard(&mut self) {
        let entries = (0..20_001).map(|number| Entry {
            key: format!("queue/9{number:019}"),
            value: b"{}".to_vec(),
            durability: Durability::Session,
            secret: false,
        });
        self.flash.apply(entries.collect(), Vec::new());
    }

    fn tampered_frame(&mut self, tamper: Tamper, frame: Frame, out: &mut Vec<Action>) {
        let link = frame.link;
        let mut text = frame.text;
        let is = |action: &str| {
            text.get(42..)
                .is_some_and(|rest| rest.starts_with(&format!("\"{action}\"")))
        };
        let send = |text: String| Action::Send(Frame { link, text });
        let heartbeat = |id: u64| send(format!("[2,\"extra-{id}\",\"Heartbeat\",{{}}]"));
        let events = self.events;
        match tamper {
            Tamper::SameId if is("StatusNotification") => {
                text.replace_range(4..40, "00000000-0000-4000-8000-000000000000");
            }
            Tamper::Stranger if is("MeterValues") => {
                text = text.replace("\"transactionId\":1", "\"transactionId\":77");
            }
            Tamper::Twice | Tamper::Late if is("StopTransaction") => {
                self.told_stop = text.get(42..).map(str::to_owned);
            }
            // In the place of another message, so that one call is open.
            Tamper::Twice if is("StatusNotification") => {
                if let Some(stop) = self.told_stop.take() {
                    text.replace_range(42.., &stop);
                }
            }
            Tamper::Late if is("StatusNotification") && !text.contains("\"connectorId\":0,") => {
                if let Some(stop) = self.told_stop.take() {
                    let values = format!(
                        "\"MeterValues\",{{\"connectorId\":{},\"transactionId\":{},\"meterValue\":[]}}]",
                        after(&text, "\"connectorId\":"),
                        after(&stop, "\"transactionId\":")
                    );
                    text.replace_range(42.., &values);
                }
            }
            Tamper::TooMuch if is("StopTransaction") => move_stop(&mut text, 5),
            Tamper::TooLittle if is("StopTransaction") => move_stop(&mut text, -5),
            Tamper::OddStatus if is("StatusNotification") => {
                text = text.replace("\"Preparing\"", "\"Finishing\"");
            }
            Tamper::OddWhole if is("StatusNotification") && text.contains("\"connectorId\":0,") => {
                text = text.replace("\"Available\"", "\"Preparing\"");
            }
            Tamper::Hasty if is("BootNotification") => out.push(heartbeat(events)),
            Tamper::Talkative if is("StatusNotification") => {
                out.push(send(text));
                out.push(heartbeat(events));
                return;
            }
            Tamper::Echo if text.starts_with("[3,") => out.push(send(text.clone())),
            _ => {}
        }
        out.push(send(text));
    }
}

fn move_stop(text: &mut String, by: i64) {
    let before = after(text, "\"meterStop\":");
    let moved = before.parse::<i64>().unwrap_or(0) + by;
    *text = text.replace(
        &format!("\"meterStop\":{before}"),
        &format!("\"meterStop\":{moved}"),
    );
}

/// The number behind a name.
fn after(text: &str, name: &str) -> String {
    let rest = text.split(name).nth(1).unwrap_or_default();
    rest.chars()
        .take_while(|c| c.is_ascii_digit() || *c == '-')
        .collect()
}
