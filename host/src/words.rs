//! Names of the contract's cases as people write them: `contactor-failure`. The
//! generated types have no other names than those of Rust.

/// The name of a case without data, in kebab case.
#[must_use]
pub(crate) fn of(case: &impl std::fmt::Debug) -> String {
    let debug = format!("{case:?}");
    let name = debug.rsplit("::").next().unwrap_or_default();
    let mut word = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

#[cfg(test)]
mod tests {
    use crate::wit::protocol::{BootReason, ContactorState, FaultKind};

    #[test]
    fn cases_are_named_as_in_the_contract() {
        assert_eq!(super::of(&FaultKind::ContactorFailure), "contactor-failure");
        assert_eq!(super::of(&ContactorState::Open), "open");
        assert_eq!(super::of(&BootReason::PowerUp), "power-up");
    }
}
