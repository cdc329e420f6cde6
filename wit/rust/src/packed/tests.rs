//! Values as they are kept, and read again.

use super::{Packed, packed, packed_enum, packed_part, packed_words};
use crate::json::{Writer, parse};

#[derive(Debug, PartialEq)]
struct Thing {
    large: u64,
    small: i64,
    list: Vec<(u32, bool)>,
    maybe: Option<String>,
    kind: Kind,
}

#[derive(Debug, PartialEq)]
enum Kind {
    Plain,
    Full { word: Word },
}

#[derive(Debug, PartialEq)]
enum Word {
    One,
    Two,
}

packed!(Thing {
    large,
    small,
    list,
    maybe,
    kind
});
packed_enum!(Kind { Plain {}, Full { word } });
packed_words!(Word { One = "one", Two = "two" });

#[test]
fn what_is_packed_is_unpacked() {
    for (maybe, kind) in [
        (None, Kind::Plain),
        (Some("\u{e4}\"".to_owned()), Kind::Full { word: Word::One }),
        (Some(String::new()), Kind::Full { word: Word::Two }),
    ] {
        let thing = Thing {
            large: u64::MAX,
            small: i64::MIN,
            list: vec![(1, true), (2, false)],
            maybe,
            kind,
        };
        let mut w = Writer::with_capacity(64);
        thing.pack(&mut w);
        let text = w.finish();
        assert_eq!(Thing::unpack(&parse(&text).unwrap()), Some(thing), "{text}");
    }
}

#[derive(Debug, PartialEq)]
struct Whole<T> {
    first: u32,
    part: Part<T>,
    last: u32,
}

#[derive(Debug, PartialEq)]
struct Part<T> {
    a: T,
    b: Option<T>,
}

packed!(Whole<T: Packed> { first, part, last });
packed_part!(Part<T: Packed> { a, b = "other" });

#[test]
fn the_fields_of_a_part_lie_among_those_of_the_whole() {
    let whole = Whole {
        first: 1,
        part: Part {
            a: 2_u32,
            b: Some(3),
        },
        last: 4,
    };
    let mut w = Writer::with_capacity(64);
    whole.pack(&mut w);
    let text = w.finish();
    assert_eq!(text, r#"{"first":1,"a":2,"other":3,"last":4}"#);
    assert_eq!(Whole::unpack(&parse(&text).unwrap()), Some(whole));
    let damaged = parse(r#"{"first":1,"other":3,"last":4}"#).unwrap();
    assert_eq!(Whole::<u32>::unpack(&damaged), None);
}

#[test]
fn anything_else_is_damaged() {
    for text in [
        "null",
        "{}",
        "[]",
        r#"{"large":-1,"small":0,"kind":{"is":"Plain"}}"#,
        r#"{"large":1,"small":0,"kind":{"is":"Odd"}}"#,
    ] {
        assert_eq!(Thing::unpack(&parse(text).unwrap()), None, "{text}");
    }
}
