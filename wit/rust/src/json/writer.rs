//! Writes JSON straight into one string.

use super::Json;

/// The text of one object; `fill` writes its members.
pub fn object(fill: impl FnOnce(&mut Writer)) -> String {
    let mut w = Writer::with_capacity(64);
    w.begin_object();
    fill(&mut w);
    w.end_object();
    w.finish()
}

/// A comma is put wherever the text so far does not end in an opening bracket,
/// so that callers only name what they write.
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
}

impl Writer {
    /// An empty text with room for this many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            out: String::with_capacity(bytes),
        }
    }

    /// The text.
    pub fn finish(self) -> String {
        self.out
    }

    /// `{`, as an item or after a name.
    pub fn begin_object(&mut self) {
        self.separate();
        self.out.push('{');
    }

    /// `[`, as an item or after a name.
    pub fn begin_list(&mut self) {
        self.separate();
        self.out.push('[');
    }

    /// `"name":[`
    pub fn list_at(&mut self, name: &str) {
        self.name(name);
        self.out.push('[');
    }

    /// `}`
    pub fn end_object(&mut self) {
        self.out.push('}');
    }

    /// `]`
    pub fn end_list(&mut self) {
        self.out.push(']');
    }

    /// `"name":"value"`
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.string(value);
    }

    /// The same, or nothing if the value is empty: how an optional string is written.
    pub fn text_unless_empty(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.text(name, value);
        }
    }

    /// `"name":value`
    pub fn int(&mut self, name: &str, value: i64) {
        self.name(name);
        self.number(value);
    }

    /// `"name":true`
    pub fn bool(&mut self, name: &str, value: bool) {
        self.name(name);
        self.out.push_str(if value { "true" } else { "false" });
    }

    /// A number as an item.
    pub fn item_int(&mut self, value: i64) {
        self.separate();
        self.number(value);
    }

    /// A string as an item.
    pub fn item_text(&mut self, value: &str) {
        self.separate();
        self.string(value);
    }

    /// `json` must be a complete value.
    pub fn item_raw(&mut self, json: &str) {
        self.separate();
        self.out.push_str(json);
    }

    /// A value that was read, for a log line.
    pub fn item_json(&mut self, json: &Json<'_>) {
        match json {
            Json::Null => self.item_raw("null"),
            Json::Bool(value) => self.item_raw(if *value { "true" } else { "false" }),
            Json::Number(text) => self.item_raw(text),
            Json::Text(text) => self.item_text(text),
            Json::List(items) => {
                self.begin_list();
                for item in items {
                    self.item_json(item);
                }
                self.end_list();
            }
            Json::Object(fields) => {
                self.begin_object();
                for (name, value) in fields {
                    self.item_text(name);
                    self.out.push(':');
                    self.item_json(value);
                }
                self.end_object();
            }
        }
    }

    /// As `item_int`, for what does not fit there.
    pub fn item_whole(&mut self, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.item_int(value),
            Err(_) => self.item_raw(&value.to_string()),
        }
    }

    /// Names are ours, so they need no escapes.
    pub fn name(&mut self, name: &str) {
        self.separate();
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    fn separate(&mut self) {
        match self.out.as_bytes().last() {
            None | Some(b'{' | b'[' | b':') => {}
            Some(_) => self.out.push(','),
        }
    }

    fn number(&mut self, value: i64) {
        let mut digits = [0u8; 20];
        let mut at = digits.len();
        let mut rest = value.unsigned_abs();
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            self.out.push('-');
        }
        for digit in &digits[at..] {
            self.out.push(char::from(*digit));
        }
    }

    fn string(&mut self, value: &str) {
        self.out.push('"');
        let mut plain_from = 0;
        for (at, byte) in value.bytes().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.out.push_str(&value[plain_from..at]);
            plain_from = at + 1;
            match byte {
                b'"' => self.out.push_str("\\\""),
                b'\\' => self.out.push_str("\\\\"),
                b'\n' => self.out.push_str("\\n"),
                b'\r' => self.out.push_str("\\r"),
                b'\t' => self.out.push_str("\\t"),
                control => {
                    const HEX: &[u8; 16] = b"0123456789abcdef";
                    self.out.push_str("\\u00");
                    self.out.push(char::from(HEX[usize::from(control >> 4)]));
                    self.out.push(char::from(HEX[usize::from(control & 15)]));
                }
            }
        }
        self.out.push_str(&value[plain_from..]);
        self.out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::Writer;

    #[test]
    fn writes_what_serde_reads() {
        let mut w = Writer::with_capacity(64);
        w.begin_list();
        w.item_int(2);
        w.item_text("a\"b\\c\u{1}\n\u{e4}");
        w.begin_object();
        w.text("t", "x");
        w.int("min", i64::MIN);
        w.int("zero", 0);
        w.bool("b", true);
        w.list_at("l");
        w.begin_object();
        w.end_object();
        w.begin_object();
        w.end_object();
        w.end_list();
        w.end_object();
        w.end_list();
        let text = w.finish();
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!([2, "a\"b\\c\u{1}\n\u{e4}",
            {"t": "x", "min": i64::MIN, "zero": 0, "b": true, "l": [{}, {}]}]);
        assert_eq!(back, expected, "{text}");
    }
}
