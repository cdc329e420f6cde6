//! A new way of signing in (the password, the security profile) on trial: until
//! the first link that is made with it, the former one is there to fall back
//! on. Not here: what either looks like (see `link` and `password`), and what is done about it (see `signing_in`).

use crate::packed::packed;

/// What to fall back on; nothing while nothing is on trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Trial {
    /// The security profile before.
    pub(crate) profile: Option<i64>,
    /// The password before is kept.
    pub(crate) password: bool,
    /// A link was made in the new way. What was before is forgotten once that
    /// link is down: another plan would end it.
    pub(crate) passed: bool,
}

impl Trial {
    pub(crate) fn is_on(&self) -> bool {
        self.profile.is_some() || self.password
    }
}

packed!(Trial {
    profile,
    password,
    passed
});
