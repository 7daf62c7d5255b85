//! Borrowed structs.

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

pub(crate) use wire_view;
