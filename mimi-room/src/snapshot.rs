//! A room as bytes: to be stored, and to be moved to another server.
//!
//! A snapshot is deterministic: the same room gives the same bytes. It holds the GroupContext, the
//! client behind each leaf, and the proposals that wait with their times. Loading it builds the
//! room of the GroupContext and judges the waiting proposals again in the order of their
//! acceptance, so it takes no decision on faith. The MLS stack keeps its own state.
//!
//! ```text
//! struct {
//!   uint16 version = 1;
//!   opaque room_uri<V>;
//!   GroupContext group_context;
//!   SnapshotMember members<V>;
//!   WaitingList waiting<V>;
//! } RoomSnapshot;
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
    mls::{AuthenticatedContent, GroupContext, MLSMessage, ProposalRef},
    protocol::ProposalMessage,
    room_policy::Claim,
};
use mimi_crypto::{CipherSuiteProvider, proposal_ref};
use mimi_policy::{Claims, TableSeed};

use crate::{Identity, LoadError, Member, Refused, Room, WaitingProposal};

/// The version that [`Room::snapshot`] writes.
pub const SNAPSHOT_VERSION: u16 = 1;

/// A snapshot that was read and makes no room yet.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomSnapshot {
    uri: RoomUri,
    context: GroupContext,
    members: Vec<(u32, Member)>,
    waiting: Vec<Vec<WaitingProposal>>,
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
        why: Refused,
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
        writer.vector(|writer| {
            self.waiting.lists().try_for_each(|list| {
                writer.vector(|writer| list.iter().try_for_each(|it| encode_waiting(it, writer)))
            })
        })?;
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
        let version = reader.uint16()?;
        if version != SNAPSHOT_VERSION {
            return Err(refuse(reader, "the version of the snapshot is not known"));
        }
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
        let mut waiting = Vec::new();
        let mut lists = reader.vector()?;
        while !lists.is_empty() {
            let mut inner = lists.vector()?;
            let mut list = Vec::new();
            while !inner.is_empty() {
                list.push(decode_waiting(&mut inner)?);
            }
            if list.is_empty() {
                return Err(refuse(&lists, "an empty list of proposals waits"));
            }
            waiting.push(list);
        }
        Ok(Self { uri, context, members, waiting })
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
        for (list, proposals) in self.waiting.into_iter().enumerate() {
            let refuse = |why| RestoreError::Waiting { list, why };
            for waiting in &proposals {
                let content = waiting.content.content();
                room.check_place(content.group_id(), *content.epoch()).map_err(refuse)?;
                let reference = proposal_ref(suite, &waiting.content);
                if reference.as_ref() != Ok(&waiting.reference) {
                    return Err(refuse(Refused::WrongContent));
                }
            }
            let judged = room.judge_proposal_list(identity, &proposals);
            let (_, plan, _) = judged.map_err(refuse)?;
            let accepted = room.accept(plan, proposals);
            accepted.map_err(|error| refuse(Refused::Mls(alloc::format!("{error}"))))?;
        }
        Ok(room)
    }
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
