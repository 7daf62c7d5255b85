//! A client's room as bytes.
//!
//! ```text
//! struct {
//!   uint16 version = 1;
//!   opaque room<V>;                 /* RoomSnapshot */
//!   opaque hub<V>;
//!   FormerMember former<V>;
//! } ClientRoomSnapshot;
//!
//! struct { uint64 until_epoch; SnapshotMember member; } FormerMember;
//! ```

use alloc::{string::ToString, vec::Vec};

use mimi_codec::{Decode, DnsName, Encode, Reader, Writer};
use mimi_crypto::CipherSuiteProvider;
use mimi_policy::TableSeed;

use super::{ClientError, ClientRoom};
use crate::{
    Identity, LoadError, Member, MlsMember, RestoreError, RoomSnapshot, SNAPSHOT_VERSION,
    snapshot::{decode_member, encode_member, refuse},
};

/// A client's room that was read and is not restored yet.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientSnapshot {
    room: RoomSnapshot,
    hub: DnsName,
    former: Vec<(u64, u32, Member)>,
}

impl<S: MlsMember> ClientRoom<S> {
    /// The room as deterministic bytes, the waiting proposals included. The MLS stack keeps its
    /// own state; the caller stores both together.
    ///
    /// # Errors
    /// [`ClientError::AnswerPending`] while a handshake waits for the hub's answer: the stack
    /// holds it, and the room could not say what became of it. [`ClientError::TooLong`] if
    /// something is longer than the wire can hold.
    pub fn snapshot(&self) -> Result<Vec<u8>, ClientError> {
        if self.pending.is_some() {
            return Err(ClientError::AnswerPending);
        }
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
        if reader.uint16()? != SNAPSHOT_VERSION {
            return Err(refuse(&reader, "the version of the snapshot is not known").into());
        }
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
        reader.finish()?;
        Ok(Self { room, hub, former })
    }

    /// What every participant agrees on.
    #[must_use]
    pub const fn room(&self) -> &RoomSnapshot {
        &self.room
    }

    /// The room, whose group `stack` is in, with the waiting proposals queued.
    ///
    /// # Errors
    /// [`RestoreError`]; [`RestoreError::Load`] also if the stack is at another epoch than the
    /// room, or its leaf is not in the room.
    pub fn restore<S: MlsMember>(
        self,
        stack: S,
        suite: &impl CipherSuiteProvider,
        identity: &impl Identity,
        seed: TableSeed,
    ) -> Result<ClientRoom<S>, RestoreError> {
        let load = |why: &str| RestoreError::Load(LoadError::Mls(why.to_string()));
        let context = stack.group_context().map_err(|error| load(&error.to_string()))?;
        if context != *self.room.group_context() {
            return Err(load("the stack is at another epoch than the room"));
        }
        let room = self.room.restore(suite, identity, seed)?;
        if room.members().get(stack.own_leaf()).is_none() {
            return Err(load("the leaf of the stack is not in the room"));
        }
        Ok(ClientRoom { room, stack, hub: self.hub, pending: None, former: self.former })
    }
}
