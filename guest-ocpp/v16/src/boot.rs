//! The boot sequence: BootNotification until the central system accepts. Not here: what it
//! has said of this charger (see `registration`).

use plugpoint_ocpp_core::clock::Learned;

use crate::charger::Charger;
use crate::config::Key;
use crate::fields::Fields;
use crate::host::Action;
use crate::profile::Happening;
use crate::registration::{Registration, Standing};
use crate::timestamp;
use crate::turn::Turn;

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
        self.registration
            .edit()
            .answered(standing, interval, turn.ms());
        if standing == Standing::Accepted {
            self.take_heartbeat_interval(turn, interval);
            self.heartbeat.told(turn.ms());
            self.forget_said();
            self.happens(Happening::Registered);
            turn.act(Action::InService(true));
        }
    }

    /// Whoever answers to the central system now is somebody else than it knows.
    pub(crate) fn register_again(&mut self) {
        *self.registration.edit() = Registration::default();
        self.needs_settling = true;
    }

    /// A new link is a new chance: our own wait for a central system that said
    /// nothing is over. One that it named goes on.
    pub(crate) fn retry_boot(&mut self) {
        if self.registration.waits_by_itself() {
            self.registration.edit().again_at = None;
        }
    }

    /// Not answered, or by an error.
    pub(crate) fn boot_failed(&mut self, turn: &mut Turn<'_>, why: &str) {
        let wait = self.registration.edit().failed(turn.ms());
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
                match self.clock.learn(turn, unix_ms) {
                    Learned::Known => {}
                    Learned::SetHost => self.set_clock(turn, unix_ms),
                    Learned::Implausible { earliest, latest } => turn.warn(format!(
                        "central system reports an implausible time, {}: expected between {} and \
                         {}; the clock is left alone",
                        timestamp::format(unix_ms, false),
                        timestamp::format(earliest, false),
                        timestamp::format(latest, false)
                    )),
                }
                self.note_clock(turn, false);
            }
            None => turn.warn("central system did not report a valid time"),
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
            turn.warn(format!("invalid heartbeat interval ignored: {interval} s"));
        }
    }
}
