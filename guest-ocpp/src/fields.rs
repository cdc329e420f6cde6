//! Typed access to the fields of a payload, with the right violation for each
//! way of being wrong. Fields that nobody asks for are ignored: peers add some.

use crate::json::Json;
use crate::rpc::{ErrorCode, Violation};

/// The fields of one object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a, 'f> {
    fields: &'f [(std::borrow::Cow<'a, str>, Json<'a>)],
}

impl<'a, 'f> Fields<'a, 'f> {
    /// Anything but an object has no fields.
    pub(crate) fn of(payload: &'f Json<'a>) -> Self {
        match payload {
            Json::Object(fields) => Self { fields },
            _ => Self { fields: &[] },
        }
    }

    fn get(&self, name: &str) -> Option<&'f Json<'a>> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn optional_text(
        &self,
        name: &str,
        longest: usize,
    ) -> Result<Option<&'f str>, Violation> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) if text.chars().count() <= longest => Ok(Some(text)),
            Some(Json::Text(_)) => Err(property(format!(
                "{name} is longer than {longest} characters"
            ))),
            Some(_) => Err(kind(name, "a string")),
        }
    }

    pub(crate) fn text(&self, name: &str, longest: usize) -> Result<&'f str, Violation> {
        self.optional_text(name, longest)?
            .ok_or_else(|| missing(name))
    }

    pub(crate) fn optional_int(&self, name: &str) -> Result<Option<i64>, Violation> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Number(text)) => integer(text).map(Some).ok_or_else(|| whole(name, text)),
            Some(_) => Err(kind(name, "an integer")),
        }
    }

    pub(crate) fn int(&self, name: &str) -> Result<i64, Violation> {
        self.optional_int(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<T, Violation> {
        let word = self.text(name, usize::MAX)?;
        choices
            .iter()
            .find(|(choice, _)| *choice == word)
            .map(|(_, value)| *value)
            .ok_or_else(|| property(format!("{name} has no such value")))
    }

    pub(crate) fn optional_object(&self, name: &str) -> Result<Option<Fields<'a, 'f>>, Violation> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Object(fields)) => Ok(Some(Fields { fields })),
            Some(_) => Err(kind(name, "an object")),
        }
    }

    pub(crate) fn object(&self, name: &str) -> Result<Fields<'a, 'f>, Violation> {
        self.optional_object(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn optional_list(&self, name: &str) -> Result<Option<&'f [Json<'a>]>, Violation> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::List(items)) => Ok(Some(items)),
            Some(_) => Err(kind(name, "a list")),
        }
    }
}

/// `3.0` is an integer to a JSON schema, too.
fn integer(text: &str) -> Option<i64> {
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    whole.parse().ok()
}

fn whole(name: &str, text: &str) -> Violation {
    let has_fraction = text.contains('.') && !text.contains(['e', 'E']);
    if has_fraction {
        kind(name, "an integer")
    } else {
        property(format!("{name} is out of range"))
    }
}

fn kind(name: &str, expected: &str) -> Violation {
    Violation::new(
        ErrorCode::TypeConstraintViolation,
        format!("{name} must be {expected}"),
    )
}

fn missing(name: &str) -> Violation {
    Violation::new(
        ErrorCode::OccurenceConstraintViolation,
        format!("{name} is missing"),
    )
}

pub(crate) fn property(text: String) -> Violation {
    Violation::new(ErrorCode::PropertyConstraintViolation, text)
}
