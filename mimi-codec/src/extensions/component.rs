//! Components, and which of them are understood.

use alloc::vec::Vec;

use crate::{
    Decode, DecodeErrorKind, InvalidValue, Opaque, Reader, Result,
    code_points::{ComponentID, ExtensionType, WireFormat},
    convention::wire_struct,
    mls::ExtensionContent,
};

wire_struct! {
    /// The label under which a component signs and encrypts (mls-extensions-10, 4.1).
    pub struct ComponentOperationLabel {
        /// Always `"MLS Component"`.
        base_label: Opaque,
        /// Who.
        component_id: ComponentID,
        /// What for.
        label: Opaque,
    } check ComponentOperationLabel::check, repair ComponentOperationLabel::repair
}

impl ComponentOperationLabel {
    /// What `base_label` holds.
    pub const BASE_LABEL: &'static [u8] = b"MLS Component";

    /// The label of the component `component_id` for `label`.
    ///
    /// ```
    /// use mimi_codec::{Encode, code_points::ComponentID, extensions::ComponentOperationLabel};
    ///
    /// let label = ComponentOperationLabel::of(ComponentID(7), "AP Commit Secret");
    /// assert_eq!(label.to_bytes().unwrap(), b"\x0dMLS Component\x00\x07\x10AP Commit Secret");
    /// ```
    pub fn of(component_id: ComponentID, label: impl Into<Opaque>) -> Self {
        Self { base_label: Self::BASE_LABEL.into(), component_id, label: label.into() }
    }

    fn check(&self) -> Result<(), InvalidValue> {
        if &*self.base_label == Self::BASE_LABEL {
            return Ok(());
        }
        Err(InvalidValue::field("base_label", DecodeErrorKind::Rule("the base label is \"MLS Component\"")))
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        self.base_label = Self::BASE_LABEL.into();
    }
}

wire_struct! {
    /// Components that are supported, in a LeafNode, or required, in a GroupContext (mls-extensions-10, 5): the data of
    /// the components `app_components` and `safe_aad`. In the order they were sent; unknown ones are kept.
    #[derive(Default)]
    pub struct ComponentsList {
        /// The components.
        pub component_ids: Vec<ComponentID>,
    }
}

wire_struct! {
    /// Wire formats beyond those that everybody supports (mls-extensions-10, 5).
    #[derive(Default)]
    pub struct WireFormats {
        /// The formats.
        pub wire_formats: Vec<WireFormat>,
    }
}

macro_rules! wire_formats_extension {
    ($($(#[$meta:meta])* $name:ident = $extension_type:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub WireFormats);

        impl<'a> Decode<'a> for $name {
            const NAME: &'static str = WireFormats::NAME;

            fn decode(reader: &mut Reader<'a>) -> Result<Self> {
                WireFormats::decode(reader).map(Self)
            }
        }

        impl<'a> ExtensionContent<'a> for $name {
            const EXTENSION_TYPE: ExtensionType = ExtensionType::$extension_type;
        }
    )*};
}

wire_formats_extension! {
    /// The content of the extension `supported_wire_formats`, for [`Extensions::content`](crate::mls::Extensions).
    SupportedWireFormats = SUPPORTED_WIRE_FORMATS;
    /// The content of the extension `required_wire_formats`, for [`Extensions::content`](crate::mls::Extensions).
    RequiredWireFormats = REQUIRED_WIRE_FORMATS;
}
