//! What the manual says of each message of OCPP 1.6 and its security whitepaper.
//! A test holds each row against what a charge point really does
//! (`tests/reference.rs`).

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The charge point sends it.
    Sent,
    /// The central system sends it, and it is carried out.
    Answered,
    /// The central system sends it, and it is refused.
    Refused(Refusal),
    /// The charge point has no occasion to send it.
    NotSent,
}

/// How a message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// By its `status`.
    Status(&'static str),
    /// By `listVersion` -1: there is no list.
    NoList,
    /// By a CALLERROR of this code.
    Error(&'static str),
}

/// One message.
#[derive(Debug)]
pub struct MessageRow {
    /// Its action.
    pub name: &'static str,
    /// Of the specification; empty for the security whitepaper.
    pub section: &'static str,
    /// Its feature profile.
    pub profile: &'static str,
    /// What becomes of it.
    pub usage: Use,
    /// When it is sent, or what is answered.
    pub text: &'static str,
}

const CORE: &str = "Core";
const FIRMWARE: &str = "FirmwareManagement";
const LIST: &str = "LocalAuthListManagement";
const RESERVATION: &str = "Reservation";
const SMART: &str = "SmartCharging";
const TRIGGER: &str = "RemoteTrigger";
const SECURITY: &str = "Security";

const UNSUPPORTED: Use = Use::Refused(Refusal::Error("NotSupported"));

const fn row(
    name: &'static str,
    section: &'static str,
    profile: &'static str,
    usage: Use,
    text: &'static str,
) -> MessageRow {
    MessageRow {
        name,
        section,
        profile,
        usage,
        text,
    }
}

/// All messages: those that are sent, those that are answered, the rest.
#[rustfmt::skip] // a table
pub static MESSAGES: [MessageRow; 39] = [
    row("Authorize", "4.1", CORE, Use::Sent,
        "For a card, or an idTag from afar, about which the policies want to hear the central system."),
    row("BootNotification", "4.2", CORE, Use::Sent,
        "After power-up and restart until it is accepted; after `Pending` and `Rejected` again when its interval is over. Without an answer again after 10 s, then up to 300 s."),
    row("Heartbeat", "4.6", CORE, Use::Sent,
        "See `HeartbeatInterval`; also to find out whether a central system that left a message without an answer is still there. Sets the clock."),
    row("MeterValues", "4.7", CORE, Use::Sent,
        "During transactions, and on the clock's grid. Kept until answered; given up after two permanent errors or `TransactionMessageAttempts`, and after 300 s if StartTransaction or StopTransaction wait behind it."),
    row("StartTransaction", "4.8", CORE, Use::Sent,
        "Kept until answered, offline too, with the time at which it happened. Given up after `TransactionMessageAttempts` errors; what follows then names transaction -1."),
    row("StatusNotification", "4.9", CORE, Use::Sent,
        "For each change, after registration for every connector and for the charge point (0). Offline ones are not made up for: the present status is reported."),
    row("StopTransaction", "4.10", CORE, Use::Sent,
        "As StartTransaction. After a power cut with the last known register and `PowerLoss`."),
    row("ChangeAvailability", "5.2", CORE, Use::Answered,
        "`Accepted`; `Scheduled` until the transaction has ended; `Rejected`: no such connector."),
    row("ChangeConfiguration", "5.3", CORE, Use::Answered,
        "`Accepted`, in force at once; `Rejected`: read-only, or the value does not fit; `NotSupported`: no such key. `RebootRequired` is never needed."),
    row("ClearCache", "5.4", CORE, Use::Answered, "`Accepted`."),
    row("DataTransfer", "4.3, 5.6", CORE, Use::Answered,
        "vendorId `Plugpoint` with messageId `Build`: `Accepted`, with the build that answers as data; else `UnknownMessageId`. Other vendors: `UnknownVendorId`. The charge point sends none."),
    row("GetConfiguration", "5.8", CORE, Use::Answered,
        "All keys that can be read, or those that are named, the others as `unknownKey`. More than `GetConfigurationMaxKeys` names: OccurenceConstraintViolation."),
    row("RemoteStartTransaction", "5.11", CORE, Use::Answered,
        "`Accepted` if somebody could charge there; `Rejected`: not registered, no such or no free connector, out of order, being reset, or no transaction can be stored; or its chargingProfile is no TxProfile, or has a transactionId. The chargingProfile is for the transaction that begins, and goes if none does."),
    row("RemoteStopTransaction", "5.12", CORE, Use::Answered,
        "`Accepted`; `Rejected`: no such transaction is running."),
    row("Reset", "5.14", CORE, Use::Answered,
        "`Accepted`. Transactions end (`HardReset`, `SoftReset`), and their messages have 10 s (Hard) or 60 s (Soft) to be delivered before the restart; what is left is delivered afterwards."),
    row("UnlockConnector", "5.18", CORE, Use::Answered,
        "`Unlocked` or `UnlockFailed` once the lock has moved, within 20 s; a transaction ends before (`UnlockCommand`). `NotSupported`: no such connector, or a tethered cable."),
    row("CancelReservation", "5.1", RESERVATION, Use::Answered,
        "`Accepted`; `Rejected`: there is no such reservation."),
    row("ReserveNow", "5.13", RESERVATION, Use::Answered,
        "`Accepted`, also over power cuts, until it is cancelled, expires, its holder charges, or the connector is out of order or out of service; one with the same reservationId is replaced. `Occupied`: in use, plugged in or reserved; `Faulted`; `Unavailable`; `Rejected`: no such connector, connector 0 where `ReserveConnectorZeroSupported` is `false`, or an expiryDate that has passed."),
    row("ClearChargingProfile", "5.5", SMART, Use::Answered,
        "`Accepted`; `Unknown`: no profile fits. An id alone decides; otherwise all that is given must fit, and `{}` clears all."),
    row("GetCompositeSchedule", "5.7", SMART, Use::Answered,
        "The lowest of all limits from now on: of the installation, of the ChargePointMaxProfile, and of the TxProfile or TxDefaultProfile, as for a transaction that begins now if none is running. Connector 0: of all connectors together. `Rejected`: no such connector, or a unit that is not in `ChargingScheduleAllowedChargingRateUnit`."),
    row("SetChargingProfile", "5.16", SMART, Use::Answered,
        "`Accepted`, in force at once and kept over power cuts (a TxProfile as long as its transaction). `Rejected`: a TxProfile without its transaction, a ChargePointMaxProfile for a connector, or more than `ChargeProfileMaxStackLevel`, `ChargingScheduleMaxPeriods` or `MaxChargingProfilesInstalled` allow; `NotSupported`: another unit. PropertyConstraintViolation: no such connector. Limits are rounded down to tenths."),
    row("DiagnosticsStatusNotification", "4.4", FIRMWARE, Use::Sent,
        "`Uploading`, then `Uploaded` or `UploadFailed`, each until it is answered, over lost links and power cuts. When a TriggerMessage asks for it: what is going on, or `Idle`."),
    row("FirmwareStatusNotification", "4.5", FIRMWARE, Use::Sent,
        "`Downloading`, `Downloaded`, `Installing`, `Installed`, or `DownloadFailed` or `InstallationFailed`, each until it is answered, over lost links and power cuts. When a TriggerMessage asks for it: what is going on, or `Idle`."),
    row("GetDiagnostics", "5.9", FIRMWARE, Use::Answered,
        "With `fileName` once the file is made; without, if there is nothing to send, or it is not made within 20 s. The file goes to `location`, a folder, by HTTP PUT. It is tried `retries` times in all and at least once (3 times, 30 s apart, if nothing is said). A later one takes the place of the present one."),
    row("UpdateFirmware", "5.19", FIRMWARE, Use::Answered,
        "Always. The file is fetched from `retrieveDate` on, `retries` times in all and at least once (3 times, 30 s apart, if nothing is said). One that cannot be installed while cars are charging waits until nobody does; connectors that nobody uses are `Unavailable` meanwhile. The job goes on after a power cut. A later one takes its place, or waits if it is being installed. Once it is installed a BootNotification follows, if nothing has booted."),
    row("GetLocalListVersion", "5.10", LIST, Use::Answered,
        "The version of the last update; 0 while the list is empty, -1 while `LocalAuthListEnabled` is `false`."),
    row("SendLocalList", "5.15", LIST, Use::Answered,
        "`Accepted`, in force at once and kept over power cuts. Otherwise nothing changes: `VersionMismatch` for a `Differential` whose version is not above the present one; `Failed` for an idTag twice (in upper or lower case), a `Full` with an entry that has no idTagInfo, more than `SendLocalListMaxLength` or `LocalAuthListMaxLength` entries, or a negative version; `NotSupported` while `LocalAuthListEnabled` is `false`."),
    row("TriggerMessage", "5.17", TRIGGER, Use::Answered,
        "What is asked for comes after the answer, also while the charge point waits to be accepted. `Rejected` for a connector that there is not, and for BootNotification once it is accepted; `NotImplemented` for what it never sends."),
    row("CertificateSigned", "", SECURITY, UNSUPPORTED, ""),
    row("DeleteCertificate", "", SECURITY, UNSUPPORTED, ""),
    row("ExtendedTriggerMessage", "", SECURITY, UNSUPPORTED, ""),
    row("GetInstalledCertificateIds", "", SECURITY, UNSUPPORTED, ""),
    row("GetLog", "", SECURITY, UNSUPPORTED, ""),
    row("InstallCertificate", "", SECURITY, UNSUPPORTED, ""),
    row("LogStatusNotification", "", SECURITY, Use::NotSent, ""),
    row("SecurityEventNotification", "", SECURITY, Use::NotSent, ""),
    row("SignCertificate", "", SECURITY, Use::NotSent, ""),
    row("SignedFirmwareStatusNotification", "", SECURITY, Use::NotSent, ""),
    row("SignedUpdateFirmware", "", SECURITY, UNSUPPORTED, ""),
];
