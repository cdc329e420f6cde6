//! The payloads of our own calls.

use crate::charger::Charger;
use crate::config::Key;
use crate::json::Writer;
use crate::record::{Record, What, numbers};
use crate::status::{NO_ERROR, Report};
use crate::timestamp;
use crate::turn::Turn;

impl Charger {
    pub(crate) fn boot_notification(&self) -> String {
        let station = &self.station;
        let mut w = Writer::with_capacity(256);
        w.begin_object();
        w.text("chargePointVendor", cut(&station.vendor, 20));
        w.text("chargePointModel", cut(&station.model, 20));
        w.text_unless_empty("chargePointSerialNumber", cut(&station.serial_number, 25));
        w.text_unless_empty(
            "chargeBoxSerialNumber",
            cut(&station.charge_box_serial_number, 25),
        );
        w.text_unless_empty("firmwareVersion", cut(&station.firmware_version, 50));
        w.text_unless_empty("iccid", cut(&station.iccid, 20));
        w.text_unless_empty("imsi", cut(&station.imsi, 20));
        w.text_unless_empty("meterType", cut(&station.meter_type, 25));
        w.text_unless_empty("meterSerialNumber", cut(&station.meter_serial_number, 25));
        w.end_object();
        w.finish()
    }

    pub(crate) fn status_notification(
        &self,
        connector: u32,
        report: &Report,
        unix_ms: Option<i64>,
    ) -> String {
        let mut w = Writer::with_capacity(160);
        w.begin_object();
        w.int("connectorId", i64::from(connector));
        w.text("errorCode", &report.error);
        w.text_unless_empty("info", cut(&report.info, 50));
        w.text("status", report.status.name());
        if let Some(unix_ms) = unix_ms {
            w.text("timestamp", &self.timestamp(unix_ms));
        }
        if !report.vendor_error.is_empty() && report.error != NO_ERROR {
            w.text_unless_empty("vendorId", cut(&self.station.vendor, 255));
            w.text("vendorErrorCode", cut(&report.vendor_error, 50));
        }
        w.end_object();
        w.finish()
    }

    pub(crate) fn timestamp(&self, unix_ms: i64) -> String {
        timestamp::format(unix_ms, self.config.is_on(Key::TimestampMilliseconds))
    }

    /// None: not before the time is known.
    pub(crate) fn payload_of(
        &self,
        turn: &mut Turn<'_>,
        number: u64,
        record: &Record,
    ) -> Option<(&'static str, String)> {
        let session = record.session;
        let mut w = Writer::with_capacity(256);
        w.begin_object();
        let action = match &record.what {
            What::Start {
                tag,
                meter_wh,
                at,
                reservation,
            } => {
                w.int("connectorId", i64::from(record.outlet));
                w.text("idTag", tag);
                w.int("meterStart", *meter_wh);
                if let Some(reservation) = reservation {
                    w.int("reservationId", *reservation);
                }
                let unix_ms = self.told_time(turn, number, session, *at)?;
                w.text("timestamp", &self.timestamp(unix_ms));
                "StartTransaction"
            }
            What::Values { values } => {
                w.int("connectorId", i64::from(record.outlet));
                if record.session > 0 {
                    w.int("transactionId", self.number_of(turn, record.session));
                }
                w.list_at("meterValue");
                for value in values {
                    let unix_ms = self.told_time(turn, number, session, value.at)?;
                    value.write(&mut w, &self.timestamp(unix_ms));
                }
                w.end_list();
                "MeterValues"
            }
            What::Stop {
                tag,
                meter_wh,
                at,
                reason,
                data,
                later_ms: _,
            } => {
                w.int("transactionId", self.number_of(turn, record.session));
                if let Some(tag) = tag {
                    w.text("idTag", tag);
                }
                w.int("meterStop", *meter_wh);
                let unix_ms = self.told_time(turn, number, session, *at)?;
                w.text("timestamp", &self.timestamp(unix_ms));
                w.text("reason", reason.name());
                if !data.is_empty() {
                    w.list_at("transactionData");
                    for value in data {
                        let unix_ms = self.told_time(turn, number, session, value.at)?;
                        value.write(&mut w, &self.timestamp(unix_ms));
                    }
                    w.end_list();
                }
                "StopTransaction"
            }
        };
        w.end_object();
        Some((action, w.finish()))
    }

    /// The number that the central system gave; -1 if its start was given up.
    fn number_of(&self, turn: &mut Turn<'_>, session: u64) -> i64 {
        numbers::find(turn, session).unwrap_or(-1)
    }
}

/// At most so many characters.
pub(crate) fn cut(text: &str, longest: usize) -> &str {
    text.char_indices()
        .nth(longest)
        .map_or(text, |(at, _)| &text[..at])
}
