//! The hub of rooms: one function for each endpoint of mimi-protocol-06 §5.
//!
//! A server hands in the body, the provider that sent it, and the time. It gets an [`HubAnswer`]:
//! the HTTP response, the audit events, and the [`HubChange`] that the answer promises. The server
//! stores what it needs, calls [`Hub::apply`], sends the response, and delivers the fan-outs. Until
//! `apply`, a request has changed nothing but the time and the rate meters of the room.

mod answer;
mod codes;
mod external;
mod group_info;
mod key_material;
mod limits;
mod message;
mod query;
mod report;
mod snapshot;
mod unknown;
mod update;

use alloc::{collections::BTreeMap, string::ToString, vec::Vec};
use core::fmt;

use mimi_codec::{
    DnsName, MatchedProvider, RoomUri,
    mls::{ExternalSender, ExternalSenders, GroupInfo, KeyPackageRef},
    protocol::{FrankingAgentData, GroupInfoRatchetTreeTBE},
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::{CipherSuiteProvider, verify_with_label};
use mimi_franking::HubKeyRing;
use mimi_policy::{ParentParticipants, TableSeed};
use rand_core::CryptoRng;

pub use answer::{AuditAction, AuditEvent, AuditOutcome, FanOut, HubAnswer, Response};
pub use codes::{IssuedCode, JoinCodeBook};
pub use group_info::BegunEpoch;
pub use key_material::KeyMaterialStep;
pub use limits::{HubLimits, Meter, Rate};
pub use query::{Profiles, QueryAnswer, identifier_query};
pub use report::{ProvenReport, ReportVerdict};
pub use snapshot::{HostedSnapshot, Queue};
pub use unknown::unknown_room;
pub(crate) use update::proposal_messages;
pub use update::{AppliedChange, HubChange};

use crate::{Identity, LoadError, MlsStack, Room};

/// What a request brings beside its body: who asks, and when.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The provider whose certificate the connection has, or the hub's own for its own clients.
    pub from: &'a MatchedProvider,
    /// The time in milliseconds since the UNIX epoch.
    pub now_ms: u64,
}

/// A hub: its keys and its rules. Its rooms are [`HostedRoom`]s, which the caller keeps.
pub struct Hub<C: CipherSuiteProvider, I> {
    domain: DnsName,
    suite: C,
    signing_key: C::SigningKey,
    external_sender: ExternalSender,
    hub_keys: HubKeyRing,
    identity: I,
    limits: HubLimits,
}

impl<C: CipherSuiteProvider, I: Identity> Hub<C, I> {
    /// A hub that serves `domain`. It proposes from outside as `external_sender`, whose key is
    /// `signing_key`, and franks with the same key.
    ///
    /// # Errors
    /// [`HubError::KeyMismatch`] if the two do not belong together.
    pub fn new(
        domain: DnsName,
        suite: C,
        signing_key: C::SigningKey,
        external_sender: ExternalSender,
        hub_keys: HubKeyRing,
        identity: I,
        limits: HubLimits,
    ) -> Result<Self, HubError> {
        if suite.signature_public_key(&signing_key) != external_sender.signature_key {
            return Err(HubError::KeyMismatch);
        }
        Ok(Self { domain, suite, signing_key, external_sender, hub_keys, identity, limits })
    }

    /// Its domain.
    #[must_use]
    pub const fn domain(&self) -> &DnsName {
        &self.domain
    }

    /// Its place among a group's external senders, for those who create rooms.
    #[must_use]
    pub const fn external_sender(&self) -> &ExternalSender {
        &self.external_sender
    }

    /// The franking agent of its rooms (mimi-protocol-06 §5.4.1), for those who create rooms.
    #[must_use]
    pub fn franking_agent(&self) -> FrankingAgentData {
        FrankingAgentData {
            franking_signature_key: self.external_sender.signature_key.clone(),
            credential: self.external_sender.credential.clone(),
        }
    }

    /// Whom it believes about credentials.
    #[must_use]
    pub const fn identity(&self) -> &I {
        &self.identity
    }

    /// The keys under which it recognises its franks: to add and retire some.
    pub const fn hub_keys_mut(&mut self) -> &mut HubKeyRing {
        &mut self.hub_keys
    }

    /// Begins to host a room whose group `stack` follows, by the GroupInfo and the tree that the
    /// creator has handed in, or that another hub has exported.
    ///
    /// # Errors
    /// [`HubError`] if the GroupInfo is not of the stack's epoch or its signer has not signed it,
    /// if this hub is not on the list of external senders, or if the group makes no valid room.
    pub fn host<S: MlsStack>(
        &self,
        uri: RoomUri,
        stack: S,
        group_info: GroupInfo,
        rng: &mut dyn CryptoRng,
    ) -> Result<HostedRoom<S>, HubError> {
        let room = Room::load(uri, &stack, &self.identity, TableSeed::generate(rng));
        let room = room.map_err(HubError::Room)?;
        if group_info.group_context != *room.group_context() {
            return Err(HubError::GroupInfo);
        }
        self.sender_index(&room).ok_or(HubError::NotAnExternalSender)?;
        let signer = stack.leaf(group_info.signer).map_err(|error| HubError::Mls(error.to_string()))?;
        let signer = signer.ok_or(HubError::GroupInfo)?;
        let tbs = mimi_codec::Encode::to_bytes(&group_info.tbs()).map_err(|_| HubError::GroupInfo)?;
        let key = &signer.signature_key;
        verify_with_label(&self.suite, key, b"GroupInfoTBS", &tbs, &group_info.signature)
            .map_err(|_| HubError::GroupInfo)?;
        Ok(HostedRoom {
            room,
            stack,
            group_info,
            codes: JoinCodeBook::default(),
            origins: BTreeMap::new(),
            meters: BTreeMap::new(),
            last_accepted_ms: 0,
            last_commit: None,
            receivers: None,
        })
    }

    /// The hub's index among the external senders of a room.
    fn sender_index(&self, room: &Room) -> Option<u32> {
        let senders = room.group_context().extensions.content::<ExternalSenders>()?.ok()?;
        let place = senders.external_senders.iter().position(|it| *it == self.external_sender)?;
        u32::try_from(place).ok()
    }
}

impl<C: CipherSuiteProvider, I> fmt::Debug for Hub<C, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("domain", &self.domain).finish_non_exhaustive()
    }
}

/// Where a KeyPackage came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) provider: DnsName,
    /// It may serve for several Welcomes.
    pub(crate) last_resort: bool,
}

/// A commit that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastCommit {
    pub(crate) hash: Vec<u8>,
    pub(crate) accepted_at: u64,
}

/// A room that a hub hosts, with what only a hub knows.
#[derive(Clone)]
pub struct HostedRoom<S> {
    pub(crate) room: Room,
    pub(crate) stack: S,
    /// Of this epoch, without the tree: for those who join from outside.
    pub(crate) group_info: GroupInfo,
    pub(crate) codes: JoinCodeBook,
    /// The providers whose clients' KeyPackages went through this hub: their Welcome goes there.
    pub(crate) origins: BTreeMap<KeyPackageRef, Origin>,
    pub(crate) meters: BTreeMap<DnsName, Meter>,
    /// The last time that was given to an accepted message.
    pub(crate) last_accepted_ms: u64,
    /// The commit that began this epoch. A repeated request for it is answered alike.
    pub(crate) last_commit: Option<LastCommit>,
    /// Who gets application messages, at this version of the policy and epoch.
    pub(crate) receivers: Option<(u64, u64, Vec<DnsName>)>,
}

impl<S: MlsStack> HostedRoom<S> {
    /// The room.
    #[must_use]
    pub const fn room(&self) -> &Room {
        &self.room
    }

    /// The MLS stack that follows its group.
    #[must_use]
    pub const fn stack(&self) -> &S {
        &self.stack
    }

    /// Says who is in the parent room: see [`Room::set_parent`].
    pub fn set_parent(&mut self, identity: &impl Identity, parent: ParentParticipants) {
        self.room.set_parent(identity, parent);
    }

    /// Its join codes.
    #[must_use]
    pub const fn codes(&self) -> &JoinCodeBook {
        &self.codes
    }

    /// What a joiner gets, before it is sealed: GroupInfo, tree, and the proposals that wait
    /// (mimi-protocol-06 §5.6). Another hub takes the room over by it.
    ///
    /// # Errors
    /// [`HubError::Mls`] if the stack does not export the tree.
    pub fn export(&self) -> Result<GroupInfoRatchetTreeTBE, HubError> {
        let mls = |error: &dyn fmt::Display| HubError::Mls(error.to_string());
        let ratchet_tree = self.stack.ratchet_tree().map_err(|error| mls(&error))?;
        let group_info = mimi_codec::protocol::TreelessGroupInfo::new(self.group_info.clone());
        let pending = self.room.waiting().iter().map(|it| mimi_codec::protocol::PendingProposal {
            proposal: it.message().clone(),
            hub_accepted_time: it.accepted_at(),
        });
        Ok(GroupInfoRatchetTreeTBE {
            group_info: group_info.map_err(|_| HubError::GroupInfo)?,
            ratchet_tree_option: RatchetTreeOption::Full { ratchet_tree },
            pending_proposals: pending.collect(),
        })
    }

    /// The time that an accepted message gets: after all times that were given in this room.
    /// Franks of one sender in one millisecond could be swapped (mimi-protocol-06 §5.4.1.2).
    fn next_time(&self, now_ms: u64) -> Option<u64> {
        self.last_accepted_ms.checked_add(1).map(|after| after.max(now_ms))
    }
}

impl<S> fmt::Debug for HostedRoom<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostedRoom").field("uri", self.room.uri()).finish_non_exhaustive()
    }
}

/// Why a hub does not do what its own operator asks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum HubError {
    /// The signing key is not the external sender's.
    KeyMismatch,
    /// The group makes no valid room.
    Room(LoadError),
    /// The GroupInfo is not of the group's epoch, or its signer has not signed it.
    GroupInfo,
    /// The hub is not on the group's list of external senders (mimi-protocol-06 §7.4).
    NotAnExternalSender,
    /// The MLS stack refuses.
    Mls(alloc::string::String),
    /// Signing or sealing fails.
    Crypto(mimi_crypto::CryptoError),
    /// A value is too long for the wire.
    TooLong,
    /// The user is not on the participant list.
    NotAParticipant,
    /// The user may not do so.
    NotAllowed,
    /// The room refuses the hub's own proposals.
    Refused(crate::RoomRefusal),
}

impl fmt::Display for HubError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyMismatch => f.write_str("signing key and external sender do not belong together"),
            Self::Room(error) => error.fmt(f),
            Self::GroupInfo => f.write_str("GroupInfo is not signed, or not of the group's epoch"),
            Self::NotAnExternalSender => {
                f.write_str("the group does not list this hub as an external sender")
            }
            Self::Mls(why) => write!(f, "MLS: {why}"),
            Self::Crypto(error) => error.fmt(f),
            Self::TooLong => f.write_str("value is too long for the wire"),
            Self::NotAParticipant => f.write_str("user is not on the participant list"),
            Self::NotAllowed => f.write_str("the user's role does not allow it"),
            Self::Refused(refused) => refused.fmt(f),
        }
    }
}

impl core::error::Error for HubError {}

impl From<mimi_crypto::CryptoError> for HubError {
    fn from(error: mimi_crypto::CryptoError) -> Self {
        Self::Crypto(error)
    }
}
