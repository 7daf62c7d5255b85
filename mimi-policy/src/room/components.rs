//! A room from the components that its members agree on, and back.

use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    Decode, DecodeError, Encode, List, Opaque,
    code_points::ComponentID,
    extensions::{AppDataDictionary, ComponentData},
    protocol::{ParticipantListData, ParticipantListDataView, RoomMetaData, UserRolePair},
    room_policy::{BaseRoomPolicy, PreAuthData, RoleData},
};

use super::{RoomParts, RoomState};
use crate::Defect;

/// A dictionary that no room can be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DictionaryError {
    /// A component that every room has isn't there: the participant list or the roles.
    Missing(ComponentID),
    /// A component isn't what its number says.
    Malformed {
        /// The component.
        component: ComponentID,
        /// What is wrong with it; offsets count from the beginning of its data.
        error: DecodeError,
    },
}

impl fmt::Display for DictionaryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(component) => write!(f, "the dictionary has no {component}"),
            Self::Malformed { component, error } => write!(f, "{component}: {error}"),
        }
    }
}

impl core::error::Error for DictionaryError {}

/// A dictionary says something else than the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComponentDifferenceError {
    /// The first component that differs.
    pub component: ComponentID,
}

impl fmt::Display for ComponentDifferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the dictionary's {} is not the room's", self.component)
    }
}

impl core::error::Error for ComponentDifferenceError {}

/// The components that this crate judges changes of (mimi-protocol-06 §10.3 and §10.4,
/// mimi-room-policy-04 §10.1).
pub(crate) const fn is_room_component(component: ComponentID) -> bool {
    component.0 >= ComponentID::PARTICIPANT_LIST.0 && component.0 <= ComponentID::MESSAGE_EXPIRATION_POLICY.0
}

/// Those of them that a [`RoomState`] reads.
const READ: [ComponentID; 5] = [
    ComponentID::PARTICIPANT_LIST,
    ComponentID::ROOM_METADATA,
    ComponentID::ROLES_LIST,
    ComponentID::PREAUTH_LIST,
    ComponentID::BASE_ROOM_POLICY,
];

fn component<'a, T: Decode<'a>>(
    dictionary: &'a AppDataDictionary,
    component: ComponentID,
) -> Result<Option<T>, DictionaryError> {
    let Some(data) = dictionary.data(component) else { return Ok(None) };
    T::decode_exact(data).map(Some).map_err(|error| DictionaryError::Malformed { component, error })
}

impl RoomParts {
    /// The parts that a GroupContext's dictionary holds. The clients, and who is in a parent room,
    /// are told beside it.
    ///
    /// # Errors
    /// What is missing or malformed.
    pub fn from_dictionary(dictionary: &AppDataDictionary) -> Result<Self, DictionaryError> {
        let missing = |component| move || DictionaryError::Missing(component);
        let (participant_list, roles_list) = (ComponentID::PARTICIPANT_LIST, ComponentID::ROLES_LIST);
        let participants: Option<ParticipantListData> = component(dictionary, participant_list)?;
        let roles: Option<RoleData> = component(dictionary, roles_list)?;
        let other = dictionary
            .component_data
            .iter()
            .filter(|entry| is_room_component(entry.component_id) && !READ.contains(&entry.component_id));
        let other: Vec<ComponentData> = other.cloned().collect();
        if let Some(data) = dictionary.data(ComponentID::MLS_OPERATIONAL_POLICY) {
            mimi_codec::room_policy::OperationalParameters::decode_exact(data).map_err(|error| {
                DictionaryError::Malformed { component: ComponentID::MLS_OPERATIONAL_POLICY, error }
            })?;
        }
        Ok(Self {
            base: component::<BaseRoomPolicy>(dictionary, ComponentID::BASE_ROOM_POLICY)?,
            preauth: component::<PreAuthData>(dictionary, ComponentID::PREAUTH_LIST)?,
            metadata: component::<RoomMetaData>(dictionary, ComponentID::ROOM_METADATA)?,
            other,
            ..Self::new(
                roles.ok_or_else(missing(roles_list))?,
                participants.ok_or_else(missing(participant_list))?,
            )
        })
    }
}

impl RoomState {
    /// The participant list as its component holds it.
    #[must_use]
    pub fn participant_list(&self) -> ParticipantListData {
        let pairs = self.participants();
        let pairs =
            pairs.map(|(user, role_index)| UserRolePair { user: user.as_opaque().clone(), role_index });
        ParticipantListData { participants: pairs.collect() }
    }

    /// One of the room's components, encoded; `None` if the room has no such component.
    ///
    /// A party that knows which components a commit updates encodes those alone: the participant
    /// list of a large room costs more than the decision on a commit.
    ///
    /// # Errors
    /// [`Defect::TooLarge`] if the component is longer than the wire can hold.
    pub fn to_component(&self, component: ComponentID) -> Result<Option<Opaque>, Defect> {
        fn bytes(value: Option<&impl Encode>) -> Result<Option<Opaque>, Defect> {
            let bytes = value.map(|value| value.to_bytes().map_err(|_| Defect::TooLarge));
            Ok(bytes.transpose()?.map(Opaque::new))
        }
        match component {
            ComponentID::PARTICIPANT_LIST => bytes(Some(&self.participant_list())),
            ComponentID::ROLES_LIST => bytes(Some(&self.roles.data)),
            ComponentID::ROOM_METADATA => bytes(self.metadata.as_ref()),
            ComponentID::PREAUTH_LIST => bytes(self.preauth.as_ref()),
            ComponentID::BASE_ROOM_POLICY => bytes(Some(&self.base).filter(|_| self.base_is_stated)),
            _ => {
                let other = self.other.iter().find(|entry| entry.component_id == component);
                Ok(other.map(|entry| entry.data.clone()))
            }
        }
    }

    /// The room's components, as a GroupContext's dictionary has them among others.
    ///
    /// # Errors
    /// [`Defect::TooLarge`] when a component is longer than the wire can hold.
    pub fn to_components(&self) -> Result<Vec<ComponentData>, Defect> {
        let mut components = self.other.clone();
        for component_id in READ {
            let data = self.to_component(component_id)?;
            components.extend(data.map(|data| ComponentData { component_id, data }));
        }
        components.sort_by_key(|component| component.component_id);
        Ok(components)
    }

    /// The room's components as a dictionary of their own.
    ///
    /// # Errors
    /// [`Defect::TooLarge`] when a component is longer than the wire can hold.
    pub fn to_dictionary(&self) -> Result<AppDataDictionary, Defect> {
        let component_data = List::new(self.to_components()?).map_err(|_| Defect::TooLarge)?;
        Ok(AppDataDictionary { component_data })
    }

    /// Whether a GroupContext's dictionary says the same as this room. Components that aren't about
    /// the room's rules and participants are not looked at.
    ///
    /// Ask it after a commit was applied: proposals that wait for a commit are in the room, and not
    /// yet in the dictionary.
    ///
    /// # Errors
    /// The first component that differs, in the order of their numbers.
    pub fn matches(&self, dictionary: &AppDataDictionary) -> Result<(), ComponentDifferenceError> {
        fn same<T: Encode>(value: Option<&T>, data: Option<&[u8]>) -> bool {
            match (value, data) {
                (None, None) => true,
                (Some(value), Some(data)) => value.to_bytes().is_ok_and(|bytes| bytes == data),
                _ => false,
            }
        }
        for number in ComponentID::PARTICIPANT_LIST.0..=ComponentID::MESSAGE_EXPIRATION_POLICY.0 {
            let component = ComponentID(number);
            let data = dictionary.data(component);
            let equal = match component {
                ComponentID::PARTICIPANT_LIST => data.is_some_and(|data| self.has_participants(data)),
                ComponentID::ROLES_LIST => same(Some(&self.roles.data), data),
                ComponentID::ROOM_METADATA => same(self.metadata.as_ref(), data),
                ComponentID::PREAUTH_LIST => same(self.preauth.as_ref(), data),
                ComponentID::BASE_ROOM_POLICY => same(self.base_is_stated.then_some(&self.base), data),
                _ => {
                    self.other.iter().find(|other| other.component_id == component).map(|other| &*other.data)
                        == data
                }
            };
            if !equal {
                return Err(ComponentDifferenceError { component });
            }
        }
        Ok(())
    }

    fn has_participants(&self, data: &[u8]) -> bool {
        let Ok(view) = ParticipantListDataView::decode_exact(data) else { return false };
        let theirs = view.participants.iter().map(|pair| (pair.user, pair.role_index));
        self.participants().map(|(user, role)| (user.as_bytes(), role)).eq(theirs)
    }
}
