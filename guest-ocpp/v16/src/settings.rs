//! The configuration keys as the host's settings: described for people, and changed by
//! somebody at the charger as the central system would change them. Not here: what a
//! change sets off (see `calls::change_configuration`).

use crate::calls::LONGEST_VALUE;
use crate::charger::Charger;
use crate::config::{Key, Known};
use crate::host::{
    Action, SettingAnswer, SettingChange, SettingOutcome, SettingsAnswer, SettingsQuery,
};
use crate::password;
use crate::turn::Turn;

impl Charger {
    pub(crate) fn tell_settings(&self, turn: &mut Turn<'_>, query: &SettingsQuery) {
        let config = &self.config;
        let asked = |name: &String| config.find(name);
        let settings = if query.names.is_empty() {
            config.all().map(|known| config.describe(known)).collect()
        } else {
            let known = query.names.iter().filter_map(asked);
            known.map(|known| config.describe(known)).collect()
        };
        turn.act(Action::Settings(SettingsAnswer {
            id: query.id,
            settings,
        }));
    }

    pub(crate) fn set_setting(&mut self, turn: &mut Turn<'_>, change: &SettingChange) {
        let SettingChange { id, name, value } = change;
        let known = self.config.find(name);
        let outcome = if known.is_some() && value.chars().count() > LONGEST_VALUE {
            if known == Some(Known::Own(Key::AuthorizationKey)) {
                password::refuse(turn, value);
            }
            SettingOutcome::Refused
        } else {
            self.change_setting(turn, name, value)
        };
        let text = match outcome {
            SettingOutcome::Done | SettingOutcome::AfterRestart => String::new(),
            SettingOutcome::Unknown => "there is no such configuration key".to_owned(),
            SettingOutcome::ReadOnly => "it is set by the factory, or by the charger".to_owned(),
            SettingOutcome::Refused => known.map_or_else(String::new, |known| {
                format!("wanted: {}", self.config.wanted(known))
            }),
        };
        turn.act(Action::SettingSet(SettingAnswer {
            id: *id,
            outcome,
            text,
        }));
    }
}
