//! A version of a component as the control API gives it, in words.

use serde_json::Value;

use crate::operator::plain;

/// `evenings 0.2.0 (build 9c1f, 9f2c01d2)`; without what is not stated.
pub(super) fn version(it: &Value) -> String {
    let hash = it["hash"]
        .as_str()
        .map(|hash| hash.get(..8).unwrap_or(hash));
    told(it, hash)
}

/// `evenings 0.2.0 (build 9c1f)`: where only one file can be meant.
pub(super) fn short(it: &Value) -> String {
    told(it, None)
}

fn told(it: &Value, hash: Option<&str>) -> String {
    let text = |field: &str| it[field].as_str().filter(|text| !text.is_empty());
    let mut within = Vec::new();
    if let Some(build) = text("build") {
        within.push(format!("build {build}"));
    }
    within.extend(hash.map(str::to_owned));
    let mut words = text("name").unwrap_or("(no name)").to_owned();
    if let Some(version) = text("version") {
        words += &format!(" {version}");
    }
    if !within.is_empty() {
        words += &format!(" ({})", within.join(", "));
    }
    plain(&words)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{short, version};

    #[test]
    fn what_is_not_stated_leaves_no_trace() {
        let all = json!({"name": "a", "version": "1.0.0", "build": "b", "hash": "0123456789"});
        assert_eq!(version(&all), "a 1.0.0 (build b, 01234567)");
        let some = json!({"name": "a", "version": "1.0.0", "build": null, "hash": "0123456789"});
        assert_eq!(version(&some), "a 1.0.0 (01234567)");
        assert_eq!(short(&all), "a 1.0.0 (build b)");
        assert_eq!(short(&some), "a 1.0.0");
        assert_eq!(version(&json!({})), "(no name)");
    }
}
