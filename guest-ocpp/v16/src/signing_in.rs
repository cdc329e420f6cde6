//! Another password or security profile: it is tried, and what was before stays to fall
//! back on. Not here: what is on trial (see `trial`), and the plan of the link (see `link`).

use crate::charger::Charger;
use crate::config::Key;
use crate::password;
use crate::trial::Trial;
use crate::turn::Turn;

impl Charger {
    /// Takes a new password; false if it has no right form.
    pub(crate) fn change_password(&mut self, turn: &mut Turn<'_>, value: &str) -> bool {
        let Some(password) = password::decode(value) else {
            password::refuse(turn, value);
            return false;
        };
        self.end_passed_trial(turn);
        let in_use = matches!(self.config.int(Key::SecurityProfile), 1 | 2);
        if in_use && !self.trial.password && self.password.keep_as_former(turn) {
            self.trial.edit().password = true;
        }
        self.password.change(turn, password);
        // Under the same name there is another password now.
        self.plan = None;
        true
    }

    /// Takes a higher security profile.
    pub(crate) fn raise_profile(&mut self, turn: &mut Turn<'_>, value: &str) -> bool {
        let before = self.config.int(Key::SecurityProfile);
        if self
            .config
            .change(turn, Key::SecurityProfile, value)
            .is_err()
        {
            return false;
        }
        self.end_passed_trial(turn);
        if self.trial.profile.is_none() {
            self.trial.edit().profile = Some(before);
        }
        true
    }

    /// A link is up: by which of the two ways?
    pub(crate) fn judge_trial(&mut self, turn: &mut Turn<'_>, target: u32) {
        if !self.trial.is_on() {
            return;
        }
        if target == 0 {
            turn.info("central system accepted the new credentials or security profile");
            self.trial.edit().passed = true;
            return;
        }
        turn.warn(
            "the new credentials or security profile failed; the previous ones remain in use",
        );
        if let Some(profile) = self.trial.edit().profile.take() {
            let back = self
                .config
                .change(turn, Key::SecurityProfile, &profile.to_string());
            if back.is_err() {
                turn.warn("the previous security profile is no longer valid");
            }
        }
    }

    /// There is no link: what has passed its trial stands alone from now on.
    pub(crate) fn end_passed_trial(&mut self, turn: &mut Turn<'_>) {
        if self.trial.passed {
            password::forget_former(turn);
            *self.trial.edit() = Trial::default();
        }
    }
}
