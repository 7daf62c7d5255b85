//! One-to-one, ad-hoc and named groups: all of them rooms, told apart by their settings
//! (mimi-room-policy-04 §5).
//!
//! A fixed-membership room is the one conversation of its participants: only one can exist for a
//! set of them. So there is a key that follows from the set alone, by which the same people find
//! the same room.

use alloc::collections::BTreeMap;
use alloc::collections::BTreeSet;
use core::fmt;

use mimi_codec::{EncodeError, RoomUri, UserUri, Writer, room_policy::BaseRoomPolicy};
use sha2::{Digest, Sha256};

/// What kind of conversation a room is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Conversation {
    /// Fixed membership of two: unique and immutable.
    OneToOne,
    /// Fixed membership of one or of several: unique and immutable.
    AdHoc,
    /// Participants come and go; any number of rooms may have the same.
    Named,
}

impl Conversation {
    /// The kind of a room with this base policy and that many participants, banned ones not
    /// counted.
    #[must_use]
    pub const fn of(policy: &BaseRoomPolicy, participants: usize) -> Self {
        match (policy.fixed_membership, participants) {
            (false, _) => Self::Named,
            (true, 2) => Self::OneToOne,
            (true, _) => Self::AdHoc,
        }
    }

    /// Whether only one room of its kind can have its participants, and keeps them.
    #[must_use]
    pub const fn is_unique(self) -> bool {
        matches!(self, Self::OneToOne | Self::AdHoc)
    }
}

/// The key of the one fixed-membership room of a set of participants; ours, no draft has one.
///
/// ```text
/// struct {
///   opaque label<V> = "MIMI conversation key 1";
///   Uri parent_room;                  /* zero length for none */
///   IdentifierUri participants<V>;    /* in ascending order of their bytes, each once */
/// } ConversationKeyInput;
///
/// conversation_key = SHA-256(ConversationKeyInput)
/// ```
///
/// The parent belongs to it: a room for a call inside another room isn't the direct message of the
/// same people. Participants are compared byte by byte, as everywhere. Who knows the participants
/// knows the key; it is no secret.
///
/// ```
/// use mimi_codec::UserUri;
/// use mimi_room::conversation::ConversationKey;
///
/// let uri = |text: &str| UserUri::try_from(text).unwrap();
/// let (alice, bob) = (uri("mimi://a.example/u/alice"), uri("mimi://b.example/u/bob"));
/// let cathy = uri("mimi://c.example/u/cathy");
/// let key = ConversationKey::new([&alice, &bob])?;
/// assert_eq!(ConversationKey::new([&bob, &alice])?, key);
/// assert_ne!(ConversationKey::new([&alice, &bob, &cathy])?, key);
/// # Ok::<(), mimi_room::conversation::ConversationKeyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationKey([u8; 32]);

/// Why there is no key for some participants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConversationKeyError {
    /// There are none.
    NoParticipants,
    /// They take more bytes than a vector can hold.
    TooLong(EncodeError),
}

impl fmt::Display for ConversationKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoParticipants => f.write_str("a conversation without users"),
            Self::TooLong(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ConversationKeyError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::NoParticipants => None,
            Self::TooLong(error) => Some(error),
        }
    }
}

const LABEL: &[u8] = b"MIMI conversation key 1";

impl ConversationKey {
    /// The key for these participants, in whatever order; one who is named twice counts once.
    ///
    /// # Errors
    /// [`ConversationKeyError`].
    pub fn new<'a>(
        participants: impl IntoIterator<Item = &'a UserUri>,
    ) -> Result<Self, ConversationKeyError> {
        Self::with_parent(&[], participants)
    }

    /// The key for these participants in a room that depends on the parent room with this URI.
    ///
    /// # Errors
    /// [`ConversationKeyError`].
    pub fn in_parent<'a>(
        parent_room: &RoomUri,
        participants: impl IntoIterator<Item = &'a UserUri>,
    ) -> Result<Self, ConversationKeyError> {
        Self::with_parent(parent_room.as_bytes(), participants)
    }

    fn with_parent<'a>(
        parent_room: &[u8],
        participants: impl IntoIterator<Item = &'a UserUri>,
    ) -> Result<Self, ConversationKeyError> {
        let participants: BTreeSet<&[u8]> = participants.into_iter().map(UserUri::as_bytes).collect();
        if participants.is_empty() {
            return Err(ConversationKeyError::NoParticipants);
        }
        let encode = || {
            let mut input = Writer::new();
            input.opaque(LABEL)?;
            input.opaque(parent_room)?;
            input.vector(|input| participants.iter().try_for_each(|user| input.opaque(user)))?;
            Ok(input.into_bytes())
        };
        let input = encode().map_err(ConversationKeyError::TooLong)?;
        Ok(Self(Sha256::digest(input).into()))
    }

    /// The key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ConversationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ConversationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConversationKey({self})")
    }
}

/// The fixed-membership rooms of a hub, by the key of their participants.
///
/// ```
/// use mimi_codec::{RoomUri, UserUri};
/// use mimi_room::conversation::{ConversationKey, Conversations};
///
/// let uri = |text: &str| UserUri::try_from(text).unwrap();
/// let key = ConversationKey::new([&uri("mimi://a.example/u/alice"), &uri("mimi://b.example/u/bob")])?;
/// let mut conversations = Conversations::default();
/// let room = RoomUri::try_from("mimi://a.example/r/1").unwrap();
/// assert_eq!(conversations.open(key, room.clone()), Ok(()));
/// // A request for another one gets the room that there is.
/// let refused = conversations.open(key, RoomUri::try_from("mimi://a.example/r/2").unwrap()).unwrap_err();
/// assert_eq!(refused.room, room);
/// # Ok::<(), mimi_room::conversation::ConversationKeyError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Conversations {
    rooms: BTreeMap<ConversationKey, RoomUri>,
}

/// These people have a room already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationExistsError {
    /// The room.
    pub room: RoomUri,
}

impl fmt::Display for ConversationExistsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the participants have the room {:?}", self.room)
    }
}

impl core::error::Error for ConversationExistsError {}

impl Conversations {
    /// The room of these people.
    #[must_use]
    pub fn room(&self, key: &ConversationKey) -> Option<&RoomUri> {
        self.rooms.get(key)
    }

    /// Opens a room for people who have none yet. To open the room that they have again changes
    /// nothing.
    ///
    /// # Errors
    /// [`ConversationExistsError`], with the room that they have; nothing is changed.
    pub fn open(&mut self, key: ConversationKey, room: RoomUri) -> Result<(), ConversationExistsError> {
        match self.rooms.get(&key) {
            Some(existing) if *existing == room => Ok(()),
            Some(existing) => Err(ConversationExistsError { room: existing.clone() }),
            None => {
                self.rooms.insert(key, room);
                Ok(())
            }
        }
    }

    /// Forgets the room of these people, once it is destroyed.
    pub fn close(&mut self, key: &ConversationKey) -> Option<RoomUri> {
        self.rooms.remove(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;
    use mimi_codec::protocol::Uri;

    fn uri(text: &str) -> UserUri {
        UserUri::try_from(text).unwrap()
    }

    fn room(text: &str) -> RoomUri {
        RoomUri::try_from(text).unwrap()
    }

    #[test]
    fn kinds_are_settings_of_one_room() {
        let policy = |fixed_membership| BaseRoomPolicy {
            fixed_membership,
            parent_dependant: false,
            parent_room: Uri::none(),
            multi_device: true,
            max_clients: None,
            max_users: None,
            pseudonyms_allowed: true,
            persistent_room: true,
            discoverable: false,
            policy_component_ids: vec![],
        };
        for (fixed, participants, kind) in [
            (true, 1, Conversation::AdHoc),
            (true, 2, Conversation::OneToOne),
            (true, 3, Conversation::AdHoc),
            (false, 2, Conversation::Named),
            (false, 3, Conversation::Named),
        ] {
            assert_eq!(Conversation::of(&policy(fixed), participants), kind);
            assert_eq!(kind.is_unique(), fixed);
        }
    }

    #[test]
    fn the_key_is_the_hash_of_the_written_out_input() {
        // "MIMI conversation key 1" has 23 bytes, each user 24; 24 + 1 and 24 + 1 are 50.
        let input =
            b"\x17MIMI conversation key 1\x00\x32\x18mimi://a.example/u/alice\x18mimi://b.example/u/bobby";
        let key = ConversationKey::new([&uri("mimi://b.example/u/bobby"), &uri("mimi://a.example/u/alice")]);
        let key = key.unwrap();
        assert_eq!(key.as_bytes()[..], Sha256::digest(input)[..]);
        // Computed once with another program.
        assert_eq!(key.to_string(), "fa858c4dbb0cf35cb05ac182f2afaf4302919652fa25d729853115b5e2a672e3");
    }

    #[test]
    fn one_who_is_named_twice_counts_once() {
        let (alice, bob) = (uri("a"), uri("b"));
        let key = ConversationKey::new([&alice, &bob]).unwrap();
        assert_eq!(ConversationKey::new([&bob, &alice, &bob]).unwrap(), key);
        assert_eq!(ConversationKey::new([]), Err(ConversationKeyError::NoParticipants));
    }

    #[test]
    fn borders_between_participants_count() {
        let key = |users: &[&str]| {
            let users: vec::Vec<_> = users.iter().map(|user| uri(user)).collect();
            ConversationKey::new(&users).unwrap()
        };
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_ne!(key(&["abc"]), key(&["ab", "c"]));
    }

    #[test]
    fn a_call_in_a_room_is_not_the_direct_message_of_the_same_people() {
        let (alice, bob) = (uri("a"), uri("b"));
        let direct = ConversationKey::new([&alice, &bob]).unwrap();
        let call = ConversationKey::in_parent(&room("r"), [&alice, &bob]).unwrap();
        let other = ConversationKey::in_parent(&room("s"), [&alice, &bob]).unwrap();
        assert!(direct != call && call != other);
    }

    #[test]
    fn refuses_a_second_room_of_the_same_people() {
        let mut conversations = Conversations::default();
        let key = ConversationKey::new([&uri("a"), &uri("b")]).unwrap();
        assert_eq!(conversations.room(&key), None);
        assert_eq!(conversations.open(key, room("r")), Ok(()));
        assert_eq!(conversations.open(key, room("r")), Ok(()));
        let exists = ConversationExistsError { room: room("r") };
        assert_eq!(conversations.open(key, room("s")), Err(exists));
        assert_eq!(conversations.room(&key), Some(&room("r")));
        assert_eq!(conversations.close(&key), Some(room("r")));
        assert_eq!(conversations.open(key, room("s")), Ok(()));
    }
}
