//! The settings, as an operator writes them in the configuration file.

use crate::hours::{DEFAULT, Hours};

/// The most that the regulations allow to be configured.
const MOST_DELAY_S: u32 = 1800;

/// Everything that is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// When the peaks are.
    pub peak: Hours,
    /// The longest random delay.
    pub delay_s: u32,
    /// What a session may take during a peak; none: it waits.
    pub peak_ma: Option<u32>,
    /// Cards, in capital letters, that neither wait nor are delayed.
    pub exempt: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            peak: Hours::parse(DEFAULT).unwrap_or_default(),
            delay_s: 600,
            peak_ma: None,
            exempt: Vec::new(),
        }
    }
}

impl Settings {
    /// Reads names and values as configured. What is not understood is left out and
    /// said.
    pub fn read<'a>(given: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Vec<String>) {
        let mut settings = Self::default();
        let mut complaints = Vec::new();
        for (name, value) in given {
            if let Err(error) = settings.take(name, value) {
                complaints.push(format!("setting `{name}`: {error}"));
            }
        }
        (settings, complaints)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "peak" => self.peak = Hours::parse(value)?,
            "random_delay_s" => {
                self.delay_s = match value.parse() {
                    Ok(seconds @ 0..=MOST_DELAY_S) => seconds,
                    _ => return Err(format!("expected 0 to {MOST_DELAY_S}, found `{value}`")),
                };
            }
            "peak_current" => {
                let ampere = value.strip_suffix('A').unwrap_or(value).trim();
                self.peak_ma = match ampere.parse::<u32>() {
                    Ok(ampere @ 6..=1000) => Some(ampere * 1000),
                    _ => return Err(format!("expected a current such as `6 A`, found `{value}`")),
                };
            }
            "exempt" => {
                let cards = value.split([',', ' ']).filter(|it| !it.is_empty());
                self.exempt = cards.map(str::to_ascii_uppercase).collect();
            }
            _ => {
                return Err(
                    "there is none of that name; known are peak, random_delay_s, peak_current, exempt"
                        .into(),
                );
            }
        }
        Ok(())
    }

    /// This card neither waits nor is delayed.
    #[must_use]
    pub fn is_exempt(&self, card: &str) -> bool {
        self.exempt.iter().any(|it| it.eq_ignore_ascii_case(card))
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn what_is_wrong_is_named_and_the_rest_counts() {
        let (settings, complaints) = Settings::read([
            ("random_delay_s", "1801"),
            ("peak", "never"),
            ("peak_current", "2 A"),
            ("colour", "red"),
            ("exempt", "04aa, 04bb"),
        ]);
        assert_eq!(complaints.len(), 4, "{complaints:?}");
        assert_eq!((settings.delay_s, settings.peak_ma), (600, None));
        assert!(settings.is_exempt("04AA") && !settings.is_exempt("04CC"));
    }
}
