//! Mistakes made on purpose, one per rule, to show that the world finds them.

use super::world::World;
use crate::host::{Action, Frame, Permit};

/// A charger that does one thing wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tamper {
    /// All reports have the same message id.
    SameId,
    /// Meter values name a transaction that nobody knows.
    Stranger,
    /// Stops tell 5 Wh too much.
    TooMuch,
    /// A car is given energy that nobody asked for.
    Unasked,
    /// Energy goes on where the central system refused the token.
    Deaf,
    /// Contactors stay closed when a transaction has ended.
    Lavish,
    /// `Finishing` is told where it is not possible.
    OddStatus,
    /// A heartbeat before the registration.
    Hasty,
    /// A heartbeat while another call is open.
    Talkative,
    /// The queue grows without end.
    Hoarder,
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
                (Tamper::Hoarder, Action::Show(mut shown))
                    if shown.name == "queue" && shown.value != "0" =>
                {
                    shown.value = "99999".to_owned();
                    out.push(Action::Show(shown));
                }
                (tamper, Action::Send(frame)) => self.tampered_frame(tamper, frame, &mut out),
                (_, other) => out.push(other),
            }
        }
        if tamper == Tamper::Unasked {
            let alone = self
                .outlets
                .iter()
                .find(|outlet| outlet.state.plugged && outlet.state.permit.is_none());
            out.extend(alone.map(|outlet| {
                Action::Permit(Permit {
                    outlet: outlet.state.outlet,
                    limit_ma: 16_000,
                    phases: 3,
                    energy_limit_wh: None,
                    session: 999_999,
                })
            }));
        }
        out
    }

    fn tampered_frame(&mut self, tamper: Tamper, frame: Frame, out: &mut Vec<Action>) {
        let link = frame.link;
        let mut text = frame.text;
        let is = |action: &str| {
            text.get(42..)
                .is_some_and(|rest| rest.starts_with(&format!("\"{action}\"")))
        };
        let heartbeat = |id: u64| Frame {
            link,
            text: format!("[2,\"extra-{id}\",\"Heartbeat\",{{}}]"),
        };
        match tamper {
            Tamper::SameId if is("StatusNotification") => {
                text.replace_range(4..40, "00000000-0000-4000-8000-000000000000");
            }
            Tamper::Stranger if is("MeterValues") => {
                text = text.replace("\"transactionId\":1", "\"transactionId\":77");
            }
            Tamper::TooMuch if is("StopTransaction") => {
                if let Some(at) = text.find("\"meterStop\":") {
                    let digits: String = text[at + 12..]
                        .chars()
                        .take_while(char::is_ascii_digit)
                        .collect();
                    let more = digits.parse::<u64>().unwrap_or(0) + 5;
                    text.replace_range(at + 12..at + 12 + digits.len(), &more.to_string());
                }
            }
            Tamper::OddStatus if is("StatusNotification") => {
                text = text.replace("\"Preparing\"", "\"Finishing\"")
            }
            Tamper::Hasty if is("BootNotification") => {
                out.push(Action::Send(heartbeat(self.events)))
            }
            Tamper::Talkative if is("StatusNotification") => {
                out.push(Action::Send(Frame { link, text }));
                out.push(Action::Send(heartbeat(self.events)));
                return;
            }
            _ => {}
        }
        out.push(Action::Send(Frame { link, text }));
    }
}
