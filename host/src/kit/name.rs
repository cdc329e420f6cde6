//! Which names a plugin may have: those of `component new` and of `component wrap`.

use super::KitError;

/// Refuses what is no name.
pub(super) fn check(name: &str) -> Result<(), KitError> {
    if is_name(name) {
        Ok(())
    } else {
        Err(KitError::Name(name.to_owned()))
    }
}

/// Fit for a crate, a package, a file and a slot.
fn is_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_fit_everywhere() {
        for name in ["a", "evenings", "fleet-2"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "Evenings",
            "2fast",
            "a b",
            "../x",
            "a_b",
            &"x".repeat(41),
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
