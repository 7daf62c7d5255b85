//! How this crate's own structs are written on the wire.

/// A struct of ours: its fields one after another, as the drafts' structs are.
macro_rules! wire_struct {
    ($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$field_meta:meta])* pub $field:ident: $ty:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $ty,)*
        }

        impl<'a> mimi_codec::Decode<'a> for $name {
            const NAME: &'static str = stringify!($name);

            fn decode(reader: &mut mimi_codec::Reader<'a>) -> mimi_codec::Result<Self> {
                Ok(Self { $($field: reader.field(stringify!($field))?,)* })
            }
        }

        impl mimi_codec::Encode for $name {
            fn encode(&self, writer: &mut mimi_codec::Writer) -> Result<(), mimi_codec::EncodeError> {
                $(self.$field.encode(writer)?;)*
                Ok(())
            }
        }
    };
}

pub(crate) use wire_struct;
