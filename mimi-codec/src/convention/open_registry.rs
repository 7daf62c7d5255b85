//! Numbers of open registries.

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

        $crate::convention::open_registry!(@code $int $name);

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

    (@code u8 $name:ident) => {
        impl $crate::Code for $name {
            const NAME: &'static str = stringify!($name);

            fn is_listed(self) -> bool {
                self.name().is_some()
            }

            fn number(self) -> u8 {
                self.0
            }
        }
    };
    (@code $int:ident $name:ident) => {};
}

pub(crate) use open_registry;
