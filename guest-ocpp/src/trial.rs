//! A new way of signing in (the password, the security profile) on trial: until
//! the first link that is made with it, the former one is there to fall back
//! on. Not here: what either looks like (see `link` and `password`).

use crate::charger::Charger;
use crate::config::Key;
use crate::packed::packed;
use crate::password;
use crate::turn::Turn;

/// What to fall back on; nothing while nothing is on trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Trial {
    /// The security profile before.
    pub(crate) profile: Option<i64>,
    /// The password before is kept.
    pub(crate) password: bool,
    /// A link was made in the new way. What was before is forgotten once that
    /// link is down: another plan would end it.
    passed: bool,
}

impl Trial {
    pub(crate) fn is_on(&self) -> bool {
        self.profile.is_some() || self.password
    }
}

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
            turn.info("the central system takes the new way of signing in");
            self.trial.edit().passed = true;
            return;
        }
        turn.warn("the central system is reached in the former way only");
        if let Some(profile) = self.trial.edit().profile.take() {
            let back = self
                .config
                .change(turn, Key::SecurityProfile, &profile.to_string());
            if back.is_err() {
                turn.warn("the former security profile does not fit any more");
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

packed!(Trial {
    profile,
    password,
    passed
});
