//! What the central system asks the station, and its configuration keys.

use serde_json::{Value, json};

use super::Session;
use crate::expected::boot;
use crate::outcome::Failure;
use crate::schema;
use crate::station::Answer;

/// A configuration key as the station tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// As the station spells it.
    pub name: String,
    /// Absent where it is not to be read.
    pub value: Option<String>,
    /// ChangeConfiguration is refused.
    pub readonly: bool,
}

impl Session<'_> {
    /// Asks, and returns whatever the answer is. Its form is checked.
    pub fn call_any(&mut self, action: &str, payload: Value) -> Result<Answer, Failure> {
        let wrong = schema::request(action, &payload);
        if !wrong.is_empty() {
            return Err(Failure::Surroundings(format!(
                "the suite's own request is wrong: {}",
                wrong.join("; ")
            )));
        }
        self.note(format!("→ {action} {payload}"));
        let answer = match self.station.call(action, payload) {
            Ok(answer) => answer,
            Err(Failure::Station(text)) => return Err(self.failure(text)),
            Err(other) => return Err(other),
        };
        match &answer {
            Answer::Result(result) => {
                self.note(format!("← {result}"));
                let wrong = schema::response(action, result);
                if !wrong.is_empty() {
                    return Err(self.failure(format!(
                        "the answer {result} breaks the rules of OCPP 1.6: {}",
                        wrong.join("; ")
                    )));
                }
            }
            Answer::Error(code) => self.note(format!("← CALLERROR {code}")),
        }
        Ok(answer)
    }

    /// Asks, and returns the CALLRESULT, which there must be.
    pub fn call(&mut self, action: &str, payload: Value) -> Result<Value, Failure> {
        match self.call_any(action, payload.clone())? {
            Answer::Result(result) => Ok(result),
            Answer::Error(code) => Err(self.failure(format!(
                "{action} {payload} must be answered with a CALLRESULT, and was with the \
                 CALLERROR {code}"
            ))),
        }
    }

    /// Asks, and the answer must be a CALLRESULT with one of these statuses.
    pub fn call_for(
        &mut self,
        action: &str,
        payload: Value,
        statuses: &[&str],
    ) -> Result<String, Failure> {
        let result = self.call(action, payload.clone())?;
        let status = result["status"].as_str().unwrap_or_default().to_owned();
        if statuses.contains(&status.as_str()) {
            return Ok(status);
        }
        Err(self.failure(format!(
            "{action} {payload} must be answered with {}, and was with {status}",
            statuses.join(" or ")
        )))
    }

    /// As [`Session::call_for`], and a CALLERROR will do as well: of one of
    /// these codes, or any if none is named.
    pub fn call_for_or_error(
        &mut self,
        action: &str,
        payload: Value,
        statuses: &[&str],
        codes: &[&str],
    ) -> Result<(), Failure> {
        let answer = self.call_any(action, payload.clone())?;
        let (good, was) = match &answer {
            Answer::Result(result) => {
                let status = result["status"].as_str().unwrap_or_default().to_owned();
                (statuses.contains(&status.as_str()), status)
            }
            Answer::Error(code) => (
                codes.is_empty() || codes.contains(&code.as_str()),
                format!("the CALLERROR {code}"),
            ),
        };
        if good {
            return Ok(());
        }
        let codes = match codes {
            [] => "any CALLERROR".to_owned(),
            codes => format!("the CALLERROR {}", codes.join(" or ")),
        };
        Err(self.failure(format!(
            "{action} {payload} must be answered with {} or {codes}, and was with {was}",
            statuses.join(" or ")
        )))
    }

    /// All keys that the station lists.
    pub fn keys(&mut self) -> Result<Vec<Key>, Failure> {
        let answer = self.call("GetConfiguration", json!({}))?;
        Ok(keys_in(&answer))
    }

    /// One key, if the station has it.
    pub fn key(&mut self, name: &str) -> Result<Option<Key>, Failure> {
        let answer = self.call("GetConfiguration", json!({"key": [name]}))?;
        Ok(keys_in(&answer)
            .into_iter()
            .find(|key| key.name.eq_ignore_ascii_case(name)))
    }

    /// Whether the station says that it has this profile.
    pub fn offers(&mut self, profile: &str) -> Result<bool, Failure> {
        let key = self.key("SupportedFeatureProfiles")?;
        let profiles = key.and_then(|key| key.value).unwrap_or_default();
        Ok(profiles.split(',').any(|offered| offered.trim() == profile))
    }

    /// A boolean key; without it, what its absence means.
    pub fn is_on(&mut self, name: &str, absent: bool) -> Result<bool, Failure> {
        let value = self.key(name)?.and_then(|key| key.value);
        Ok(value.map_or(absent, |value| value.eq_ignore_ascii_case("true")))
    }

    /// The key must have this value for the case. A station without it, or that
    /// has it fixed at another value, cannot take the case.
    pub fn configure(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let Some(key) = self.key(name)? else {
            return Err(Failure::NotApplicable(format!(
                "the station has no key {name}, and the case needs it to be {value}"
            )));
        };
        let present = key.value.clone().unwrap_or_default();
        if same(&present, value) {
            return Ok(());
        }
        if key.readonly {
            return Err(Failure::NotApplicable(format!(
                "key {name} is read-only with the value {present:?}, and the case needs {value:?}"
            )));
        }
        let change = json!({"key": name, "value": value});
        let status = self.call_for(
            "ChangeConfiguration",
            change,
            &["Accepted", "RebootRequired"],
        )?;
        if status == "RebootRequired" {
            self.reset_to_apply()?;
        }
        Ok(())
    }

    fn reset_to_apply(&mut self) -> Result<(), Failure> {
        self.call_for("Reset", json!({"type": "Soft"}), &["Accepted"])?;
        self.connection_ends();
        self.expect_among(boot(), &self.any_status())?;
        self.tells_all(&[])
    }
}

fn keys_in(answer: &Value) -> Vec<Key> {
    let items = answer["configurationKey"].as_array();
    items
        .into_iter()
        .flatten()
        .map(|item| Key {
            name: item["key"].as_str().unwrap_or_default().to_owned(),
            value: item["value"].as_str().map(str::to_owned),
            readonly: item["readonly"].as_bool().unwrap_or_default(),
        })
        .collect()
}

/// Booleans are compared without regard to case, lists without blanks.
pub(super) fn same(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.replace(' ', "");
    let (a, b) = (plain(a), plain(b));
    a == b
        || (["true", "false"].contains(&b.to_ascii_lowercase().as_str())
            && a.eq_ignore_ascii_case(&b))
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn values_are_compared_by_what_they_mean() {
        assert!(same("True", "true"));
        assert!(same("a, b", "a,b"));
        assert!(!same("Alpha", "alpha"));
        assert!(!same("true", "false"));
        assert!(!same("", "0"));
    }
}
