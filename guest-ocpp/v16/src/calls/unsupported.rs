//! What this charger does not do (yet), each refused in its own way.

use super::{Answer, status};
use crate::fields::Fields;
use crate::frame::{self, Kind, Violation};

/// Calls of the standard and its security extension without a refusal of
/// their own.
const KNOWN: [&str; 13] = [
    "TriggerMessage",
    "SetChargingProfile",
    "ClearChargingProfile",
    "GetCompositeSchedule",
    "GetDiagnostics",
    "UpdateFirmware",
    "CertificateSigned",
    "DeleteCertificate",
    "ExtendedTriggerMessage",
    "GetInstalledCertificateIds",
    "GetLog",
    "InstallCertificate",
    "SignedUpdateFirmware",
];

pub(super) fn answer(id: &str, action: &str, _fields: Fields<'_, '_>) -> Answer {
    match action {
        "GetLocalListVersion" => Ok(Some(frame::result(id, 24, |w| w.int("listVersion", -1)))),
        "SendLocalList" => status(id, "NotSupported"),
        "ReserveNow" | "CancelReservation" => status(id, "Rejected"),
        known if KNOWN.contains(&known) => Err(Violation::new(
            Kind::NotOffered,
            "this charge point does not offer the feature profile",
        )),
        _ => Err(Violation::new(Kind::Unknown, "no such action")),
    }
}
