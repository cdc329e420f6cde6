//! Reads TOML, and says where in the text what is wrong is: the line and the key.
//!
//! The key is looked up from the place of the error, once there is one. A
//! deserializer that keeps track of keys (`serde_path_to_error`) does the same, but
//! is compiled anew for every type of the configuration: 0.3 MB of program, used at
//! most once in its life.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a text, and where.
#[derive(Debug)]
pub(crate) struct Located {
    /// From 1.
    pub(crate) line: usize,
    /// With its section, such as `connector[0].cable`; none if the text is not TOML.
    pub(crate) key: Option<String>,
    /// On one line.
    pub(crate) problem: String,
}

/// Reads a text.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Located> {
    let parsed = toml::Deserializer::parse(text).map_err(|error| located(text, &error, None))?;
    T::deserialize(parsed).map_err(|error| {
        let span = error.span().unwrap_or_default();
        let key =
            DeTable::parse(text).map_or(String::new(), |table| key_at(table.get_ref(), &span));
        located(text, &error, Some(key))
    })
}

fn located(text: &str, error: &toml::de::Error, key: Option<String>) -> Located {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or(text);
    Located {
        line: 1 + before.matches('\n').count(),
        key: key.map(|key| if key.is_empty() { ".".into() } else { key }),
        problem: one_line(error.message()),
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The longest key that has the place in itself or in its value.
fn key_at(table: &DeTable<'_>, place: &Range<usize>) -> String {
    let mut search = Search {
        place,
        found: String::new(),
        depth: 0,
    };
    search.table(table, "", 1);
    search.found
}

struct Search<'a> {
    place: &'a Range<usize>,
    found: String,
    depth: usize,
}

impl Search<'_> {
    // The span of a section is its headline alone, so what is within is looked at
    // in any case.
    fn table(&mut self, table: &DeTable<'_>, path: &str, depth: usize) {
        for (name, value) in table {
            let key = match path {
                "" => name.get_ref().to_string(),
                path => format!("{path}.{}", name.get_ref()),
            };
            if self.is_in(&name.span()) {
                self.note(&key, depth);
            }
            self.value(value, &key, depth);
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, key: &str, depth: usize) {
        if self.is_in(&value.span()) {
            self.note(key, depth);
        }
        match value.get_ref() {
            DeValue::Table(table) => self.table(table, key, depth + 1),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(item, &format!("{key}[{index}]"), depth + 1);
                }
            }
            _ => {}
        }
    }

    fn is_in(&self, span: &Range<usize>) -> bool {
        span.start <= self.place.start && self.place.end <= span.end
    }

    fn note(&mut self, key: &str, depth: usize) {
        if depth > self.depth {
            self.found = key.to_owned();
            self.depth = depth;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct File {
        section: Option<Section>,
        #[serde(default)]
        list: Vec<Section>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Section {
        needed: u8,
        numbers: Option<Vec<u8>>,
        within: Option<Within>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Within {
        word: bool,
    }

    #[track_caller]
    fn check(text: &str, line: usize, key: Option<&str>, problem: &str) {
        let error = read::<File>(text).expect_err("wrong");
        assert_eq!((error.line, error.key.as_deref()), (line, key), "{error:?}");
        assert!(error.problem.starts_with(problem), "{error:?}");
    }

    #[test]
    fn the_key_of_an_error_is_found() {
        check(
            "[section]\nneeded = 'x'\n",
            2,
            Some("section.needed"),
            "invalid type",
        );
        check(
            "[section]\nneded = 1\n",
            2,
            Some("section.neded"),
            "unknown field `neded`",
        );
        check(
            "\n[section]\nnumbers = []\n",
            2,
            Some("section"),
            "missing field `needed`",
        );
        check("[sektion]\n", 1, Some("sektion"), "unknown field `sektion`");
        check(
            "[section]\nneeded = 1\nnumbers = [1,\n 2, 300]\n",
            4,
            Some("section.numbers[2]"),
            "invalid value",
        );
        check(
            "[[list]]\nneeded = 1\n[[list]]\nneeded = true\n",
            4,
            Some("list[1].needed"),
            "invalid type",
        );
        check(
            "[[list]]\nneeded = 1\n[[list]]\n",
            3,
            Some("list[1]"),
            "missing field",
        );
        check(
            "[section]\nneeded = 1\n[section.within]\nword = 1\n",
            4,
            Some("section.within.word"),
            "invalid type",
        );
        check(
            "[section]\nneeded = 1\nwithin = { word = 1 }\n",
            3,
            Some("section.within.word"),
            "invalid type",
        );
        check(
            "section.needed = 1\nsection.within.wort = true\n",
            2,
            Some("section.within.wort"),
            "unknown field",
        );
    }

    #[test]
    fn what_is_not_toml_has_a_line_and_no_key() {
        check("[section]\nneeded = \n", 2, None, "");
        assert!(read::<File>("").is_ok());
    }
}
