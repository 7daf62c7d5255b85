//! Every type that stands by itself on the wire, under its draft's name.
//!
//! [`for_each_wire_type!`](crate::for_each_wire_type) is the one list of them; tests, vectors and `inspect` all go
//! through it, so a type can't be forgotten in one of them.

use core::fmt::Debug;

use crate::{DecodeOwned, Encode};

/// Calls the macro `$callback` with every wire type: for each module its path, its specification, and then the types
/// with their sections.
///
/// ```
/// macro_rules! count {
///     ($([$module:ident] $spec:literal { $($name:ident $section:literal,)* })*) => {
///         [$($(stringify!($name),)*)*].len()
///     };
/// }
/// assert!(mimi_codec::for_each_wire_type!(count) >= 1);
/// ```
#[macro_export]
macro_rules! for_each_wire_type {
    ($callback:ident) => {
        $callback! {
            [mls] "RFC 9420" {
                HPKECiphertext "7.6",
            }
        }
    };
}

/// What every registered type can do.
pub trait WireType:
    DecodeOwned
    + Encode
    + tls_codec::Size
    + tls_codec::SerializeBytes
    + tls_codec::DeserializeBytes
    + Clone
    + Debug
    + PartialEq
    + MaybeSerde
    + MaybeArbitrary
{
}

impl<T> WireType for T where
    T: DecodeOwned
        + Encode
        + tls_codec::Size
        + tls_codec::SerializeBytes
        + tls_codec::DeserializeBytes
        + Clone
        + Debug
        + PartialEq
        + MaybeSerde
        + MaybeArbitrary
{
}

/// `serde::Serialize` and `DeserializeOwned` where the feature `serde` is on; nothing otherwise.
#[cfg(feature = "serde")]
pub trait MaybeSerde: serde::Serialize + serde::de::DeserializeOwned {}
#[cfg(feature = "serde")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> MaybeSerde for T {}

/// `serde::Serialize` and `DeserializeOwned` where the feature `serde` is on; nothing otherwise.
#[cfg(not(feature = "serde"))]
pub trait MaybeSerde {}
#[cfg(not(feature = "serde"))]
impl<T> MaybeSerde for T {}

/// `arbitrary::Arbitrary` where the feature `arbitrary` is on; nothing otherwise.
#[cfg(feature = "arbitrary")]
pub trait MaybeArbitrary: for<'u> arbitrary::Arbitrary<'u> {}
#[cfg(feature = "arbitrary")]
impl<T: for<'u> arbitrary::Arbitrary<'u>> MaybeArbitrary for T {}

/// `arbitrary::Arbitrary` where the feature `arbitrary` is on; nothing otherwise.
#[cfg(not(feature = "arbitrary"))]
pub trait MaybeArbitrary {}
#[cfg(not(feature = "arbitrary"))]
impl<T> MaybeArbitrary for T {}

/// A registered type's name and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The struct's name in its draft.
    pub name: &'static str,
    /// The draft or RFC.
    pub spec: &'static str,
    /// Its section.
    pub section: &'static str,
}

/// What to do with a type that is known by name only.
pub trait Visitor {
    /// What comes out of it.
    type Output;

    /// Does it with the type `T`.
    fn visit<T: WireType>(self) -> Self::Output;
}

macro_rules! define {
    ($([$module:ident] $spec:literal { $($name:ident $section:literal,)* })*) => {
        /// Every registered type.
        pub const TYPES: &[Entry] = &[
            $($(Entry { name: stringify!($name), spec: $spec, section: $section },)*)*
        ];

        /// Does with the type `name` what the visitor does; `None` for a name that isn't registered.
        ///
        /// ```
        /// use mimi_codec::{Decode, DecodeError, Encode, registry};
        ///
        /// struct Check<'a>(&'a [u8]);
        ///
        /// impl registry::Visitor for Check<'_> {
        ///     type Output = Result<(), DecodeError>;
        ///     fn visit<T: registry::WireType>(self) -> Self::Output {
        ///         let value = T::decode_exact(self.0)?;
        ///         assert_eq!(value.to_bytes().as_deref(), Ok(self.0));
        ///         Ok(())
        ///     }
        /// }
        ///
        /// assert_eq!(registry::visit("HPKECiphertext", Check(b"\x01a\x01b")), Some(Ok(())));
        /// assert!(matches!(registry::visit("HPKECiphertext", Check(b"\x01a")), Some(Err(_))));
        /// assert_eq!(registry::visit("NoSuchStruct", Check(b"")), None);
        /// ```
        pub fn visit<V: Visitor>(name: &str, visitor: V) -> Option<V::Output> {
            match name {
                $($(stringify!($name) => Some(visitor.visit::<crate::$module::$name>()),)*)*
                _ => None,
            }
        }
    };
}

for_each_wire_type!(define);
