//! The messages of OCPP 1.6, as its JSON schemas have them: all of Core in both
//! directions, and of the other profiles and the security whitepaper what a
//! station may say, or must be able to refuse.

use super::kind::Kind::{AnyText, Bool, List, Number, Object, Text, Time, Whole, Word};
use super::kind::{Field, Kind, may, need};

/// A message and the answer to it.
#[derive(Debug)]
pub(super) struct Form {
    action: &'static str,
    pub(super) request: &'static [Field],
    pub(super) response: &'static [Field],
}

pub(super) fn find(action: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.action == action)
}

const fn form(action: &'static str, request: &'static [Field], response: &'static [Field]) -> Form {
    Form {
        action,
        request,
        response,
    }
}

const TAG: Kind = Text(20);
const TAG_INFO: Kind = Object(&[
    may("expiryDate", Time),
    may("parentIdTag", TAG),
    need(
        "status",
        Word(&["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"]),
    ),
]);
const YES_OR_NO: &[Field] = &[need("status", Word(&["Accepted", "Rejected"]))];
const ERROR_CODE: Kind = Word(&[
    "ConnectorLockFailure",
    "EVCommunicationError",
    "GroundFailure",
    "HighTemperature",
    "InternalError",
    "LocalListConflict",
    "NoError",
    "OtherError",
    "OverCurrentFailure",
    "PowerMeterFailure",
    "PowerSwitchFailure",
    "ReaderFailure",
    "ResetFailure",
    "UnderVoltage",
    "OverVoltage",
    "WeakSignal",
]);
const STATUS: Kind = Word(&[
    "Available",
    "Preparing",
    "Charging",
    "SuspendedEVSE",
    "SuspendedEV",
    "Finishing",
    "Reserved",
    "Unavailable",
    "Faulted",
]);
const REASON: Kind = Word(&[
    "EmergencyStop",
    "EVDisconnected",
    "HardReset",
    "Local",
    "Other",
    "PowerLoss",
    "Reboot",
    "Remote",
    "SoftReset",
    "UnlockCommand",
    "DeAuthorized",
]);
const MEASURAND: Kind = Word(&[
    "Energy.Active.Export.Register",
    "Energy.Active.Import.Register",
    "Energy.Reactive.Export.Register",
    "Energy.Reactive.Import.Register",
    "Energy.Active.Export.Interval",
    "Energy.Active.Import.Interval",
    "Energy.Reactive.Export.Interval",
    "Energy.Reactive.Import.Interval",
    "Power.Active.Export",
    "Power.Active.Import",
    "Power.Offered",
    "Power.Reactive.Export",
    "Power.Reactive.Import",
    "Power.Factor",
    "Current.Import",
    "Current.Export",
    "Current.Offered",
    "Voltage",
    "Frequency",
    "Temperature",
    "SoC",
    "RPM",
]);
const SAMPLE: Kind = Object(&[
    need("value", AnyText),
    may(
        "context",
        Word(&[
            "Interruption.Begin",
            "Interruption.End",
            "Sample.Clock",
            "Sample.Periodic",
            "Transaction.Begin",
            "Transaction.End",
            "Trigger",
            "Other",
        ]),
    ),
    may("format", Word(&["Raw", "SignedData"])),
    may("measurand", MEASURAND),
    may(
        "phase",
        Word(&[
            "L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1",
        ]),
    ),
    may(
        "location",
        Word(&["Cable", "EV", "Inlet", "Outlet", "Body"]),
    ),
    may(
        "unit",
        Word(&[
            "Wh",
            "kWh",
            "varh",
            "kvarh",
            "W",
            "kW",
            "VA",
            "kVA",
            "var",
            "kvar",
            "A",
            "V",
            "K",
            "Celcius",
            "Celsius",
            "Fahrenheit",
            "Percent",
        ]),
    ),
]);
const METER_VALUE: Kind = Object(&[
    need("timestamp", Time),
    need("sampledValue", List(&SAMPLE, 1)),
]);
const PROFILE: Kind = Object(&[
    need("chargingProfileId", Whole),
    may("transactionId", Whole),
    need("stackLevel", Whole),
    need(
        "chargingProfilePurpose",
        Word(&["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]),
    ),
    need(
        "chargingProfileKind",
        Word(&["Absolute", "Recurring", "Relative"]),
    ),
    may("recurrencyKind", Word(&["Daily", "Weekly"])),
    may("validFrom", Time),
    may("validTo", Time),
    need("chargingSchedule", SCHEDULE),
]);
const SCHEDULE: Kind = Object(&[
    may("duration", Whole),
    may("startSchedule", Time),
    need("chargingRateUnit", Word(&["A", "W"])),
    need("chargingSchedulePeriod", List(&PERIOD, 0)),
    may("minChargingRate", Number),
]);
const PERIOD: Kind = Object(&[
    need("startPeriod", Whole),
    need("limit", Number),
    may("numberPhases", Whole),
]);
const KEY: Kind = Object(&[
    need("key", Text(50)),
    need("readonly", Bool),
    may("value", Text(500)),
]);
const ENTRY: Kind = Object(&[need("idTag", TAG), may("idTagInfo", TAG_INFO)]);

static FORMS: [Form; 33] = [
    form(
        "Authorize",
        &[need("idTag", TAG)],
        &[need("idTagInfo", TAG_INFO)],
    ),
    form(
        "BootNotification",
        &[
            need("chargePointVendor", Text(20)),
            need("chargePointModel", Text(20)),
            may("chargePointSerialNumber", Text(25)),
            may("chargeBoxSerialNumber", Text(25)),
            may("firmwareVersion", Text(50)),
            may("iccid", Text(20)),
            may("imsi", Text(20)),
            may("meterType", Text(25)),
            may("meterSerialNumber", Text(25)),
        ],
        &[
            need("status", Word(&["Accepted", "Pending", "Rejected"])),
            need("currentTime", Time),
            need("interval", Whole),
        ],
    ),
    form("Heartbeat", &[], &[need("currentTime", Time)]),
    form(
        "MeterValues",
        &[
            need("connectorId", Whole),
            may("transactionId", Whole),
            need("meterValue", List(&METER_VALUE, 1)),
        ],
        &[],
    ),
    form(
        "StartTransaction",
        &[
            need("connectorId", Whole),
            need("idTag", TAG),
            need("meterStart", Whole),
            may("reservationId", Whole),
            need("timestamp", Time),
        ],
        &[need("idTagInfo", TAG_INFO), need("transactionId", Whole)],
    ),
    form(
        "StatusNotification",
        &[
            need("connectorId", Whole),
            need("errorCode", ERROR_CODE),
            may("info", Text(50)),
            need("status", STATUS),
            may("timestamp", Time),
            may("vendorId", Text(255)),
            may("vendorErrorCode", Text(50)),
        ],
        &[],
    ),
    form(
        "StopTransaction",
        &[
            may("idTag", TAG),
            need("meterStop", Whole),
            need("timestamp", Time),
            need("transactionId", Whole),
            may("reason", REASON),
            may("transactionData", List(&METER_VALUE, 0)),
        ],
        &[may("idTagInfo", TAG_INFO)],
    ),
    form(
        "DataTransfer",
        &[
            need("vendorId", Text(255)),
            may("messageId", Text(50)),
            may("data", AnyText),
        ],
        &[
            need(
                "status",
                Word(&[
                    "Accepted",
                    "Rejected",
                    "UnknownMessageId",
                    "UnknownVendorId",
                ]),
            ),
            may("data", AnyText),
        ],
    ),
    form(
        "ChangeAvailability",
        &[
            need("connectorId", Whole),
            need("type", Word(&["Inoperative", "Operative"])),
        ],
        &[need("status", Word(&["Accepted", "Rejected", "Scheduled"]))],
    ),
    form(
        "ChangeConfiguration",
        &[need("key", Text(50)), need("value", Text(500))],
        &[need(
            "status",
            Word(&["Accepted", "Rejected", "RebootRequired", "NotSupported"]),
        )],
    ),
    form("ClearCache", &[], YES_OR_NO),
    form(
        "GetConfiguration",
        &[may("key", List(&Text(50), 0))],
        &[
            may("configurationKey", List(&KEY, 0)),
            may("unknownKey", List(&Text(50), 0)),
        ],
    ),
    form(
        "RemoteStartTransaction",
        &[
            may("connectorId", Whole),
            need("idTag", TAG),
            may("chargingProfile", PROFILE),
        ],
        YES_OR_NO,
    ),
    form(
        "RemoteStopTransaction",
        &[need("transactionId", Whole)],
        YES_OR_NO,
    ),
    form("Reset", &[need("type", Word(&["Hard", "Soft"]))], YES_OR_NO),
    form(
        "UnlockConnector",
        &[need("connectorId", Whole)],
        &[need(
            "status",
            Word(&["Unlocked", "UnlockFailed", "NotSupported"]),
        )],
    ),
    // Local list
    form("GetLocalListVersion", &[], &[need("listVersion", Whole)]),
    form(
        "SendLocalList",
        &[
            need("listVersion", Whole),
            may("localAuthorizationList", List(&ENTRY, 0)),
            need("updateType", Word(&["Differential", "Full"])),
        ],
        &[need(
            "status",
            Word(&["Accepted", "Failed", "NotSupported", "VersionMismatch"]),
        )],
    ),
    // Reservation
    form(
        "ReserveNow",
        &[
            need("connectorId", Whole),
            need("expiryDate", Time),
            need("idTag", TAG),
            may("parentIdTag", TAG),
            need("reservationId", Whole),
        ],
        &[need(
            "status",
            Word(&["Accepted", "Faulted", "Occupied", "Rejected", "Unavailable"]),
        )],
    ),
    form(
        "CancelReservation",
        &[need("reservationId", Whole)],
        YES_OR_NO,
    ),
    // Remote trigger
    form(
        "TriggerMessage",
        &[
            need(
                "requestedMessage",
                Word(&[
                    "BootNotification",
                    "DiagnosticsStatusNotification",
                    "FirmwareStatusNotification",
                    "Heartbeat",
                    "MeterValues",
                    "StatusNotification",
                ]),
            ),
            may("connectorId", Whole),
        ],
        &[need(
            "status",
            Word(&["Accepted", "Rejected", "NotImplemented"]),
        )],
    ),
    // Smart charging
    form(
        "SetChargingProfile",
        &[
            need("connectorId", Whole),
            need("csChargingProfiles", PROFILE),
        ],
        &[need(
            "status",
            Word(&["Accepted", "Rejected", "NotSupported"]),
        )],
    ),
    form(
        "ClearChargingProfile",
        &[
            may("id", Whole),
            may("connectorId", Whole),
            may(
                "chargingProfilePurpose",
                Word(&["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]),
            ),
            may("stackLevel", Whole),
        ],
        &[need("status", Word(&["Accepted", "Unknown"]))],
    ),
    form(
        "GetCompositeSchedule",
        &[
            need("connectorId", Whole),
            need("duration", Whole),
            may("chargingRateUnit", Word(&["A", "W"])),
        ],
        &[
            need("status", Word(&["Accepted", "Rejected"])),
            may("connectorId", Whole),
            may("scheduleStart", Time),
            may("chargingSchedule", SCHEDULE),
        ],
    ),
    // Firmware and diagnostics
    form(
        "GetDiagnostics",
        &[
            need("location", AnyText),
            may("retries", Whole),
            may("retryInterval", Whole),
            may("startTime", Time),
            may("stopTime", Time),
        ],
        &[may("fileName", Text(255))],
    ),
    form(
        "UpdateFirmware",
        &[
            need("location", AnyText),
            may("retries", Whole),
            need("retrieveDate", Time),
            may("retryInterval", Whole),
        ],
        &[],
    ),
    form(
        "DiagnosticsStatusNotification",
        &[need(
            "status",
            Word(&["Idle", "Uploaded", "UploadFailed", "Uploading"]),
        )],
        &[],
    ),
    form(
        "FirmwareStatusNotification",
        &[need(
            "status",
            Word(&[
                "Downloaded",
                "DownloadFailed",
                "Downloading",
                "Idle",
                "InstallationFailed",
                "Installing",
                "Installed",
            ]),
        )],
        &[],
    ),
    // The security whitepaper
    form(
        "SecurityEventNotification",
        &[
            need("type", Text(50)),
            need("timestamp", Time),
            may("techInfo", Text(255)),
        ],
        &[],
    ),
    form("SignCertificate", &[need("csr", Text(5500))], YES_OR_NO),
    form(
        "LogStatusNotification",
        &[
            need(
                "status",
                Word(&[
                    "BadMessage",
                    "Idle",
                    "NotSupportedOperation",
                    "PermissionDenied",
                    "Uploaded",
                    "UploadFailure",
                    "Uploading",
                ]),
            ),
            may("requestId", Whole),
        ],
        &[],
    ),
    form(
        "SignedFirmwareStatusNotification",
        &[
            need(
                "status",
                Word(&[
                    "Downloaded",
                    "DownloadFailed",
                    "Downloading",
                    "DownloadScheduled",
                    "DownloadPaused",
                    "Idle",
                    "InstallationFailed",
                    "Installing",
                    "Installed",
                    "InstallRebooting",
                    "InstallScheduled",
                    "InstallVerificationFailed",
                    "InvalidSignature",
                    "SignatureVerified",
                ]),
            ),
            may("requestId", Whole),
        ],
        &[],
    ),
    form(
        "ExtendedTriggerMessage",
        &[
            need(
                "requestedMessage",
                Word(&[
                    "BootNotification",
                    "LogStatusNotification",
                    "FirmwareStatusNotification",
                    "Heartbeat",
                    "MeterValues",
                    "SignChargePointCertificate",
                    "StatusNotification",
                ]),
            ),
            may("connectorId", Whole),
        ],
        &[need(
            "status",
            Word(&["Accepted", "Rejected", "NotImplemented"]),
        )],
    ),
];
