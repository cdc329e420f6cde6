//! What of a record a build is compared with, and by what rules.

use serde::{Deserialize, Serialize};

use super::Identity;

/// As it is asked for, on the command line and in `…/preflight?…`.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct Comparison {
    /// Report every difference, not only the first. Later ones may follow from
    /// earlier ones.
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// Compare only what this build did: a version, a build's name, or the beginning
    /// of a hash (4 digits or more).
    #[arg(long, value_name = "BUILD")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_by: Option<String>,
    /// Two decisions that differ in their reason alone (`why`) are the same.
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_why: bool,
}

impl Comparison {
    /// Whether what that build did is compared.
    pub(super) fn includes(&self, recorded: &Identity) -> bool {
        self.recorded_by
            .as_ref()
            .is_none_or(|wanted| recorded.is_called(wanted))
    }
}

/// One build that was recorded, and how often another one differs from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recorded {
    /// The build.
    pub component: Identity,
    /// Calls that were compared.
    pub events: u64,
    /// Those among them that differ.
    pub differences: u64,
    /// Calls of it that were not compared, since another build was asked for.
    pub left_out: u64,
}

/// `recorded of guest-ocpp 0.1.0 (9f2c01d2): 120 events, none differs`
impl std::fmt::Display for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            component,
            events,
            differences,
            left_out,
        } = self;
        write!(f, "recorded of {component}: ")?;
        match (events, differences) {
            (0, _) if *left_out > 0 => write!(f, "not compared, as asked"),
            (_, 0) => write!(f, "{events} events, none differs"),
            (_, 1) => write!(f, "{events} events, 1 differs"),
            _ => write!(f, "{events} events, {differences} differ"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Identity};

    #[test]
    fn builds_are_named_by_version_build_or_hash() {
        let build = Identity {
            name: Some("evenings".into()),
            version: Some("0.2.0".into()),
            build: Some("first".into()),
            hash: "9f2c01d2aa".into(),
        };
        for (wanted, expected) in [
            ("0.2.0", true),
            ("first", true),
            ("9f2c", true),
            ("9F2C01D2", true),
            ("9f2", false),
            ("0.2", false),
            ("", false),
            ("second", false),
        ] {
            let comparison = Comparison {
                recorded_by: Some(wanted.into()),
                ..Comparison::default()
            };
            assert_eq!(comparison.includes(&build), expected, "{wanted}");
        }
        assert!(Comparison::default().includes(&build));
    }
}
