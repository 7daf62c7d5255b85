//! An enum and what it selects.

macro_rules! wire_select {
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
