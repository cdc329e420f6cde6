//! A policy: may this card charge? Cards in the setting `cards` may; about all
//! others the next policy in the chain decides. Counts how often each charges.
//!
//! Here is what it decides by, which knows no interface: `cargo test` tries it on
//! the desk. In `component` it meets the charger.

#[cfg(target_arch = "wasm32")]
mod component;

/// The cards in the setting: separated by commas or blanks, in any case.
pub fn cards(setting: &str) -> Vec<String> {
    let cards = setting.split([',', ' ']).filter(|card| !card.is_empty());
    cards.map(str::to_uppercase).collect()
}

/// Why a card of ours may charge.
pub fn why(times: u64) -> String {
    match times {
        0 => "one of our cards, for the first time".into(),
        times => format!("one of our cards, has charged {times} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::{cards, why};

    #[test]
    fn cards_are_separated_by_commas_or_blanks() {
        assert_eq!(cards("04a1b2c3, 04A1B2C4"), ["04A1B2C3", "04A1B2C4"]);
        assert!(cards(" ").is_empty());
    }

    #[test]
    fn a_card_is_told_how_often_it_has_charged() {
        assert!(why(0).contains("first time"));
        assert!(why(2).contains("2 times"));
    }
}
