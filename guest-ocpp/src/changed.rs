//! A build with two mistakes, for tests of what finds them: it accepts each
//! RemoteStopTransaction, and stops nothing; and a DataTransfer with the message id `Trap`
//! is the end of it. No charger in the field has it.

use plugpoint_ocpp_v16::Core;
use plugpoint_ocpp_v16::guest::json::object;
use plugpoint_ocpp_v16::profile::{Call, Manifest, Profile, Reply};

/// The mistakes, as an extension.
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
        match call.action {
            "RemoteStopTransaction" => Reply::Now(object(|w| w.text("status", "Accepted"))),
            "DataTransfer" if call.fields.text("messageId", usize::MAX) == Ok("Trap") => {
                panic!("a panic that was asked for")
            }
            _ => Reply::NotMine,
        }
    }
}
