//! Structs, with rules between their fields or without.

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

    // Ruled, and what is on the wire depends on more than the fields' types: `Decode` and `Encode`
    // are written by hand.
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
            pub fn new($($field: $ty),*) -> Result<Self, $crate::InvalidValueError> {
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

pub(crate) use wire_struct;
