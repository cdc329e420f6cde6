//! What tests ask a world.

use serde_json::Value;

use super::world::{Sent, World};

impl World {
    /// Calls since the last time this was asked: `Action` or `Action(word)`,
    /// where the word is the status of a report or the reason of a stop.
    pub fn news(&mut self) -> Vec<String> {
        let silent = |sent: &Sent| {
            self.settings
                .silent
                .iter()
                .any(|number| sent.payload["connectorId"] == *number)
        };
        let fresh = self.sent[self.seen..].iter();
        let news = fresh
            .filter(|sent| !silent(sent))
            .map(Sent::short)
            .collect();
        self.seen = self.sent.len();
        news
    }

    /// From now on only what is sent from now on counts.
    pub fn forget_sent(&mut self) {
        self.sent.clear();
        self.seen = 0;
    }

    /// All calls of one kind.
    pub fn all(&self, action: &str) -> Vec<&Sent> {
        self.sent
            .iter()
            .filter(|sent| sent.action == action)
            .collect()
    }

    /// The last call of one kind.
    pub fn last(&self, action: &str) -> &Sent {
        self.all(action)
            .last()
            .copied()
            .unwrap_or_else(|| panic!("no {action} was sent"))
    }

    /// What the control API shows.
    pub fn shows(&self, outlet: u32, name: &str) -> &str {
        self.shown
            .get(&(outlet, name.to_owned()))
            .map_or("", String::as_str)
    }

    /// What a technician could read so far.
    pub fn log(&self) -> Vec<String> {
        self.journal.0.borrow().clone()
    }
}

impl Sent {
    /// All of it in one line.
    pub fn line(&self) -> String {
        format!("{} {} {}", self.at_ms, self.short(), self.payload)
    }

    fn short(&self) -> String {
        let action = &self.action;
        match action.as_str() {
            "StatusNotification" => format!(
                "Status({},{})",
                self.payload["connectorId"],
                word(&self.payload["status"])
            ),
            "StopTransaction" => format!("Stop({})", word(&self.payload["reason"])),
            "StartTransaction" => format!("Start({})", word(&self.payload["idTag"])),
            "Authorize" => format!("Authorize({})", word(&self.payload["idTag"])),
            "BootNotification" => "Boot".to_owned(),
            _ => action.clone(),
        }
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}
