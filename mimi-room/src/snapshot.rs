//! A room as bytes: to be stored, and to be moved to another server.
//!
//! A snapshot is deterministic: the same room gives the same bytes. It holds the GroupContext, the
//! client behind each leaf, and the proposals that wait with their times. Loading it builds the
//! room of the GroupContext and judges the waiting proposals again in the order of their
//! acceptance, so it takes no decision on faith. The MLS stack keeps its own state.
//!
//! ```text
//! struct {
//!   uint16 version = 2;
//!   opaque room_uri<V>;
//!   GroupContext group_context;
//!   SnapshotMember members<V>;
//!   WaitingList waiting<V>;
//!   optional<Parent> parent;           /* not in version 1 */
//!   optional<Parent> next_parent;      /* not in version 1 */
//! } RoomSnapshot;
//!
//! struct { opaque user<V>; } ParentUser;
//! struct { ParentUser present<V>; ParentUser banned<V>; } Parent;
//!
//! struct {
//!   uint32 leaf_index;
//!   opaque user<V>;
//!   opaque client<V>;
//!   opaque provider<V>;
//!   Claim claims<V>;
//! } SnapshotMember;
//!
//! struct {
//!   WaitingProposal proposals<V>;
//! } WaitingList;
//!
//! struct {
//!   uint64 accepted_at;
//!   opaque reference<V>;
//!   MLSMessage message;
//!   AuthenticatedContent content;
//! } WaitingProposal;
//! ```

use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    ClientUri, Decode, DecodeError, DecodeErrorKind, DnsName, Encode, EncodeError, Reader, RoomUri, UserUri,
    Writer,
    mls::{AuthenticatedContent, GroupContext, MLSMessage, MLSMessageBody, ProposalRef},
    protocol::ProposalMessage,
    room_policy::Claim,
};
use mimi_crypto::{CipherSuiteProvider, proposal_ref};
use mimi_policy::{Claims, ParentParticipants, TableSeed};

use crate::{Identity, LoadError, Member, Room, RoomRefusal, WaitingProposal};

/// The version that [`Room::snapshot`] writes.
pub const SNAPSHOT_VERSION: u16 = 2;

/// A snapshot that was read and makes no room yet.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomSnapshot {
    uri: RoomUri,
    context: GroupContext,
    members: Vec<(u32, Member)>,
    waiting: Vec<Vec<WaitingProposal>>,
    parent: Option<ParentParticipants>,
    next_parent: Option<ParentParticipants>,
}

/// Why a snapshot makes no room. Each reason says what repairs it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RestoreError {
    /// The bytes are not a snapshot of a known version.
    Decode(DecodeError),
    /// The GroupContext and the members make no room. [`Room::load`] reads the members from the
    /// tree again.
    Load(LoadError),
    /// A list of waiting proposals is not accepted any more. [`RoomSnapshot::without_waiting`]
    /// gives up this list and those after it; their senders propose again.
    Waiting {
        /// The list, by its place.
        list: usize,
        /// Why.
        why: RoomRefusal,
    },
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => error.fmt(f),
            Self::Load(error) => error.fmt(f),
            Self::Waiting { list, why } => write!(f, "waiting list {list}: {why}"),
        }
    }
}

impl core::error::Error for RestoreError {}

impl From<DecodeError> for RestoreError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl Room {
    /// The room as bytes, the waiting proposals included.
    ///
    /// # Errors
    /// [`EncodeError`] if something is longer than the wire can hold.
    pub fn snapshot(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new();
        SNAPSHOT_VERSION.encode(&mut writer)?;
        writer.opaque(self.uri.as_bytes())?;
        self.context.encode(&mut writer)?;
        writer.vector(|writer| {
            self.members.iter().try_for_each(|(leaf, member)| encode_member(leaf, member, writer))
        })?;
        encode_lists(self.waiting.lists(), &mut writer)?;
        encode_parent(self.policy.parent_participants(), &mut writer)?;
        encode_parent(self.next_parent.as_ref(), &mut writer)?;
        Ok(writer.into_bytes())
    }
}

impl RoomSnapshot {
    /// Reads a snapshot of any version that was ever written.
    ///
    /// # Errors
    /// [`RestoreError::Decode`].
    pub fn read(bytes: &[u8]) -> Result<Self, RestoreError> {
        let mut reader = Reader::new(bytes);
        let snapshot = Self::decode(&mut reader)?;
        reader.finish()?;
        Ok(snapshot)
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = read_version(reader)?;
        let uri = reader.opaque()?;
        let uri = RoomUri::try_from(uri).map_err(|_| refuse(reader, "not the URI of a room"))?;
        let context: GroupContext = reader.field("group_context")?;
        let mut members: Vec<(u32, Member)> = Vec::new();
        let mut inner = reader.vector()?;
        while !inner.is_empty() {
            let (leaf, member) = decode_member(&mut inner)?;
            if members.last().is_some_and(|(last, _)| *last >= leaf) {
                return Err(refuse(&inner, "the leaves do not ascend"));
            }
            members.push((leaf, member));
        }
        let waiting = decode_lists(reader)?;
        let (parent, next_parent) = match version {
            1 => (None, None),
            _ => (decode_parent(reader)?, decode_parent(reader)?),
        };
        Ok(Self { uri, context, members, waiting, parent, next_parent })
    }

    /// Its URI.
    #[must_use]
    pub const fn uri(&self) -> &RoomUri {
        &self.uri
    }

    /// The GroupContext that the MLS stack must be at.
    #[must_use]
    pub const fn group_context(&self) -> &GroupContext {
        &self.context
    }

    /// The references of the proposals that wait.
    pub(crate) fn references(&self) -> impl Iterator<Item = &ProposalRef> {
        self.waiting.iter().flatten().map(WaitingProposal::reference)
    }

    /// The messages of the proposals that wait, list by list: a stack that has been built anew
    /// verifies and queues them.
    pub fn waiting(&self) -> impl Iterator<Item = &ProposalMessage> {
        self.waiting.iter().flatten().map(WaitingProposal::message)
    }

    /// The snapshot with the first `lists` of its waiting lists.
    #[must_use]
    pub fn without_waiting(mut self, lists: usize) -> Self {
        self.waiting.truncate(lists);
        self
    }

    /// The room.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore<C: CipherSuiteProvider + ?Sized>(
        self,
        suite: &C,
        identity: &impl Identity,
        seed: TableSeed,
    ) -> Result<Room, RestoreError> {
        let room = Room::of_parts(self.uri, self.context, self.members, identity, seed);
        let mut room = room.map_err(RestoreError::Load)?;
        if let Some(parent) = self.parent {
            room.policy.set_parent_participants(parent);
        }
        room.next_parent = self.next_parent;
        for (list, proposals) in self.waiting.into_iter().enumerate() {
            let refuse = |why| RestoreError::Waiting { list, why };
            check_list(&room, suite, &proposals).map_err(refuse)?;
            room.accept_list(identity, proposals).map_err(refuse)?;
        }
        Ok(room)
    }
}

/// The proposals of a stored list are of the room's epoch, and have the references that are stored.
pub(crate) fn check_list<C: CipherSuiteProvider + ?Sized>(
    room: &Room,
    suite: &C,
    list: &[WaitingProposal],
) -> Result<(), RoomRefusal> {
    for waiting in list {
        let content = waiting.content.content();
        room.check_place(content.group_id(), *content.epoch())?;
        let reference = proposal_ref(suite, &waiting.content);
        if reference.as_ref() != Ok(&waiting.reference) || !is_of_message(waiting) {
            return Err(RoomRefusal::WrongContent);
        }
    }
    Ok(())
}

/// Whether the stored message carries the stored content. Joiners are given the message. Only the
/// MLS stack can tell what a SemiPrivateMessage carries.
fn is_of_message(waiting: &WaitingProposal) -> bool {
    match &waiting.message.get().body {
        MLSMessageBody::PublicMessage { public_message } => {
            public_message.content() == waiting.content.content()
                && public_message.auth() == waiting.content.auth()
        }
        _ => true,
    }
}

/// Reads the version of a snapshot.
pub(crate) fn read_version(reader: &mut Reader<'_>) -> Result<u16, DecodeError> {
    match reader.uint16()? {
        version @ 1..=SNAPSHOT_VERSION => Ok(version),
        _ => Err(refuse(reader, "the version of the snapshot is not known")),
    }
}

pub(crate) fn encode_lists<'l>(
    mut lists: impl Iterator<Item = &'l [WaitingProposal]>,
    writer: &mut Writer,
) -> Result<(), EncodeError> {
    writer.vector(|writer| lists.try_for_each(|list| encode_list(list, writer)))
}

pub(crate) fn encode_list(list: &[WaitingProposal], writer: &mut Writer) -> Result<(), EncodeError> {
    writer.vector(|writer| list.iter().try_for_each(|it| encode_waiting(it, writer)))
}

pub(crate) fn decode_lists(reader: &mut Reader<'_>) -> Result<Vec<Vec<WaitingProposal>>, DecodeError> {
    let mut lists = Vec::new();
    let mut inner = reader.vector()?;
    while !inner.is_empty() {
        lists.push(decode_list(&mut inner)?);
    }
    Ok(lists)
}

pub(crate) fn decode_list(reader: &mut Reader<'_>) -> Result<Vec<WaitingProposal>, DecodeError> {
    let mut inner = reader.vector()?;
    let mut list = Vec::new();
    while !inner.is_empty() {
        list.push(decode_waiting(&mut inner)?);
    }
    if list.is_empty() {
        return Err(refuse(reader, "an empty list of proposals waits"));
    }
    Ok(list)
}

fn encode_parent(parent: Option<&ParentParticipants>, writer: &mut Writer) -> Result<(), EncodeError> {
    let Some(parent) = parent else { return 0u8.encode(writer) };
    1u8.encode(writer)?;
    writer.vector(|writer| parent.iter().try_for_each(|user| writer.opaque(user.as_bytes())))?;
    writer.vector(|writer| parent.banned().try_for_each(|user| writer.opaque(user.as_bytes())))
}

fn decode_parent(reader: &mut Reader<'_>) -> Result<Option<ParentParticipants>, DecodeError> {
    if !reader.presence()? {
        return Ok(None);
    }
    let present = decode_users(reader)?;
    let banned = decode_users(reader)?;
    if present.iter().any(|user| banned.binary_search(user).is_ok()) {
        return Err(refuse(reader, "a user is banned in the parent room and is not"));
    }
    Ok(Some(ParentParticipants::new(present, banned)))
}

/// Users in ascending order.
fn decode_users(reader: &mut Reader<'_>) -> Result<Vec<UserUri>, DecodeError> {
    let mut users = Vec::new();
    let mut inner = reader.vector()?;
    while !inner.is_empty() {
        let user = UserUri::try_from(inner.opaque()?);
        let user = user.map_err(|_| refuse(&inner, "not the URI of a user"))?;
        if users.last().is_some_and(|last| *last >= user) {
            return Err(refuse(&inner, "the users do not ascend"));
        }
        users.push(user);
    }
    Ok(users)
}

pub(crate) fn refuse(reader: &Reader<'_>, rule: &'static str) -> DecodeError {
    reader.refuse(DecodeErrorKind::Rule(rule))
}

pub(crate) fn encode_member(leaf: u32, member: &Member, writer: &mut Writer) -> Result<(), EncodeError> {
    leaf.encode(writer)?;
    writer.opaque(member.user.as_bytes())?;
    writer.opaque(member.client.as_bytes())?;
    writer.opaque(member.provider.as_str().as_bytes())?;
    writer.vector(|writer| member.claims.as_slice().iter().try_for_each(|claim| claim.encode(writer)))
}

pub(crate) fn decode_member(reader: &mut Reader<'_>) -> Result<(u32, Member), DecodeError> {
    let leaf = reader.uint32()?;
    let user = UserUri::try_from(reader.opaque()?);
    let user = user.map_err(|_| refuse(reader, "not the URI of a user"))?;
    let client = ClientUri::try_from(reader.opaque()?);
    let client = client.map_err(|_| refuse(reader, "not the URI of a client"))?;
    let provider = core::str::from_utf8(reader.opaque()?).ok();
    let provider = provider.and_then(|it| DnsName::parse(it).ok());
    let provider = provider.ok_or_else(|| refuse(reader, "not a domain name"))?;
    let mut claims = Vec::new();
    let mut inner = reader.vector()?;
    while !inner.is_empty() {
        claims.push(Claim::decode(&mut inner)?);
    }
    let count = claims.len();
    let claims = Claims::new(claims).map_err(|_| refuse(reader, "a claim is not normal"))?;
    if claims.as_slice().len() != count {
        return Err(refuse(reader, "a claim stands twice"));
    }
    Ok((leaf, Member { user, client, provider, claims }))
}

fn encode_waiting(waiting: &WaitingProposal, writer: &mut Writer) -> Result<(), EncodeError> {
    waiting.accepted_at.encode(writer)?;
    writer.opaque(waiting.reference.as_slice())?;
    waiting.message.get().encode(writer)?;
    waiting.content.encode(writer)
}

fn decode_waiting(reader: &mut Reader<'_>) -> Result<WaitingProposal, DecodeError> {
    let accepted_at = reader.uint64()?;
    let reference = ProposalRef::from(reader.opaque()?);
    let message: MLSMessage = reader.field("message")?;
    let message = ProposalMessage::new(message);
    let message = message.map_err(|_| refuse(reader, "not the message of a proposal"))?;
    let content: AuthenticatedContent = reader.field("content")?;
    Ok(WaitingProposal { reference, message, content, accepted_at })
}
