//! ChangeConfiguration, and what a change sets off.

use super::{Answer, status};
use crate::charger::Charger;
use crate::config::{Access, Key};
use crate::fields::Fields;
use crate::password;
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
        let key = Key::find(name);
        let value = fields.text("value", LONGEST).inspect_err(|_| {
            let too_long = fields.text("value", usize::MAX);
            if let (Some(Key::AuthorizationKey), Ok(value)) = (key, too_long) {
                password::refuse(turn, value);
            }
        })?;
        let Some(key) = key else {
            return status(id, "NotSupported");
        };
        if self.config.access(key) == Access::Read {
            return status(id, "Rejected");
        }
        let taken = match key {
            Key::AuthorizationKey => self.change_password(turn, value),
            Key::SecurityProfile => {
                self.may_raise_profile(value) && self.raise_profile(turn, value)
            }
            _ => self.config.change(turn, key, value).is_ok(),
        };
        if !taken {
            return status(id, "Rejected");
        }
        turn.info(format!("configuration key {} is changed", key.info().name));
        self.stirred = true;
        match key {
            Key::HeartbeatInterval => self.heartbeat.sent(turn.ms()),
            Key::MeterValueSampleInterval => self.restart_sampling(turn),
            Key::ClockAlignedDataInterval => self.desk.edit().next_aligned = None,
            Key::LightIntensity | Key::BlinkRepeat => self.indicate_again(),
            _ => {}
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
