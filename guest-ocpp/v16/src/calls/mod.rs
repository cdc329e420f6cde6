//! Calls of the central system, one file each.

mod change_availability;
mod change_configuration;
mod get_configuration;
mod remote_start;
mod remote_stop;
mod reset;
mod unlock_connector;
mod unsupported;

use crate::charger::Charger;
use crate::fields::Fields;
use crate::frame::{self, Violation};
use crate::turn::Turn;

pub(crate) use change_configuration::LONGEST_VALUE;

/// Us, as the central system may ask for us.
const VENDOR: &str = "Plugpoint";

/// The frame to send back at once; none if it comes later.
pub(crate) type Answer = Result<Option<String>, Violation>;

impl Charger {
    pub(crate) fn call(
        &mut self,
        turn: &mut Turn<'_>,
        link: u32,
        id: &str,
        action: &str,
        fields: Fields<'_, '_>,
    ) -> Answer {
        if let Some(answer) = self.call_of_profile(turn, link, id, action, fields) {
            return answer;
        }
        match action {
            "GetConfiguration" => self.get_configuration(id, fields),
            "DataTransfer" => data_transfer(self.build.name, id, fields),
            "ChangeConfiguration" => self.change_configuration(turn, id, fields),
            "RemoteStartTransaction" => self.remote_start(turn, id, fields),
            "RemoteStopTransaction" => self.remote_stop(turn, id, fields),
            "ChangeAvailability" => self.change_availability(id, fields),
            "ClearCache" => self.clear_cache(turn, id),
            "Reset" => self.reset(turn, id, fields),
            "UnlockConnector" => self.unlock_connector(turn, link, id, fields),
            other => unsupported::answer(id, other, fields),
        }
    }

    fn clear_cache(&mut self, turn: &mut Turn<'_>, id: &str) -> Answer {
        self.cache.clear(turn);
        self.needs_settling = true;
        status(id, "Accepted")
    }
}

/// The only vendor that this charger knows is itself: it tells which build
/// answers.
fn data_transfer(build: &str, id: &str, fields: Fields<'_, '_>) -> Answer {
    let vendor = fields.text("vendorId", 255)?;
    let message = fields.optional_text("messageId", 50)?;
    fields.optional_text("data", usize::MAX)?;
    match (vendor, message) {
        (VENDOR, Some("Build")) => Ok(Some(frame::result(id, 64, |w| {
            w.text("status", "Accepted");
            w.text("data", build);
        }))),
        (VENDOR, _) => status(id, "UnknownMessageId"),
        _ => status(id, "UnknownVendorId"),
    }
}

/// The answer that most calls get: a single word.
fn status(id: &str, word: &str) -> Answer {
    Ok(Some(frame::result(id, 32, |w| w.text("status", word))))
}
