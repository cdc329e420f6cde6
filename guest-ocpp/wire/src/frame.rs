//! The framing of OCPP-J: CALL, CALLRESULT, CALLERROR. Not here: what the messages
//! mean, and the codes of errors, which each version spells in its own way.

use std::borrow::Cow;
use std::fmt;

use plugpoint_guest::json::{Json, Writer, parse, scan_text};

/// In what way a call is wrong, or cannot be carried out. What a version of the
/// protocol calls each of them is its own affair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is no such action.
    Unknown,
    /// There is, and this charge point does not offer it.
    NotOffered,
    /// The charge point failed.
    Internal,
    /// The frame lacks a part, or comes at the wrong moment.
    Protocol,
    /// It cannot be read.
    Format,
    /// A field has a value that it must not have.
    Value,
    /// A field is missing, or there are too many of something.
    Count,
    /// A field has another type.
    Type,
}

/// What is wrong with a call, for its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// In what way.
    pub kind: Kind,
    /// For whoever reads the far end's log.
    pub text: String,
}

impl Violation {
    /// With a text that says what is wrong, and where.
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }
}

/// Why the far end did not process a call of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// As it was sent: peers have codes and spellings of their own.
    pub code: String,
    description: String,
    /// The details as JSON; empty if there are none.
    details: String,
}

/// Characters of an error's description.
const MAX_DESCRIPTION: usize = 255;
/// Longest part of a far end's description or details in a log line.
const MAX_LOGGED: usize = 200;

impl CallError {
    /// An answer that was no error, but is not usable either.
    pub fn of_answer(description: &str) -> Self {
        Self {
            code: "unusable answer".to_owned(),
            description: description.to_owned(),
            details: String::new(),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        if !self.description.is_empty() {
            write!(f, " \"{}\"", head(&self.description))?;
        }
        if !self.details.is_empty() && self.details != "{}" {
            write!(f, " {}", head(&self.details))?;
        }
        Ok(())
    }
}

fn head(text: &str) -> &str {
    text.char_indices()
        .nth(MAX_LOGGED)
        .map_or(text, |(at, _)| &text[..at])
}

/// A frame as far as it can be understood.
#[derive(Debug, PartialEq)]
pub enum Message<'a> {
    /// A call of the far end.
    Call {
        /// To answer with; a number is forbidden, but seen, and taken as a text.
        id: Cow<'a, str>,
        /// What is to be done.
        action: Cow<'a, str>,
        /// An object.
        payload: Json<'a>,
    },
    /// An answer to a call of ours.
    Result {
        /// Of the call.
        id: Cow<'a, str>,
        /// Null if there is none.
        payload: Json<'a>,
    },
    /// An answer to a call of ours: it was not processed.
    Error {
        /// Of the call.
        id: Cow<'a, str>,
        /// Why.
        error: CallError,
    },
    /// A call that can be answered, but not understood.
    Broken {
        /// To answer with.
        id: Cow<'a, str>,
        /// What is wrong with it.
        violation: Violation,
    },
    /// Nothing that could be answered; what is wrong with it.
    Noise(&'static str),
}

/// Reads a frame. Never fails: what cannot be read is [`Message::Broken`] or
/// [`Message::Noise`].
pub fn read(text: &str) -> Message<'_> {
    let Ok(frame) = parse(text) else {
        return match id_of_call(text) {
            Some(id) => broken(id, Kind::Format, "the frame is not JSON"),
            None => Message::Noise("not JSON"),
        };
    };
    let Json::List(items) = frame else {
        return Message::Noise("not a list");
    };
    let mut items = items.into_iter();
    let Some(Json::Number(kind)) = items.next() else {
        return Message::Noise("no message type");
    };
    let id = match items.next() {
        Some(Json::Text(id)) => id,
        // Forbidden, but seen; it can be answered with the number as a text.
        Some(Json::Number(id)) => Cow::Borrowed(id),
        _ => return Message::Noise("no message id"),
    };
    match kind {
        "2" => read_call(id, items),
        "3" => match items.next() {
            Some(payload) => Message::Result { id, payload },
            None => Message::Result {
                id,
                payload: Json::Null,
            },
        },
        // Some peers leave out the details, or more.
        "4" => {
            let mut text = || match items.next() {
                Some(Json::Text(text)) => text.into_owned(),
                _ => String::new(),
            };
            let (code, description) = (text(), text());
            let details = items.next().map_or_else(String::new, |details| {
                let mut w = Writer::with_capacity(64);
                w.item_json(&details);
                w.finish()
            });
            let error = CallError {
                code,
                description,
                details,
            };
            Message::Error { id, error }
        }
        _ => Message::Noise("unknown message type"),
    }
}

fn read_call<'a>(id: Cow<'a, str>, mut items: std::vec::IntoIter<Json<'a>>) -> Message<'a> {
    let action = match items.next() {
        Some(Json::Text(action)) => action,
        Some(_) => {
            return broken(id, Kind::Format, "the action is not a string");
        }
        None => return broken(id, Kind::Format, "the call has no action"),
    };
    match items.next() {
        Some(payload @ Json::Object(_)) if items.len() == 0 => Message::Call {
            id,
            action,
            payload,
        },
        Some(Json::Object(_)) => broken(id, Kind::Format, "the call has more than four elements"),
        Some(_) => broken(id, Kind::Format, "the payload is not an object"),
        None => broken(id, Kind::Protocol, "the call has no payload"),
    }
}

fn broken<'a>(id: Cow<'a, str>, kind: Kind, text: &str) -> Message<'a> {
    Message::Broken {
        id,
        violation: Violation::new(kind, text),
    }
}

/// The message id of a call of which perhaps only the beginning is left.
pub fn id_of_call(head: &str) -> Option<Cow<'_, str>> {
    let mut at = 0;
    for expected in ['[', '2', ','] {
        at += head[at..].len() - head[at..].trim_start().len();
        if !head[at..].starts_with(expected) {
            return None;
        }
        at += 1;
    }
    at += head[at..].len() - head[at..].trim_start().len();
    scan_text(head, at).ok().map(|(id, _)| id)
}

/// `[2,"id","action",payload]`
pub fn call(id: &str, action: &str, payload: &str) -> String {
    let mut w = Writer::with_capacity(payload.len() + action.len() + id.len() + 16);
    w.begin_list();
    w.item_int(2);
    w.item_text(id);
    w.item_text(action);
    w.item_raw(payload);
    w.end_list();
    w.finish()
}

/// `[3,"id",{…}]`; `fill` writes the fields of the payload.
pub fn result(id: &str, room: usize, fill: impl FnOnce(&mut Writer)) -> String {
    let mut w = Writer::with_capacity(id.len() + 16 + room);
    w.begin_list();
    w.item_int(3);
    w.item_text(id);
    w.begin_object();
    fill(&mut w);
    w.end_object();
    w.end_list();
    w.finish()
}

/// `[3,"id",payload]`, with a payload that is a JSON object.
pub fn answer(id: &str, payload: &str) -> String {
    let mut w = Writer::with_capacity(id.len() + payload.len() + 16);
    w.begin_list();
    w.item_int(3);
    w.item_text(id);
    w.item_raw(payload);
    w.end_list();
    w.finish()
}

/// `[4,"id","code","text",{}]`; the text is cut to what the standard allows.
pub fn error(id: &str, code: &str, text: &str) -> String {
    let mut w = Writer::with_capacity(id.len() + code.len() + text.len() + 32);
    w.begin_list();
    w.item_int(4);
    w.item_text(id);
    w.item_text(code);
    let end = text.char_indices().nth(MAX_DESCRIPTION);
    w.item_text(end.map_or(text, |(at, _)| &text[..at]));
    w.item_raw("{}");
    w.end_list();
    w.finish()
}

#[cfg(test)]
mod tests {
    use super::{Message, id_of_call, read};

    fn verdict(text: &str) -> String {
        match read(text) {
            Message::Call { id, action, .. } => format!("call {id} {action}"),
            Message::Result { id, .. } => format!("result {id}"),
            Message::Error { id, error } => format!("error {id} {}", error.code),
            Message::Broken { id, violation } => format!("broken {id} {:?}", violation.kind),
            Message::Noise(_) => "noise".to_owned(),
        }
    }

    #[test]
    fn frames_of_any_shape() {
        for (text, expected) in [
            (r#"[2,"a","Ping",{}]"#, "call a Ping"),
            (r#" [ 2 , "a" , "Ping" , { } ] "#, "call a Ping"),
            (r#"[2,17,"Ping",{}]"#, "call 17 Ping"),
            (r#"[2,"a","Ping"]"#, "broken a Protocol"),
            (r#"[2,"a"]"#, "broken a Format"),
            (r#"[2,"a",5,{}]"#, "broken a Format"),
            (r#"[2,"a","Ping",[]]"#, "broken a Format"),
            (r#"[2,"a","Ping",null]"#, "broken a Format"),
            (r#"[2,"a","Ping",{},1]"#, "broken a Format"),
            (r#"[2,"a","Ping",{"type":}]"#, "broken a Format"),
            (r#"[2,"a","Ping",{"#, "broken a Format"),
            (r#"[2,null,"Ping",{}]"#, "noise"),
            (r#"[3,"a",{}]"#, "result a"),
            (r#"[3,"a"]"#, "result a"),
            (r#"[4,"a","Odd","",{}]"#, "error a Odd"),
            (r#"[4,"a","Odd"]"#, "error a Odd"),
            (r#"[4,"a"]"#, "error a "),
            (r#"[5,"a","x",{}]"#, "noise"),
            (r#"["2","a","x",{}]"#, "noise"),
            (r#"[3,"a",{]"#, "noise"),
            ("{}", "noise"),
            ("hello", "noise"),
            ("", "noise"),
            ("[]", "noise"),
            ("[2]", "noise"),
        ] {
            assert_eq!(verdict(text), expected, "{text}");
        }
    }

    #[test]
    fn the_id_is_found_in_what_is_left_of_a_call() {
        for (head, expected) in [
            (r#"[2,"abc","Pi"#, Some("abc")),
            (r#"[ 2, "abc""#, Some("abc")),
            (r#"[2,"abc"#, None),
            (r#"[3,"abc",{"#, None),
            ("[2", None),
            ("", None),
        ] {
            assert_eq!(id_of_call(head).as_deref(), expected, "{head}");
        }
    }

    #[test]
    fn a_long_error_text_is_cut() {
        let text = super::error("a", "Odd", &"\u{e4}".repeat(400));
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back[3].as_str().unwrap().chars().count(), 255);
    }
}
