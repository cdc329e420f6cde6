//! How the configuration names a line: by the name that the board gives it, or
//! by chip and offset.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// A line in the configuration: `"K1"`, `{ line = "K1", active_low = true }` or
/// `{ chip = "gpiochip0", offset = 4 }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSpec {
    /// Where it is.
    pub place: Place,
    /// The electrical level is the opposite of the logical one.
    pub active_low: bool,
}

/// Where a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// By the name in the device tree, on whichever chip.
    Name(String),
    /// By chip (`gpiochip0`, or a path) and offset.
    Offset {
        /// The chip.
        chip: String,
        /// On it.
        offset: u32,
    },
}

impl fmt::Display for LineSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Name(name) => f.write_str(name),
            Place::Offset { chip, offset } => write!(f, "{chip} {offset}"),
        }
    }
}

const EXPECTED: &str = "the name of a line, { line = \"NAME\", active_low = true } or \
                        { chip = \"gpiochip0\", offset = 4, active_low = true }";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    line: Option<String>,
    chip: Option<String>,
    offset: Option<u32>,
    #[serde(default)]
    active_low: bool,
}

impl<'de> Deserialize<'de> for LineSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = LineSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<LineSpec, E> {
                Table {
                    line: Some(name.to_owned()),
                    chip: None,
                    offset: None,
                    active_low: false,
                }
                .into_spec()
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LineSpec, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map))?.into_spec()
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Table {
    fn into_spec<E: Error>(self) -> Result<LineSpec, E> {
        let place = match (self.line, self.chip, self.offset) {
            (Some(name), None, None) if !name.is_empty() => Place::Name(name),
            (None, Some(chip), Some(offset)) if !chip.is_empty() => Place::Offset { chip, offset },
            _ => return Err(E::custom(format_args!("expected {EXPECTED}"))),
        };
        Ok(LineSpec {
            place,
            active_low: self.active_low,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct File {
        line: LineSpec,
    }

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, bool), &str>) {
        let read = toml::from_str::<File>(text).map(|file| file.line);
        match (read, expected) {
            (Ok(spec), Ok((shown, low))) => {
                assert_eq!((spec.to_string().as_str(), spec.active_low), (shown, low));
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (read, expected) => panic!("{read:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn a_line_is_named_in_three_ways() {
        check("line = 'K1'", Ok(("K1", false)));
        check(
            "line = { line = 'K1', active_low = true }",
            Ok(("K1", true)),
        );
        check(
            "line = { chip = 'gpiochip2', offset = 7 }",
            Ok(("gpiochip2 7", false)),
        );
    }

    #[test]
    fn what_is_no_line_is_told_with_what_is_expected() {
        check("line = 4", Err("expected the name of a line"));
        check("line = ''", Err("expected the name of a line"));
        check("line = { chip = 'gpiochip0' }", Err("offset = 4"));
        check("line = { line = 'a', offset = 1 }", Err("offset = 4"));
        check("line = { lin = 'a' }", Err("unknown field `lin`"));
    }
}
