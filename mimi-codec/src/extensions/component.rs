//! Components, and which of them are understood.

use alloc::vec::Vec;

use crate::{
    Decode, DecodeErrorKind, InvalidValueError, Opaque, Reader, Result,
    apq::APQInfo,
    associated_parties::AssociatedParties,
    code_points::{ComponentID, ExtensionType, WireFormat},
    convention::wire_struct,
    extensions::AppAck,
    media_type::MediaTypeList,
    minimal_metadata::{AddAAD, IdentityLinkExtension, IdentityLinkKeysData, SealedConnectionResponse},
    mls::ExtensionContent,
    protocol::{FrankAAD, FrankingAgentData, ParticipantListData, ParticipantListDataView, RoomMetaData},
    retraction::{HubRetractedMessagesComponent, HubRetractedRangeComponent, MessageId},
    room_policy::{
        AssetPolicy, BaseRoomPolicy, BotPolicy, HistoryPolicy, JoinLinkPolicy, JoinLinksData,
        LinkPreviewPolicy, LoggingPolicy, MessageExpiration, OperationalParameters, PreAuthData, RoleData,
        StatusNotificationPolicy,
    },
};

wire_struct! {
    /// The label under which a component signs and encrypts (mls-extensions-10 §4.1).
    ///
    /// ```text
    /// struct {
    ///   opaque base_label<V>; /* = "MLS Component" */
    ///   ComponentID component_id;
    ///   opaque label<V>;
    /// } ComponentOperationLabel;
    /// ```
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

    fn check(&self) -> Result<(), InvalidValueError> {
        if &*self.base_label == Self::BASE_LABEL {
            return Ok(());
        }
        Err(InvalidValueError::field(
            "base_label",
            DecodeErrorKind::Rule("the base label is \"MLS Component\""),
        ))
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        self.base_label = Self::BASE_LABEL.into();
    }
}

wire_struct! {
    /// Components that are supported, in a LeafNode, or required, in a GroupContext
    /// (mls-extensions-10 §5): the data of the components `app_components` and `safe_aad`. In the
    /// order they were sent; unknown ones are kept.
    ///
    /// ```text
    /// struct {
    ///     ComponentID component_ids<V>;
    /// } ComponentsList;
    /// ```
    #[derive(Default)]
    pub struct ComponentsList {
        /// The components.
        pub component_ids: Vec<ComponentID>,
    }
}

wire_struct! {
    /// Wire formats beyond those that all clients support (mls-extensions-10 §5).
    ///
    /// ```text
    /// struct {
    ///    WireFormat wire_formats<V>;
    /// } WireFormats;
    /// ```
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
    /// The content of the extension `supported_wire_formats`, for
    /// [`Extensions::content`](crate::mls::Extensions).
    SupportedWireFormats = SUPPORTED_WIRE_FORMATS;
    /// The content of the extension `required_wire_formats`, for
    /// [`Extensions::content`](crate::mls::Extensions).
    RequiredWireFormats = REQUIRED_WIRE_FORMATS;
}

/// A place where components put data: one component's number can stand for another struct in each.
pub trait ComponentPlace {}

macro_rules! component_places {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {}

        impl ComponentPlace for $name {}
    )*};
}

component_places! {
    /// The [`AppDataDictionary`](crate::extensions::AppDataDictionary) of a GroupContext, a
    /// LeafNode or a KeyPackage.
    InDictionary;
    /// The dictionary of a GroupInfo, beside its GroupContext's.
    InGroupInfo;
    /// A [`SafeAADItem`](crate::extensions::SafeAADItem).
    InSafeAAD;
    /// An [`AppEphemeral`](crate::extensions::AppEphemeral) proposal.
    InAppEphemeral;
}

/// What a component's data is in the place `P`.
pub trait ComponentContent<'a, P: ComponentPlace>: Decode<'a> {
    /// The component.
    const COMPONENT_ID: ComponentID;
}

macro_rules! component_content {
    ($($place:ident { $($ty:ty = $component_id:ident,)* })*) => {$($(
        impl<'a> ComponentContent<'a, $place> for $ty {
            const COMPONENT_ID: ComponentID = ComponentID::$component_id;
        }
    )*)*};
}

component_content! {
    InDictionary {
        AppComponents = APP_COMPONENTS,
        SafeAADComponents = SAFE_AAD,
        MediaTypeList = CONTENT_MEDIA_TYPES,
        LastResortKeyPackage = LAST_RESORT_KEY_PACKAGE,
        AssociatedParties = ASSOCIATED_PARTIES,
        FrankingAgentData = FRANKING_AGENT,
        ParticipantListData = PARTICIPANT_LIST,
        ParticipantListDataView<'a> = PARTICIPANT_LIST,
        RoomMetaData = ROOM_METADATA,
        OperationalParameters = MLS_OPERATIONAL_POLICY,
        RoleData = ROLES_LIST,
        PreAuthData = PREAUTH_LIST,
        BaseRoomPolicy = BASE_ROOM_POLICY,
        StatusNotificationPolicy = STATUS_NOTIFICATION_POLICY,
        JoinLinkPolicy = JOIN_LINK_POLICY,
        JoinLinksData = JOIN_LINKS,
        LinkPreviewPolicy = LINK_PREVIEW_POLICY,
        AssetPolicy = ASSET_POLICY,
        LoggingPolicy = LOGGING_POLICY,
        HistoryPolicy = CHAT_HISTORY_POLICY,
        BotPolicy = BOT_POLICY,
        MessageExpiration = MESSAGE_EXPIRATION_POLICY,
        IdentityLinkKeysData = IDENTITY_LINK_KEYS,
        APQInfo = APQ_MLS_INFO,
    }
    InGroupInfo {
        IdentityLinkExtension = IDENTITY_LINK_KEYS,
    }
    InSafeAAD {
        FrankAAD = FRANK_AAD,
        AddAAD = IDENTITY_LINK_KEYS,
        SealedConnectionResponse = CONNECTION_RESPONSE,
        MessageId = MESSAGE_ID,
    }
    InAppEphemeral {
        AppAck = APP_ACK,
        HubRetractedMessagesComponent = HUB_RETRACTED_MESSAGES,
        HubRetractedRangeComponent = HUB_RETRACTED_RANGE,
    }
}

macro_rules! components_list {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub ComponentsList);

        impl<'a> Decode<'a> for $name {
            const NAME: &'static str = ComponentsList::NAME;

            fn decode(reader: &mut Reader<'a>) -> Result<Self> {
                ComponentsList::decode(reader).map(Self)
            }
        }
    )*};
}

components_list! {
    /// The data of the component `app_components`: components that are supported or required
    /// (mls-extensions-10 §5).
    AppComponents;
    /// The data of the component `safe_aad`: components that use SafeAAD (mls-extensions-10 §5).
    SafeAADComponents;
}

/// The data of the component `last_resort_key_package`: none (mls-extensions-10 §6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastResortKeyPackage;

impl<'a> Decode<'a> for LastResortKeyPackage {
    const NAME: &'static str = "LastResortKeyPackage";

    fn decode(_: &mut Reader<'a>) -> Result<Self> {
        Ok(Self)
    }
}
