//! A wanted change, the actor, and the form of the message.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use mimi_codec::{
    Opaque,
    code_points::ComponentID,
    protocol::RoomMetaUpdate,
    retraction::{HubRetractedMessagesComponent, HubRetractedRangeComponent},
    room_policy::{BaseRoomUpdate, Claim, PreAuthUpdate, RoleUpdate},
};

use crate::{ClientUri, IdentityError, UserUri, steps::step};

/// The claims that a credential makes (mimi-room-policy-04 §4), each at most once.
///
/// A claim whose value is a MIMI URI counts in its normal form only, like every identity. Values
/// are compared byte by byte. A clone shares the claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims(Option<Arc<[Claim]>>);

/// What claims are sorted by.
fn claim_key(claim: &Claim) -> (u16, &[u8], &[u8]) {
    (claim.claim_id.credential_type.0, claim.claim_id.id.as_slice(), claim.claim_value.as_slice())
}

impl Claims {
    /// No claims.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// Checks and sorts the claims.
    ///
    /// # Errors
    /// An [`IdentityError`] if a value begins with `mimi:` and is not a MIMI URI in its normal
    /// form.
    pub fn new(mut claims: Vec<Claim>) -> Result<Self, IdentityError> {
        claims.iter().try_for_each(check_claim)?;
        claims.sort_unstable_by(|a, b| claim_key(a).cmp(&claim_key(b)));
        claims.dedup();
        Ok(if claims.is_empty() { Self::none() } else { Self(Some(claims.into())) })
    }

    /// The claims, sorted.
    #[must_use]
    pub fn as_slice(&self) -> &[Claim] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether the credential makes this claim with this value.
    #[must_use]
    pub fn contains(&self, claim: &Claim) -> bool {
        let compare = |own: &Claim| {
            step();
            claim_key(own).cmp(&claim_key(claim))
        };
        self.as_slice().binary_search_by(compare).is_ok()
    }
}

/// Whether the value of a claim is in the one spelling that counts. Only a value that begins with
/// `mimi:` names a user: in an encoding, a length may look like a space in front.
pub(crate) fn check_claim(claim: &Claim) -> Result<(), IdentityError> {
    let value = claim.claim_value.as_slice();
    let is_mimi = value.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"mimi:"));
    if is_mimi { UserUri::check(value) } else { Ok(()) }
}

/// Who acts. That a message is theirs, and that the claims are in their credential, is checked
/// before, by the holder of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A client, for its user: a participant, or a user who would like to be one.
    Client {
        /// The user.
        user: UserUri,
        /// The client that signs.
        client: ClientUri,
        /// What its credential claims, for
        /// [preauthorization](mimi_codec::room_policy::PreAuthData).
        claims: Claims,
    },
    /// A server on the list of external senders: the hub, a follower, a policy enforcer.
    ExternalSender {
        /// Its URI. If the participant list has it, that role counts.
        uri: UserUri,
        /// What its credential claims, for
        /// [preauthorization](mimi_codec::room_policy::PreAuthData).
        claims: Claims,
    },
}

impl Actor {
    /// A client without claims.
    #[must_use]
    pub const fn client(user: UserUri, client: ClientUri) -> Self {
        Self::Client { user, client, claims: Claims::none() }
    }

    /// A client without claims, from the identifiers as a credential holds them.
    ///
    /// # Errors
    /// An [`IdentityError`] if one of them is not in the spelling that counts.
    pub fn named(user: impl Into<Opaque>, client: impl Into<Opaque>) -> Result<Self, IdentityError> {
        Ok(Self::client(UserUri::new(user)?, ClientUri::new(client)?))
    }

    /// A server with these claims.
    #[must_use]
    pub const fn external_sender(uri: UserUri, claims: Claims) -> Self {
        Self::ExternalSender { uri, claims }
    }

    /// The user, or the server's URI.
    #[must_use]
    pub fn uri(&self) -> &UserUri {
        match self {
            Self::Client { user, .. } => user,
            Self::ExternalSender { uri, .. } => uri,
        }
    }

    /// What its credential claims.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        match self {
            Self::Client { claims, .. } | Self::ExternalSender { claims, .. } => claims,
        }
    }
}

/// The kind of message that is to be decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// Proposals of a member, which belong together (RFC 9420 §12.1).
    Proposal,
    /// A commit of a member (RFC 9420 §12.4).
    Commit,
    /// A commit that joins its sender to the group (RFC 9420 §12.4.3.2).
    ExternalCommit,
    /// Proposals of a client that is not in the group: of an external sender, or an Add of a client
    /// by itself (RFC 9420 §12.1.8).
    ExternalProposal,
    /// An application message.
    Message,
}

/// What the party that judges knows of a join code (mimi-room-policy-04 §8.1.1).
///
/// The hub makes the codes, keeps them and recognizes them. No message of the group carries one,
/// so that a client never learns whether a joiner has shown a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinCode {
    /// The code belongs to this room, is not expired, and is for this user and this role.
    Valid,
    /// The code is not valid for this user and this role.
    Invalid,
    /// The party that judges cannot know: every client's answer for another user.
    Unknown,
}

/// One change to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Adds a user to the participant list: another, or the joining user.
    AddParticipant {
        /// Who.
        user: UserUri,
        /// The role's index; 1 to ban a user in advance.
        role: u32,
    },
    /// Removes a user from the participant list: another, or oneself.
    RemoveParticipant {
        /// Who.
        user: UserUri,
    },
    /// Gives a user on the list another role: a promotion, a ban, the end of one.
    SetRole {
        /// Who.
        user: UserUri,
        /// The new role's index.
        role: u32,
    },
    /// Adds a client to the group.
    AddClient {
        /// Whose.
        user: UserUri,
        /// Which.
        client: ClientUri,
    },
    /// Removes a client from the group.
    RemoveClient {
        /// Whose.
        user: UserUri,
        /// Which.
        client: ClientUri,
    },
    /// Adds the joiner to the participant list by a join code.
    UseJoinCode {
        /// The joiner.
        user: UserUri,
        /// The role that the code is for.
        role: u32,
        /// What the hub says of the code.
        code: JoinCode,
    },
    /// Replaces the room's metadata.
    UpdateMetadata(Box<RoomMetaUpdate>),
    /// Replaces the roles.
    UpdateRoles(RoleUpdate),
    /// Replaces the preauthorization.
    UpdatePreAuth(PreAuthUpdate),
    /// Replaces the base policy.
    UpdateBase(Box<BaseRoomUpdate>),
    /// Changes or removes another component of the room's policy, or removes one of the above. No
    /// capability allows it.
    ChangeComponent(ComponentID),
    /// Retracts single messages (mimi-hub-retracted-messages-00 §3.1). It takes
    /// canDeleteOtherMessage, or canDeleteOtherReaction if all of them are reactions: what they
    /// are, only clients can tell.
    RetractMessages(Box<HubRetractedMessagesComponent>),
    /// Retracts the messages of one sender (mimi-hub-retracted-messages-00 §3.2). It takes
    /// canDeleteOtherMessage.
    RetractRange {
        /// `abusive_sender_uri`, in its one spelling.
        sender: UserUri,
        /// The whole component.
        range: Box<HubRetractedRangeComponent>,
    },
    /// Ends the group, for another to replace it.
    ReInit,
    /// Ends the room.
    DestroyRoom,
}

/// A change and who wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedChange {
    /// The change.
    pub change: Change,
    /// Who proposed it, if it was not the sender of the message that is decided on.
    pub by: Option<Arc<Actor>>,
}

impl From<Change> for ProposedChange {
    /// A change by the sender of the message.
    fn from(change: Change) -> Self {
        Self { change, by: None }
    }
}

impl Change {
    /// This change, proposed by another than the committer.
    #[must_use]
    pub fn by(self, actor: impl Into<Arc<Actor>>) -> ProposedChange {
        ProposedChange { change: self, by: Some(actor.into()) }
    }
}
