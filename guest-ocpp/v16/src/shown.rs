//! What the control API shows of the protocol: registration, waiting messages, and of each
//! connector its status, transaction and idTag. Not here: what the central system is told
//! (see `reporting`).

use crate::charger::Charger;
use crate::host::{Action, Shown};
use crate::turn::Turn;

impl Charger {
    /// For the control API: only what has changed since this instance began.
    pub(crate) fn show(&mut self, turn: &mut Turn<'_>) {
        let values = [
            self.registration.name().to_owned(),
            self.queue.waiting().to_string(),
        ];
        for ((name, before), value) in ["registration", "queue"]
            .iter()
            .zip(&mut self.shown)
            .zip(values)
        {
            show_one(turn, 0, name, before, value);
        }
        for outlet in &mut self.outlets {
            let (status, error) = match &outlet.state.reported.now {
                Some((report, _)) => (report.status.name().to_owned(), report.error.clone()),
                None => (String::new(), String::new()),
            };
            let (transaction, tag) = match &*outlet.session {
                Some(session) => {
                    let number = session
                        .id
                        .map_or_else(|| format!("local {}", session.number), |id| id.to_string());
                    (number, session.tag.clone())
                }
                None => (
                    String::new(),
                    outlet
                        .state
                        .authorization
                        .as_ref()
                        .map_or(String::new(), |it| it.tag.clone()),
                ),
            };
            let values = [status, error, transaction, tag];
            for ((name, before), value) in ["status", "error", "transaction", "id_tag"]
                .iter()
                .zip(&mut outlet.shown)
                .zip(values)
            {
                show_one(turn, outlet.number, name, before, value);
            }
        }
    }
}

fn show_one(turn: &mut Turn<'_>, outlet: u32, name: &str, before: &mut String, value: String) {
    if *before != value {
        before.clone_from(&value);
        turn.act(Action::Show(Shown {
            outlet,
            name: name.to_owned(),
            value,
        }));
    }
}
