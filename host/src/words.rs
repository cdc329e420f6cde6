//! Names of the contract's cases as people write them: `contactor-failure`. The
//! generated types have no other names than those of Rust.

use crate::wit::protocol::{Phase, Quantity};

/// The name of a case without data, in kebab case.
#[must_use]
pub(crate) fn of(case: &impl std::fmt::Debug) -> String {
    let debug = format!("{case:?}");
    kebab(debug.rsplit("::").next().unwrap_or_default())
}

/// A name of Rust's in kebab case.
#[must_use]
pub(crate) fn kebab(name: &str) -> String {
    let mut word = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

/// What is measured and where, as technicians read it: `voltage L1-N`.
#[must_use]
pub(crate) fn measurand(quantity: Quantity, phase: Option<Phase>) -> String {
    let quantity = of(&quantity);
    match phase {
        Some(phase) => format!("{quantity} {}", of(&phase).to_uppercase()),
        None => quantity,
    }
}

#[cfg(test)]
mod tests {
    use crate::wit::protocol::{BootReason, ContactorState, FaultKind, Phase, Quantity};

    #[test]
    fn cases_are_named_as_in_the_contract() {
        assert_eq!(super::of(&FaultKind::ContactorFailure), "contactor-failure");
        assert_eq!(super::of(&ContactorState::Open), "open");
        assert_eq!(super::of(&BootReason::PowerUp), "power-up");
        let voltage = super::measurand(Quantity::Voltage, Some(Phase::L1N));
        assert_eq!(voltage, "voltage L1-N");
    }
}
