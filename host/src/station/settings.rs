//! Settings of the protocol component: questions of the control API become events, the
//! component's answers find whoever asked. Not here: what settings there are and what
//! they mean, which only the component knows.

use serde_json::json;
use tokio::sync::oneshot;

use super::Loop;
use crate::control::{Ask, NoAnswer};
use crate::wit::protocol::{
    Event, SettingAnswer, SettingChange, SettingOutcome, SettingsAnswer, SettingsQuery,
};

/// Questions that a component may owe an answer to. Whoever has gone makes room.
const MAX_WAITING: usize = 16;

/// What was asked and is not answered yet.
#[derive(Debug, Default)]
pub(super) struct Asked {
    last: u32,
    waiting: Vec<(u32, Waiting)>,
}

#[derive(Debug)]
enum Waiting {
    ForAll(oneshot::Sender<Result<SettingsAnswer, NoAnswer>>),
    ForOne(oneshot::Sender<Result<SettingAnswer, NoAnswer>>, String),
}

impl Waiting {
    fn has_gone(&self) -> bool {
        match self {
            Self::ForAll(sender) => sender.is_closed(),
            Self::ForOne(sender, _) => sender.is_closed(),
        }
    }

    fn give_up(self, why: NoAnswer) {
        // Fails only when whoever asked has gone.
        match self {
            Self::ForAll(sender) => drop(sender.send(Err(why))),
            Self::ForOne(sender, _) => drop(sender.send(Err(why))),
        }
    }
}

impl Asked {
    /// The number of a new question; none if too many are open.
    fn add(&mut self, waiting: Waiting) -> Option<u32> {
        self.waiting.retain(|(_, it)| !it.has_gone());
        if self.waiting.len() >= MAX_WAITING {
            waiting.give_up(NoAnswer::TooMany);
            return None;
        }
        self.last = self.last.wrapping_add(1);
        self.waiting.push((self.last, waiting));
        Some(self.last)
    }

    fn take(&mut self, id: u32) -> Option<Waiting> {
        let place = self.waiting.iter().position(|(it, _)| *it == id)?;
        Some(self.waiting.swap_remove(place).1)
    }
}

impl Loop {
    /// Somebody at the control API asks.
    pub(super) async fn ask_settings(&mut self, ask: Ask) {
        let (waiting, event): (_, Box<dyn FnOnce(u32) -> Event + Send>) = match ask {
            Ask::Query { names, answer } => (
                Waiting::ForAll(answer),
                Box::new(|id| Event::SettingsQuery(SettingsQuery { id, names })),
            ),
            Ask::Change {
                name,
                value,
                answer,
            } => (
                Waiting::ForOne(answer, name.clone()),
                Box::new(|id| Event::SetSetting(SettingChange { id, name, value })),
            ),
        };
        let Some(id) = self.asked.add(waiting) else {
            return;
        };
        if !self.deliver(event(id)).await
            && let Some(waiting) = self.asked.take(id)
        {
            waiting.give_up(NoAnswer::Lost);
        }
    }

    /// The component answers what was asked.
    pub(super) fn settings_told(&mut self, answer: SettingsAnswer) {
        if let Some(Waiting::ForAll(sender)) = self.asked.take(answer.id) {
            let _ = sender.send(Ok(answer));
        }
    }

    /// It answers whether a setting was changed. Its value is in no journal: it may be
    /// a password.
    pub(super) fn setting_told(&mut self, answer: SettingAnswer) {
        let Some(Waiting::ForOne(sender, name)) = self.asked.take(answer.id) else {
            return;
        };
        if answer.outcome != SettingOutcome::Unknown {
            let outcome = crate::words::of(&answer.outcome);
            tracing::info!(
                setting = name,
                outcome,
                "somebody at the control API sets a setting"
            );
            let note = || json!({ "name": name, "outcome": outcome });
            self.journal.note("setting", note);
        }
        let _ = sender.send(Ok(answer));
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::{Asked, MAX_WAITING, NoAnswer, Waiting};

    #[test]
    fn open_questions_are_bounded_and_whoever_has_gone_makes_room() {
        let mut asked = Asked::default();
        let mut open = Vec::new();
        for _ in 0..MAX_WAITING {
            let (sender, receiver) = oneshot::channel();
            assert!(asked.add(Waiting::ForAll(sender)).is_some());
            open.push(receiver);
        }
        let (sender, mut refused) = oneshot::channel();
        assert!(asked.add(Waiting::ForAll(sender)).is_none());
        assert!(matches!(refused.try_recv(), Ok(Err(NoAnswer::TooMany))));
        open.pop();
        let (sender, _receiver) = oneshot::channel();
        assert!(asked.add(Waiting::ForAll(sender)).is_some());
    }
}
