//! User and password in addresses, such as `ftp://user:password@host/file`.
//! Wherever an address stands, they are secret, whoever means what by it. Not
//! here: what takes their place (see `secrets`).

use std::ops::Range;

use super::Secret;

const BEFORE: &[u8] = b"://";

/// Whether there may be one, also with JSON's escapes: cheap, and never wrongly
/// false.
pub(crate) fn may_be_in(bytes: &[u8]) -> bool {
    bytes.contains(&b'@') && (bytes.contains(&b'\\') || holds(bytes, BEFORE))
}

/// Puts something as long in place of each.
pub(crate) fn replace(bytes: &mut [u8], stand_in: impl Fn(&[u8]) -> Vec<u8>) {
    let mut from = 0;
    while let Some(found) = next(bytes, from) {
        let made = stand_in(&bytes[found.clone()]);
        bytes[found.clone()].copy_from_slice(&made);
        from = found.end;
    }
}

/// Those in one text.
pub(crate) fn secrets_of(text: &str) -> impl Iterator<Item = Secret> {
    let bytes = text.as_bytes();
    let mut from = 0;
    std::iter::from_fn(move || {
        let found = next(bytes, from)?;
        from = found.end;
        Some(Secret {
            value: bytes[found].into(),
            stays: true,
        })
    })
}

/// Where the next one is.
fn next(bytes: &[u8], mut from: usize) -> Option<Range<usize>> {
    loop {
        let rest = bytes.get(from..)?;
        let begin = from + find(rest, BEFORE)? + BEFORE.len();
        let authority = bytes[begin..].iter().take_while(|it| may_stand(**it));
        let authority = &bytes[begin..begin + authority.count()];
        match authority.iter().rposition(|it| *it == b'@') {
            Some(length) if length > 0 => return Some(begin..begin + length),
            _ => from = begin,
        }
    }
}

/// In front of the path; passwords hold more than the standard allows.
fn may_stand(byte: u8) -> bool {
    byte > b' ' && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\\' | b'<' | b'>' | 0x7f)
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    find(bytes, part).is_some()
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|it| it == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str) {
        let mut bytes = before.as_bytes().to_vec();
        replace(&mut bytes, |it| vec![b'x'; it.len()]);
        assert_eq!(String::from_utf8_lossy(&bytes), after);
        assert!(before == after || may_be_in(before.as_bytes()));
    }

    #[test]
    fn user_and_password_are_found_and_nothing_else() {
        check("ftp://me:pass@host/file", "ftp://xxxxxxx@host/file");
        check(
            "\u{fc} ftp://m\u{fc}:p@ss@h:21?a@b",
            "\u{fc} ftp://xxxxxxxx@h:21?a@b",
        );
        check(
            r#"["ws://a@b","http://c:d@e"]"#,
            r#"["ws://x@b","http://xxx@e"]"#,
        );
        for plain in [
            "http://host/@x",
            "http://host?user@host",
            "http://host, write to me@host",
            "http://@host",
            "me@host",
            "a://",
            "",
        ] {
            check(plain, plain);
        }
    }
}
