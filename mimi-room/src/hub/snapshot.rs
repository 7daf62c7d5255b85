//! A hosted room as bytes.
//!
//! ```text
//! struct {
//!   uint16 version = 2;
//!   opaque room<V>;                 /* RoomSnapshot */
//!   GroupInfo group_info;
//!   uint64 last_accepted_ms;
//!   IssuedCode codes<V>;
//!   ShownCode shown<V>;
//!   Origin origins<V>;
//!   optional<LastCommit> last_commit;  /* not in version 1 */
//! } HostedRoomSnapshot;
//!
//! struct { opaque commit_hash<V>; uint64 accepted_at; } LastCommit;
//!
//! struct { opaque code_hash<V>; uint32 role; uint64 expires_ms; uint32 uses; } IssuedCode;
//! struct { opaque user<V>; opaque code_hash<V>; } ShownCode;
//! struct { KeyPackageRef reference; opaque provider<V>; uint8 last_resort; } Origin;
//! ```
//!
//! Rate meters are not kept: after a restart each provider begins with a full bucket.

use alloc::{collections::BTreeMap, string::ToString, vec::Vec};

use mimi_codec::{
    Decode, DecodeError, DecodeErrorKind, DnsName, Encode, EncodeError, Reader, UserUri, Writer,
    mls::{GroupInfo, KeyPackageRef},
};
use mimi_crypto::CipherSuiteProvider;
use mimi_policy::TableSeed;
use rand_core::CryptoRng;

use super::{HostedRoom, Hub, IssuedCode, JoinCodeBook, LastCommit, Origin};
use crate::{
    Identity, LoadError, MlsStack, RestoreError, RoomSnapshot, SNAPSHOT_VERSION, snapshot::read_version,
};

/// A hosted room that was read and is not restored yet.
#[derive(Clone, Debug, PartialEq)]
pub struct HostedSnapshot {
    room: RoomSnapshot,
    group_info: GroupInfo,
    last_accepted_ms: u64,
    codes: JoinCodeBook,
    origins: BTreeMap<KeyPackageRef, Origin>,
    last_commit: Option<LastCommit>,
}

impl<S: MlsStack> HostedRoom<S> {
    /// The room and what its hub knows, as deterministic bytes. The MLS stack keeps its own state,
    /// or is built anew from [`HostedSnapshot::group_info`] and a tree.
    ///
    /// # Errors
    /// [`EncodeError`] if something is longer than the wire can hold.
    pub fn snapshot(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new();
        SNAPSHOT_VERSION.encode(&mut writer)?;
        writer.opaque(&self.room.snapshot()?)?;
        self.group_info.encode(&mut writer)?;
        self.last_accepted_ms.encode(&mut writer)?;
        self.codes.encode(&mut writer)?;
        writer.vector(|writer| {
            self.origins.iter().try_for_each(|(reference, origin)| {
                writer.opaque(reference.as_slice())?;
                writer.opaque(origin.provider.as_str().as_bytes())?;
                u8::from(origin.last_resort).encode(writer)
            })
        })?;
        u8::from(self.last_commit.is_some()).encode(&mut writer)?;
        if let Some(LastCommit { hash, accepted_at }) = &self.last_commit {
            writer.opaque(hash)?;
            accepted_at.encode(&mut writer)?;
        }
        Ok(writer.into_bytes())
    }
}

impl JoinCodeBook {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.vector(|writer| {
            self.issued.iter().try_for_each(|(hash, code)| {
                writer.opaque(hash)?;
                code.role.encode(writer)?;
                code.expires_ms.encode(writer)?;
                code.uses.encode(writer)
            })
        })?;
        writer.vector(|writer| {
            self.shown.iter().try_for_each(|(user, hash)| {
                writer.opaque(user.as_bytes())?;
                writer.opaque(hash)
            })
        })
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut book = Self::default();
        let mut inner = reader.vector()?;
        while !inner.is_empty() {
            let hash = inner.opaque()?.to_vec();
            ascends(&inner, book.issued.last_key_value().map(|(last, _)| last), &hash)?;
            let code =
                IssuedCode { role: inner.uint32()?, expires_ms: inner.uint64()?, uses: inner.uint32()? };
            book.issued.insert(hash, code);
        }
        let mut inner = reader.vector()?;
        while !inner.is_empty() {
            let user = UserUri::try_from(inner.opaque()?);
            let user = user.map_err(|_| refuse(&inner, "not the URI of a user"))?;
            ascends(&inner, book.shown.last_key_value().map(|(last, _)| last), &user)?;
            let hash = inner.opaque()?.to_vec();
            book.shown.insert(user, hash);
        }
        Ok(book)
    }
}

impl HostedSnapshot {
    /// Reads a snapshot of any version that was ever written.
    ///
    /// # Errors
    /// [`RestoreError::Decode`].
    pub fn read(bytes: &[u8]) -> Result<Self, RestoreError> {
        let mut reader = Reader::new(bytes);
        let version = read_version(&mut reader)?;
        let room = RoomSnapshot::read(reader.opaque()?)?;
        let group_info: GroupInfo = reader.field("group_info")?;
        let last_accepted_ms = reader.uint64()?;
        let codes = JoinCodeBook::decode(&mut reader)?;
        let mut origins = BTreeMap::new();
        let mut inner = reader.vector()?;
        while !inner.is_empty() {
            let reference = KeyPackageRef::from(inner.opaque()?);
            ascends(&inner, origins.last_key_value().map(|(last, _)| last), &reference)?;
            let provider = core::str::from_utf8(inner.opaque()?).ok();
            let provider = provider.and_then(|it| DnsName::parse(it).ok());
            let provider = provider.ok_or_else(|| refuse(&inner, "not a domain name"))?;
            let last_resort = bool::decode(&mut inner)?;
            origins.insert(reference, Origin { provider, last_resort });
        }
        let last_commit = match version {
            1 => None,
            _ if !reader.presence()? => None,
            _ => Some(LastCommit { hash: reader.opaque()?.to_vec(), accepted_at: reader.uint64()? }),
        };
        reader.finish()?;
        Ok(Self { room, group_info, last_accepted_ms, codes, origins, last_commit })
    }

    /// What every participant agrees on.
    #[must_use]
    pub const fn room(&self) -> &RoomSnapshot {
        &self.room
    }

    /// The GroupInfo of the epoch, without the tree.
    #[must_use]
    pub const fn group_info(&self) -> &GroupInfo {
        &self.group_info
    }

    /// The snapshot of a room that has accepted messages since, the last of them at `accepted_ms`.
    ///
    /// A message changes nothing of a room but the time: a server stores that time instead of
    /// another snapshot, and no later message gets an earlier one.
    #[must_use]
    pub fn accepted_until(mut self, accepted_ms: u64) -> Self {
        self.last_accepted_ms = self.last_accepted_ms.max(accepted_ms);
        self
    }

    /// The snapshot with the first `lists` of its waiting lists: see
    /// [`RestoreError::Waiting`].
    #[must_use]
    pub fn without_waiting(mut self, lists: usize) -> Self {
        self.room = self.room.without_waiting(lists);
        self
    }

    /// The hosted room, whose group `stack` follows. A stack that keeps its own state has the
    /// waiting proposals queued; one that was built anew has none, and `queue` says so.
    ///
    /// # Errors
    /// [`RestoreError`]; [`RestoreError::Load`] also if the stack is at another epoch than the
    /// room.
    pub fn restore<S: MlsStack, C: CipherSuiteProvider, I: Identity>(
        self,
        hub: &Hub<C, I>,
        mut stack: S,
        queue: Queue,
        rng: &mut dyn CryptoRng,
    ) -> Result<HostedRoom<S>, RestoreError> {
        let mls = |error: S::Error| RestoreError::Load(LoadError::Mls(error.to_string()));
        if stack.group_context().map_err(mls)? != *self.room.group_context() {
            let why = "the stack is at another epoch than the room".to_string();
            return Err(RestoreError::Load(LoadError::Mls(why)));
        }
        if queue == Queue::Anew {
            let verified = self.room.waiting().map(|message| Ok(stack.verify(message.get()).map_err(mls)?.1));
            let verified = verified.collect::<Result<_, RestoreError>>()?;
            stack.queue(verified).map_err(mls)?;
        }
        let room = self.room.restore(&hub.suite, &hub.identity, TableSeed::generate(rng))?;
        Ok(HostedRoom {
            room,
            stack,
            group_info: self.group_info,
            codes: self.codes,
            origins: self.origins,
            meters: BTreeMap::new(),
            last_accepted_ms: self.last_accepted_ms,
            last_commit: self.last_commit,
            receivers: None,
        })
    }
}

/// Whether a stack knows the proposals that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// It has kept them.
    Kept,
    /// It was built anew: they are verified and queued once more.
    Anew,
}

fn refuse(reader: &Reader<'_>, rule: &'static str) -> DecodeError {
    reader.refuse(DecodeErrorKind::Rule(rule))
}

fn ascends<T: Ord>(reader: &Reader<'_>, last: Option<&T>, next: &T) -> Result<(), DecodeError> {
    match last {
        Some(last) if last >= next => Err(refuse(reader, "the entries do not ascend")),
        _ => Ok(()),
    }
}
