//! Mistakes made on purpose, at least one per rule, to show that the world
//! finds them.

use super::watch::Rule;
use super::world::World;
use plugpoint_guest::protocol::{
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
    /// Stops are told with a time before their start.
    Earlier,
    /// Values are told with a time of an hour ago.
    Backwards,
    /// Clock-aligned values are told as of the same point of the grid.
    SamePoint,
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
    /// It forgets that a car has had its transaction.
    Forgetful,
    /// It keeps an authorization that has been used.
    Lasting,
    /// A permit outlives the car that it was given for.
    Clinging,
    /// An installation has another name each time that it is asked for.
    Nameless,
    /// What is installed is told as if it were still going on.
    Silent,
}

impl Tamper {
    /// All of them, each with the rule that it breaks.
    pub const ALL: [(Self, Rule); 24] = [
        (Self::SameId, Rule::Reports),
        (Self::Stranger, Rule::Reports),
        (Self::Twice, Rule::Reports),
        (Self::Late, Rule::Reports),
        (Self::TooMuch, Rule::Billing),
        (Self::TooLittle, Rule::Billing),
        (Self::Lavish, Rule::Contactor),
        (Self::Unasked, Rule::Energy),
        (Self::Deaf, Rule::Energy),
        (Self::Gullible, Rule::Energy),
        (Self::Pretender, Rule::Energy),
        (Self::Earlier, Rule::Time),
        (Self::Backwards, Rule::Time),
        (Self::SamePoint, Rule::Time),
        (Self::OddStatus, Rule::Status),
        (Self::OddWhole, Rule::Status),
        (Self::Hasty, Rule::Registration),
        (Self::Cheeky, Rule::Registration),
        (Self::Talkative, Rule::OneCall),
        (Self::Echo, Rule::OneCall),
        (Self::Hoarder, Rule::Bound),
        (Self::Forgetful, Rule::Cards),
        (Self::Lasting, Rule::Cards),
        (Self::Clinging, Rule::Contactor),
    ];

    /// Those that show in lives with updates only.
    pub const OF_UPDATES: [(Self, Rule); 2] = [
        (Self::Nameless, Rule::Updates),
        (Self::Silent, Rule::Updates),
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
                (_, Action::Revoke(outlet)) if self.keeps_permit(outlet) => {}
                (_, Action::Permit(permit)) if self.ignores(&permit) => {}
                (Tamper::Pretender, Action::Decide(mut decide)) => {
                    decide.request.online = false;
                    decide.request.rules.unknown_offline = true;
                    out.push(Action::Decide(decide));
                }
                (Tamper::Nameless, Action::Request(mut request))
                    if request.operation == "install" =>
                {
                    let name = format!("\"job\":\"{}-", request.id);
                    request.body = request.body.replace("\"job\":\"", &name);
                    out.push(Action::Request(request));
                }
                (Tamper::Silent, Action::Send(mut frame)) => {
                    frame.text = frame.text.replace("\"Installed\"", "\"Installing\"");
                    out.push(Action::Send(frame));
                }
                (tamper, Action::Send(frame)) => self.tampered_frame(tamper, frame, &mut out),
                (_, other) => out.push(other),
            }
        }
        match tamper {
            Tamper::Clinging => self.outlets.iter_mut().for_each(|it| it.clings = true),
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

    /// What is kept by a charger with a bad memory. Its instances notice that
    /// only when they are replaced.
    pub(super) fn tampered_entry(&mut self, mut entry: Entry) -> Entry {
        if !entry.key.starts_with("outlet/") {
            return entry;
        }
        let text = String::from_utf8_lossy(&entry.value).into_owned();
        match self.tamper {
            Some(Tamper::Forgetful) => {
                entry.value = text.replace("\"finished\":true,", "").into_bytes();
            }
            Some(Tamper::Lasting) => {
                let grant = text
                    .split_once("\"grant\":{")
                    .and_then(|(_, rest)| rest.split_once('}'))
                    .map(|(grant, _)| grant.to_owned());
                match (grant, self.old_grants.get(&entry.key)) {
                    (Some(grant), _) => drop(self.old_grants.insert(entry.key.clone(), grant)),
                    (None, Some(old)) => {
                        entry.value = format!("{{\"grant\":{{{old}}},{}", &text[1..]).into_bytes();
                    }
                    (None, None) => {}
                }
            }
            _ => {}
        }
        entry
    }

    /// What limits a session whose token was refused is not done.
    pub(super) fn ignores(&self, permit: &Permit) -> bool {
        let is_limit = permit.limit_ma == 0 || permit.energy_limit_wh.is_some();
        self.tamper == Some(Tamper::Deaf) && is_limit
    }

    /// A permit is not taken back that should be.
    pub(super) fn keeps_permit(&self, outlet: u32) -> bool {
        match self.tamper {
            Some(Tamper::Lavish) => true,
            Some(Tamper::Clinging) => {
                let outlet = self.outlets.iter().find(|it| it.state.outlet == outlet);
                outlet.is_some_and(|it| !it.state.has_car())
            }
            _ => false,
        }
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
            steps: Vec::new(),
            outlet: alone.state.outlet,
            limit_ma: 16_000,
            phases: 3,
            energy_limit_wh: None,
            session: 999_999,
            until_ms: None,
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
            Tamper::Earlier if is("StopTransaction") => {
                text = text.replace("\"timestamp\":\"20", "\"timestamp\":\"19");
            }
            Tamper::Backwards if is("MeterValues") && text.contains("\"transactionId\"") => {
                text = text.replace("\"timestamp\":\"20", "\"timestamp\":\"19");
            }
            Tamper::SamePoint if is("MeterValues") && text.contains("Sample.Clock") => {
                move_point(&mut text);
            }
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

/// All points of the grid become the same one.
fn move_point(text: &mut String) {
    let name = "\"timestamp\":\"";
    if let Some(at) = text.find(name).map(|at| at + name.len()) {
        text.replace_range(at..at + 23, "2026-11-22T12:00:00.000");
    }
}

/// The number behind a name.
fn after(text: &str, name: &str) -> String {
    let rest = text.split(name).nth(1).unwrap_or_default();
    rest.chars()
        .take_while(|c| c.is_ascii_digit() || *c == '-')
        .collect()
}
