//! The boot sequence: BootNotification until the central system accepts.

use crate::charger::Charger;
use crate::config::Key;
use crate::fields::Fields;
use crate::host::Action;
use crate::packed::{packed, packed_words};
use crate::timestamp;
use crate::turn::Turn;

/// Waits of our own, where the central system names none.
const FIRST_WAIT_MS: u64 = 10_000;
const LONGEST_WAIT_MS: u64 = 300_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Standing {
    /// Not told yet, or not answered.
    #[default]
    None,
    Pending,
    Rejected,
    Accepted,
}

/// Since power-up or restart; a link that comes and goes does not change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Registration {
    pub(crate) standing: Standing,
    /// Not to be told again before.
    pub(crate) again_at: Option<u64>,
    failures: u32,
}

impl Registration {
    pub(crate) fn is_accepted(&self) -> bool {
        self.standing == Standing::Accepted
    }

    pub(crate) fn name(&self) -> &'static str {
        match self.standing {
            Standing::None => "none",
            Standing::Pending => "Pending",
            Standing::Rejected => "Rejected",
            Standing::Accepted => "Accepted",
        }
    }
}

impl Charger {
    pub(crate) fn boot_answered(&mut self, turn: &mut Turn<'_>, fields: Fields<'_, '_>) {
        self.learn_time(turn, fields);
        let interval = fields
            .optional_int("interval")
            .ok()
            .flatten()
            .unwrap_or(0)
            .max(0);
        let standing = match fields.text("status", 20) {
            Ok("Accepted") => Standing::Accepted,
            Ok("Pending") => Standing::Pending,
            Ok("Rejected") => Standing::Rejected,
            _ => return self.boot_failed(turn, "the answer has no known status"),
        };
        turn.info(format!(
            "central system registers this charger: {standing:?}, interval {interval} s"
        ));
        let registration = self.registration.edit();
        registration.standing = standing;
        registration.failures = 0;
        if standing == Standing::Accepted {
            registration.again_at = None;
            self.take_heartbeat_interval(turn, interval);
            self.heartbeat.told(turn.ms());
            self.forget_said();
            turn.act(Action::InService(true));
        } else {
            let wait = if interval > 0 {
                (interval as u64).saturating_mul(1000)
            } else {
                FIRST_WAIT_MS
            };
            registration.again_at = Some(turn.ms().saturating_add(wait));
        }
    }

    /// Not answered, or by an error.
    pub(crate) fn boot_failed(&mut self, turn: &mut Turn<'_>, why: &str) {
        let registration = self.registration.edit();
        let wait = (FIRST_WAIT_MS << registration.failures.min(5)).min(LONGEST_WAIT_MS);
        registration.failures += 1;
        registration.again_at = Some(turn.ms().saturating_add(wait));
        turn.warn(format!(
            "registration failed ({why}); again in {} s",
            wait / 1000
        ));
    }

    pub(crate) fn learn_time(&mut self, turn: &mut Turn<'_>, fields: Fields<'_, '_>) {
        let told = fields
            .text("currentTime", 64)
            .ok()
            .and_then(timestamp::parse);
        match told {
            Some(unix_ms) => {
                let request = self.ticket();
                self.clock.learn(turn, unix_ms, request);
            }
            None => turn.warn("central system does not say what time it is"),
        }
    }

    fn take_heartbeat_interval(&mut self, turn: &mut Turn<'_>, interval: i64) {
        if interval > 0
            && interval != self.config.int(Key::HeartbeatInterval)
            && self
                .config
                .change_lazily(turn, Key::HeartbeatInterval, &interval.to_string())
                .is_err()
        {
            turn.warn(format!(
                "heartbeat interval of {interval} s does not fit and is left out"
            ));
        }
    }
}

packed_words!(Standing { None = "none", Pending = "Pending", Rejected = "Rejected", Accepted = "Accepted" });
packed!(Registration {
    standing,
    again_at,
    failures
});
