//! Reads JSON of any shape without ever failing hard: bounded depth, numbers
//! kept as text, strings borrowed from the frame wherever they hold no escape.

use std::borrow::Cow;

/// Deeper than any message of OCPP by far, shallow enough for any stack.
const DEEPEST: u32 = 32;

/// A value, as far as possible as a part of the text it was read from.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// As written; checked against the grammar only.
    Number(&'a str),
    /// A string, without its escapes.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object: its members in the order of the text; a name may occur twice.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// The text is not JSON, or nested too deeply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotJson;

/// Reads one value; only white space may follow.
///
/// # Errors
///
/// If the text is anything else.
pub fn parse(text: &str) -> Result<Json<'_>, NotJson> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.at == text.len() {
        Ok(value)
    } else {
        Err(NotJson)
    }
}

/// The string that starts at `text[from]` (its opening quote), and where it
/// ends. For texts that are cut off behind it.
pub fn scan_text(text: &str, from: usize) -> Result<(Cow<'_, str>, usize), NotJson> {
    let mut reader = Reader { text, at: from };
    let value = reader.string()?;
    Ok((value, reader.at))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), NotJson> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(NotJson)
        }
    }

    fn value(&mut self, depth: u32) -> Result<Json<'a>, NotJson> {
        if depth > DEEPEST {
            return Err(NotJson);
        }
        self.skip_space();
        match self.peek().ok_or(NotJson)? {
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => Ok(Json::Text(self.string()?)),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, NotJson> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(NotJson)
        }
    }

    fn list(&mut self, depth: u32) -> Result<Json<'a>, NotJson> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.peek() == Some(b',') {
                self.at += 1;
            } else {
                self.expect(b']')?;
                return Ok(Json::List(items));
            }
        }
    }

    fn object(&mut self, depth: u32) -> Result<Json<'a>, NotJson> {
        self.at += 1;
        let mut fields = Vec::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(fields));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            self.expect(b':')?;
            fields.push((name, self.value(depth + 1)?));
            self.skip_space();
            if self.peek() == Some(b',') {
                self.at += 1;
            } else {
                self.expect(b'}')?;
                return Ok(Json::Object(fields));
            }
        }
    }

    fn number(&mut self) -> Result<Json<'a>, NotJson> {
        let from = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(NotJson),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Json::Number(&self.text[from..self.at]))
    }

    fn digits(&mut self) -> Result<(), NotJson> {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > from { Ok(()) } else { Err(NotJson) }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, NotJson> {
        self.expect(b'"')?;
        let from = self.at;
        loop {
            match self.peek().ok_or(NotJson)? {
                b'"' => {
                    let plain = &self.text[from..self.at];
                    self.at += 1;
                    return Ok(Cow::Borrowed(plain));
                }
                b'\\' => break,
                0..=0x1f => return Err(NotJson),
                _ => self.at += 1,
            }
        }
        let mut owned = String::from(&self.text[from..self.at]);
        loop {
            let plain_from = self.at;
            while !matches!(self.peek().ok_or(NotJson)?, b'"' | b'\\' | 0..=0x1f) {
                self.at += 1;
            }
            owned.push_str(&self.text[plain_from..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(owned));
                }
                Some(b'\\') => {
                    self.at += 1;
                    owned.push(self.escape()?);
                }
                _ => return Err(NotJson),
            }
        }
    }

    fn escape(&mut self) -> Result<char, NotJson> {
        let byte = self.peek().ok_or(NotJson)?;
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(NotJson),
        })
    }

    fn unicode(&mut self) -> Result<char, NotJson> {
        let first = self.hex4()?;
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first).ok_or(NotJson);
        }
        // A lone half of a pair is replaced rather than refused: the rest of
        // the message may well be fine.
        if first < 0xdc00 && self.text[self.at..].starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.hex4()?;
            if (0xdc00..0xe000).contains(&second) {
                let point = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return char::from_u32(point).ok_or(NotJson);
            }
            self.at = back;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Result<u32, NotJson> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self
                .peek()
                .and_then(|byte| char::from(byte).to_digit(16))
                .ok_or(NotJson)?;
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, NotJson, parse};

    /// Whatever serde_json takes, we take, and the other way round.
    #[test]
    fn agrees_with_serde_json_on_what_is_json() {
        let texts = [
            "",
            " ",
            "[",
            "]",
            "[]",
            "[ ]",
            "{}",
            "[1,]",
            "[,1]",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "\"a",
            "\"\\x\"",
            "\"\\u00e4\"",
            "\"\\ud83d\\ude00\"",
            "01",
            "-",
            "-0",
            "1.",
            "1.0",
            ".5",
            "1e5",
            "1e",
            "1E+10",
            "tru",
            "true",
            "null",
            "nul",
            "[1 2]",
            "[1]x",
            "\"\u{1}\"",
            "\"\t\"",
            "{\"a\":[{\"b\":null}]}",
            "[true,false]",
            "NaN",
            "\u{feff}[]",
            "123456789012345678901234567890",
            "[[[[[[]]]]]]",
        ];
        for text in texts {
            let serde = serde_json::from_str::<serde_json::Value>(text).is_ok();
            assert_eq!(parse(text).is_ok(), serde, "{text:?}");
        }
    }

    #[test]
    fn strings_keep_their_meaning() {
        for (text, expected) in [
            ("\"\"", ""),
            ("\"plain\"", "plain"),
            ("\"a\\\"b\\\\c\\/d\\n\"", "a\"b\\c/d\n"),
            ("\"\\u00e4\\ud83d\\ude00\"", "\u{e4}\u{1f600}"),
            ("\"\\ud83dx\"", "\u{fffd}x"),
        ] {
            assert_eq!(parse(text), Ok(Json::Text(expected.into())), "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = "[".repeat(100_000);
        assert_eq!(parse(&deep), Err(NotJson));
        let ok = format!("{}{}", "[".repeat(30), "]".repeat(30));
        assert!(parse(&ok).is_ok());
    }
}
