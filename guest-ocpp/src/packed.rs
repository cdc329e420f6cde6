//! How kept values look: JSON that a technician can read, written and read by
//! a few lines of our own. A fraction of the code that a general framework
//! would put into the component.

use std::collections::BTreeSet;

use crate::json::{Json, Writer};

/// A value that can be kept.
pub(crate) trait Packed: Sized {
    fn pack(&self, w: &mut Writer);

    /// None: damaged.
    fn unpack(json: &Json<'_>) -> Option<Self>;

    /// What a missing field stands for; none: damaged.
    fn absent() -> Option<Self> {
        None
    }

    /// Need not be written as a field.
    fn is_absent(&self) -> bool {
        false
    }
}

/// One field of an object.
pub(crate) fn field<T: Packed>(json: &Json<'_>, name: &str) -> Option<T> {
    let Json::Object(fields) = json else {
        return None;
    };
    match fields.iter().find(|(field, _)| field == name) {
        Some((_, value)) => T::unpack(value),
        None => T::absent(),
    }
}

/// Writes one field, unless its absence says the same.
pub(crate) fn put<T: Packed>(w: &mut Writer, name: &str, value: &T) {
    if !value.is_absent() {
        w.name(name);
        value.pack(w);
    }
}

macro_rules! packed_int {
    ($($int:ty)*) => {$(
        impl Packed for $int {
            fn pack(&self, w: &mut Writer) {
                w.item_whole(i128::from(*self));
            }

            fn unpack(json: &Json<'_>) -> Option<Self> {
                match json {
                    Json::Number(text) => text.parse().ok(),
                    _ => None,
                }
            }
        }
    )*};
}

packed_int!(u32 u64 i64);

impl Packed for bool {
    fn pack(&self, w: &mut Writer) {
        w.item_raw(if *self { "true" } else { "false" });
    }

    fn unpack(json: &Json<'_>) -> Option<Self> {
        match json {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn absent() -> Option<Self> {
        Some(false)
    }

    fn is_absent(&self) -> bool {
        !*self
    }
}

impl Packed for String {
    fn pack(&self, w: &mut Writer) {
        w.item_text(self);
    }

    fn unpack(json: &Json<'_>) -> Option<Self> {
        match json {
            Json::Text(text) => Some(text.clone().into_owned()),
            _ => None,
        }
    }
}

impl<T: Packed> Packed for Option<T> {
    fn pack(&self, w: &mut Writer) {
        match self {
            Some(value) => value.pack(w),
            None => w.item_raw("null"),
        }
    }

    fn unpack(json: &Json<'_>) -> Option<Self> {
        match json {
            Json::Null => Some(None),
            value => T::unpack(value).map(Some),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

fn pack_list<'a, T: Packed + 'a>(items: impl Iterator<Item = &'a T>, w: &mut Writer) {
    w.begin_list();
    for item in items {
        item.pack(w);
    }
    w.end_list();
}

fn unpack_list<T: Packed, L: FromIterator<T>>(json: &Json<'_>) -> Option<L> {
    match json {
        Json::List(items) => items.iter().map(T::unpack).collect(),
        _ => None,
    }
}

impl<T: Packed> Packed for Vec<T> {
    fn pack(&self, w: &mut Writer) {
        pack_list(self.iter(), w);
    }

    fn unpack(json: &Json<'_>) -> Option<Self> {
        unpack_list(json)
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Packed + Ord> Packed for BTreeSet<T> {
    fn pack(&self, w: &mut Writer) {
        pack_list(self.iter(), w);
    }

    fn unpack(json: &Json<'_>) -> Option<Self> {
        unpack_list(json)
    }
}

impl<A: Packed, B: Packed> Packed for (A, B) {
    fn pack(&self, w: &mut Writer) {
        w.begin_list();
        self.0.pack(w);
        self.1.pack(w);
        w.end_list();
    }

    fn unpack(json: &Json<'_>) -> Option<Self> {
        match json {
            Json::List(items) if items.len() == 2 => {
                Some((A::unpack(&items[0])?, B::unpack(&items[1])?))
            }
            _ => None,
        }
    }
}

/// A struct as an object with its fields' names.
macro_rules! packed {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::packed::Packed for $name {
            fn pack(&self, w: &mut $crate::json::Writer) {
                w.begin_object();
                $($crate::packed::put(w, stringify!($field), &self.$field);)*
                w.end_object();
            }

            fn unpack(json: &$crate::json::Json<'_>) -> Option<Self> {
                Some(Self { $($field: $crate::packed::field(json, stringify!($field))?,)* })
            }
        }
    };
}

/// An enum without data as a word.
macro_rules! packed_words {
    ($name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $crate::packed::Packed for $name {
            fn pack(&self, w: &mut $crate::json::Writer) {
                w.item_text(match self {
                    $(Self::$variant => $word,)*
                });
            }

            fn unpack(json: &$crate::json::Json<'_>) -> Option<Self> {
                let $crate::json::Json::Text(word) = json else { return None };
                match &**word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

/// An enum as an object that says which variant it is.
macro_rules! packed_enum {
    ($name:ident { $($variant:ident { $($field:ident),* }),* $(,)? }) => {
        impl $crate::packed::Packed for $name {
            fn pack(&self, w: &mut $crate::json::Writer) {
                w.begin_object();
                match self {
                    $(Self::$variant { $($field),* } => {
                        w.text("is", stringify!($variant));
                        $($crate::packed::put(w, stringify!($field), $field);)*
                    })*
                }
                w.end_object();
            }

            fn unpack(json: &$crate::json::Json<'_>) -> Option<Self> {
                let is: String = $crate::packed::field(json, "is")?;
                match &*is {
                    $(stringify!($variant) => Some(Self::$variant {
                        $($field: $crate::packed::field(json, stringify!($field))?,)*
                    }),)*
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use {packed, packed_enum, packed_words};

#[cfg(test)]
mod tests {
    use super::Packed;
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
}
