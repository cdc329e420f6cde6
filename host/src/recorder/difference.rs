//! One call on which a build differs from what was recorded.

use std::fmt;

use serde::{Deserialize, Serialize};

/// More lines than this are not printed.
const MOST_LINES: usize = 40;

/// Where, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Which event, from 1, starts included.
    pub event: u64,
    /// The file that it is in.
    pub segment: String,
    /// When, if the charger knew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Its kind, such as `frame` or `start`.
    pub kind: String,
    /// The event in words.
    pub what: String,
    /// The build that was recorded.
    pub recorded_by: String,
    /// What was recorded: actions in order, or how the call failed.
    pub expected: Vec<String>,
    /// What came now.
    pub got: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {}, {}", self.event, self.kind)?;
        if let Some(time) = &self.time {
            write!(f, ", {time}")?;
        }
        writeln!(f, " ({}, recorded of {})", self.segment, self.recorded_by)?;
        writeln!(f, "  {}", self.what)?;
        for line in lines(&self.expected, &self.got) {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// What both have at the beginning and at the end is shown as such; of what is
/// between, `-` is what was recorded, `+` what came now.
fn lines(expected: &[String], got: &[String]) -> Vec<String> {
    let alike = |(a, b): &(&String, &String)| a == b;
    let begin = expected.iter().zip(got).take_while(alike).count();
    let (old, new) = (&expected[begin..], &got[begin..]);
    let end = old.iter().rev().zip(new.iter().rev());
    let end = end.take_while(alike).count();
    let mut lines = Vec::new();
    lines.extend(expected[..begin].iter().map(|it| format!("  {it}")));
    lines.extend(old[..old.len() - end].iter().map(|it| format!("- {it}")));
    lines.extend(new[..new.len() - end].iter().map(|it| format!("+ {it}")));
    lines.extend(old[old.len() - end..].iter().map(|it| format!("  {it}")));
    if lines.len() > MOST_LINES {
        let more = lines.len() - MOST_LINES;
        // What differs counts more than what is alike before it.
        let from = begin.saturating_sub(2).min(more);
        lines.drain(..from);
        lines.truncate(MOST_LINES);
        lines.push(format!("  ({more} more lines)"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn a_diff_is_as_small_as_it_can_be_told() {
        let list = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let told = lines(&list("a b c d"), &list("a x d"));
        assert_eq!(told, ["  a", "- b", "- c", "+ x", "  d"]);
        assert_eq!(lines(&list("a a"), &list("a")), ["  a", "- a"]);
    }
}
