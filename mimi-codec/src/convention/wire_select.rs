//! An enum and what it selects.

macro_rules! wire_select {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: open $code:ident $($inline:ident)? {
            $(
                $(#[$variant_meta:meta])*
                $value:literal $draft:literal => $variant:ident
                    { $($(#[$field_meta:meta])* $field:ident: $ty:ty),* $(,)? }
            ),* $(,)?
        } else {
            $(#[$code_meta:meta])*
            $code_field:ident
            $(, $(#[$other_field_meta:meta])* $other:ident: $other_ty:ty)* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum $name {
            $(
                $(#[$variant_meta])*
                #[cfg_attr(feature = "serde", serde(rename = $draft))]
                $variant { $($(#[$field_meta])* $field: $ty),* },
            )*
            /// A code that the draft doesn't list, and what comes with it.
            #[cfg_attr(feature = "serde", serde(rename = "other"))]
            Other { $(#[$code_meta])* $code_field: $crate::Unlisted<$code>, $($(#[$other_field_meta])* $other: $other_ty),* },
        }

        impl $name {
            /// The code.
            #[must_use]
            pub const fn $code_field(&self) -> $code {
                match self {
                    $(Self::$variant { .. } => $code($value),)*
                    Self::Other { $code_field, .. } => $code_field.code(),
                }
            }
        }

        impl<'a> $crate::Decode<'a> for $name {
            const NAME: &'static str = stringify!($name);
            $(const INLINE: bool = $crate::convention::wire_select!(@is $inline);)?

            fn decode(reader: &mut $crate::Reader<'a>) -> $crate::Result<Self> {
                let start = reader.offset();
                let code = $code::decode(reader)?;
                match code.value() {
                    $($value => Ok(Self::$variant { $($field: reader.field(stringify!($field))?,)* }),)*
                    value => Ok(Self::Other {
                        $code_field: $crate::Unlisted::new(code)
                            .ok_or_else(|| $crate::unlisted::unknown(stringify!($code), value.into(), start))?,
                        $($other: reader.field(stringify!($other))?,)*
                    }),
                }
            }
        }

        impl $crate::Encode for $name {
            fn encode(&self, writer: &mut $crate::Writer) -> Result<(), $crate::EncodeError> {
                self.$code_field().encode(writer)?;
                match self {
                    $(Self::$variant { $($field),* } => { $($field.encode(writer)?;)* })*
                    Self::Other { $code_field: _, $($other),* } => { $($other.encode(writer)?;)* }
                }
                Ok(())
            }
        }

        impl tls_codec::Size for $name {
            fn tls_serialized_len(&self) -> usize {
                $crate::tls::serialized_len(self)
            }
        }

        $crate::tls::tls_bridge!(encode decode $name);

        #[cfg(feature = "arbitrary")]
        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                let code: $code = u.arbitrary()?;
                match code.value() {
                    $($value => Ok(Self::$variant { $($field: u.arbitrary()?,)* }),)*
                    _ => Ok(Self::Other {
                        $code_field: $crate::Unlisted::new(code).ok_or(arbitrary::Error::IncorrectFormat)?,
                        $($other: u.arbitrary()?,)*
                    }),
                }
            }
        }
    };

    (
        $(#[$meta:meta])*
        pub enum $name:ident: $int:ident $of:literal $($inline:ident)? {
            $(
                $(#[$variant_meta:meta])*
                $value:literal $draft:literal => $variant:ident
                    $({ $($(#[$field_meta:meta])* $field:ident: $ty:ty),* $(,)? })?
                    $(( $arm:ident: $arm_ty:ty $(as $enclosed:literal)? ))?
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
                $variant $({ $($(#[$field_meta])* $field: $ty),* })? $(($(#[tls_codec(with = $enclosed)])? $arm_ty))?,
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
                        $(0: $crate::convention::wire_select!(@decode reader, $arm_ty $(, $enclosed)?)?,)?
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
                        $($crate::convention::wire_select!(@encode writer, $arm $(, $enclosed)?)?;)?
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
    (@decode $reader:ident, $arm_ty:ty) => { <$arm_ty>::decode($reader) };
    (@decode $reader:ident, $arm_ty:ty, $enclosed:literal) => { $crate::convention::enclosed::decode::<$arm_ty>($reader) };
    (@encode $writer:ident, $arm:ident) => { $arm.encode($writer) };
    (@encode $writer:ident, $arm:ident, $enclosed:literal) => { $crate::convention::enclosed::encode($arm, $writer) };
}

pub(crate) use wire_select;
