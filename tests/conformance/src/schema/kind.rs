//! What a field may hold, and whether a value does.

use serde_json::Value;

/// A field of an object.
#[derive(Debug)]
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Kind {
    /// At most so many characters.
    Text(usize),
    /// However long.
    AnyText,
    Whole,
    Number,
    Bool,
    /// RFC 3339, in UTC.
    Time,
    /// One of these.
    Word(&'static [&'static str]),
    Object(&'static [Field]),
    /// Of at least so many.
    List(&'static Kind, usize),
}

/// A field that must be there.
pub(super) const fn need(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: true,
    }
}

/// A field that may be there.
pub(super) const fn may(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
    }
}

impl Kind {
    pub(super) fn check(&self, value: &Value, place: &str, wrong: &mut Vec<String>) {
        let name = match place {
            "" => "the payload".to_owned(),
            place => format!("`{place}`"),
        };
        let mut not = |what: &str| wrong.push(format!("{name} is {value}, which is {what}"));
        match self {
            Self::Text(longest) => match value.as_str() {
                None => not("no text"),
                Some(text) if text.chars().count() > *longest => wrong.push(format!(
                    "{name} has {} characters, which is more than {longest}",
                    text.chars().count()
                )),
                Some(_) => {}
            },
            Self::AnyText if !value.is_string() => not("no text"),
            Self::Whole if !(value.is_i64() || value.is_u64()) => not("no whole number"),
            Self::Number if !value.is_number() => not("no number"),
            Self::Bool if !value.is_boolean() => not("neither true nor false"),
            Self::Time if !value.as_str().is_some_and(is_utc) => {
                not("no time of RFC 3339 in UTC");
            }
            Self::Word(words) if !value.as_str().is_some_and(|word| words.contains(&word)) => {
                not(&format!("none of {}", words.join(", ")));
            }
            Self::Object(fields) => check_object(fields, value, place, &name, wrong),
            Self::List(item, least) => match value.as_array() {
                None => not("no list"),
                Some(items) => {
                    if items.is_empty() && *least > 0 {
                        wrong.push(format!("{name} is empty"));
                    }
                    for (at, value) in items.iter().enumerate() {
                        item.check(value, &format!("{place}[{at}]"), wrong);
                    }
                }
            },
            _ => {}
        }
    }
}

fn check_object(fields: &[Field], value: &Value, place: &str, name: &str, wrong: &mut Vec<String>) {
    let Some(object) = value.as_object() else {
        wrong.push(format!("{name} is {value}, which is no object"));
        return;
    };
    let inside = |field: &str| match place {
        "" => field.to_owned(),
        place => format!("{place}.{field}"),
    };
    for field in fields {
        match object.get(field.name) {
            Some(value) => field.kind.check(value, &inside(field.name), wrong),
            None if field.required => {
                wrong.push(format!("`{}` is missing", inside(field.name)));
            }
            None => {}
        }
    }
    for key in object.keys() {
        if !fields.iter().any(|field| field.name == key) {
            wrong.push(format!("`{}` is not a field of it", inside(key)));
        }
    }
}

fn is_utc(text: &str) -> bool {
    let utc = text.ends_with(['Z', 'z']) || text.ends_with("+00:00");
    utc && text.as_bytes().get(10).is_some_and(|c| *c == b'T')
        && text.parse::<jiff::Timestamp>().is_ok()
}
