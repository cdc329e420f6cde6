//! Meter values: from a reading to what is kept, and from there to the wire.
//! Not here: when a meter is read (see `sampling`).

use crate::config::{Measurand, Selector, phase_name};
use crate::host::{Phase, Reading};
use crate::json::Writer;
use crate::packed::{packed, packed_words};
use plugpoint_ocpp_core::clock::Moment;

/// Why a value was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    Begin,
    End,
    Periodic,
    Clock,
    Trigger,
}

impl Context {
    fn name(self) -> &'static str {
        match self {
            Self::Begin => "Transaction.Begin",
            Self::End => "Transaction.End",
            Self::Periodic => "Sample.Periodic",
            Self::Clock => "Sample.Clock",
            Self::Trigger => "Trigger",
        }
    }
}

/// One value, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sample {
    measurand: String,
    phase: Option<Phase>,
    milli: i64,
}

/// The values of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MeterValue {
    pub(crate) at: Moment,
    pub(crate) context: Context,
    values: Vec<Sample>,
}

impl MeterValue {
    /// None if the meter offers nothing of what is asked for.
    pub(crate) fn take(
        reading: &Reading,
        selectors: &[Selector],
        context: Context,
        at: Moment,
    ) -> Option<Self> {
        let mut values = Vec::new();
        for selector in selectors {
            let name = selector.measurand.name.to_owned();
            match selector.measurand.quantity() {
                None => values.push(Sample {
                    measurand: name,
                    phase: None,
                    milli: reading.energy_mwh as i64,
                }),
                Some(quantity) => {
                    let fitting = reading.measurements.iter().filter(|measurement| {
                        measurement.quantity == quantity
                            && (selector.phase.is_none() || measurement.phase == selector.phase)
                    });
                    for measurement in fitting {
                        values.push(Sample {
                            measurand: name.clone(),
                            phase: measurement.phase,
                            milli: measurement.milli,
                        });
                    }
                }
            }
        }
        (!values.is_empty()).then_some(Self {
            at,
            context,
            values,
        })
    }

    /// As `take`, of a meter of which the register alone is known.
    pub(crate) fn of_register(
        energy_mwh: u64,
        selectors: &[Selector],
        context: Context,
        at: Moment,
    ) -> Option<Self> {
        let reading = Reading {
            energy_mwh,
            measurements: Vec::new(),
            at: at.at,
            age_ms: 0,
            stale: true,
            register_ms: None,
            signed: None,
        };
        Self::take(&reading, selectors, context, at)
    }

    /// The register in thousandths of a Wh, if it is among the values.
    pub(crate) fn register_mwh(&self) -> Option<u64> {
        let is_register = |sample: &&Sample| {
            let measurand = Measurand::find(&sample.measurand);
            measurand.is_some_and(|measurand| measurand.quantity().is_none())
        };
        let sample = self.values.iter().find(is_register)?;
        u64::try_from(sample.milli).ok()
    }

    /// An item of `meterValue` or `transactionData`.
    pub(crate) fn write(&self, w: &mut Writer, timestamp: &str) {
        w.begin_object();
        w.text("timestamp", timestamp);
        w.list_at("sampledValue");
        for sample in &self.values {
            w.begin_object();
            let measurand = Measurand::find(&sample.measurand);
            let is_register = measurand.is_some_and(|measurand| measurand.quantity().is_none());
            w.text("value", &decimal(sample.milli, is_register));
            w.text("context", self.context.name());
            w.text("measurand", &sample.measurand);
            if let Some(phase) = sample.phase {
                w.text("phase", phase_name(phase));
            }
            if let Some(measurand) = measurand {
                w.text_unless_empty("unit", measurand.unit);
            }
            w.end_object();
        }
        w.end_list();
        w.end_object();
    }
}

/// Thousandths as a decimal number. The register is told in whole Wh, rounded
/// down as `meterStart` and `meterStop` are, so that it never seems to go back.
fn decimal(milli: i64, whole: bool) -> String {
    if whole {
        return milli.div_euclid(1000).to_string();
    }
    let sign = if milli < 0 { "-" } else { "" };
    let magnitude = milli.unsigned_abs();
    let mut text = format!("{sign}{}.{:03}", magnitude / 1000, magnitude % 1000);
    while text.ends_with('0') {
        text.pop();
    }
    if text.ends_with('.') {
        text.pop();
    }
    text
}

/// So many values at most go into one message, whatever StopTransactionMaxMeterValues
/// says: central systems take no more than 64 KiB, some less.
const MAX_SAMPLES: usize = 400;

/// Makes room for one more item in the data of a transaction.
pub(crate) fn make_room(data: &mut Vec<MeterValue>, most: usize) {
    loop {
        let samples: usize = data.iter().map(|value| value.values.len()).sum();
        let before = data.len();
        if before < most && samples < MAX_SAMPLES {
            return;
        }
        thin(data);
        if data.len() == before {
            return;
        }
    }
}

/// Every second value goes, never the first.
fn thin(data: &mut Vec<MeterValue>) {
    let mut at = 0;
    data.retain(|value| {
        at += 1;
        at % 2 == 1 || matches!(value.context, Context::Begin | Context::End)
    });
}

packed_words!(Context {
    Begin = "Transaction.Begin", End = "Transaction.End", Periodic = "Sample.Periodic", Clock = "Sample.Clock", Trigger = "Trigger",
});
packed!(Sample {
    measurand,
    phase,
    milli
});
packed!(MeterValue {
    at,
    context,
    values
});

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn decimals() {
        for (milli, whole, expected) in [
            (1_234_999, true, "1234"),
            (0, false, "0"),
            (230_100, false, "230.1"),
            (16_000, false, "16"),
            (-5, false, "-0.005"),
            (1, false, "0.001"),
        ] {
            assert_eq!(decimal(milli, whole), expected);
        }
    }
}
