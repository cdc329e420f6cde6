//! FirmwareManagement (OCPP 1.6, 3.10, 5.9 and 5.19): the central system has the charge
//! point fetch and install a file, or send one about itself. Files and their
//! installation are the host's (`wit/services.md`); here is when what is asked of it,
//! and what the central system hears of it.
//!
//! * `update`: UpdateFirmware; `work`: what is done for it next
//! * `diagnostics`: GetDiagnostics
//! * `statuses`: how a status gets to the central system
//! * `attempts`: what is tried again, and when

mod attempts;
mod diagnostics;
mod statuses;
mod update;
mod work;

use plugpoint_guest::json::object;
use plugpoint_guest::protocol::ServiceFailure;

use crate::config::{KeyInfo, Values};
use crate::core_access::Core;
use crate::profile::{
    Call, Happening, Manifest, Outcome, Profile, Reply, Requested, Trigger as Triggered,
};
use diagnostics::Diagnostics;
use update::Updates;

const TRANSFER: &str = "transfer@1";
const INSTALL: &str = "install@1";
const LOGS: &str = "logs@1";
/// A service's failure: the answer is lost, and with it whether anything was done.
const INTERRUPTED: &str = "interrupted";
/// The service does not have the file any more.
const NOT_FOUND: &str = "not-found";

/// The profile.
pub static MANIFEST: Manifest = Manifest {
    name: "firmware",
    feature: Some("FirmwareManagement"),
    services: &[TRANSFER, INSTALL, LOGS],
    keys: &[KeyInfo {
        name: "SupportedFileTransferProtocols",
        values: Values::Text { max: 30 },
        writable: false,
        default: "HTTPS,HTTP",
        unit: "",
        meaning: "How files are fetched and sent: the schemes of `location` in UpdateFirmware and GetDiagnostics.",
    }],
    load: |core| {
        Box::new(Firmware {
            updates: Updates::load(core),
            diagnostics: Diagnostics::load(core),
        })
    },
};

#[derive(Debug)]
struct Firmware {
    updates: Updates,
    diagnostics: Diagnostics,
}

impl Profile for Firmware {
    fn call(&mut self, core: &mut Core<'_, '_>, call: &Call<'_>) -> Reply {
        match call.action {
            "UpdateFirmware" => self.updates.call(core, call.fields).into(),
            "GetDiagnostics" => match self.diagnostics.call(core, call.fields) {
                Ok(reply) => reply,
                Err(violation) => Reply::Wrong(violation),
            },
            _ => Reply::NotMine,
        }
    }

    fn answered(&mut self, core: &mut Core<'_, '_>, label: &str, outcome: Outcome<'_>) {
        if self.updates.statuses.answered(core, label, outcome) {
            self.updates.go(core);
        }
        if self.diagnostics.statuses.answered(core, label, outcome) {
            self.diagnostics.go(core);
        }
    }

    fn response(
        &mut self,
        core: &mut Core<'_, '_>,
        label: &str,
        outcome: Result<&str, &ServiceFailure>,
    ) {
        self.updates.response(core, label, outcome);
        self.diagnostics.response(core, label, outcome);
    }

    fn on(&mut self, core: &mut Core<'_, '_>, happening: &Happening) {
        match happening {
            // What could not be said can be, a connector is free, or the time has come.
            Happening::LinkUp | Happening::Ended { .. } | Happening::ClockStepped => {
                self.advance(core);
            }
            // Connectors are reported first.
            Happening::Registered => self.updates.look_soon(core),
            _ => {}
        }
    }

    fn trigger(&mut self, core: &mut Core<'_, '_>, request: Requested<'_>) -> Triggered {
        let (status, statuses) = match request.message {
            "FirmwareStatusNotification" => (self.updates.status(), &self.updates.statuses),
            "DiagnosticsStatusNotification" => {
                (self.diagnostics.status(), &self.diagnostics.statuses)
            }
            _ => return Triggered::NotMine,
        };
        statuses.repeat(core, status);
        Triggered::Accepted
    }

    fn deadline(&self) -> Option<u64> {
        let both = [self.updates.deadline(), self.diagnostics.deadline()];
        both.into_iter().flatten().min()
    }

    fn advance(&mut self, core: &mut Core<'_, '_>) {
        self.updates.go(core);
        self.diagnostics.go(core);
    }

    fn flush(&mut self, core: &mut Core<'_, '_>) {
        self.updates.flush(core);
        self.diagnostics.flush(core);
    }
}

/// The host need not keep a file any more, whatever becomes of the answer.
fn discard(core: &mut Core<'_, '_>, handle: &str) {
    let body = object(|w| w.text("handle", handle));
    core.request("discard", TRANSFER, "discard", body);
}

/// An address for the log: without user and password, and without what may stand in for
/// them behind the path.
fn shown(address: &str) -> String {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let address = &address[..end];
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let host = rest.find('/').unwrap_or(rest.len());
    let from = rest[..host].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[from..])
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn addresses_are_shown_without_what_is_secret() {
        for (address, expected) in [
            ("http://host/a.bin", "http://host/a.bin"),
            ("ftp://user:pa@ss@host:21/a@b", "ftp://host:21/a@b"),
            ("https://host/a?token=secret", "https://host/a"),
            ("https://user:pw@host?x", "https://host"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(shown(address), expected);
        }
    }
}
