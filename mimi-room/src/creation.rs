//! A new room: what its group's GroupContext holds from the beginning.

use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    Encode, EncodeError, InvalidValueError, List,
    code_points::{ComponentID, CredentialType, ExtensionType, ProposalType},
    extensions::{AppDataDictionary, ComponentData, ComponentsList},
    mls::{Extension, Extensions, ExternalSender, ExternalSenders, RequiredCapabilities},
    protocol::{FrankingAgentData, ParticipantListData, RoomMetaData},
    room_policy::{BaseRoomPolicy, PreAuthData, RoleData},
};

/// The GroupContext extensions of a new room (mimi-protocol-06 §3.1): the components, what
/// members must support, and the hub among the external senders.
///
/// ```
/// use mimi_codec::{
///     mls::{Credential, ExternalSender},
///     protocol::{ParticipantListData, UserRolePair},
/// };
/// use mimi_policy::preset;
/// use mimi_room::NewRoom;
///
/// let rules = preset::any_member_adds();
/// let alice = UserRolePair {
///     user: "mimi://a.example/u/alice".into(),
///     role_index: rules.creator_role,
/// };
/// let hub = ExternalSender {
///     signature_key: [7; 32].as_slice().into(),
///     credential: Credential::Basic { identity: "mimi://a.example".into() },
/// };
/// let extensions = NewRoom::new(&ParticipantListData { participants: vec![alice] }, &rules.roles)?
///     .base_policy(&rules.base)?
///     .extensions(hub)?;
/// assert!(extensions.app_data_dictionary().is_ok());
/// # Ok::<(), mimi_room::CreationError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct NewRoom {
    components: Vec<ComponentData>,
    safe_aad: Vec<ComponentID>,
    credential_types: Vec<CredentialType>,
    more: Vec<Extension>,
}

/// Why the parts make no GroupContext extensions.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CreationError {
    /// A part is too long for the wire.
    TooLong(EncodeError),
    /// A component or an extension is there twice, or does not belong into a GroupContext.
    Invalid(InvalidValueError),
}

impl fmt::Display for CreationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(error) => error.fmt(f),
            Self::Invalid(invalid) => invalid.fmt(f),
        }
    }
}

impl core::error::Error for CreationError {}

impl From<EncodeError> for CreationError {
    fn from(error: EncodeError) -> Self {
        Self::TooLong(error)
    }
}

impl From<InvalidValueError> for CreationError {
    fn from(invalid: InvalidValueError) -> Self {
        Self::Invalid(invalid)
    }
}

impl NewRoom {
    /// A room with these participants and roles, whose members have basic credentials.
    ///
    /// # Errors
    /// [`CreationError::TooLong`].
    pub fn new(participants: &ParticipantListData, roles: &RoleData) -> Result<Self, CreationError> {
        let new = Self {
            components: Vec::new(),
            safe_aad: Vec::new(),
            credential_types: alloc::vec![CredentialType::BASIC],
            more: Vec::new(),
        };
        new.component(ComponentID::PARTICIPANT_LIST, participants)?.component(ComponentID::ROLES_LIST, roles)
    }

    /// With a component of the application.
    ///
    /// # Errors
    /// [`CreationError::TooLong`].
    pub fn component(mut self, id: ComponentID, data: &impl Encode) -> Result<Self, CreationError> {
        self.components.push(ComponentData { component_id: id, data: data.to_bytes()?.into() });
        Ok(self)
    }

    /// With a base policy (mimi-room-policy-04 §5).
    ///
    /// # Errors
    /// [`CreationError::TooLong`].
    pub fn base_policy(self, base: &BaseRoomPolicy) -> Result<Self, CreationError> {
        self.component(ComponentID::BASE_ROOM_POLICY, base)
    }

    /// With preauthorized users (mimi-room-policy-04 §4).
    ///
    /// # Errors
    /// [`CreationError::TooLong`].
    pub fn preauthorization(self, preauth: &PreAuthData) -> Result<Self, CreationError> {
        self.component(ComponentID::PREAUTH_LIST, preauth)
    }

    /// With a name, a subject and so on (mimi-protocol-06 §7.6).
    ///
    /// # Errors
    /// [`CreationError::TooLong`].
    pub fn metadata(self, metadata: &RoomMetaData) -> Result<Self, CreationError> {
        self.component(ComponentID::ROOM_METADATA, metadata)
    }

    /// With a hub that franks messages (mimi-protocol-06 §5.4.1): members put a `frank_aad` into
    /// the Safe AAD.
    ///
    /// # Errors
    /// [`CreationError::TooLong`].
    pub fn franking_agent(self, agent: &FrankingAgentData) -> Result<Self, CreationError> {
        Ok(self.component(ComponentID::FRANKING_AGENT, agent)?.safe_aad(ComponentID::FRANK_AAD))
    }

    /// With messages whose authenticated data is a SafeAAD in which this component has items
    /// (mls-extensions-10 §4.9).
    pub fn safe_aad(mut self, id: ComponentID) -> Self {
        self.safe_aad.push(id);
        self
    }

    /// With credentials of these types instead of basic ones.
    pub fn credential_types(mut self, types: Vec<CredentialType>) -> Self {
        self.credential_types = types;
        self
    }

    /// With one more extension of the GroupContext.
    ///
    /// # Errors
    /// [`CreationError::TooLong`].
    pub fn extension(
        mut self,
        extension_type: ExtensionType,
        data: &impl Encode,
    ) -> Result<Self, CreationError> {
        self.more.push(Extension { extension_type, extension_data: data.to_bytes()?.into() });
        Ok(self)
    }

    /// What members must support: for the requests for KeyPackages of those who are added.
    #[must_use]
    pub fn required_capabilities(&self) -> RequiredCapabilities {
        RequiredCapabilities {
            extension_types: alloc::vec![ExtensionType::APP_DATA_DICTIONARY],
            proposal_types: alloc::vec![ProposalType::APP_DATA_UPDATE],
            credential_types: self.credential_types.clone(),
        }
    }

    /// The extensions, with the hub as the one external sender.
    ///
    /// # Errors
    /// [`CreationError::Invalid`] if a component or an extension is there twice.
    pub fn extensions(mut self, hub: ExternalSender) -> Result<Extensions, CreationError> {
        let required = self.required_capabilities();
        // Members must understand all of them (mls-extensions-10 §5).
        let listed = self.components.iter().map(|it| it.component_id).chain(self.safe_aad.iter().copied());
        let mut component_ids: Vec<ComponentID> = listed.collect();
        component_ids.sort_unstable();
        component_ids.dedup();
        let mut new = self.component(ComponentID::APP_COMPONENTS, &ComponentsList { component_ids })?;
        if !new.safe_aad.is_empty() {
            new.safe_aad.sort_unstable();
            let list = ComponentsList { component_ids: core::mem::take(&mut new.safe_aad) };
            new = new.component(ComponentID::SAFE_AAD, &list)?;
        }
        self = new;
        self.components.sort_by_key(|it| it.component_id);
        let component_data = List::new(self.components)?;
        let dictionary = AppDataDictionary { component_data };
        dictionary.check_in_group_context()?;
        let extension =
            |extension_type, data: Vec<u8>| Extension { extension_type, extension_data: data.into() };
        let senders = ExternalSenders { external_senders: alloc::vec![hub] };
        let mut all = alloc::vec![
            extension(ExtensionType::REQUIRED_CAPABILITIES, required.to_bytes()?),
            extension(ExtensionType::EXTERNAL_SENDERS, senders.to_bytes()?),
            extension(ExtensionType::APP_DATA_DICTIONARY, dictionary.to_bytes()?),
        ];
        all.extend(self.more);
        Ok(Extensions::new(all)?)
    }
}
