//! Closed enums of one byte.

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

pub(crate) use wire_enum;
