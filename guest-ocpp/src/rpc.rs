//! The framing of OCPP-J: CALL, CALLRESULT, CALLERROR, and the error codes in
//! the spelling of 1.6. Not here: what the messages mean.

use std::borrow::Cow;

use crate::json::{Json, Writer, parse, scan_text};

/// Codes of CALLERROR, misspelled exactly as the standard has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorCode {
    NotImplemented,
    NotSupported,
    InternalError,
    ProtocolError,
    FormationViolation,
    PropertyConstraintViolation,
    OccurenceConstraintViolation,
    TypeConstraintViolation,
}

impl ErrorCode {
    fn name(self) -> &'static str {
        match self {
            Self::NotImplemented => "NotImplemented",
            Self::NotSupported => "NotSupported",
            Self::InternalError => "InternalError",
            Self::ProtocolError => "ProtocolError",
            Self::FormationViolation => "FormationViolation",
            Self::PropertyConstraintViolation => "PropertyConstraintViolation",
            Self::OccurenceConstraintViolation => "OccurenceConstraintViolation",
            Self::TypeConstraintViolation => "TypeConstraintViolation",
        }
    }
}

/// What is wrong with a call, for its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) code: ErrorCode,
    pub(crate) text: String,
}

impl Violation {
    pub(crate) fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}

/// A frame as far as it can be understood.
#[derive(Debug, PartialEq)]
pub(crate) enum Message<'a> {
    Call {
        id: Cow<'a, str>,
        action: Cow<'a, str>,
        payload: Json<'a>,
    },
    Result {
        id: Cow<'a, str>,
        payload: Json<'a>,
    },
    Error {
        id: Cow<'a, str>,
        code: Cow<'a, str>,
        description: Cow<'a, str>,
    },
    /// A call that can be answered, but not understood.
    Broken {
        id: Cow<'a, str>,
        violation: Violation,
    },
    /// Nothing that could be answered.
    Noise(&'static str),
}

pub(crate) fn read(text: &str) -> Message<'_> {
    let Ok(frame) = parse(text) else {
        return match id_of_call(text) {
            Some(id) => broken(id, ErrorCode::FormationViolation, "the frame is not JSON"),
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
            let mut texts = items.map(|item| match item {
                Json::Text(text) => text,
                _ => Cow::Borrowed(""),
            });
            let code = texts.next().unwrap_or_default();
            Message::Error {
                id,
                code,
                description: texts.next().unwrap_or_default(),
            }
        }
        _ => Message::Noise("unknown message type"),
    }
}

fn read_call<'a>(id: Cow<'a, str>, mut items: std::vec::IntoIter<Json<'a>>) -> Message<'a> {
    let action = match items.next() {
        Some(Json::Text(action)) => action,
        Some(_) => {
            return broken(
                id,
                ErrorCode::FormationViolation,
                "the action is not a string",
            );
        }
        None => return broken(id, ErrorCode::FormationViolation, "the call has no action"),
    };
    match items.next() {
        Some(payload @ Json::Object(_)) if items.len() == 0 => Message::Call {
            id,
            action,
            payload,
        },
        Some(Json::Object(_)) => broken(
            id,
            ErrorCode::FormationViolation,
            "the call has more than four elements",
        ),
        Some(_) => broken(
            id,
            ErrorCode::FormationViolation,
            "the payload is not an object",
        ),
        None => broken(id, ErrorCode::ProtocolError, "the call has no payload"),
    }
}

fn broken<'a>(id: Cow<'a, str>, code: ErrorCode, text: &str) -> Message<'a> {
    Message::Broken {
        id,
        violation: Violation::new(code, text),
    }
}

/// The message id of a call of which perhaps only the beginning is left.
pub(crate) fn id_of_call(head: &str) -> Option<Cow<'_, str>> {
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
pub(crate) fn call(id: &str, action: &str, payload: &str) -> String {
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
pub(crate) fn result(id: &str, room: usize, fill: impl FnOnce(&mut Writer)) -> String {
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

/// `[4,"id","code","text",{}]`
pub(crate) fn error(id: &str, violation: &Violation) -> String {
    let mut w = Writer::with_capacity(id.len() + violation.text.len() + 64);
    w.begin_list();
    w.item_int(4);
    w.item_text(id);
    w.item_text(violation.code.name());
    let text = violation
        .text
        .char_indices()
        .nth(255)
        .map_or(&*violation.text, |(at, _)| &violation.text[..at]);
    w.item_text(text);
    w.item_raw("{}");
    w.end_list();
    w.finish()
}

#[cfg(test)]
mod tests {
    use super::{ErrorCode, Message, id_of_call, read};

    fn verdict(text: &str) -> String {
        match read(text) {
            Message::Call { id, action, .. } => format!("call {id} {action}"),
            Message::Result { id, .. } => format!("result {id}"),
            Message::Error { id, code, .. } => format!("error {id} {code}"),
            Message::Broken { id, violation } => format!("broken {id} {}", violation.code.name()),
            Message::Noise(_) => "noise".to_owned(),
        }
    }

    #[test]
    fn frames_of_any_shape() {
        for (text, expected) in [
            (r#"[2,"a","Reset",{}]"#, "call a Reset"),
            (r#" [ 2 , "a" , "Reset" , { } ] "#, "call a Reset"),
            (r#"[2,17,"Reset",{}]"#, "call 17 Reset"),
            (r#"[2,"a","Reset"]"#, "broken a ProtocolError"),
            (r#"[2,"a"]"#, "broken a FormationViolation"),
            (r#"[2,"a",5,{}]"#, "broken a FormationViolation"),
            (r#"[2,"a","Reset",[]]"#, "broken a FormationViolation"),
            (r#"[2,"a","Reset",null]"#, "broken a FormationViolation"),
            (r#"[2,"a","Reset",{},1]"#, "broken a FormationViolation"),
            (
                r#"[2,"a","Reset",{"type":}]"#,
                "broken a FormationViolation",
            ),
            (r#"[2,"a","Reset",{"#, "broken a FormationViolation"),
            (r#"[2,null,"Reset",{}]"#, "noise"),
            (r#"[3,"a",{}]"#, "result a"),
            (r#"[3,"a"]"#, "result a"),
            (r#"[4,"a","NotSupported","",{}]"#, "error a NotSupported"),
            (r#"[4,"a","NotSupported"]"#, "error a NotSupported"),
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
            (r#"[2,"abc","Res"#, Some("abc")),
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
        let violation = super::Violation::new(ErrorCode::InternalError, "\u{e4}".repeat(400));
        let text = super::error("a", &violation);
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back[3].as_str().unwrap().chars().count(), 255);
    }
}
