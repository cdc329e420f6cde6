//! ChangeConfiguration, and what a change sets off.

use super::{Answer, status};
use crate::charger::Charger;
use crate::config::{Access, Key, Known};
use crate::fields::Fields;
use crate::host::SettingOutcome;
use crate::password;
use crate::profile::Happening;
use crate::turn::Turn;

/// Longest value of the standard.
pub(crate) const LONGEST_VALUE: usize = 500;

impl Charger {
    pub(super) fn change_configuration(
        &mut self,
        turn: &mut Turn<'_>,
        id: &str,
        fields: Fields<'_, '_>,
    ) -> Answer {
        let name = fields.text("key", 50)?;
        let known = self.config.find(name);
        let value = fields.text("value", LONGEST_VALUE).inspect_err(|_| {
            let too_long = fields.text("value", usize::MAX);
            if let (Some(Known::Own(Key::AuthorizationKey)), Ok(value)) = (known, too_long) {
                password::refuse(turn, value);
            }
        })?;
        match self.change_setting(turn, name, value) {
            SettingOutcome::Unknown => status(id, "NotSupported"),
            SettingOutcome::ReadOnly | SettingOutcome::Refused => status(id, "Rejected"),
            SettingOutcome::Done | SettingOutcome::AfterRestart => status(id, "Accepted"),
        }
    }

    /// Whoever wants it: the central system, or somebody at the charger.
    pub(crate) fn change_setting(
        &mut self,
        turn: &mut Turn<'_>,
        name: &str,
        value: &str,
    ) -> SettingOutcome {
        let Some(known) = self.config.find(name) else {
            return SettingOutcome::Unknown;
        };
        if self.config.access(known) == Access::Read {
            return SettingOutcome::ReadOnly;
        }
        let connection_timeout = self.connection_timeout_ms();
        let taken = match known {
            Known::Own(Key::AuthorizationKey) => self.change_password(turn, value),
            Known::Own(Key::SecurityProfile) => {
                self.may_raise_profile(value) && self.raise_profile(turn, value)
            }
            Known::Own(key) => self.config.change(turn, key, value).is_ok(),
            Known::OfProfile(place) => self.config.change_of_profile(turn, place, value).is_ok(),
        };
        if !taken {
            return SettingOutcome::Refused;
        }
        let name = self.config.name_of(known);
        turn.info(format!("configuration key {name} is changed"));
        self.needs_settling = true;
        self.happens(Happening::KeyChanged { name });
        match known {
            Known::Own(Key::HeartbeatInterval) => self.heartbeat.sent(turn.ms()),
            Known::Own(Key::MeterValueSampleInterval) => self.restart_sampling(turn),
            Known::Own(Key::ClockAlignedDataInterval) => self.state.edit().next_aligned = None,
            Known::Own(Key::AuthorizationCacheEnabled) => self.clear_cache_if_off(turn),
            Known::Own(Key::ConnectionTimeOut) => self.shift_authorizations(connection_timeout),
            Known::Own(Key::LightIntensity | Key::BlinkRepeat) => self.indicate_again(),
            Known::Own(Key::AuthorizationKey | Key::SecurityProfile) => {
                *self.relink.edit() = Some(turn.ms());
            }
            Known::Own(_) | Known::OfProfile(_) => {}
        }
        SettingOutcome::Done
    }

    /// Only upwards, and not without what the profile needs.
    fn may_raise_profile(&self, value: &str) -> bool {
        let Ok(wanted) = value.trim().parse::<i64>() else {
            return false;
        };
        wanted > self.config.int(Key::SecurityProfile)
            && (wanted == 3 || self.password.entry().is_some())
    }
}
