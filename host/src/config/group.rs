//! `[[group]]`: connectors that share a power path, and what must hold in it.

use serde::Deserialize;

use super::check::{Problem, wrong};
use super::file::Config;

/// The most that makes sense for a common limit.
const MAX_CURRENT_A: u32 = 1_000;

/// `[[group]]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    /// Shown in the log and the status; absent: `group-N`.
    pub name: Option<String>,
    /// Numbers of the connectors, at least two.
    pub connectors: Vec<u32>,
    /// The most that all of them together are offered, per phase.
    pub max_current_a: Option<u32>,
    /// One of them at a time.
    pub one_at_a_time: bool,
}

/// The name of a group, given or by its place.
pub(crate) fn name_of(index: usize, group: &Group) -> String {
    match &group.name {
        Some(name) => name.clone(),
        None => format!("group-{}", index + 1),
    }
}

/// All groups of the file.
pub(super) fn check(config: &Config) -> Result<(), Problem> {
    let mut taken = Vec::new();
    for (index, it) in config.group.iter().enumerate() {
        let key = |name: &str| format!("group[{index}].{name}");
        if it.connectors.len() < 2 {
            return wrong(key("connectors"), "expected at least two connectors");
        }
        for connector in &it.connectors {
            if !config.connector.iter().any(|each| each.id == *connector) {
                let text = format!("there is no connector {connector}");
                return wrong(key("connectors"), text);
            }
            if taken.contains(connector) {
                let text = format!("connector {connector} is in a group already");
                return wrong(key("connectors"), text);
            }
            taken.push(*connector);
        }
        match (it.max_current_a, it.one_at_a_time) {
            (Some(amps), false) if !(6..=MAX_CURRENT_A).contains(&amps) => {
                let text = format!("expected 6 to {MAX_CURRENT_A}, found {amps}");
                return wrong(key("max_current_a"), text);
            }
            (Some(_), false) | (None, true) => {}
            (None, false) => {
                let text = "expected the common limit, or one_at_a_time = true";
                return wrong(key("max_current_a"), text);
            }
            (Some(_), true) => {
                let text = "does not go with max_current_a";
                return wrong(key("one_at_a_time"), text);
            }
        }
    }
    Ok(())
}
