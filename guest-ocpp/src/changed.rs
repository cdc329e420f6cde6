//! A build that answers one message otherwise, for tests of what finds that: it accepts
//! each RemoteStopTransaction, and stops nothing. No charger in the field has it.

use plugpoint_ocpp_v16::Core;
use plugpoint_ocpp_v16::guest::json::object;
use plugpoint_ocpp_v16::profile::{Call, Manifest, Profile, Reply};

/// The mistake, as an extension.
pub static MANIFEST: Manifest = Manifest {
    name: "changed",
    feature: None,
    services: &[],
    keys: &[],
    load: |_| Box::new(Changed),
};

#[derive(Debug)]
struct Changed;

impl Profile for Changed {
    fn call(&mut self, _: &mut Core<'_, '_>, call: &Call<'_>) -> Reply {
        if call.action == "RemoteStopTransaction" {
            Reply::Now(object(|w| w.text("status", "Accepted")))
        } else {
            Reply::NotMine
        }
    }
}
