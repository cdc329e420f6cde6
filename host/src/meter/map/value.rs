//! From the words of a register to a number, and from there to the thousandths
//! in which the host counts.

use serde::Deserialize;

use super::Register;

/// The type of a value.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // the names say it
pub enum Kind {
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The usual one.
    #[default]
    HighFirst,
    /// The other.
    LowFirst,
}

/// How a value is written into registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Its type.
    pub kind: Kind,
    /// Of words in a value.
    pub words: Order,
    /// Of bytes in a word.
    pub bytes: Order,
}

/// What a value is counted in.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Unit {
    #[serde(rename = "Wh")]
    WattHours,
    #[serde(rename = "kWh")]
    KiloWattHours,
    #[serde(rename = "MWh")]
    MegaWattHours,
    #[serde(rename = "varh")]
    VarHours,
    #[serde(rename = "kvarh")]
    KiloVarHours,
    #[serde(rename = "W")]
    Watts,
    #[serde(rename = "kW")]
    KiloWatts,
    #[serde(rename = "var")]
    Vars,
    #[serde(rename = "kvar")]
    KiloVars,
    #[serde(rename = "A")]
    Amps,
    #[serde(rename = "mA")]
    MilliAmps,
    #[serde(rename = "V")]
    Volts,
    #[serde(rename = "mV")]
    MilliVolts,
    #[serde(rename = "Hz")]
    Hertz,
    #[serde(rename = "C")]
    Celsius,
    #[serde(rename = "1")]
    Ratio,
}

/// What a register says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Thousandths of the host's unit (Wh, W, A, V, …).
    Milli(i64),
    /// The meter says that it has none.
    NotAvailable,
    /// No number, or none that can be.
    Impossible,
}

impl Kind {
    /// How many words it has.
    #[must_use]
    pub fn words(self) -> u16 {
        match self {
            Self::U16 | Self::I16 => 1,
            Self::U32 | Self::I32 | Self::F32 => 2,
            Self::U64 | Self::I64 | Self::F64 => 4,
        }
    }

    /// A whole number that is never below zero.
    #[must_use]
    pub fn is_unsigned(self) -> bool {
        matches!(self, Self::U16 | Self::U32 | Self::U64)
    }
}

impl Unit {
    /// As it is written in a map.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::WattHours => "Wh",
            Self::KiloWattHours => "kWh",
            Self::MegaWattHours => "MWh",
            Self::VarHours => "varh",
            Self::KiloVarHours => "kvarh",
            Self::Watts => "W",
            Self::KiloWatts => "kW",
            Self::Vars => "var",
            Self::KiloVars => "kvar",
            Self::Amps => "A",
            Self::MilliAmps => "mA",
            Self::Volts => "V",
            Self::MilliVolts => "mV",
            Self::Hertz => "Hz",
            Self::Celsius => "C",
            Self::Ratio => "1",
        }
    }

    /// Thousandths of the host's unit in one of these.
    fn milli(self) -> f64 {
        match self {
            Self::MilliAmps | Self::MilliVolts => 1.0,
            Self::WattHours
            | Self::VarHours
            | Self::Watts
            | Self::Vars
            | Self::Amps
            | Self::Volts
            | Self::Hertz
            | Self::Celsius
            | Self::Ratio => 1e3,
            Self::KiloWattHours | Self::KiloVarHours | Self::KiloWatts | Self::KiloVars => 1e6,
            Self::MegaWattHours => 1e9,
        }
    }
}

impl Encoding {
    /// The bits of a value, the highest first.
    fn bits(self, words: &[u16]) -> u64 {
        let fold = |bits: u64, word: &u16| {
            let word = match self.bytes {
                Order::HighFirst => *word,
                Order::LowFirst => word.swap_bytes(),
            };
            (bits << 16) | u64::from(word)
        };
        match self.words {
            Order::HighFirst => words.iter().fold(0, fold),
            Order::LowFirst => words.iter().rev().fold(0, fold),
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // bits, not numbers
    fn number(self, bits: u64) -> f64 {
        match self.kind {
            Kind::U16 | Kind::U32 | Kind::U64 => bits as f64,
            Kind::I16 => f64::from(bits as u16 as i16),
            Kind::I32 => f64::from(bits as u32 as i32),
            Kind::I64 => bits as i64 as f64,
            Kind::F32 => f64::from(f32::from_bits(bits as u32)),
            Kind::F64 => f64::from_bits(bits),
        }
    }
}

impl Register {
    /// What its words say.
    #[must_use]
    pub fn value(&self, words: &[u16]) -> Value {
        let bits = self.encoding.bits(words);
        if self.not_available == Some(bits) {
            return Value::NotAvailable;
        }
        let milli = self.milli(self.encoding.number(bits));
        // Floating-point meters write NaN for what they do not have.
        if milli.is_nan() {
            return Value::NotAvailable;
        }
        // Far above anything that is measured, and exact up to there.
        if milli.abs() > MOST_MILLI {
            return Value::Impossible;
        }
        #[allow(clippy::cast_possible_truncation)] // checked just above
        Value::Milli(milli.round() as i64)
    }

    /// How far the register counts before it begins anew, in thousandths.
    #[must_use]
    pub fn range_milli(&self) -> Option<u64> {
        let range = self.milli(2f64.powi(i32::from(self.words()) * 16));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked
        (range > 0.0 && range <= MOST_MILLI).then(|| range.round() as u64)
    }

    fn milli(&self, number: f64) -> f64 {
        number * self.scale * self.unit.milli()
    }
}

/// 2^53, as far as every whole number has an `f64` of its own: 9 TWh in mWh.
const MOST_MILLI: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use super::super::Function;
    use super::*;

    fn register(kind: Kind, words: Order, bytes: Order) -> Register {
        Register {
            function: Function::Input,
            address: 0,
            encoding: Encoding { kind, words, bytes },
            scale: 1.0,
            unit: Unit::Watts,
            not_available: None,
        }
    }

    #[test]
    fn every_type_in_every_order() {
        use Kind::{F32, F64, I16, I32, I64, U16, U32, U64};
        let cases: [(Kind, &[u16], i64); 10] = [
            (U16, &[0xFFFE], 65_534_000),
            (I16, &[0xFFFE], -2_000),
            (U32, &[0x0001, 0x0002], 65_538_000),
            (I32, &[0xFFFF, 0xFFFE], -2_000),
            (U64, &[0, 0, 1, 2], 65_538_000),
            (I64, &[0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE], -2_000),
            (F32, &[0x4366, 0x8000], 230_500),
            (F32, &[0xC366, 0x8000], -230_500),
            (F64, &[0x406C, 0xD000, 0, 0], 230_500),
            (F64, &[0xC06C, 0xD000, 0, 0], -230_500),
        ];
        for (kind, plain, expected) in cases {
            for words in [Order::HighFirst, Order::LowFirst] {
                for bytes in [Order::HighFirst, Order::LowFirst] {
                    let mut written = plain.to_vec();
                    if words == Order::LowFirst {
                        written.reverse();
                    }
                    if bytes == Order::LowFirst {
                        written.iter_mut().for_each(|w| *w = w.swap_bytes());
                    }
                    let value = register(kind, words, bytes).value(&written);
                    assert_eq!(
                        value,
                        Value::Milli(expected),
                        "{kind:?} {words:?} {bytes:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_no_value_is_none() {
        let float = register(Kind::F32, Order::HighFirst, Order::HighFirst);
        assert_eq!(float.value(&[0x7FC0, 0]), Value::NotAvailable);
        assert_eq!(float.value(&[0x7F80, 0]), Value::Impossible); // infinite
        assert_eq!(float.value(&[0x7F7F, 0xFFFF]), Value::Impossible);
        let with_sentinel = Register {
            not_available: Some(0x7FFF_FFFF),
            ..register(Kind::I32, Order::LowFirst, Order::HighFirst)
        };
        assert_eq!(with_sentinel.value(&[0xFFFF, 0x7FFF]), Value::NotAvailable);
        assert_eq!(with_sentinel.value(&[1, 0]), Value::Milli(1_000));
    }

    #[test]
    fn scale_and_unit() {
        let kwh = Register {
            scale: 0.01,
            unit: Unit::KiloWattHours,
            ..register(Kind::U32, Order::HighFirst, Order::HighFirst)
        };
        assert_eq!(kwh.value(&[0, 12_345]), Value::Milli(123_450_000));
        assert_eq!(kwh.range_milli(), Some(42_949_672_960_000));
        let long = register(Kind::U64, Order::HighFirst, Order::HighFirst);
        assert_eq!(long.range_milli(), None);
    }
}
