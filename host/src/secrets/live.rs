//! What is known as secret in this process, for whatever it shows: log, events,
//! status. And cards: who charges where and when is nobody's business, so the log,
//! which is passed on and kept, has only their ends. What is shown to whoever is
//! entitled to look has them whole.
//!
//! One register for the process, as there is one log.

use std::collections::VecDeque;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;

use super::{Secret, Secrets};

/// Cards that are looked for in lines of the log.
const MAX_CARDS: usize = 64;
/// Shorter ones would be found everywhere by chance; they are shortened only where
/// a line says that it names a card.
const MIN_CARD: usize = 8;

static REGISTER: RwLock<Register> = RwLock::new(Register {
    secrets: Secrets::masking(),
    cards: VecDeque::new(),
    search: None,
});

struct Register {
    secrets: Secrets,
    cards: VecDeque<String>,
    search: Option<AhoCorasick>,
}

/// From now on this value is shown nowhere. `stays`: it is in use; else it passed by,
/// such as a password that was refused.
pub(crate) fn learn(value: &[u8], stays: bool) {
    let secret = |value: &[u8]| Secret {
        value: value.into(),
        stays,
    };
    let mut forms = vec![secret(value)];
    // As lines of the log quote it.
    if let Ok(text) = std::str::from_utf8(value) {
        let quoted = text.escape_debug().to_string();
        if quoted != text {
            forms.push(secret(quoted.as_bytes()));
        }
    }
    write().secrets.add(forms);
}

/// A card was shown or named: from now on the log has only its end.
pub(crate) fn saw_card(token: &str) {
    if token.len() < MIN_CARD || read().cards.iter().any(|it| it == token) {
        return;
    }
    let mut register = write();
    if register.cards.len() == MAX_CARDS {
        register.cards.pop_front();
    }
    register.cards.push_back(token.to_owned());
    register.search = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(&register.cards)
        .ok();
}

/// The end of a card's number, for the log.
pub(crate) fn short(token: &str) -> String {
    let characters = token.chars().count();
    let kept = (characters / 2).min(4);
    let end: String = token.chars().skip(characters - kept).collect();
    format!("…{end}")
}

/// Puts asterisks in place of what is secret.
#[must_use]
pub(crate) fn masked(mut value: Value) -> Value {
    read().secrets.walk(&mut value, &[]);
    value
}

/// A line for the log: without what is secret, with cards shortened.
#[must_use]
pub(crate) fn masked_line(line: &str) -> String {
    let register = read();
    let mut bytes = line.as_bytes().to_vec();
    register.secrets.replace_all(&mut bytes);
    // Asterisks may stand for a part of a character.
    let line = String::from_utf8_lossy(&bytes).into_owned();
    let Some(search) = &register.search else {
        return line;
    };
    let mut shortened = String::with_capacity(line.len());
    search.replace_all_with(&line, &mut shortened, |_, card, shortened| {
        shortened.push_str(&short(card));
        true
    });
    shortened
}

fn read() -> RwLockReadGuard<'static, Register> {
    REGISTER.read().unwrap_or_else(PoisonError::into_inner)
}

fn write() -> RwLockWriteGuard<'static, Register> {
    REGISTER.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_secret_is_shown_in_any_form() {
        learn(b"pass\"word of live", true);
        let digits = hex::encode("pass\"word of live");
        let inner = json!([2, "1", "Change", {"value": "pass\"word of live"}]);
        for (shown, what) in [
            (json!({"why": "it was pass\"word of live"}), "as it is"),
            (json!({"why": digits}), "as digits"),
            (json!({"text": inner.to_string()}), "in a frame"),
        ] {
            let shown = masked(shown).to_string();
            assert!(shown.contains("****"), "{what}: {shown}");
            assert!(!shown.contains("of live"), "{what}: {shown}");
            assert!(!shown.contains(&digits), "{what}: {shown}");
        }
        for line in ["key=pass\"word of live", r#"key="pass\"word of live""#] {
            let line = masked_line(line);
            assert!(!line.contains("of live"), "{line}");
        }
        let shown = masked(json!({"url": "ftp://me:hush-hush@host/file"})).to_string();
        assert!(!shown.contains("hush"), "{shown}");
        assert!(shown.contains("@host/file"), "{shown}");
        assert!(!masked_line("ftp://me:hush-hush@host/file").contains("hush"));
    }

    #[test]
    fn cards_are_shortened_in_lines_and_nowhere_else() {
        saw_card("04A1B2C3D4E5F6");
        assert_eq!(
            masked_line("accept: 04A1B2C3D4E5F6 is listed"),
            "accept: …E5F6 is listed"
        );
        let shown = json!({"token": "04A1B2C3D4E5F6"});
        assert_eq!(masked(shown.clone()), shown);
        for (token, end) in [("TAG1", "…G1"), ("A", "…"), ("", "…"), ("äöüß", "…üß")]
        {
            assert_eq!(short(token), end);
        }
        for n in 0..2 * MAX_CARDS {
            saw_card(&format!("CARD-NUMBER-{n}"));
        }
        assert_eq!(read().cards.len(), MAX_CARDS);
    }
}
