//! A component and its signature in one file, so that whoever can hand a charger only one
//! file can hand it a component. Not here: whether the signature is good.
//!
//! A head of lines that end with a line feed, an empty line, the signature's file, the
//! component. The numbers are bytes; nothing of the head is signed, but a signature can say
//! for which slots it is.
//!
//! ```text
//! plugpoint-bundle 1
//! slot ocpp
//! signature 344
//! component 412345
//!
//! ```

/// The first line.
const FIRST: &str = "plugpoint-bundle 1";
/// The lines before the signature are no longer than this.
const MAX_HEAD: usize = 512;

/// What a bundle holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundle<'a> {
    /// The slot that it is for.
    pub slot: &'a str,
    /// As `minisign` writes it; empty: it is not signed.
    pub signature: &'a [u8],
    /// A `.wasm` or `.ppc` file.
    pub component: &'a [u8],
}

/// A file that begins as a bundle, and is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bundle is damaged: {0}")]
pub struct DamagedBundle(&'static str);

/// A bundle's bytes.
#[must_use]
pub fn write_bundle(bundle: &Bundle<'_>) -> Vec<u8> {
    let head = format!(
        "{FIRST}\nslot {}\nsignature {}\ncomponent {}\n\n",
        bundle.slot,
        bundle.signature.len(),
        bundle.component.len()
    );
    [head.as_bytes(), bundle.signature, bundle.component].concat()
}

/// It begins as a bundle.
#[must_use]
pub fn is_bundle(file: &[u8]) -> bool {
    file.strip_prefix(FIRST.as_bytes())
        .is_some_and(|rest| rest.starts_with(b"\n"))
}

impl<'a> Bundle<'a> {
    /// Reads a file.
    ///
    /// # Errors
    /// It is cut off, or was written by something else.
    pub fn read(file: &'a [u8]) -> Result<Self, DamagedBundle> {
        let wrong = DamagedBundle;
        let head = &file[..file.len().min(MAX_HEAD)];
        let end = head.windows(2).position(|two| two == b"\n\n");
        let end = end.ok_or(wrong("its head has no end"))?;
        let text = std::str::from_utf8(&head[..end]).map_err(|_| wrong("its head is no text"))?;
        let mut lines = text.lines();
        if lines.next() != Some(FIRST) {
            return Err(wrong("its first line is another"));
        }
        let mut field = |name: &str| {
            let rest = lines.next()?.strip_prefix(name)?;
            rest.strip_prefix(' ')
        };
        let slot = field("slot").ok_or(wrong("the line `slot` is missing"))?;
        let mut size = |name: &str| field(name)?.parse::<usize>().ok();
        let signature = size("signature").ok_or(wrong("the line `signature` is missing"))?;
        let component = size("component").ok_or(wrong("the line `component` is missing"))?;
        let body = &file[end + 2..];
        let whole = signature.checked_add(component);
        if whole != Some(body.len()) {
            return Err(wrong("it is longer or shorter than it says"));
        }
        let (signature, component) = body.split_at(signature);
        Ok(Self {
            slot,
            signature,
            component,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Bundle<'_> = Bundle {
        slot: "ocpp",
        signature: b"untrusted comment\nRW...",
        component: b"\0asm",
    };

    #[test]
    fn what_is_written_is_read() {
        let file = write_bundle(&GOOD);
        assert!(is_bundle(&file));
        assert_eq!(Bundle::read(&file), Ok(GOOD));
    }

    #[test]
    fn what_is_cut_off_or_changed_is_not() {
        let file = write_bundle(&GOOD);
        for end in 0..file.len() {
            assert!(Bundle::read(&file[..end]).is_err(), "{end}");
        }
        let longer = [&file[..], b"x"].concat();
        assert!(Bundle::read(&longer).is_err());
        let text = String::from_utf8(file).unwrap();
        for (a, b) in [
            ("slot ocpp", "slots ocpp"),
            ("signature 23", "signature 99999999999999999999"),
            ("bundle 1", "bundle 2"),
        ] {
            assert!(Bundle::read(text.replace(a, b).as_bytes()).is_err(), "{b}");
        }
        assert!(!is_bundle(b"plugpoint-bundle 10\n"));
    }
}
