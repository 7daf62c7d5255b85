//! How the drafts' structs are written down here, for readers and for whoever adds one.
//!
//! A struct of a draft is a struct of the same name with the same fields in the same order, inside one of these macros
//! (they are the crate's own; their output is what the public sees):
//!
//! | in the draft | here |
//! |---|---|
//! | `struct { … } X;` | [`wire_struct!`](#wire_struct) |
//! | the same, with a rule between its fields | [`wire_struct!` with `check`](#rules-between-fields) |
//! | `enum { …, (255) } X;` | [`wire_enum!`](#wire_enum) |
//! | `uint16 X;` with a registry | [`open_registry!`](#open_registry) |
//! | an enum and the `select` right behind it | [`wire_select!`](#wire_select) |
//! | `opaque X<V>;` | `opaque_type!` |
//!
//! and a field's type follows from the draft's:
//!
//! | in the draft | here | borrowed |
//! |---|---|---|
//! | `uint8` … `uint64` | `u8` … `u64` | |
//! | `bool` | `bool`, with `#[tls_codec(with = "crate::boolean")]` | |
//! | `opaque x<V>` | [`Opaque`](crate::Opaque), [`SecretOpaque`](crate::SecretOpaque) | `&[u8]` |
//! | `opaque x[N]` | [`Octets<N>`](crate::Octets) | |
//! | `string` | `String` | `&str` |
//! | `optional<T>` | `Option<T>` | `Option<T>` |
//! | `T x<V>` | `Vec<T>`, or [`List<T, Rule>`](crate::List) where order or number matter | [`ListView`](crate::ListView) |
//! | `struct {}` as an arm | an arm without fields | |
//!
//! From each the macros make [`Decode`](crate::Decode) (errors with offset and path), [`Encode`](crate::Encode),
//! tls_codec's `Size` and `SerializeBytes` (its own derive) and `DeserializeBytes` (ours behind it), and with the
//! features `serde` and `arbitrary` those. A `uint64` field carries
//! `#[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]`.
//!
//! A type that can be decoded by itself gets a line in [`registry`](crate::registry); tests, `inspect` and the table
//! of structs all start from there.
//!
//! # wire_struct
//!
//! ```text
//! wire_struct! {
//!     /// An HPKE ciphertext (RFC 9420, 7.6).
//!     pub struct HPKECiphertext {
//!         /// The encapsulated key.
//!         pub kem_output: Opaque,
//!         /// The sealed plaintext.
//!         pub ciphertext: Opaque,
//!     }
//! }
//! ```
//!
//! # Rules between fields
//!
//! With `check f` behind it, fields are private: `new` and decoding run `f`, getters read, `into_parts` takes apart,
//! and `repair g` bends a random value until it keeps the rule. `f` is a `fn(&X) -> Result<(), InvalidValue>`, and a
//! decoder reports the offset of the field that the `InvalidValue` names.
//!
//! ```text
//! wire_struct! {
//!     /// …
//!     pub struct MessageRange {
//!         /// …
//!         first_generation: u32,
//!         /// …
//!         last_generation: u32,
//!     } check MessageRange::check, repair MessageRange::repair
//! }
//! ```
//!
//! With `by hand` behind that, `Decode` and `Encode` are left to be written: for structs in which one field says
//! whether another is there.
//!
//! # wire_enum
//!
//! One byte, closed: what isn't listed is refused, `reserved(0)` included. Names are the draft's.
//!
//! ```text
//! wire_enum! {
//!     /// …
//!     pub enum ContentType {
//!         /// …
//!         1 "application" => Application,
//!     }
//! }
//! ```
//!
//! # open_registry
//!
//! A number of an open registry: unknown ones are kept.
//!
//! ```text
//! open_registry! {
//!     /// …
//!     pub struct WireFormat(u16) {
//!         /// …
//!         1 "mls_public_message" => MLS_PUBLIC_MESSAGE,
//!     }
//! }
//! ```
//!
//! # wire_select
//!
//! The number and the struct it selects, as one Rust enum. `u8` or `u16` is the width of the number, the name in
//! quotes the draft's name of the enum or registry it is from. An arm that is a struct without a field name in the
//! draft is written `1 "add" => Add(add: Add)`. `inline` behind the quotes is for a select that isn't a field of its own
//! in the draft: the struct's Rust field then leaves no trace in an error's path.
//!
//! ```text
//! wire_select! {
//!     /// …
//!     pub enum Sender: u8 "SenderType" {
//!         /// …
//!         1 "member" => Member {
//!             /// …
//!             leaf_index: u32,
//!         },
//!         /// …
//!         3 "new_member_proposal" => NewMemberProposal {},
//!     }
//! }
//! ```

macro_rules! wire_struct {
    // Free: every combination of fields is a value.
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$field_meta:meta])* pub $field:ident: $ty:ty),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, tls_codec::TlsSize, tls_codec::TlsSerializeBytes)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $ty,)*
        }

        impl<'a> $crate::Decode<'a> for $name {
            const NAME: &'static str = stringify!($name);

            #[inline]
            fn decode(reader: &mut $crate::Reader<'a>) -> $crate::Result<Self> {
                let _ = &reader;
                Ok(Self { $($field: reader.field(stringify!($field))?,)* })
            }
        }

        $crate::convention::wire_struct!(@encode $name { $($field)* });

        #[cfg(feature = "arbitrary")]
        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                let _ = &u;
                Ok(Self { $($field: u.arbitrary()?,)* })
            }
        }
    };

    // Ruled: `new`, decoding and deserializing are the only ways in.
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[doc = $doc:expr])* $(#[cfg_attr($($serde:tt)*)])* $(#[tls_codec($($tls:tt)*)])* $field:ident: $ty:ty),* $(,)?
        } check $check:path, repair $repair:path
    ) => {
        $crate::convention::wire_struct! {
            @ruled [derive(tls_codec::TlsSize, tls_codec::TlsSerializeBytes)]
            $(#[$meta])*
            pub struct $name {
                $($(#[doc = $doc])* $(#[cfg_attr($($serde)*)])* $(#[tls_codec($($tls)*)])* $field: $ty,)*
            } check $check, repair $repair
        }

        impl<'a> $crate::Decode<'a> for $name {
            const NAME: &'static str = stringify!($name);

            fn decode(reader: &mut $crate::Reader<'a>) -> $crate::Result<Self> {
                let start = reader.offset();
                $(let $field = (reader.offset(), reader.field::<$ty>(stringify!($field))?);)*
                let offsets = [$((stringify!($field), $field.0)),*];
                let value = Self { $($field: $field.1),* };
                match $check(&value) {
                    Ok(()) => Ok(value),
                    Err(invalid) => Err(invalid.at(start, &offsets)),
                }
            }
        }

        $crate::convention::wire_struct!(@encode $name { $($field)* });
    };

    // Ruled, and what is on the wire depends on more than the fields' types: `Decode` and `Encode` are written by hand.
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[doc = $doc:expr])* $(#[cfg_attr($($serde:tt)*)])* $field:ident: $ty:ty),* $(,)?
        } check $check:path, repair $repair:path, by hand
    ) => {
        $crate::convention::wire_struct! {
            @ruled []
            $(#[$meta])*
            pub struct $name {
                $($(#[doc = $doc])* $(#[cfg_attr($($serde)*)])* $field: $ty,)*
            } check $check, repair $repair
        }

        impl tls_codec::Size for $name {
            fn tls_serialized_len(&self) -> usize {
                $crate::tls::serialized_len(self)
            }
        }

        $crate::tls::tls_bridge!(encode decode $name);
    };

    (
        @ruled [$($derive:meta)?]
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[doc = $doc:expr])* $(#[cfg_attr($($serde:tt)*)])* $(#[tls_codec($($tls:tt)*)])* $field:ident: $ty:ty),* $(,)?
        } check $check:path, repair $repair:path
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        $(#[$derive])?
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        pub struct $name {
            $($(#[doc = $doc])* $(#[cfg_attr($($serde)*)])* $(#[tls_codec($($tls)*)])* $field: $ty,)*
        }

        impl $name {
            /// A value of these fields, if they keep the rules between them.
            ///
            /// # Errors
            /// The rule that is broken, and the field that breaks it.
            #[allow(clippy::too_many_arguments, reason = "one for each field of the draft's struct")]
            pub fn new($($field: $ty),*) -> Result<Self, $crate::InvalidValue> {
                let value = Self { $($field),* };
                $check(&value)?;
                Ok(value)
            }

            $(
                $(#[doc = $doc])*
                pub fn $field(&self) -> &$ty {
                    &self.$field
                }
            )*

            /// The fields, in the draft's order.
            #[allow(clippy::type_complexity, reason = "one for each field of the draft's struct")]
            pub fn into_parts(self) -> ($($ty,)*) {
                ($(self.$field,)*)
            }
        }

        #[cfg(feature = "serde")]
        const _: () = {
            #[derive(serde::Deserialize)]
            #[serde(rename = "Self")]
            struct Unchecked {
                $($(#[cfg_attr($($serde)*)])* $field: $ty,)*
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let Unchecked { $($field),* } = Unchecked::deserialize(deserializer)?;
                    Self::new($($field),*).map_err(serde::de::Error::custom)
                }
            }
        };

        #[cfg(feature = "arbitrary")]
        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                let mut value = Self { $($field: u.arbitrary()?,)* };
                $repair(&mut value);
                match $check(&value) {
                    Ok(()) => Ok(value),
                    Err(_) => Err(arbitrary::Error::IncorrectFormat),
                }
            }
        }
    };

    (@encode $name:ident { $($field:ident)* }) => {
        impl $crate::Encode for $name {
            fn encode(&self, writer: &mut $crate::Writer) -> Result<(), $crate::EncodeError> {
                let _ = &writer;
                $(self.$field.encode(writer)?;)*
                Ok(())
            }
        }

        $crate::tls::tls_bridge!(decode $name);
    };
}

macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $value:literal $draft:literal => $variant:ident),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, tls_codec::TlsSize, tls_codec::TlsSerializeBytes)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$variant_meta])* $variant = $value,)*
        }

        impl $name {
            /// Every value, in the draft's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The number on the wire.
            pub const fn value(self) -> u8 {
                self as u8
            }

            /// The value with this number, if there is one.
            pub const fn from_value(value: u8) -> Option<Self> {
                match value {
                    $($value => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The draft's name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $draft,)*
                }
            }

            /// The value with this name in the draft.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl<'a> $crate::Decode<'a> for $name {
            const NAME: &'static str = stringify!($name);

            #[inline]
            fn decode(reader: &mut $crate::Reader<'a>) -> $crate::Result<Self> {
                let start = reader.offset();
                let value = reader.uint8()?;
                Self::from_value(value).ok_or_else(|| $crate::DecodeError::new(
                    $crate::DecodeErrorKind::UnknownValue { name: stringify!($name), value: value.into() },
                    start,
                ))
            }
        }

        impl $crate::Encode for $name {
            #[inline]
            fn encode(&self, writer: &mut $crate::Writer) -> Result<(), $crate::EncodeError> {
                writer.bytes(&[self.value()]);
                Ok(())
            }
        }

        $crate::tls::tls_bridge!(decode $name);

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::json::serialize_number(Some(self.name()), self.value().into(), serializer)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let named = |name: &str| Self::from_name(name).map(|value| value.value().into());
                let value = $crate::json::deserialize_number(deserializer, named)?;
                u8::try_from(value).ok().and_then(Self::from_value).ok_or_else(|| {
                    serde::de::Error::custom(format_args!("{} has no value {value}", stringify!($name)))
                })
            }
        }

        #[cfg(feature = "arbitrary")]
        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                u.choose(Self::ALL).copied()
            }
        }
    };
}

macro_rules! open_registry {
    (
        $(#[$meta:meta])*
        pub struct $name:ident($int:ident) {
            $($(#[$const_meta:meta])* $value:literal $draft:literal => $constant:ident),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, tls_codec::TlsSize, tls_codec::TlsSerializeBytes)]
        pub struct $name(pub $int);

        impl $name {
            $($(#[$const_meta])* pub const $constant: Self = Self($value);)*

            /// Every value that has a name here.
            pub const NAMED: &'static [Self] = &[$(Self::$constant),*];

            /// The number on the wire.
            pub const fn value(self) -> $int {
                self.0
            }

            /// The name in the registry, if this value has one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($draft),)*
                    _ => None,
                }
            }

            /// The value with this name in the registry.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::NAMED.iter().copied().find(|value| value.name() == Some(name))
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{:#06x}", self.0),
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{self}")
            }
        }

        impl $crate::Keyed for $name {
            type Key = $int;
            fn key(&self) -> $int {
                self.0
            }
        }

        impl<'a> $crate::Decode<'a> for $name {
            const NAME: &'static str = stringify!($name);
            const FIXED_LEN: Option<usize> = Some(size_of::<$int>());

            #[inline]
            fn decode(reader: &mut $crate::Reader<'a>) -> $crate::Result<Self> {
                <$int>::decode(reader).map(Self)
            }
        }

        impl $crate::Encode for $name {
            #[inline]
            fn encode(&self, writer: &mut $crate::Writer) -> Result<(), $crate::EncodeError> {
                self.0.encode(writer)
            }
        }

        $crate::tls::tls_bridge!(decode $name);

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::json::serialize_number(self.name(), self.0.into(), serializer)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let named = |name: &str| Self::from_name(name).map(|value| value.0.into());
                let value = $crate::json::deserialize_number(deserializer, named)?;
                value.try_into().map(Self).map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "arbitrary")]
        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                if !Self::NAMED.is_empty() && u.ratio(3, 4)? {
                    u.choose(Self::NAMED).copied()
                } else {
                    u.arbitrary().map(Self)
                }
            }
        }
    };
}

macro_rules! wire_select {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: $int:ident $of:literal $($inline:ident)? {
            $(
                $(#[$variant_meta:meta])*
                $value:literal $draft:literal => $variant:ident
                    $({ $($(#[$field_meta:meta])* $field:ident: $ty:ty),* $(,)? })?
                    $(( $arm:ident: $arm_ty:ty ))?
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, tls_codec::TlsSize, tls_codec::TlsSerializeBytes)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[repr($int)]
        pub enum $name {
            $(
                $(#[$variant_meta])*
                #[tls_codec(discriminant = $value)]
                #[cfg_attr(feature = "serde", serde(rename = $draft))]
                $variant $({ $($(#[$field_meta])* $field: $ty),* })? $(($arm_ty))?,
            )*
        }

        impl $name {
            /// The number that selects this arm.
            pub const fn selector(&self) -> $int {
                match self {
                    $(Self::$variant { .. } => $value,)*
                }
            }
        }

        impl<'a> $crate::Decode<'a> for $name {
            const NAME: &'static str = stringify!($name);
            $(const INLINE: bool = $crate::convention::wire_select!(@is $inline);)?

            fn decode(reader: &mut $crate::Reader<'a>) -> $crate::Result<Self> {
                let start = reader.offset();
                match <$int>::decode(reader)? {
                    $($value => Ok(Self::$variant {
                        $($($field: reader.field(stringify!($field))?,)*)?
                        $(0: <$arm_ty>::decode(reader)?,)?
                    }),)*
                    value => Err($crate::DecodeError::new(
                        $crate::DecodeErrorKind::UnknownValue { name: $of, value: value.into() },
                        start,
                    )),
                }
            }
        }

        impl $crate::Encode for $name {
            fn encode(&self, writer: &mut $crate::Writer) -> Result<(), $crate::EncodeError> {
                self.selector().encode(writer)?;
                match self {
                    $(Self::$variant { $($($field),*)? $(0: $arm)? } => {
                        $($($field.encode(writer)?;)*)?
                        $($arm.encode(writer)?;)?
                    })*
                }
                Ok(())
            }
        }

        $crate::tls::tls_bridge!(decode $name);

        #[cfg(feature = "arbitrary")]
        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                match u.choose(&[$($value as $int),*])? {
                    $($value => Ok(Self::$variant {
                        $($($field: u.arbitrary()?,)*)?
                        $(0: <$arm_ty as arbitrary::Arbitrary<'a>>::arbitrary(u)?,)?
                    }),)*
                    _ => Err(arbitrary::Error::IncorrectFormat),
                }
            }
        }
    };

    (@is inline) => { true };
}

/// A borrowed struct: the same fields as the owned one, uncopied.
///
/// ```text
/// wire_view! {
///     /// …
///     pub struct ParentNodeView<'a> of ParentNode {
///         /// …
///         pub encryption_key: &'a [u8],
///     }
/// }
/// ```
macro_rules! wire_view {
    (
        $(#[$meta:meta])*
        pub struct $name:ident<$life:lifetime> of $owned:ident {
            $($(#[$field_meta:meta])* pub $field:ident: $ty:ty),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name<$life> {
            $($(#[$field_meta])* pub $field: $ty,)*
        }

        impl<$life> $crate::Decode<$life> for $name<$life> {
            const NAME: &'static str = stringify!($owned);

            #[inline]
            fn decode(reader: &mut $crate::Reader<$life>) -> $crate::Result<Self> {
                Ok(Self { $($field: reader.field(stringify!($field))?,)* })
            }
        }

        impl $crate::Encode for $name<'_> {
            fn encode(&self, writer: &mut $crate::Writer) -> Result<(), $crate::EncodeError> {
                $(self.$field.encode(writer)?;)*
                Ok(())
            }
        }

        impl<$life> From<$name<$life>> for $owned {
            fn from(view: $name<$life>) -> Self {
                Self { $($field: view.$field.into(),)* }
            }
        }
    };
}

pub(crate) use {open_registry, wire_enum, wire_select, wire_struct, wire_view};

#[cfg(test)]
#[allow(missing_docs)]
mod tests {
    use alloc::{string::ToString, vec, vec::Vec};

    use crate::{
        Decode, DecodeError, DecodeErrorKind, Encode, InvalidValue, List, ListView, NotEmpty, Octets, Opaque,
        Strict, Unique,
    };

    wire_enum! {
        pub enum Colour {
            1 "darkRed" => DarkRed,
            2 "blue" => Blue,
        }
    }

    open_registry! {
        pub struct Taste(u16) {
            1 "sweet" => SWEET,
        }
    }

    wire_select! {
        pub enum Shape: u8 "ShapeType" {
            1 "circle" => Circle { radius: u32 },
            2 "point" => Point {},
        }
    }

    wire_struct! {
        pub struct Picture {
            pub r#type: Colour,
            pub shapes: Vec<Shape>,
            pub title: Opaque,
            pub salt: Octets<2>,
            #[tls_codec(with = "crate::boolean")]
            pub hidden: bool,
            #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
            pub price: u64,
            pub taste: Option<Taste>,
            pub pages: List<u32, (NotEmpty, Strict)>,
        }
    }

    wire_struct! {
        pub struct Range {
            first: u8,
            last: u8,
        } check Range::check, repair Range::repair
    }

    impl Range {
        fn check(&self) -> Result<(), InvalidValue> {
            if self.first > self.last {
                return Err(InvalidValue::field("last", DecodeErrorKind::OutOfRange));
            }
            Ok(())
        }

        #[cfg(feature = "arbitrary")]
        fn repair(&mut self) {
            self.last = self.last.max(self.first);
        }
    }

    wire_struct! {
        pub struct Person {
            pub name: Opaque,
            pub ages: List<u32, Unique>,
        }
    }

    wire_view! {
        pub struct PersonView<'a> of Person {
            pub name: &'a [u8],
            pub ages: ListView<'a, u32, Unique>,
        }
    }

    const PICTURE: &[u8] = &[
        1, // type
        6, 1, 0, 0, 0, 9, 2, // shapes
        1, b't', // title
        0xab, 0xcd, // salt
        1,    // hidden
        0, 0x40, 0, 0, 0, 0, 0, 0, // price
        1, 0, 1, // taste
        8, 0, 0, 0, 1, 0, 0, 0, 2, // pages
    ];

    fn picture() -> Picture {
        Picture {
            r#type: Colour::DarkRed,
            shapes: vec![Shape::Circle { radius: 9 }, Shape::Point {}],
            title: "t".into(),
            salt: Octets([0xab, 0xcd]),
            hidden: true,
            price: 1 << 54,
            taste: Some(Taste::SWEET),
            pages: List::new(vec![1, 2]).unwrap(),
        }
    }

    fn refusal<T: for<'a> Decode<'a>>(bytes: &[u8]) -> (DecodeErrorKind, usize, alloc::string::String) {
        let error: DecodeError = T::decode_exact(bytes).err().unwrap();
        (*error.kind(), error.offset(), error.path().to_string())
    }

    #[test]
    fn structs_read_and_write_fields_in_order() {
        assert_eq!(Picture::decode_exact(PICTURE).unwrap(), picture());
        assert_eq!(picture().to_bytes().unwrap(), PICTURE);
        assert_eq!(tls_codec::SerializeBytes::tls_serialize_bytes(&picture()).unwrap(), PICTURE);
        assert_eq!(tls_codec::Size::tls_serialized_len(&picture()), PICTURE.len());
        let (value, rest) =
            <Picture as tls_codec::DeserializeBytes>::tls_deserialize_bytes(&[PICTURE, &[7]].concat())
                .map(|(value, rest)| (value, rest.to_vec()))
                .unwrap();
        assert_eq!((value, rest), (picture(), vec![7]));
    }

    #[test]
    fn refuses_at_the_field_that_is_wrong() {
        let with = |at: usize, byte: u8| {
            let mut bytes = PICTURE.to_vec();
            bytes[at] = byte;
            refusal::<Picture>(&bytes)
        };
        let unknown = |name, value| DecodeErrorKind::UnknownValue { name, value };
        assert_eq!(with(0, 0), (unknown("Colour", 0), 0, "Picture.type".into()));
        assert_eq!(with(2, 3), (unknown("ShapeType", 3), 2, "Picture.shapes[0]".into()));
        assert_eq!(with(12, 2), (DecodeErrorKind::InvalidBool(2), 12, "Picture.hidden".into()));
        assert_eq!(with(21, 2), (DecodeErrorKind::InvalidPresence(2), 21, "Picture.taste".into()));
        assert_eq!(with(32, 1), (DecodeErrorKind::NotAscending, 29, "Picture.pages[1]".into()));
    }

    #[test]
    fn refuses_a_broken_rule_in_every_way_in() {
        assert_eq!(Range::new(1, 2).unwrap().into_parts(), (1, 2));
        assert_eq!(*Range::decode_exact(&[1, 2]).unwrap().last(), 2);
        let refused = InvalidValue::field("last", DecodeErrorKind::OutOfRange);
        assert_eq!(Range::new(2, 1).unwrap_err(), refused);
        assert_eq!(refusal::<Range>(&[2, 1]), (DecodeErrorKind::OutOfRange, 1, "Range.last".into()));
    }

    #[test]
    fn views_borrow_what_structs_own() {
        let bytes = [2, b'A', b'l', 8, 0, 0, 0, 5, 0, 0, 0, 4];
        let view = PersonView::decode_exact(&bytes).unwrap();
        assert_eq!(view.name, b"Al");
        assert_eq!(view.ages.iter().collect::<Vec<_>>(), [5, 4]);
        assert_eq!(view.to_bytes().unwrap(), bytes);
        assert_eq!(Person::from(view), Person::decode_exact(&bytes).unwrap());
        let twice = [2, b'A', b'l', 8, 0, 0, 0, 5, 0, 0, 0, 5];
        let error = PersonView::decode_exact(&twice).unwrap_err();
        assert_eq!(error.kind(), &DecodeErrorKind::Duplicate);
        assert_eq!((error.offset(), error.path().to_string()), (8, "Person.ages[1]".into()));
    }

    #[test]
    fn registries_keep_unknown_numbers() {
        assert_eq!(Taste::decode_exact(&[0x12, 0x34]).unwrap(), Taste(0x1234));
        assert_eq!(Taste(0x1234).to_string(), "0x1234");
        assert_eq!(Taste::from_name("sweet"), Some(Taste::SWEET));
        assert_eq!(Colour::from_name("darkRed").map(Colour::value), Some(1));
    }
}
