//! What Acme adds to the charge point: it counts sessions, reports each to the central
//! system, and says on request how many there were. There is a configuration key of
//! Acme's to switch the reports off.
//!
//! An instance may be replaced after any call, so the count is an entry.

use plugpoint_ocpp_v16::guest::json::object;
use plugpoint_ocpp_v16::guest::kept::Cell;
use plugpoint_ocpp_v16::guest::protocol::{Durability, Level};
use plugpoint_ocpp_v16::profile::{Call, Happening, Manifest, Outcome, Profile, Reply};
use plugpoint_ocpp_v16::wire::frame::Violation;
use plugpoint_ocpp_v16::{Core, KeyInfo, Values};

/// How the central system calls us in a DataTransfer.
const VENDOR: &str = "com.example.acme";
/// Whether each session is reported.
const REPORTS: &str = "AcmeSessionReports";

/// For the list in `lib.rs`.
pub static MANIFEST: Manifest = Manifest {
    name: "acme",
    // It is no profile of the standard: the factory cannot leave it out.
    feature: None,
    services: &[],
    keys: &[KeyInfo {
        name: REPORTS,
        values: Values::Bool,
        writable: true,
        default: "true",
        unit: "",
        meaning: "Each session is reported to the vendor's own system.",
    }],
    load: |core| {
        Box::new(Extension {
            sessions: core.cell("sessions", Durability::Durable),
        })
    },
};

#[derive(Debug)]
struct Extension {
    /// Sessions that have ended.
    sessions: Cell<u64>,
}

impl Profile for Extension {
    fn call(&mut self, _: &mut Core<'_, '_>, call: &Call<'_>) -> Reply {
        if call.action != "DataTransfer" || call.fields.text("vendorId", 255) != Ok(VENDOR) {
            return Reply::NotMine;
        }
        self.data_transfer(call).into()
    }

    fn on(&mut self, core: &mut Core<'_, '_>, happening: &Happening) {
        let Happening::Ended {
            connector,
            energy_wh,
            ..
        } = happening
        else {
            return;
        };
        *self.sessions.edit() += 1;
        if !core.is_on(REPORTS) {
            return;
        }
        // `data` is a text of the vendor's own making.
        let report = object(|w| {
            w.int("connector", i64::from(*connector));
            w.int("energyWh", i64::try_from(*energy_wh).unwrap_or(i64::MAX));
        });
        let payload = object(|w| {
            w.text("vendorId", VENDOR);
            w.text("messageId", "SessionReport");
            w.text("data", &report);
        });
        core.send("report", "DataTransfer", payload);
    }

    fn answered(&mut self, core: &mut Core<'_, '_>, label: &str, outcome: Outcome<'_>) {
        match outcome {
            Outcome::Result(_) => {}
            Outcome::Error(error) => core.log(Level::Warn, &format!("{label} failed: {error}")),
            Outcome::Unanswered => core.log(Level::Warn, &format!("{label} was not answered")),
        }
    }

    fn flush(&mut self, core: &mut Core<'_, '_>) {
        core.flush(&mut self.sessions);
    }
}

impl Extension {
    fn data_transfer(&self, call: &Call<'_>) -> Result<String, Violation> {
        Ok(match call.fields.optional_text("messageId", 50)? {
            Some("Sessions") => object(|w| {
                w.text("status", "Accepted");
                w.text("data", &self.sessions.to_string());
            }),
            _ => object(|w| w.text("status", "UnknownMessageId")),
        })
    }
}
