//! A client's room as bytes.
//!
//! ```text
//! struct {
//!   uint16 version = 2;
//!   opaque room<V>;                 /* RoomSnapshot */
//!   opaque hub<V>;
//!   FormerMember former<V>;
//!   WaitingList held<V>;                    /* not in version 1 */
//!   optional<PendingHandshake> pending;     /* not in version 1 */
//!   Silenced silenced<V>;                   /* not in version 1 */
//! } ClientRoomSnapshot;
//!
//! struct {
//!   uint8 kind;                             /* 1 or 2 */
//!   UpdateRequest request;
//!   select (kind) {
//!     case 1: AuthenticatedContent commit;
//!     case 2: WaitingList proposals;
//!   };
//! } PendingHandshake;
//!
//! struct { uint64 until_epoch; SnapshotMember member; } FormerMember;
//! struct { uint64 epoch; uint64 since; opaque user<V>; } Silenced;
//! ```

use alloc::{boxed::Box, collections::BTreeSet, string::ToString, vec::Vec};

use mimi_codec::{
    Decode, DecodeError, DnsName, Encode, Reader, UserUri, Writer, mls::AuthenticatedContent,
    protocol::UpdateRequest,
};
use mimi_crypto::CipherSuiteProvider;
use mimi_policy::TableSeed;

use super::{ClientError, ClientRoom, Pending, Silenced};
use crate::{
    Identity, LoadError, Member, MlsMember, RestoreError, RoomRefusal, RoomSnapshot, SNAPSHOT_VERSION,
    WaitingProposal,
    snapshot::{
        check_list, decode_list, decode_lists, decode_member, encode_list, encode_lists, encode_member,
        read_version, refuse,
    },
};

/// A client's room that was read and is not restored yet.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientSnapshot {
    room: RoomSnapshot,
    hub: DnsName,
    former: Vec<(u64, u32, Member)>,
    held: Vec<Vec<WaitingProposal>>,
    pending: Option<Handshake>,
    silenced: Vec<Silenced>,
}

/// A handshake that waits for the hub's answer.
#[derive(Clone, Debug, PartialEq)]
enum Handshake {
    Commit { request: Box<UpdateRequest>, content: Box<AuthenticatedContent> },
    Proposals { request: Box<UpdateRequest>, list: Vec<WaitingProposal> },
}

impl Handshake {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.uint8()? {
            1 => Ok(Self::Commit {
                request: Box::new(reader.field("request")?),
                content: Box::new(reader.field("commit")?),
            }),
            2 => Ok(Self::Proposals {
                request: Box::new(reader.field("request")?),
                list: decode_list(reader)?,
            }),
            _ => Err(refuse(reader, "the kind of the pending handshake is not known")),
        }
    }
}

impl<S: MlsMember> ClientRoom<S> {
    /// The room as deterministic bytes, with the proposals that wait and the own handshake that
    /// the hub has not answered. The MLS stack keeps its own state; the caller stores both
    /// together, before a handshake is sent.
    ///
    /// # Errors
    /// [`ClientError::TooLong`] if something is longer than the wire can hold.
    pub fn snapshot(&self) -> Result<Vec<u8>, ClientError> {
        let mut writer = Writer::new();
        self.encode(&mut writer).map_err(|_| ClientError::TooLong)?;
        Ok(writer.into_bytes())
    }

    fn encode(&self, writer: &mut Writer) -> Result<(), mimi_codec::EncodeError> {
        SNAPSHOT_VERSION.encode(writer)?;
        writer.opaque(&self.room.snapshot()?)?;
        writer.opaque(self.hub.as_str().as_bytes())?;
        writer.vector(|writer| {
            self.former.iter().try_for_each(|(until, leaf, member)| {
                until.encode(writer)?;
                encode_member(*leaf, member, writer)
            })
        })?;
        encode_lists(self.held.iter().map(Vec::as_slice), writer)?;
        match &self.pending {
            None => 0u8.encode(writer)?,
            Some(Pending::Commit { content, request, .. }) => {
                writer.bytes(&[1, 1]);
                request.encode(writer)?;
                content.encode(writer)?;
            }
            Some(Pending::Proposals { list, request }) => {
                writer.bytes(&[1, 2]);
                request.encode(writer)?;
                encode_list(list, writer)?;
            }
        }
        writer.vector(|writer| {
            self.silenced.iter().try_for_each(|it| {
                it.epoch.encode(writer)?;
                it.since.encode(writer)?;
                writer.opaque(it.user.as_bytes())
            })
        })
    }
}

impl ClientSnapshot {
    /// Reads a snapshot of any version that was ever written.
    ///
    /// # Errors
    /// [`RestoreError::Decode`].
    pub fn read(bytes: &[u8]) -> Result<Self, RestoreError> {
        let mut reader = Reader::new(bytes);
        let version = read_version(&mut reader)?;
        let room = RoomSnapshot::read(reader.opaque()?)?;
        let hub = core::str::from_utf8(reader.opaque()?).ok();
        let hub = hub.and_then(|it| DnsName::parse(it).ok());
        let hub = hub.ok_or_else(|| refuse(&reader, "not a domain name"))?;
        let mut former: Vec<(u64, u32, Member)> = Vec::new();
        let mut inner = reader.vector()?;
        while !inner.is_empty() {
            let until = u64::decode(&mut inner)?;
            // They are remembered epoch by epoch, and all of them before this one.
            let descends = former.last().is_some_and(|(last, ..)| *last > until);
            if descends || until >= room.group_context().epoch {
                return Err(refuse(&inner, "the epochs of former members do not ascend").into());
            }
            let (leaf, member) = decode_member(&mut inner)?;
            former.push((until, leaf, member));
        }
        let (mut held, mut pending, mut silenced) = (Vec::new(), None, Vec::new());
        if version > 1 {
            held = decode_lists(&mut reader)?;
            if reader.presence()? {
                pending = Some(Handshake::decode(&mut reader)?);
            }
            let mut inner = reader.vector()?;
            while !inner.is_empty() {
                let (epoch, since) = (u64::decode(&mut inner)?, u64::decode(&mut inner)?);
                let user = UserUri::try_from(inner.opaque()?);
                let user = user.map_err(|_| refuse(&inner, "not a user's URI"))?;
                silenced.push(Silenced { user, epoch, since });
            }
        }
        reader.finish()?;
        Ok(Self { room, hub, former, held, pending, silenced })
    }

    /// What every participant agrees on.
    #[must_use]
    pub const fn room(&self) -> &RoomSnapshot {
        &self.room
    }

    /// The room, whose group `stack` is in, with the waiting proposals queued.
    ///
    /// What the stack has made and the snapshot does not know was never sent: it is given up.
    ///
    /// # Errors
    /// [`RestoreError`]; [`RestoreError::Load`] also if the stack is at another epoch than the
    /// room, if its leaf is not in the room, or if it lacks a proposal or commit that waits.
    pub fn restore<S: MlsMember>(
        self,
        mut stack: S,
        suite: &impl CipherSuiteProvider,
        identity: &impl Identity,
        seed: TableSeed,
    ) -> Result<ClientRoom<S>, RestoreError> {
        let load = |why: &str| RestoreError::Load(LoadError::Mls(why.to_string()));
        let context = stack.group_context().map_err(|error| load(&error.to_string()))?;
        if context != *self.room.group_context() {
            return Err(load("the stack is at another epoch than the room"));
        }
        let mls = |error: S::Error| load(&error.to_string());
        let own: Vec<&WaitingProposal> = match &self.pending {
            Some(Handshake::Proposals { list, .. }) => {
                list.iter().chain(self.held.iter().flatten()).collect()
            }
            _ => self.held.iter().flatten().collect(),
        };
        let own_references = own.iter().map(|it| it.reference());
        let known: BTreeSet<_> = self.room.references().chain(own_references).cloned().collect();
        let queued: BTreeSet<_> = stack.queued().map_err(mls)?.into_iter().collect();
        if !queued.is_superset(&known) {
            return Err(load("the stack lacks a proposal that waits"));
        }
        for reference in queued.difference(&known) {
            stack.withdraw(reference).map_err(mls)?;
        }
        let room = self.room.restore(suite, identity, seed)?;
        if room.members().get(stack.own_leaf()).is_none() {
            return Err(load("the leaf of the stack is not in the room"));
        }
        let refuse = |why: RoomRefusal| load(&why.to_string());
        for list in &self.held {
            check_list(&room, suite, list).map_err(refuse)?;
        }
        let staged = stack.resume().map_err(mls)?;
        let pending = match (self.pending, staged) {
            (Some(Handshake::Commit { request, content }), Some(staged)) => {
                Some(Pending::Commit { content, staged, request })
            }
            (Some(Handshake::Commit { .. }), None) => {
                return Err(load("the stack lacks the commit that waits for an answer"));
            }
            (other, staged) => {
                if let Some(staged) = staged {
                    stack.discard(staged).map_err(mls)?;
                }
                match other {
                    Some(Handshake::Proposals { request, list }) => {
                        check_list(&room, suite, &list).map_err(refuse)?;
                        Some(Pending::Proposals { list, request })
                    }
                    _ => None,
                }
            }
        };
        let Self { hub, held, former, silenced, .. } = self;
        Ok(ClientRoom { room, stack, hub, pending, held, former, silenced })
    }
}
