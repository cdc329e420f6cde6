//! Typed access to the fields of a payload, with the right violation for each
//! way of being wrong. Fields that nobody asks for are ignored: peers add some.

use plugpoint_guest::json::Json;

use crate::frame::{Kind, Violation};

/// The fields of one object.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a, 'f> {
    fields: &'f [(std::borrow::Cow<'a, str>, Json<'a>)],
}

impl<'a, 'f> Fields<'a, 'f> {
    /// Anything but an object has no fields.
    pub fn of(payload: &'f Json<'a>) -> Self {
        match payload {
            Json::Object(fields) => Self { fields },
            _ => Self { fields: &[] },
        }
    }

    /// The last of several fields of a name counts, as in most readers of JSON.
    fn field(&self, name: &str) -> Option<&'f Json<'a>> {
        self.fields
            .iter()
            .rfind(|(field, _)| field == name)
            .map(|(_, value)| value)
    }

    /// An optional field that is null says the same as its absence.
    fn get(&self, name: &str) -> Option<&'f Json<'a>> {
        self.field(name).filter(|value| **value != Json::Null)
    }

    /// A required field is not there, or null.
    fn lacks(&self, name: &str, expected: &str) -> Violation {
        match self.field(name) {
            Some(_) => kind(name, expected),
            None => missing(name),
        }
    }

    /// A string of at most this many characters.
    ///
    /// # Errors
    ///
    /// This and the following functions: the violation, if the field has another type or
    /// a value that it must not have; without `optional_`, also if it is missing.
    pub fn optional_text(&self, name: &str, longest: usize) -> Result<Option<&'f str>, Violation> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) if text.chars().count() <= longest => Ok(Some(text)),
            Some(Json::Text(_)) => Err(property(format!(
                "{name} is longer than {longest} characters"
            ))),
            Some(_) => Err(kind(name, "a string")),
        }
    }

    /// A string of at most this many characters.
    pub fn text(&self, name: &str, longest: usize) -> Result<&'f str, Violation> {
        self.optional_text(name, longest)?
            .ok_or_else(|| self.lacks(name, "a string"))
    }

    /// An integer, however it is written.
    pub fn optional_int(&self, name: &str) -> Result<Option<i64>, Violation> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Number(text)) => match integer(text) {
                Integer::Value(value) => Ok(Some(value)),
                Integer::Fraction => Err(kind(name, "an integer")),
                Integer::TooLarge => Err(property(format!("{name} is out of range"))),
            },
            Some(_) => Err(kind(name, "an integer")),
        }
    }

    /// An integer, however it is written.
    pub fn int(&self, name: &str) -> Result<i64, Violation> {
        self.optional_int(name)?
            .ok_or_else(|| self.lacks(name, "an integer"))
    }

    /// A number that may have a fraction; never infinite.
    pub fn optional_decimal(&self, name: &str) -> Result<Option<f64>, Violation> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Number(text)) => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Some(value)),
                _ => Err(property(format!("{name} is out of range"))),
            },
            Some(_) => Err(kind(name, "a number")),
        }
    }

    /// One of these words.
    pub fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<T, Violation> {
        let word = self.text(name, usize::MAX)?;
        choices
            .iter()
            .find(|(choice, _)| *choice == word)
            .map(|(_, value)| *value)
            .ok_or_else(|| property(format!("{name} has no such value")))
    }

    /// An object.
    pub fn optional_object(&self, name: &str) -> Result<Option<Fields<'a, 'f>>, Violation> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Object(fields)) => Ok(Some(Fields { fields })),
            Some(_) => Err(kind(name, "an object")),
        }
    }

    /// An object.
    pub fn object(&self, name: &str) -> Result<Fields<'a, 'f>, Violation> {
        self.optional_object(name)?
            .ok_or_else(|| self.lacks(name, "an object"))
    }

    /// An array.
    pub fn optional_list(&self, name: &str) -> Result<Option<&'f [Json<'a>]>, Violation> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::List(items)) => Ok(Some(items)),
            Some(_) => Err(kind(name, "a list")),
        }
    }
}

/// A number of JSON as an integer.
#[derive(Debug, PartialEq, Eq)]
enum Integer {
    Value(i64),
    Fraction,
    TooLarge,
}

/// `3.0` and `30e-1` are integers to a JSON schema, too.
fn integer(text: &str) -> Integer {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (sign, whole) = match whole.strip_prefix('-') {
        Some(whole) => ("-", whole),
        None => ("", whole),
    };
    let digits = format!("{whole}{fraction}");
    let Some(first) = digits.find(|digit| digit != '0') else {
        return Integer::Value(0);
    };
    let significant = digits[first..].trim_end_matches('0');
    // One that does not fit is far beyond any number, in its direction.
    let exponent = exponent.parse::<i64>().unwrap_or_else(|_| {
        if exponent.starts_with('-') {
            i64::MIN / 2
        } else {
            i64::MAX / 2
        }
    });
    let dropped = (digits.len() - first - significant.len()) as i64;
    let zeros = exponent
        .saturating_add(dropped)
        .saturating_sub(fraction.len() as i64);
    if zeros < 0 {
        return Integer::Fraction;
    }
    // No more digits than any number of 64 bits has.
    if zeros > 20 {
        return Integer::TooLarge;
    }
    let zeros = "0".repeat(usize::try_from(zeros).unwrap_or(0));
    match format!("{sign}{significant}{zeros}").parse() {
        Ok(value) => Integer::Value(value),
        Err(_) => Integer::TooLarge,
    }
}

fn kind(name: &str, expected: &str) -> Violation {
    Violation::new(Kind::Type, format!("{name} must be {expected}"))
}

fn missing(name: &str) -> Violation {
    Violation::new(Kind::Count, format!("{name} is missing"))
}

/// A violation: a field has a value that it must not have.
pub fn property(text: String) -> Violation {
    Violation::new(Kind::Value, text)
}

#[cfg(test)]
mod tests {
    use super::{Fields, Integer, integer};
    use plugpoint_guest::json::parse;

    #[test]
    fn integers_in_any_form() {
        for (text, expected) in [
            ("0", Integer::Value(0)),
            ("-0", Integer::Value(0)),
            ("0.000e99999999999999999999", Integer::Value(0)),
            ("17", Integer::Value(17)),
            ("1.0", Integer::Value(1)),
            ("1e0", Integer::Value(1)),
            ("-1.50E1", Integer::Value(-15)),
            ("120e-1", Integer::Value(12)),
            ("1.5", Integer::Fraction),
            ("1e-1", Integer::Fraction),
            ("1e-99999999999999999999", Integer::Fraction),
            ("9223372036854775807", Integer::Value(i64::MAX)),
            ("-9223372036854775808", Integer::Value(i64::MIN)),
            ("9223372036854775808", Integer::TooLarge),
            ("1e400", Integer::TooLarge),
            ("1e99999999999999999999", Integer::TooLarge),
        ] {
            assert_eq!(integer(text), expected, "{text}");
        }
    }

    #[test]
    fn decimals_are_finite() {
        let json = parse(r#"{"a":8.1,"b":16,"c":1e999,"d":"8","e":-1e-1,"f":null}"#).unwrap();
        let fields = Fields::of(&json);
        for (name, expected) in [
            ("a", Some(Some(8.1))),
            ("b", Some(Some(16.0))),
            ("c", None),
            ("d", None),
            ("e", Some(Some(-0.1))),
            ("f", Some(None)),
            ("g", Some(None)),
        ] {
            assert_eq!(fields.optional_decimal(name).ok(), expected, "{name}");
        }
    }

    #[test]
    fn null_is_absent_and_the_last_of_several_counts() {
        let json = parse(r#"{"a":1,"b":null,"a":2,"c":3,"c":null}"#).unwrap();
        let fields = Fields::of(&json);
        assert_eq!(fields.optional_int("a"), Ok(Some(2)));
        for name in ["b", "c", "d"] {
            assert_eq!(fields.optional_int(name), Ok(None), "{name}");
            assert_eq!(fields.optional_text(name, 9), Ok(None), "{name}");
            assert!(fields.int(name).is_err());
        }
    }
}
