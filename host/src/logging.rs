//! The sink of the log: one event, one line, whatever text of a guest, a peer or a
//! card is in it; without what is secret.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use crate::secrets::live;

/// The latest lines are held in memory, for whoever asks what was wrong.
const MAX_BYTES: usize = 128 * 1024;

static LATEST: Mutex<Latest> = Mutex::new(Latest {
    lines: VecDeque::new(),
    bytes: 0,
});

#[derive(Debug)]
struct Latest {
    lines: VecDeque<String>,
    bytes: usize,
}

impl Latest {
    fn push(&mut self, line: &str) {
        self.bytes += line.len();
        self.lines.push_back(line.to_owned());
        while self.bytes > MAX_BYTES {
            let Some(oldest) = self.lines.pop_front() else {
                return;
            };
            self.bytes -= oldest.len();
        }
    }
}

/// The latest lines, oldest first; without what is secret.
#[must_use]
pub fn recent() -> Vec<String> {
    let latest = LATEST.lock().unwrap_or_else(PoisonError::into_inner);
    latest.lines.iter().cloned().collect()
}

/// Writes lines to stderr. Each write is one event, as `tracing_subscriber` makes
/// them.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// Colours go through.
    pub colours: bool,
}

impl Write for Lines {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut line = live::masked_line(&on_one_line(&text, self.colours));
        LATEST
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(&on_one_line(&line, false));
        line.push('\n');
        io::stderr().lock().write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

/// Without the end of the line, and with everything escaped that would begin another
/// one, or that a terminal would obey.
fn on_one_line(text: &str, colours: bool) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut line = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (head, tail) = rest.split_at(c.len_utf8());
        if colours && let Some(colour) = colour(rest) {
            line.push_str(colour);
            rest = &rest[colour.len()..];
            continue;
        }
        if is_harmful(c) {
            line.extend(c.escape_default());
        } else {
            line.push_str(head);
        }
        rest = tail;
    }
    line
}

/// The sequence that sets a colour, if the text begins with one.
fn colour(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("\u{1b}[")?;
    let digits = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b';')
        .count();
    (rest.as_bytes().get(digits) == Some(&b'm')).then(|| &text[..2 + digits + 1])
}

/// Control characters, other ends of lines, and what changes the direction of text.
pub(crate) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::on_one_line;

    #[track_caller]
    fn check(text: &str, line: &str) {
        assert_eq!(on_one_line(text, false), line);
    }

    #[test]
    fn an_event_is_one_line_and_nothing_that_a_terminal_obeys() {
        check("plain äöü „text“ 日本\n", "plain äöü „text“ 日本");
        check("a\nWARN forged\n", "a\\nWARN forged");
        check("a\r\tb\u{0}", "a\\r\\tb\\u{0}");
        check("\u{1b}[2J\u{9b}31m", "\\u{1b}[2J\\u{9b}31m");
        check("\u{202e}txt\u{2028}", "\\u{202e}txt\\u{2028}");
    }

    #[test]
    fn colours_go_through_to_a_terminal_and_nothing_else_does() {
        let coloured = "\u{1b}[33mWARN\u{1b}[0m a\u{1b}[2Jb\u{1b}";
        assert_eq!(
            on_one_line(coloured, true),
            "\u{1b}[33mWARN\u{1b}[0m a\\u{1b}[2Jb\\u{1b}"
        );
    }
}
