//! RemoteTrigger (OCPP 1.6, 3.9 and 5.17): the central system wants to be told something
//! now. Not here: what each message says; that is asked of whoever sends it.

use plugpoint_guest::json::object;
use plugpoint_ocpp_wire::frame::Violation;

use crate::core_access::Core;
use crate::profile::{Call, Manifest, Profile, Reply, Requested, Trigger};

/// The profile.
pub static MANIFEST: Manifest = Manifest {
    name: "remote-trigger",
    feature: Some("RemoteTrigger"),
    services: &[],
    keys: &[],
    load: |_| Box::new(RemoteTrigger),
};

/// What can be going on for longer. Who sends none of it says that nothing is going on.
const IDLE: [&str; 2] = [
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
];

#[derive(Debug)]
struct RemoteTrigger;

impl Profile for RemoteTrigger {
    fn call(&mut self, core: &mut Core<'_, '_>, call: &Call<'_>) -> Reply {
        if call.action == "TriggerMessage" {
            trigger(core, call).into()
        } else {
            Reply::NotMine
        }
    }
}

fn trigger(core: &mut Core<'_, '_>, call: &Call<'_>) -> Result<String, Violation> {
    let message = call.fields.text("requestedMessage", usize::MAX)?;
    let request = Requested {
        message,
        connector: call.fields.optional_int("connectorId")?,
    };
    let word = match core.trigger(request) {
        Trigger::Accepted => "Accepted",
        Trigger::Rejected => "Rejected",
        Trigger::NotMine if IDLE.contains(&message) => {
            core.send_triggered("idle", message, status("Idle"));
            "Accepted"
        }
        Trigger::NotMine => "NotImplemented",
    };
    Ok(status(word))
}

fn status(word: &str) -> String {
    object(|w| w.text("status", word))
}
