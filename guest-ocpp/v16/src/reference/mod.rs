//! The page for integrators, `docs/ocpp.md`: every message and every configuration
//! key. The tables are made here of what the code has; the text around them is
//! in `page.md`. `cargo xtask docs` writes the page, a test finds it stale. Not
//! part of the component.

mod messages;

use crate::config::reference;
pub use crate::config::reference::{Group, KeyRow};
use crate::profiles;
pub use messages::{MESSAGES, MessageRow, Refusal, Use};

const PAGE: &str = include_str!("page.md");

/// All keys: the core's, then those of the profiles that are built.
pub fn keys() -> Vec<KeyRow> {
    let manifests = profiles::STANDARD.iter();
    reference::rows(manifests.flat_map(|manifest| manifest.keys))
}

/// The page, in Markdown.
pub fn page() -> String {
    PAGE.replace("{{sent}}", &messages(Use::Sent, "when"))
        .replace("{{answered}}", &messages(Use::Answered, "answer"))
        .replace("{{refused}}", &refused())
        .replace("{{keys}}", &all_keys())
}

fn messages(usage: Use, heading: &str) -> String {
    let mut out = format!("| message | section | {heading} |\n|---|---|---|\n");
    for row in MESSAGES.iter().filter(|row| row.usage == usage) {
        out += &format!("| {} | {} | {} |\n", row.name, row.section, row.text);
    }
    out.trim_end().to_owned()
}

fn refused() -> String {
    let mut out =
        "| message | feature profile | section | answer |\n|---|---|---|---|\n".to_owned();
    for row in &MESSAGES {
        let answer = match row.usage {
            Use::Refused(Refusal::Status(word)) => format!("status `{word}`"),
            Use::Refused(Refusal::NoList) => "listVersion -1".to_owned(),
            Use::Refused(Refusal::Error(code)) => format!("CALLERROR {code}"),
            Use::NotSent => "(not sent)".to_owned(),
            Use::Sent | Use::Answered => continue,
        };
        let MessageRow {
            name,
            section,
            profile,
            ..
        } = row;
        out += &format!("| {name} | {profile} | {section} | {answer} |\n");
    }
    out.trim_end().to_owned()
}

fn all_keys() -> String {
    let keys = keys();
    let mut out = String::new();
    for group in Group::ALL {
        out += &format!(
            "### {}\n\n| key | type | access | default | meaning |\n|---|---|---|---|---|\n",
            group.title()
        );
        for key in keys.iter().filter(|key| key.group == group) {
            let default = match key.default {
                "" => "empty".to_owned(),
                // Not a value but how it comes about.
                text if text.contains([' ', '`']) || text == "none" => text.to_owned(),
                value => format!("`{value}`"),
            };
            out += &format!(
                "| `{}` | {} | {} | {default} | {} |\n",
                key.name, key.kind, key.access, key.meaning
            );
        }
        out.push('\n');
    }
    out.trim_end().to_owned()
}
