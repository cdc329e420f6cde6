//! What a signature says of its file: minisign's trusted comment, which is signed
//! with the file. Words that begin with `plugpoint:` are for us, and each must be
//! understood; all others are for people.
//!
//! `minisign -Sm FILE -t "plugpoint:slots=policy/* plugpoint:floor=1.2.0"`

/// What is said; what is not said does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Slots that the file is for: `ocpp`, `policy/NAME`, `policy/*`; empty: all.
    slots: Vec<String>,
    /// The model of charger that it is for, with `_` for each space.
    product: Option<String>,
    /// Once this version has proved itself, older ones than this are not taken any
    /// more.
    pub floor: Option<String>,
}

/// A file that is not for this slot or charger, or a statement that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// A word that this program does not know may be a restriction.
    #[error(
        "its trusted comment has `{word}`; expected plugpoint:slots=…, plugpoint:product=… or plugpoint:floor=VERSION"
    )]
    Unknown {
        /// The word.
        word: String,
    },
    /// It is for other slots.
    #[error("it is signed for {slots} only, not for slot `{slot}`")]
    OtherSlot {
        /// What it is for.
        slots: String,
        /// The slot.
        slot: String,
    },
    /// It is for another model.
    #[error("it is signed for the model {product}, and this charger is a {model}")]
    OtherProduct {
        /// What it is for.
        product: String,
        /// What this is.
        model: String,
    },
}

impl Statement {
    pub(super) fn parse(comment: &str) -> Result<Self, StatementError> {
        let mut statement = Self::default();
        for word in comment.split_whitespace() {
            let Some(said) = word.strip_prefix("plugpoint:") else {
                continue;
            };
            let unknown = || StatementError::Unknown { word: word.into() };
            let (key, value) = said.split_once('=').ok_or_else(unknown)?;
            match key {
                "slots" if value.split(',').all(is_pattern) => {
                    statement.slots = value.split(',').map(str::to_owned).collect();
                }
                "product" if !value.is_empty() => statement.product = Some(value.into()),
                "floor" if semver::Version::parse(value).is_ok() => {
                    statement.floor = Some(value.into());
                }
                _ => return Err(unknown()),
            }
        }
        Ok(statement)
    }

    pub(super) fn check(&self, slot: &str, model: &str) -> Result<(), StatementError> {
        if !self.slots.is_empty() && !covers(&self.slots, slot) {
            return Err(StatementError::OtherSlot {
                slots: self.slots.join(", "),
                slot: slot.into(),
            });
        }
        match &self.product {
            Some(product) if *product != model.replace(' ', "_") => {
                Err(StatementError::OtherProduct {
                    product: product.clone(),
                    model: model.into(),
                })
            }
            _ => Ok(()),
        }
    }
}

/// `ocpp`, `policy/NAME`, `policy/*` or `*`.
pub(crate) fn is_pattern(text: &str) -> bool {
    let name = text.strip_prefix("policy/");
    matches!(text, "*" | "ocpp") || name.is_some_and(|it| !it.is_empty() && !it.contains('/'))
}

/// One of these is the slot's.
pub(super) fn covers(patterns: &[String], slot: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.as_str() {
        "*" => true,
        "policy/*" => slot.starts_with("policy/"),
        exact => exact == slot,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_restricts_and_what_is_not_said_does_not() {
        let said = |text: &str| Statement::parse(text).expect("a statement");
        let free = said("timestamp:1764500000 file:x.wasm made by hand");
        assert_eq!(free, Statement::default());
        assert!(free.check("ocpp", "Any").is_ok());
        let it =
            said("build 7 plugpoint:slots=policy/* plugpoint:product=CF_100 plugpoint:floor=1.2.0");
        assert!(it.check("policy/fleet", "CF 100").is_ok());
        assert!(it.check("ocpp", "CF 100").is_err());
        assert!(it.check("policy/fleet", "CF 200").is_err());
        assert_eq!(it.floor.as_deref(), Some("1.2.0"));
        let two = said("plugpoint:slots=ocpp,policy/a");
        assert!(two.check("policy/a", "").is_ok());
        assert!(two.check("policy/b", "").is_err());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "plugpoint:slot=ocpp",
            "plugpoint:slots",
            "plugpoint:slots=",
            "plugpoint:slots=ocpp,other",
            "plugpoint:slots=policy/",
            "plugpoint:product=",
            "plugpoint:floor=latest",
            "plugpoint:expires=2027-01-01",
        ] {
            assert!(Statement::parse(text).is_err(), "{text}");
        }
    }
}
