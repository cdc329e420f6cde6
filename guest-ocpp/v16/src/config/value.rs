//! One value: its text on the wire and what it means.

use super::keys::Kind;
use super::measurand::Selector;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// As it is told: booleans in lower case, lists without blanks.
    pub(super) text: String,
    /// Integers; booleans as 0 and 1.
    pub(super) number: i64,
    pub(super) selectors: Vec<Selector>,
}

impl Value {
    /// `text` was checked before, or is ours.
    pub(super) fn new(kind: &Kind, text: &str) -> Self {
        let mut value = Self {
            text: text.trim().to_owned(),
            number: 0,
            selectors: Vec::new(),
        };
        match kind {
            Kind::Bool => {
                value.number = i64::from(boolean(text).unwrap_or(false));
                value.text = (value.number != 0).to_string();
            }
            Kind::Int { .. } => {
                value.number = integer(text).unwrap_or(0);
                value.text = value.number.to_string();
            }
            Kind::Measurands { .. } => {
                value.selectors = items(text).filter_map(Selector::parse).collect();
                value.text = join(text);
            }
            Kind::Rotation { .. } | Kind::Profiles => value.text = join(text),
            Kind::Text { .. } | Kind::Password => value.text = text.to_owned(),
        }
        value
    }
}

/// `true` and `false`, as some peers write them too: `True`, `FALSE`.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

pub(super) fn integer(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

/// The items of a comma-separated list, without the blanks around them.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    let whole_is_empty = text.trim().is_empty();
    text.split(',')
        .map(str::trim)
        .filter(move |_| !whole_is_empty)
}

fn join(text: &str) -> String {
    items(text).collect::<Vec<_>>().join(",")
}

/// `1.RST`: connector and how its phases are wired.
pub(super) fn is_rotation(item: &str, outlets: u32) -> bool {
    const WIRINGS: [&str; 8] = [
        "NotApplicable",
        "Unknown",
        "RST",
        "RTS",
        "SRT",
        "STR",
        "TRS",
        "TSR",
    ];
    item.split_once('.').is_some_and(|(connector, wiring)| {
        connector
            .parse::<u32>()
            .is_ok_and(|number| number <= outlets)
            && WIRINGS.contains(&wiring)
    })
}
