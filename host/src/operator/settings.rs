//! `plugpoint settings`: what the protocol component lets be set, and setting it.

use plugpoint_terminal::{Style, painted, say};
use serde_json::{Value, json};

use super::{ClientError, Control, plain};

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Only this one.
    pub name: Option<String>,
    /// It is to have this value from now on.
    pub value: Option<String>,
    /// As the control API gives it.
    pub json: bool,
}

/// Shows settings, or changes one.
pub async fn settings(control: &Control, what: &Settings) -> Result<(), ClientError> {
    let Some(name) = &what.name else {
        let all = control.get("/v1/settings").await?;
        if what.json {
            say!("{all:#}");
        } else {
            all["settings"]
                .as_array()
                .into_iter()
                .flatten()
                .for_each(row);
        }
        return Ok(());
    };
    let path = format!("/v1/settings/{}", encoded(name));
    let Some(value) = &what.value else {
        let one = control.get(&path).await?;
        if what.json {
            say!("{one:#}");
        } else {
            whole(&one);
        }
        return Ok(());
    };
    let body = json!({ "value": value }).to_string().into_bytes();
    let answer = control.post(&path, &[], body).await?;
    match answer["outcome"].as_str() {
        _ if what.json => say!("{answer:#}"),
        Some("after-restart") => say!("{}: set; it counts after a restart", plain(name)),
        _ => say!("{}: set", plain(name)),
    }
    Ok(())
}

fn row(setting: &Value) {
    let text = |key: &str| plain(setting[key].as_str().unwrap_or_default());
    let read_only = match setting["access"].as_str() {
        Some("read-only") => " (read-only)",
        _ => "",
    };
    say!("{} = {}{read_only}", text("name"), value(setting));
}

fn whole(setting: &Value) {
    let text = |key: &str| plain(setting[key].as_str().unwrap_or_default());
    say!(
        "{} = {}",
        painted(Style::Strong, &text("name")),
        value(setting)
    );
    say!("  {}", text("meaning"));
    let default = setting["default"].as_str();
    let default = default.map_or_else(String::new, |it| format!(", default {}", plain(it)));
    say!("  {}{default}", text("access"));
}

fn value(setting: &Value) -> String {
    let Some(value) = setting["value"].as_str() else {
        return "(not shown)".to_owned();
    };
    let unit = plain(setting["unit"].as_str().unwrap_or_default());
    let space = if unit.is_empty() { "" } else { " " };
    format!("{}{space}{unit}", plain(value))
}

/// As a part of a path.
fn encoded(name: &str) -> String {
    let mut path = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_stays_one_part_of_a_path() {
        assert_eq!(super::encoded("Some.Name-1"), "Some.Name-1");
        assert_eq!(super::encoded("a/b?c"), "a%2Fb%3Fc");
    }
}
