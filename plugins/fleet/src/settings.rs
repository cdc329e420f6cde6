//! The groups, as an operator writes them in the configuration file.

use std::collections::BTreeMap;

use crate::quota::Quota;

/// Everything that is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// By name.
    pub groups: BTreeMap<String, Group>,
    /// Cards that are in no group are refused instead of passed on.
    pub refuse_others: bool,
    /// Local time less UTC, in minutes: decides when a day begins.
    pub offset_min: i64,
}

/// Cards that share quotas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// In capital letters: cards are compared without regard to case.
    pub cards: Vec<String>,
    /// All of them hold.
    pub quotas: Vec<Quota>,
    /// The most current per phase.
    pub limit_ma: Option<u32>,
}

impl Settings {
    /// Reads names and values as configured. What is not understood is left out
    /// and said: one line of a technician's must not stop a charger.
    pub fn read<'a>(given: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Vec<String>) {
        let mut settings = Self::default();
        let mut complaints = Vec::new();
        for (name, value) in given {
            if let Err(error) = settings.take(name, value) {
                complaints.push(format!("setting `{name}`: {error}"));
            }
        }
        settings.groups.retain(|name, group| {
            let has_cards = !group.cards.is_empty();
            if !has_cards {
                complaints.push(format!("group `{name}` has no cards"));
            }
            has_cards
        });
        complaints.extend(settings.cards_in_two_groups());
        (settings, complaints)
    }

    /// The group of a card.
    #[must_use]
    pub fn group_of(&self, card: &str) -> Option<(&str, &Group)> {
        self.groups
            .iter()
            .find(|(_, group)| group.cards.iter().any(|own| own.eq_ignore_ascii_case(card)))
            .map(|(name, group)| (name.as_str(), group))
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name.split_once('.') {
            Some(("group", group)) => {
                let cards = list(value).map(str::to_ascii_uppercase);
                self.group(group)?.cards.extend(cards);
            }
            Some(("quota", group)) => {
                for quota in value.split(',') {
                    let quota = Quota::parse(quota)?;
                    self.group(group)?.quotas.push(quota);
                }
            }
            Some(("limit", group)) => {
                let limit_ma = current(value)?;
                self.group(group)?.limit_ma = Some(limit_ma);
            }
            None if name == "others" => {
                self.refuse_others = match value {
                    "pass" => false,
                    "reject" => true,
                    _ => return Err(format!("expected `pass` or `reject`, found `{value}`")),
                };
            }
            None if name == "utc_offset" => self.offset_min = offset(value)?,
            _ => {
                return Err(
                    "there is none of that name; known are group.NAME, quota.NAME, \
                            limit.NAME, others, utc_offset"
                        .into(),
                );
            }
        }
        Ok(())
    }

    /// Names become keys of entries and parents of tokens.
    fn group(&mut self, name: &str) -> Result<&mut Group, String> {
        let fits = (1..=20).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits {
            Ok(self.groups.entry(name.to_owned()).or_default())
        } else {
            Err(format!(
                "the name of a group has 1 to 20 letters, digits, `-` and `_`, not `{name}`"
            ))
        }
    }

    fn cards_in_two_groups(&self) -> Vec<String> {
        let mut seen = BTreeMap::new();
        let mut complaints = Vec::new();
        for (name, group) in &self.groups {
            for card in &group.cards {
                if let Some(before) = seen.insert(card, name)
                    && before != name
                {
                    complaints.push(format!(
                        "card {card} is in two groups; `{before}` counts, not `{name}`"
                    ));
                    seen.insert(card, before);
                }
            }
        }
        complaints
    }
}

/// Separated by blanks, commas or both.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t', '\n'])
        .filter(|word| !word.is_empty())
}

/// `16 A`, as mA.
fn current(text: &str) -> Result<u32, String> {
    let ampere = text.strip_suffix('A').unwrap_or(text).trim();
    match ampere.parse::<u32>() {
        Ok(ampere @ 1..=1000) => Ok(ampere * 1000),
        _ => Err(format!("expected a current such as `16 A`, found `{text}`")),
    }
}

/// `+01:00`, as minutes.
fn offset(text: &str) -> Result<i64, String> {
    let wrong = || format!("expected an offset from UTC such as `+01:00`, found `{text}`");
    let (sign, rest) = match text.as_bytes() {
        [b'+', ..] => (1, &text[1..]),
        [b'-', ..] => (-1, &text[1..]),
        _ => return Err(wrong()),
    };
    let (hours, minutes) = rest.split_once(':').ok_or_else(wrong)?;
    match (hours.parse::<u8>(), minutes.parse::<u8>()) {
        (Ok(hours @ 0..=14), Ok(minutes @ 0..=59)) => {
            Ok(sign * (i64::from(hours) * 60 + i64::from(minutes)))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    fn read(given: &[(&str, &str)]) -> (Settings, Vec<String>) {
        Settings::read(given.iter().copied())
    }

    #[test]
    fn groups_have_cards_quotas_and_limits() {
        let (settings, complaints) = read(&[
            ("group.depot", "04a1b2c3, 04A1B2C4  04A1B2C5"),
            ("quota.depot", "200 kWh per day, 3 sessions per week"),
            ("limit.depot", "16 A"),
            ("others", "reject"),
            ("utc_offset", "-03:30"),
        ]);
        assert_eq!(complaints, [""; 0]);
        let (name, depot) = settings.group_of("04A1b2C5").expect("a group");
        assert_eq!(name, "depot");
        assert_eq!((depot.cards.len(), depot.quotas.len()), (3, 2));
        assert_eq!(depot.limit_ma, Some(16_000));
        assert!(settings.refuse_others);
        assert_eq!(settings.offset_min, -210);
        assert_eq!(settings.group_of("04FF"), None);
    }

    #[test]
    fn what_is_wrong_is_named_and_the_rest_counts() {
        #[track_caller]
        fn check(name: &str, value: &str, words: &str) {
            let (settings, complaints) = read(&[("group.depot", "04AA"), (name, value)]);
            let complaints = complaints.join("\n");
            assert!(complaints.contains(words), "{complaints}");
            assert!(settings.group_of("04AA").is_some());
        }
        check(
            "quota.depot",
            "lots",
            "setting `quota.depot`: expected `200 kWh per day`",
        );
        check("quota.other", "1 kWh per day", "group `other` has no cards");
        check("limit.depot", "0 A", "expected a current such as `16 A`");
        check("others", "ask", "`pass` or `reject`");
        check("utc_offset", "1", "such as `+01:00`");
        check("utc_offset", "+ä:00", "such as `+01:00`");
        check("group.a b", "04BB", "the name of a group");
        check("colour", "red", "known are group.NAME");
        check(
            "group.second",
            "04aa",
            "card 04AA is in two groups; `depot` counts",
        );
    }
}
