//! The crates that a protocol component is built from, and the interface files, as this
//! program has them: a project needs nothing of this repository. Not here: what a
//! project adds (see `new`).

use std::str;

use miniz_oxide::inflate::decompress_to_vec;

/// From `build.rs`: for each file its path, its length and its text.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/library"));

/// Paths below the project's folder `plugpoint`, and texts. None if the program itself
/// is damaged.
pub(super) fn files() -> Option<Vec<(String, String)>> {
    let all = decompress_to_vec(PACKED).ok()?;
    let mut rest = str::from_utf8(&all).ok()?;
    let mut files = Vec::new();
    while !rest.is_empty() {
        let (path, behind) = rest.split_once('\n')?;
        let (length, behind) = behind.split_once('\n')?;
        let (text, behind) = behind.split_at_checked(length.parse().ok()?)?;
        files.push((path.to_owned(), text.to_owned()));
        rest = behind;
    }
    Some(files)
}

#[cfg(test)]
mod tests {
    use super::files;

    #[test]
    fn the_crates_are_complete() {
        let files = files().expect("a program that is not damaged");
        for part in [
            "wit/protocol.wit",
            "wit/rust/src/lib.rs",
            "guest-ocpp/wire/Cargo.toml",
            "guest-ocpp/v16/src/lib.rs",
            "guest-ocpp/world/src/lib.rs",
            "guest-policy/src/decide.rs",
        ] {
            let found = files.iter().find(|(path, _)| path == part);
            assert!(found.is_some_and(|(_, text)| !text.is_empty()), "{part}");
        }
    }
}
