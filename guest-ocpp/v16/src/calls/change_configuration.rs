//! ChangeConfiguration, and what a change sets off.

use super::{Answer, status};
use crate::charger::Charger;
use crate::config::{Access, Key, Known};
use crate::fields::Fields;
use crate::password;
use crate::profile::Happening;
use crate::turn::Turn;

/// Longest value of the standard.
const LONGEST: usize = 500;

impl Charger {
    pub(super) fn change_configuration(
        &mut self,
        turn: &mut Turn<'_>,
        id: &str,
        fields: Fields<'_, '_>,
    ) -> Answer {
        let name = fields.text("key", 50)?;
        let known = self.config.find(name);
        let value = fields.text("value", LONGEST).inspect_err(|_| {
            let too_long = fields.text("value", usize::MAX);
            if let (Some(Known::Own(Key::AuthorizationKey)), Ok(value)) = (known, too_long) {
                password::refuse(turn, value);
            }
        })?;
        let Some(known) = known else {
            return status(id, "NotSupported");
        };
        if self.config.access(known) == Access::Read {
            return status(id, "Rejected");
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
            return status(id, "Rejected");
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
        status(id, "Accepted")
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
