//! How kept values look: JSON that a technician can read, written and read by
//! a few lines of our own. A fraction of the code that a general framework
//! would put into the component.

use std::collections::BTreeSet;

use crate::json::{Json, Writer};

/// A value that can be kept.
pub trait Packed: Sized {
    /// Writes the value as one item.
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

    /// Writes the value as a field of an object, unless its absence says the same.
    fn pack_field(&self, w: &mut Writer, name: &str) {
        if !self.is_absent() {
            w.name(name);
            self.pack(w);
        }
    }

    /// Reads the value out of the object of which it is a field.
    fn unpack_field(object: &Json<'_>, name: &str) -> Option<Self> {
        let Json::Object(fields) = object else {
            return None;
        };
        match fields.iter().find(|(field, _)| field == name) {
            Some((_, value)) => Self::unpack(value),
            None => Self::absent(),
        }
    }
}

/// One field of an object.
pub fn field<T: Packed>(json: &Json<'_>, name: &str) -> Option<T> {
    T::unpack_field(json, name)
}

/// Writes one field, unless its absence says the same.
pub fn put<T: Packed>(w: &mut Writer, name: &str, value: &T) {
    value.pack_field(w, name);
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

impl<T: Packed> Packed for Vec<T> {
    fn pack(&self, w: &mut Writer) {
        pack_list(self.iter(), w);
    }

    fn unpack(json: &Json<'_>) -> Option<Self> {
        match json {
            Json::List(items) => items.iter().map(T::unpack).collect(),
            _ => None,
        }
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
        let Json::List(items) = json else { return None };
        // Collected, they would be sorted first: code that nothing else needs.
        let mut set = Self::new();
        for item in items {
            set.insert(T::unpack(item)?);
        }
        Some(set)
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

/// The name under which a field is kept: its own, unless another one is given.
#[doc(hidden)]
#[macro_export]
macro_rules! __packed_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $name:literal) => {
        $name
    };
}

/// A struct as an object with its fields' names, or others: `packed!(Thing { size = "s" })`.
/// A struct that depends on a type names it with its bound: `packed!(List<T: Packed> { items })`.
#[doc(hidden)]
#[macro_export]
macro_rules! __packed {
    ($name:ident $(<$param:ident: $bound:path>)? { $($field:ident $(= $as:literal)?),* $(,)? }) => {
        impl $(<$param: $bound>)? $crate::packed::Packed for $name $(<$param>)? {
            fn pack(&self, w: &mut $crate::json::Writer) {
                w.begin_object();
                $($crate::packed::put(w, $crate::__packed_name!($field $($as)?), &self.$field);)*
                w.end_object();
            }

            fn unpack(json: &$crate::json::Json<'_>) -> Option<Self> {
                Some(Self {
                    $($field: $crate::packed::field(json, $crate::__packed_name!($field $($as)?))?,)*
                })
            }
        }
    };
}

/// A struct that is a part of another one: as a field, its own fields lie among those of
/// the struct that it is in. So a struct can be divided without its form changing.
#[doc(hidden)]
#[macro_export]
macro_rules! __packed_part {
    ($name:ident $(<$param:ident: $bound:path>)? { $($field:ident $(= $as:literal)?),* $(,)? }) => {
        impl $(<$param: $bound>)? $crate::packed::Packed for $name $(<$param>)? {
            fn pack(&self, w: &mut $crate::json::Writer) {
                w.begin_object();
                self.pack_field(w, "");
                w.end_object();
            }

            fn unpack(json: &$crate::json::Json<'_>) -> Option<Self> {
                Self::unpack_field(json, "")
            }

            fn pack_field(&self, w: &mut $crate::json::Writer, _name: &str) {
                $($crate::packed::put(w, $crate::__packed_name!($field $($as)?), &self.$field);)*
            }

            fn unpack_field(object: &$crate::json::Json<'_>, _name: &str) -> Option<Self> {
                Some(Self {
                    $($field: $crate::packed::field(object, $crate::__packed_name!($field $($as)?))?,)*
                })
            }
        }
    };
}

/// An enum without data as a word.
#[doc(hidden)]
#[macro_export]
macro_rules! __packed_words {
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
#[doc(hidden)]
#[macro_export]
macro_rules! __packed_enum {
    ($name:ident { $($variant:ident { $($field:ident $(= $as:literal)?),* }),* $(,)? }) => {
        impl $crate::packed::Packed for $name {
            fn pack(&self, w: &mut $crate::json::Writer) {
                w.begin_object();
                match self {
                    $(Self::$variant { $($field),* } => {
                        w.text("is", stringify!($variant));
                        $($crate::packed::put(w, $crate::__packed_name!($field $($as)?), $field);)*
                    })*
                }
                w.end_object();
            }

            fn unpack(json: &$crate::json::Json<'_>) -> Option<Self> {
                let is: String = $crate::packed::field(json, "is")?;
                match &*is {
                    $(stringify!($variant) => Some(Self::$variant {
                        $($field: $crate::packed::field(json, $crate::__packed_name!($field $($as)?))?,)*
                    }),)*
                    _ => None,
                }
            }
        }
    };
}

pub use {
    __packed as packed, __packed_enum as packed_enum, __packed_part as packed_part,
    __packed_words as packed_words,
};

#[cfg(test)]
mod tests;
