//! A live GetConfiguration beside the keys of a certificate.

use serde::Serialize;
use serde_json::{Value, json};

use super::listed::{Certificate, ListedKey};
use crate::{Answer, Failure, Station};

/// One row of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The key.
    pub name: String,
    /// As the certificate has it.
    pub listed: Option<Told>,
    /// As the station has it.
    pub live: Option<Told>,
    /// What comes of comparing them.
    pub agrees: Agreement,
    /// Why it is so.
    pub note: Option<String>,
}

/// Access and value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// `R` or `RW`; of a certificate also `R/RW`.
    pub access: String,
    /// The value.
    pub value: String,
}

/// What comes of comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// They say the same.
    Same,
    /// They differ as they must, and it is said why.
    Explained,
    /// They differ.
    Differs,
    /// It is not on the certificate, and it is said why.
    Beyond,
    /// Nobody can say why it is there.
    Unexplained,
    /// There is no certificate to compare with.
    Alone,
}

impl Agreement {
    /// Nobody has to do anything about it.
    pub fn is_good(self) -> bool {
        !matches!(self, Agreement::Differs | Agreement::Unexplained)
    }
}

/// Asks the station for all its keys.
///
/// # Errors
/// If it does not tell.
pub fn ask(station: &mut dyn Station) -> Result<Vec<(String, Told)>, Failure> {
    let answer = match station.call("GetConfiguration", json!({}))? {
        Answer::Result(answer) => answer,
        Answer::Error(code) => {
            return Err(Failure::Station(format!(
                "GetConfiguration is answered with {code}"
            )));
        }
    };
    let keys = answer["configurationKey"].as_array().into_iter().flatten();
    Ok(keys.map(told).collect())
}

fn told(key: &Value) -> (String, Told) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let access = if key["readonly"] == true { "R" } else { "RW" };
    let told = Told {
        access: access.to_owned(),
        value: text(&key["value"]),
    };
    (text(&key["key"]), told)
}

/// The rows of the certificate first, in its order, then what it does not have.
pub fn compare(certificate: Option<&Certificate>, live: &[(String, Told)]) -> Vec<Row> {
    let Some(certificate) = certificate else {
        return live.iter().map(alone).collect();
    };
    let find = |name: &str| {
        let found = live.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, told)| told.clone())
    };
    let mut rows: Vec<Row> = certificate
        .keys
        .iter()
        .map(|listed| row(listed, find(&listed.name)))
        .collect();
    let is_listed = |name: &str| {
        let mut keys = certificate.keys.iter();
        keys.any(|listed| listed.name.eq_ignore_ascii_case(name))
    };
    for (name, told) in live.iter().filter(|(name, _)| !is_listed(name)) {
        let mut beyond = certificate.beyond.iter();
        let note = beyond.find(|it| it.name.eq_ignore_ascii_case(name));
        rows.push(Row {
            name: name.clone(),
            listed: None,
            live: Some(told.clone()),
            agrees: match note {
                Some(_) => Agreement::Beyond,
                None => Agreement::Unexplained,
            },
            note: note.map(|it| it.note.clone()),
        });
    }
    rows
}

fn row(listed: &ListedKey, live: Option<Told>) -> Row {
    let agrees = match &live {
        None => Agreement::Differs,
        Some(live) if !listed.access.split('/').any(|it| it == live.access) => Agreement::Differs,
        Some(live) => match &listed.ours {
            Some(ours) if same(ours, &live.value) => Agreement::Explained,
            None if same(&listed.value, &live.value) => Agreement::Same,
            _ => Agreement::Differs,
        },
    };
    Row {
        name: listed.name.clone(),
        listed: Some(Told {
            access: listed.access.clone(),
            value: listed.value.clone(),
        }),
        live,
        agrees,
        note: listed.note.clone(),
    }
}

fn alone((name, told): &(String, Told)) -> Row {
    Row {
        name: name.clone(),
        listed: None,
        live: Some(told.clone()),
        agrees: Agreement::Alone,
        note: None,
    }
}

/// Booleans in either case; all else as it is.
fn same(one: &str, other: &str) -> bool {
    let boolean = |text: &str| match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    one == other || boolean(one).is_some_and(|it| boolean(other) == Some(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(access: &str, value: &str, ours: Option<&str>) -> ListedKey {
        ListedKey {
            name: "Key".to_owned(),
            access: access.to_owned(),
            value: value.to_owned(),
            ours: ours.map(str::to_owned),
            note: ours.map(|_| "because".to_owned()),
        }
    }

    #[track_caller]
    fn check(listed: ListedKey, live: Option<(&str, &str)>, expected: Agreement) {
        let live = live.map(|(access, value)| Told {
            access: access.to_owned(),
            value: value.to_owned(),
        });
        assert_eq!(row(&listed, live).agrees, expected, "{listed:?}");
    }

    #[test]
    fn booleans_agree_in_either_case_and_nothing_else_does() {
        let same = Agreement::Same;
        let differs = Agreement::Differs;
        check(listed("RW", "TRUE", None), Some(("RW", "true")), same);
        check(listed("R/RW", "10", None), Some(("R", "10")), same);
        check(listed("RW", "10", None), Some(("R", "10")), differs);
        check(listed("RW", "TRUE", None), Some(("RW", "false")), differs);
        check(listed("RW", "Core", None), Some(("RW", "core")), differs);
        check(listed("RW", "10", None), None, differs);
    }

    #[test]
    fn a_difference_needs_a_reason_and_the_value_it_names() {
        let rst = || listed("RW", "RST", Some("1.RST"));
        check(rst(), Some(("RW", "1.RST")), Agreement::Explained);
        check(rst(), Some(("RW", "RST")), Agreement::Differs);
        check(rst(), Some(("RW", "2.RST")), Agreement::Differs);
    }
}
